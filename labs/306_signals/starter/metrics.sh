#!/bin/sh
# metrics.sh LOG: the log of `packer build -machine-readable` as numbers, in out/packer.prom.
mkdir -p out
awk -F, '
  NR == 1 { first = $1 }
  / Build .* finished after / { split($0, word, "\047"); result[word[2]] = 1 }
  $3 == "error" { result[$2] = 0 }
  END {
    for (name in result) {
      printf "packer_build_success{build=\"%s\"} %d\n", name, result[name]
      printf "packer_build_seconds{build=\"%s\"} %d\n", name, $1 - first
    }
  }' "$1" >out/packer.prom
