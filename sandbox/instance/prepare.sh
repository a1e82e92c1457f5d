#!/bin/sh
# Turns a Debian bookworm root into the base of all instances. Run as root inside that root, from
# a folder that holds the files beside this one; needs no network, no /proc and no running service.
# The root was made with the packages of packerlab.sandbox.host_base.

set -eu
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

# ---------------------------------------------------------------- what an instance runs
install -D -m 755 init.sh /lab/init
install -m 755 power.sh /usr/local/sbin/reboot
for name in poweroff halt shutdown init telinit; do
    ln -sf reboot "/usr/local/sbin/$name"
done
for name in reboot poweroff halt shutdown init telinit; do
    ln -sf "/usr/local/sbin/$name" "/usr/sbin/$name"  # for those who call them by their path
done
install -m 755 cloud-init.sh /usr/bin/cloud-init
install -m 755 systemctl.pl /usr/local/bin/systemctl
printf '#!/bin/sh\n# service NAME VERB\nexec systemctl "$2" "$1"\n' >/usr/local/sbin/service
chmod 755 /usr/local/sbin/service

# ---------------------------------------------------------------- as cloud images have it
for login in ubuntu admin ec2-user; do
    useradd --create-home --shell /bin/bash --password '*' "$login"
done
echo 'PasswordAuthentication no' >/etc/ssh/sshd_config.d/60-cloudimg-settings.conf
echo 'LANG=C.UTF-8' >/etc/default/locale
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >/etc/hosts
echo localhost >/etc/hostname
: >/etc/resolv.conf
: >/etc/machine-id
chmod 644 /etc/hosts /etc/hostname /etc/resolv.conf
rm -f /etc/ssh/ssh_host_*_key*
/usr/bin/systemctl disable --quiet e2scrub_reap.service remote-fs.target systemd-pstore.service \
    getty@tty1.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer

# ---------------------------------------------------------------- the local repository
echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections
chmod -R u=rwX,go=rX packages
chmod 755 packages/*/*/DEBIAN/postinst packages/*/*/usr/*bin/* packages/*/*/usr/lib/labweb/plugins/*
for package in packages/*/*; do
    version=${package##*/} name=${package%/*} name=${name##*/}
    mkdir -p "/srv/apt/$name"
    dpkg-deb --root-owner-group --build "$package" "/srv/apt/$name/${name}_${version}_all.deb" >/dev/null
done
cd /srv/apt
apt-ftparchive packages . >Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=packerlab \
    -o APT::FTPArchive::Release::Suite=stable release . >/tmp/Release
mv /tmp/Release Release
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/* /var/cache/apt/*.bin
echo 'deb [trusted=yes] file:/srv/apt ./' >/etc/apt/sources.list

# ---------------------------------------------------------------- what nobody reads there
find /usr/share/locale -mindepth 1 -maxdepth 1 ! -name C.UTF-8 -exec rm -rf {} +
find /usr/share/doc -type f ! -name copyright -delete
rm -rf /usr/share/man/* /usr/share/info/* /var/log/*.log /var/log/apt/* /var/cache/debconf/*-old
