cat /dev/zero > large
sleep 1
