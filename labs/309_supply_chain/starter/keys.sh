#!/bin/sh
# keys.sh FOLDER: makes a pair of keys to try with. CI has its own, and nobody else has the private one.
set -eu
umask 077
mkdir -p "$1"
openssl genpkey -algorithm ed25519 -out "$1/signing.pem"
openssl pkey -in "$1/signing.pem" -pubout -out "$1/signing.pub.pem"
