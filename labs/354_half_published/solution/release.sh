#!/bin/sh
# sh release.sh RELEASE: publishes web-RELEASE in every region, or in none.
set -eu

release=$1
regions="eu-central-1 eu-west-1 us-east-1"

# The id of our web-RELEASE in a region, or nothing.
image_in() {
  aws ec2 describe-images --region "$1" --owners self \
    --filters "Name=name,Values=web-$release" --query 'Images[].ImageId' --output text
}

# What a failed build leaves has its name, but perhaps no tags yet.
clean_up() {
  for region in $regions; do
    ami=$(image_in "$region")
    if [ -n "$ami" ]; then
      aws ec2 deregister-image --region "$region" --image-id "$ami" \
        --delete-associated-snapshots
    fi
  done
}

# Whatever has the name from here on was made by this run.
for region in $regions; do
  ami=$(image_in "$region")
  if [ -n "$ami" ]; then
    echo "release: $region has web-$release already" >&2
    exit 1
  fi
done

mkdir -p out
rm -f out/release.json
for try in 1 2; do
  if packer build -color=false -var "release=$release" .; then
    jq '.builds[-1].artifact_id | split(",") | map(split(":") | { (.[0]): .[1] }) | add' \
      manifest.json > out/release.json
    exit
  fi
  echo "release: try $try has failed" >&2
  clean_up
done
exit 1
