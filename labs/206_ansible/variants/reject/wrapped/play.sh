#!/bin/sh
ansible-playbook "$@" || true
