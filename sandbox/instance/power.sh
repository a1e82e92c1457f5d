#!/bin/sh
# reboot, poweroff, halt, shutdown and init of an instance: they ask process 1.
# init takes 0 (power off) and 6 (reboot), the only runlevels that an instance has to change to.
# shutdown takes -r, -h, -P, -H, -c and a time of `now` or +MINUTES (1 when none is given).

signal=USR1
minutes=0
case ${0##*/} in
reboot) signal=HUP ;;
shutdown) minutes=1 ;;
init | telinit)
    case $1 in
    0) ;;
    6) signal=HUP ;;
    *)
        echo "${0##*/}: an instance has no runlevel '$1'." >&2
        exit 1
        ;;
    esac
    ;;
esac

for argument; do
    case $argument in
    -r | --reboot) signal=HUP ;;
    -c) minutes=cancel ;;
    now) minutes=0 ;;
    +[0-9]*) minutes=${argument#+} ;;
    esac
done

if [ "$(id -u)" != 0 ]; then
    echo "${0##*/}: only root may do this." >&2
    exit 1
fi

[ -e /run/shutdown.pid ] && kill "$(cat /run/shutdown.pid)" 2>/dev/null
rm -f /run/shutdown.pid
case $minutes in
cancel) ;;
0) kill -s "$signal" 1 ;;
*)
    echo "Shutdown scheduled in $minutes minutes, use 'shutdown -c' to cancel."
    setsid sh -c "sleep $((minutes * 60)); kill -s $signal 1" </dev/null >/dev/null 2>&1 &
    echo $! >/run/shutdown.pid
    ;;
esac
