#!/bin/sh
echo pwned > out/message.txt
