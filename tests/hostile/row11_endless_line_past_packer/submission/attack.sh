first=$(cd /proc && ls -d [0-9]* | sort -n | while read -r pid; do
  grep -qs packer "$pid/comm" && echo "$pid" && break
done)
tr '\000' 'x' < /dev/zero > "/proc/$first/fd/1"
