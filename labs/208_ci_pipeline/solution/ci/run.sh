#!/bin/sh
# CI runs this for each commit on main: GIT_SHA=... sh ci/run.sh
# A run leaves out/image.json only if everything in it went well.
set -eu
cd "$(dirname "$0")/.."
rm -rf out
mkdir out

packer fmt -check -diff .
packer validate .
packer build -color=false -var "git_sha=$GIT_SHA" .

jq --arg git_sha "$GIT_SHA" '
  .builds[0]
  | (.artifact_id | split(":")) as [$region, $ami]
  | {ami: $ami, region: $region, base: .custom_data.base, git_sha: $git_sha}
' out/manifest.json >out/new.json
mv out/new.json out/image.json
