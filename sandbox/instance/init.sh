#!/bin/sh
# Process 1 of an instance (/lab/init): it boots like a cloud image and is its whole service manager.
#
# Its environment says which instance this is:
#   ID                  another id on the same disk is another instance, and has a first boot of its own
#   ADDRESSES           public and private address, in this order; sshd listens on all of them
#   LOGIN, KEY          who may log in, and the public key (base64)
#   USER_DATA           base64, may be empty
#   BOOT_DELAY          seconds until sshd listens
#   DPKG_LOCK           seconds that the package database stays locked on the first boot
# Standard output and error are the console. It exits with 3 to be booted again, with 0 when powered off.
# What need not be a process of its own is done by the shell: a boot takes a few hundredths of a second.

trap 'echo "reboot: Restarting system"; exit 3' HUP
trap 'echo "reboot: Power down"; exit 0' USR1 TERM

key=$KEY user_data=$USER_DATA
unset KEY USER_DATA  # not for every service to read
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
state=/var/lib/cloud/instances/$ID
switched_off=/etc/cloud/cloud-init.disabled

main() {
    umask 022
    echo "Booting instance $ID"
    empty_what_is_volatile
    name_the_machine
    [ "${BOOT_DELAY:-0}" = 0 ] || { sleep "$BOOT_DELAY" & wait $!; }
    [ -e "$state/sem/first_boot" ] || [ -e "$switched_off" ] || first_boot
    start_sshd
    { systemctl start-enabled; run_user_data; } &
    wait_for_ever
}

empty_what_is_volatile() {
    rm -rf /run/* /run/.[!.]* /tmp/* /tmp/.[!.]* /var/lib/cloud/instance 2>/dev/null
    mkdir -p /run/sshd /run/lock /run/units /run/cloud-init "$state/sem" "$state/scripts"
    chmod 1777 /run/lock
    rm -f "$state/boot-finished"
    ln -s "$state" /var/lib/cloud/instance
    id=
    [ ! -e /etc/machine-id ] || read -r id </etc/machine-id
    case $id in
    '' | uninitialized)
        IFS=- read -r a b c d e </proc/sys/kernel/random/uuid
        echo "$a$b$c$d$e" >/etc/machine-id
        ;;
    esac
}

# ip-10-0-0-5, as the account's network would say; the launcher gives the kernel the same name.
name_the_machine() {
    name=$(private=${ADDRESSES##* }; IFS=.; set -- $private; echo "ip-$1-$2-$3-$4")
    echo "$name" >/etc/hostname
    read -r kernel_s </proc/sys/kernel/hostname
    [ "$kernel_s" = "$name" ] || hostname "$name" 2>/dev/null || name="$name $kernel_s"
    hosts=$(while read -r address names; do
        [ "$address" = 127.0.1.1 ] || echo "$address $names"
    done </etc/hosts)
    printf '%s\n127.0.1.1 %s\n' "$hosts" "$name" >/etc/hosts
}

first_boot() {
    rm -f /etc/ssh/ssh_host_*_key*
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key &
    ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key &
    grep -q "^$LOGIN:" /etc/passwd || useradd --create-home --shell /bin/bash --password '*' "$LOGIN"
    (umask 0337; rm -f /etc/sudoers.d/90-cloud-init-users
        echo "$LOGIN ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/90-cloud-init-users)
    [ -z "$key" ] || authorize_key "$(echo "$key" | base64 -d)"
    [ "${DPKG_LOCK:-0}" = 0 ] || hold_the_dpkg_lock
    wait
    : >"$state/sem/first_boot"
}

# Keys of an image's earlier instances stay, as cloud-init leaves them.
authorize_key() {
    add_line "/home/$LOGIN/.ssh" "$1"
    chown -R "$LOGIN:" "/home/$LOGIN/.ssh"
    say="Please login as the user \\\"$LOGIN\\\" rather than the user \\\"root\\\"."
    refuse="command=\"echo '$say';echo;sleep 10;exit 142\""
    add_line /root/.ssh "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,$refuse $1"
}

add_line() (
    umask 077
    mkdir -p "$1"
    grep -qsxF "$2" "$1/authorized_keys" || printf '%s\n' "$2" >>"$1/authorized_keys"
)

# The substitution ends when the lock is held: the process that holds it closes its output then.
hold_the_dpkg_lock() {
    : "$(perl -e '
        use Fcntl;
        fork and exit;
        $0 = "unattended-upgr";
        my $lock = pack "s s x4 q q i", F_WRLCK, 0, 0, 0, 0;
        for my $name ("lock-frontend", "lock") {
            open my $file, ">>", "/var/lib/dpkg/$name" or die $!;
            fcntl $file, F_SETLK, $lock or die $!;
            push @held, $file;
        }
        close STDOUT;
        sleep $ARGV[0];
    ' "$DPKG_LOCK")"
}

# PAM would ask for what an instance has not (login uids, keyrings); all else is in sshd_config.
# A locked password keeps no key out where PAM is asked, and would here.
# The shell ignores INT and QUIT for what runs in the background, and sessions would inherit that.
start_sshd() {
    ! grep -q "^$LOGIN:!" /etc/shadow || usermod --password '*' "$LOGIN"
    set -- -D -e -o UsePAM=no -o SetEnv=LANG=C.UTF-8
    for address in $ADDRESSES; do
        set -- "$@" -o "ListenAddress=$address"
    done
    env --default-signal=INT,QUIT /usr/sbin/sshd "$@" &
    sshd=$!
    echo $sshd >/run/units/ssh.service
}

# Once per instance, after the services. /run/cloud-init/result.json is what `cloud-init status` reads.
run_user_data() {
    [ ! -e "$switched_off" ] || return
    errors=
    if [ -n "$user_data" ] && [ ! -e "$state/sem/config_scripts_user" ]; then
        : >"$state/sem/config_scripts_user"
        (umask 077; echo "$user_data" | base64 -d >"$state/user-data.txt")
        run_script 2>&1 | tee -a /var/log/cloud-init-output.log
        [ ! -e "$state/sem/user_data_failed" ] || errors='"user data failed"'
    fi
    read -r uptime _ </proc/uptime
    echo "$uptime - cloud-init, data source: Ec2" >"$state/boot-finished"
    echo "{\"v1\": {\"datasource\": \"DataSourceEc2Local\", \"errors\": [$errors]}}" \
        >/run/cloud-init/result.json
}

run_script() {
    script=$state/scripts/part-001
    cp "$state/user-data.txt" "$script"
    read -r first <"$script"
    case $first in
    '#!'*)
        chmod 700 "$script"
        "$script" && return
        echo "cloud-init: user data failed with exit status $?"
        : >"$state/sem/user_data_failed"
        ;;
    *) echo "cloud-init: user data is ignored: this instance runs scripts (#!), not '$first'" ;;
    esac
}

# `wait` also reaps what processes of the instance leave behind.
wait_for_ever() {
    echo "${name%% *} login:"
    while kill -0 $sshd 2>/dev/null; do
        wait $sshd
    done
    echo "sshd ended"
    while :; do
        sleep 3600 &
        wait $!
    done
}

main
