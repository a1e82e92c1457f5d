#!/bin/sh
# Turns a Debian bookworm root with busybox-static into what containers start from. Run as root
# inside that root, from a folder with this file and the instances' packages/; needs no
# network. It leaves /small.tar, the root of a second, small image.
set -eu
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

# ---------------------------------------------------------------- the small image: busybox alone
mkdir -p /opt/small/bin /opt/small/etc /opt/small/root /opt/small/tmp /opt/small/dev /opt/small/proc
chmod 1777 /opt/small/tmp
cp /bin/busybox /opt/small/bin/
for name in $(busybox --list); do
    [ "$name" = busybox ] || ln -s busybox "/opt/small/bin/$name"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n' \
    >/opt/small/etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >/opt/small/etc/group
tar -C /opt/small -cf /small.tar .
rm -r /opt/small
dpkg --purge busybox-static >/dev/null

# ---------------------------------------------------------------- the local repository
echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections
chmod -R u=rwX,go=rX packages
chmod 755 packages/*/*/DEBIAN/postinst packages/*/*/usr/*bin/* packages/*/*/usr/lib/labweb/plugins/*
mkdir /srv/apt
for package in packages/*/*; do
    version=${package##*/} name=${package%/*}
    deb=${name##*/}_${version}_all.deb
    dpkg-deb --root-owner-group --build "$package" "/srv/apt/$deb" >/dev/null
    dpkg-deb --field "/srv/apt/$deb"
    echo "Filename: ./$deb"
    echo "Size: $(stat -c %s "/srv/apt/$deb")"
    echo "SHA256: $(sha256sum "/srv/apt/$deb" | cut -d' ' -f1)"
    echo
done >/srv/apt/Packages
cat >/srv/apt/Release <<END
Origin: packerlab
Suite: stable
Date: $(date -u -R)
SHA256:
 $(sha256sum /srv/apt/Packages | cut -d' ' -f1) $(stat -c %s /srv/apt/Packages) Packages
END
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/* /var/cache/apt/*.bin
echo 'deb [trusted=yes] file:/srv/apt ./' >/etc/apt/sources.list

# ---------------------------------------------------------------- as the slim image leaves it out
find /usr/share/locale -mindepth 1 -maxdepth 1 ! -name C.UTF-8 -exec rm -rf {} +
find /usr/share/doc -type f ! -name copyright -delete
rm -rf /usr/share/man/* /usr/share/info/* /var/log/*.log /var/log/apt/* /var/cache/debconf/*-old
rm -rf /usr/lib/x86_64-linux-gnu/gconv /usr/lib/aarch64-linux-gnu/gconv
: >/etc/machine-id
: >/etc/resolv.conf
echo localhost >/etc/hostname
printf '127.0.0.1 localhost\n' >/etc/hosts
