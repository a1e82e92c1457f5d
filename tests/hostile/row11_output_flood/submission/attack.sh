yes "$(printf '%01000d' 0)"
