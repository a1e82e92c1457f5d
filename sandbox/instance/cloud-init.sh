#!/bin/sh
# cloud-init's commands that scripts call: `status [--wait]` and `clean [--logs] [--machine-id]`.
# What cloud-init does at boot is done by process 1 of the instance.

result=/run/cloud-init/result.json

status() {
    if [ -e /etc/cloud/cloud-init.disabled ]; then
        echo "status: disabled"
        return
    fi
    while [ "$1" = --wait ] && [ ! -e $result ]; do
        printf .
        sleep 0.25
    done
    [ "$1" != --wait ] || echo
    if [ ! -e $result ]; then
        echo "status: running"
    elif grep -q failed $result; then
        echo "status: error"
        exit 1
    else
        echo "status: done"
    fi
}

clean() {
    rm -rf /var/lib/cloud/*
    for option; do
        case $option in
        -l | --logs) rm -f /var/log/cloud-init*.log ;;
        --machine-id) echo uninitialized >/etc/machine-id ;;
        esac
    done
}

case $1 in
status | clean) "$@" ;;
*)
    echo "cloud-init: this instance knows only \`status [--wait]\` and \`clean\`." >&2
    exit 2
    ;;
esac
