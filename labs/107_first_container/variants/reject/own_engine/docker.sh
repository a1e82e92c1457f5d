#!/bin/sh
exec docker "$@"
