#!/bin/sh
# Turns a Debian bookworm root into the system of labs with tools (packerlab.sandbox.host_tools). Run
# as root inside that root, from a folder with this file and the wheels of requirements.lock in
# wheels/; needs no network. The root was made with python3 and the other programs for scripts.
set -eu
cd "$(dirname "$0")"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

packages=/usr/local/lib/python3.11/dist-packages
for wheel in wheels/*.whl; do
    python3 -I -m zipfile -e "$wheel" "$packages"
done
sed '1s|.*|#!/usr/bin/python3 -I|' "$packages"/awscli-*.data/scripts/aws >/usr/local/bin/aws
chmod 755 /usr/local/bin/aws

# Of 400 services, the account has the first ones; `aws` itself asks for the others when it starts.
# Each stays in its newest version.
services="ec2 iam kms s3 secretsmanager ssm sts"
started="codedeploy config sagemaker-runtime sdb sms-voice"
for data in "$packages"/botocore/data "$packages"/awscli/botocore/data; do
    for service in "$data"/*/; do
        case " $services $started " in
        *" $(basename "$service") "*) ls -d "$service"*/ | sort -r | sed 1d | xargs rm -rf ;;
        *) rm -rf "$service" ;;
        esac
    done
done
rm -rf "$packages"/*.data "$packages"/awscli/examples "$packages"/awscli/topics
python3 -I -m compileall -q --invalidation-mode unchecked-hash "$packages"
python3 -I -c 'import hcl2; hcl2.loads("")' # keeps its parser, which takes a second to make

# ---------------------------------------------------------------- what no script needs
dpkg --purge --force-depends liberror-perl libperl5.36 perl perl-modules-5.36 >/dev/null
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
find /usr/share/locale -mindepth 1 -maxdepth 1 ! -name C.UTF-8 -exec rm -rf {} +
find /usr/share/doc -type f ! -name copyright -delete
rm -rf /usr/share/man/* /usr/share/info/* /var/log/* /var/cache/* /var/lib/apt/lists/*
rm -rf /usr/lib/x86_64-linux-gnu/gconv /usr/lib/aarch64-linux-gnu/gconv
