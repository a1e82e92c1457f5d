#!/bin/sh
# CI runs this for each commit on main: GIT_SHA=... sh ci/run.sh
mkdir -p out
packer fmt .
packer build -color=false . | tee out/build.log
jq '{ami: .builds[0].artifact_id}' manifest.json >out/image.json
