#!/bin/sh
# ci.sh TARGET: build TARGET, and leave the id of its AMI in out/ami.txt.
mkdir -p out
packer build -color=false -only="$1" . | tee out/build.log
sed -n 's/.*"artifact_id": "[a-z0-9-]*:\(ami-[0-9a-f]*\)".*/\1/p' manifest.json | head -n 1 >out/ami.txt
echo "Deploying $(cat out/ami.txt)"
