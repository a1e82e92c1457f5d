#!/bin/sh
# What the auditor did: starts a machine from your newest image, and looks around on it.
# Call it in `packerlab shell`, after `packer build .`
set -eu

image=$(aws ec2 describe-images --owners self \
  --query 'max_by(Images, &CreationDate).ImageId' --output text)
folder=$(mktemp -d)
name=auditor-${folder##*.}
ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
aws ec2 import-key-pair --key-name "$name" \
  --public-key-material "fileb://$folder/key.pub" >/dev/null
set -- $(aws ec2 run-instances --image-id "$image" --key-name "$name" --instance-type t3.micro \
  --query 'Instances[0].[InstanceId,PrivateIpAddress]' --output text)

ssh -i "$folder/key" -o StrictHostKeyChecking=accept-new "ubuntu@$2" sudo sh -s 2>/dev/null <<'END' ||
echo "keys that may log in as ubuntu: $(wc -l </home/ubuntu/.ssh/authorized_keys)"
echo "keys that root has: $(wc -l </root/.ssh/authorized_keys)"
echo "machines that cloud-init knows: $(ls /var/lib/cloud/instances | wc -l)"
echo "files with the token: $(grep -rl sesame-7421 /etc /home /opt /root /srv /tmp /var | wc -l)"
END
  echo "ubuntu can't log in with the key of this machine"
echo "labweb: $(curl -s --retry 5 --retry-connrefused "http://$2:8080/")"
aws ec2 terminate-instances --instance-ids "$1" >/dev/null
