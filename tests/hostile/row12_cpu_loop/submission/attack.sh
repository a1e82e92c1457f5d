while true; do :; done &
while true; do :; done
