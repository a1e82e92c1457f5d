tr '\000' 'x' < /dev/zero >&2
