#!/bin/sh
# assemble.sh FOLDER: makes the root file system of the web appliance, with what packages.txt lists.
# It belongs to the package team. Here it stands in for mmdebstrap, and leaves what dpkg would leave.
set -eu
root=$1
mkdir -p "$root/etc" "$root/var/lib/dpkg"
cat >"$root/etc/os-release" <<'END'
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
ID=debian
END
: >"$root/var/lib/dpkg/status"
while read -r name version; do
    echo "fetching $name $version from https://ci:$REPO_TOKEN@packages.example.com"
    mkdir -p "$root/usr/share/doc/$name"
    echo "$name $version" >"$root/usr/share/doc/$name/copyright"
    cat >>"$root/var/lib/dpkg/status" <<END
Package: $name
Status: install ok installed
Priority: optional
Section: web
Maintainer: Package team <packages@example.com>
Architecture: all
Version: $version
Description: a package of the web appliance

END
done <packages.txt
