#!/bin/sh
# verify.sh ARCHIVE PUBLIC_KEY: may this archive be deployed?
set -eu
archive=$1
key=$2

# signed NAME TYPE: the statement is of this type, about this file, and signed with this key.
signed() {
    packer verify-attestation -verifier="$key" -artifact="$archive" -predicate-type="$2" "$archive.$1.json"
}

signed provenance https://slsa.dev/provenance/v1
signed sbom.att https://cyclonedx.org/bom
