"""What an instance is made of and how it behaves inside: the real base, booted by a stand-in.

The stand-in gives namespaces and Docker's capabilities, no walls: what runs here is ours.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from packerlab.sandbox import host_base
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Boot = Callable[..., "Instance"]

ROOT = os.getuid() == 0
USER = () if ROOT else ("--user", "--map-root-user", "--map-auto")
HOLD = """
ip link set lo up && ip route add local default dev lo && mount -t tmpfs -o mode=755 disks "$0" &&
echo up && exec sleep infinity
"""
BOOT = """
base=$0 disk=$1 name=$2 root=$1/root
mount --make-rprivate / && mkdir -p "$disk/upper" "$disk/work" "$root" &&
mount -t overlay -o "lowerdir=$base,upperdir=$disk/upper,workdir=$disk/work$3" disk "$root" &&
mount -t proc proc "$root/proc" && mount -t tmpfs -o mode=755 run "$root/run" &&
mount -t tmpfs -o mode=755 dev "$root/dev" && mkdir "$root/dev/pts" &&
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts" &&
for node in null zero full random urandom tty; do
    : >"$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"
done
ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"; hostname "$name"
exec chroot "$root" setpriv --bounding-set -all,+chown,+dac_override,+fowner,+fsetid,+kill,\
+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+audit_write,+setfcap /lab/init
"""
STANDARD_SIGNALS = 2**31 - 1
"""Their bits in a mask. What is above stays as the caller had it: the C library keeps two of them
for itself, and lets no program set them."""

PUBLIC, PRIVATE = "54.1.2.3", "10.0.0.5"


class Place:
    """A network, a tmpfs for disks, and the base's files; instances and ssh are run in it."""

    def __init__(self, folder: Path, tar: Path) -> None:
        self.base, self.disks = folder / "base", folder / "disks"
        for path in (folder, self.base, self.disks):
            path.mkdir(mode=0o755)
        owner = [] if ROOT else ["unshare", *USER]
        subprocess.run([*owner, "tar", "-xf", tar, "-C", self.base], check=True)
        self.holder = subprocess.Popen(
            ["unshare", *USER, "--net", "--mount", "sh", "-c", HOLD, self.disks],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.holder.stdout
        assert self.holder.stdout.readline() == "up\n"

    def inside(self, *command: str | Path) -> list[str | Path]:
        user = () if ROOT else ("--user", "--setuid=0", "--setgid=0")
        return ["nsenter", f"--target={self.holder.pid}", "--net", "--mount", *user, *command]

    def close(self) -> None:
        self.holder.kill()
        self.holder.communicate()
        owner = [] if ROOT else ["unshare", *USER]
        subprocess.run([*owner, "rm", "-rf", self.base], check=True)


class Instance:
    """One boot of a disk: `console` grows while it runs."""

    def __init__(self, place: Place, disk: str, key: Path, **environment: str) -> None:
        self.place, self.key, self.console = place, key, ""
        self.login = environment.get("LOGIN", "ubuntu")
        given = {
            "ID": "i-1", "ADDRESSES": f"{PUBLIC} {PRIVATE}", "LOGIN": self.login,
            "KEY": encoded(key.with_suffix(".pub").read_text().strip()),
            "USER_DATA": "", "BOOT_DELAY": "0", "DPKG_LOCK": "0",
        }  # fmt: skip
        namespaces = ("--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL")
        option = "" if ROOT else ",userxattr"
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            place.inside(
                "unshare", *namespaces, "sh", "-c", BOOT,
                place.base, place.disks / disk, "ip-10-0-0-5", option,
            ),
            env={"PATH": os.environ["PATH"], **given, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.console += line

    def see(self, text: str) -> float:
        """Wait until the console shows the text; the seconds since the start."""
        end = time.monotonic() + PATIENCE_S
        while text not in self.console:
            assert time.monotonic() < end, f"{text!r} is not in\n{self.console}"
            time.sleep(0.005)
        return time.monotonic() - self.begun

    def ssh(self, command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        self.see(f"Server listening on {PUBLIC} port 22.")
        return subprocess.run(
            self.place.inside(
                "ssh", "-F", "none", "-i", self.key, "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes",
                f"{user or self.login}@{PUBLIC}", command,
            ),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def run(self, command: str) -> str:
        """The output of a command that must succeed."""
        done = self.ssh(f"set -e; {command}")
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.console}"
        return done.stdout

    def ended(self) -> int:
        status = self.process.wait(PATIENCE_S)
        self.reader.join(5)
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, instance_base: Path) -> Iterator[Place]:
    can = subprocess.run(["unshare", *USER, "--net", "true"], capture_output=True, check=False)
    if can.returncode:
        pytest.skip(f"no namespaces: {can.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("place")
    tar = folder / "base.tar"
    with tar.open("wb") as file:  # only a machine's root may read all of the base
        ids = host_base.machine_maps(host_base.id_maps()[0])
        host_base.run_inside(ids, ["sh", "-c", "tar -c . >&0"], instance_base, file.fileno())
    assert tar.stat().st_size < 170e6
    place = Place(folder / "place", tar)
    yield place
    place.close()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_key(tmp_path_factory.mktemp("key") / "one")


def new_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture
def boot(place: Place, key: Path, request: pytest.FixtureRequest) -> Iterator[Boot]:
    """Boot the test's own disk; more boots of one test are boots of the same disk."""
    booted: list[Instance] = []

    def make(of_key: Path = key, **environment: str) -> Instance:
        booted.append(Instance(place, request.node.name, of_key, **environment))
        return booted[-1]

    yield make
    for instance in booted:
        instance.close()


def test_it_listens_at_once_and_idles_as_two_processes(boot: Boot) -> None:
    instance = boot()
    assert instance.see(f"Server listening on {PUBLIC} port 22.") < 1
    assert instance.see(f"Server listening on {PRIVATE} port 22.") < 1
    instance.run("cloud-init status --wait")
    others = "ps -eo args= | grep -v 'sshd: ubuntu\\|ps -eo\\|grep\\|bash -c'"
    until(
        lambda: (
            [line.split()[0] for line in instance.run(others).splitlines()] == ["/bin/sh", "sshd:"]
        ),
        "nothing else runs any more",
    )
    kilobytes = instance.run(
        "for p in 1 $(cat /run/sshd.pid); do sudo grep ^Pss: /proc/$p/smaps_rollup; done"
    ).split()
    assert sum(int(number) for number in kilobytes if number.isdigit()) < 15_000


def test_the_login_has_sudo_and_the_machine_a_name(boot: Boot) -> None:
    instance = boot()
    done = instance.ssh("whoami; sudo whoami; hostname; getent hosts $(hostname); echo $LANG")
    assert done.stderr == ""
    assert done.stdout.split() == [
        "ubuntu", "root", "ip-10-0-0-5", "127.0.1.1", "ip-10-0-0-5", "C.UTF-8",
    ]  # fmt: skip
    instance.see("Accepted publickey for ubuntu from")
    ignored = int(instance.run("grep SigIgn /proc/self/status").split()[1], 16)
    assert ignored & STANDARD_SIGNALS == 0
    assert len(instance.run("cat /etc/machine-id").strip()) == 32


@pytest.mark.parametrize("other", ["admin", "ec2-user", "nobody-knows"])
def test_the_key_opens_the_login_only(boot: Boot, other: str) -> None:
    instance = boot()
    done = instance.ssh("true", user=other)
    assert (done.returncode, "Permission denied (publickey)" in done.stderr) == (255, True)
    instance.see(f"user {other} {PUBLIC}")


def test_root_is_told_the_login(boot: Boot) -> None:
    instance = boot(LOGIN="ec2-user")
    done = instance.ssh("id", user="root")
    assert done.returncode == 142
    assert done.stdout.split("\n")[0] == (
        'Please login as the user "ec2-user" rather than the user "root".'
    )


def test_any_login_is_made_at_first_boot(boot: Boot) -> None:
    assert boot(LOGIN="lab").run("whoami; sudo whoami; pwd").split() == ["lab", "root", "/home/lab"]


def test_an_instance_without_a_key_lets_nobody_in(boot: Boot) -> None:
    assert boot(KEY="").ssh("true").returncode == 255


def test_user_data_runs_once_for_each_instance(boot: Boot, tmp_path: Path) -> None:
    data = encoded("#!/bin/sh\necho ran as $(id -un) >>/runs; cat /runs\n")
    first = boot(USER_DATA=data)
    first.run("cloud-init status --wait; test -e /var/lib/cloud/instance/boot-finished")
    first.see("ran as root")
    host_key = first.run("cat /etc/ssh/ssh_host_ed25519_key.pub")
    first.ssh("sudo reboot")
    assert first.ended() == 3
    again = boot(USER_DATA=data)
    assert again.run("cloud-init status --wait; cat /runs").count("ran") == 1
    assert again.run("cat /etc/ssh/ssh_host_ed25519_key.pub") == host_key
    again.close()
    of_image = boot(new_key(tmp_path / "other"), ID="i-2", USER_DATA=data)
    assert of_image.run("cloud-init status --wait; cat /runs").count("ran") == 2
    assert of_image.run("cat /etc/ssh/ssh_host_ed25519_key.pub") != host_key
    assert len(of_image.run("cat .ssh/authorized_keys").splitlines()) == 2  # as cloud-init does
    assert of_image.run("cat /var/log/cloud-init-output.log").count("ran") == 3


def test_user_data_that_fails_is_an_error(boot: Boot) -> None:
    data = "#!/bin/bash\nuntil test -e /go; do sleep 0.1; done\nexit 7\n"
    instance = boot(USER_DATA=encoded(data))
    assert instance.run("cloud-init status").strip() == "status: running"
    instance.run("sudo touch /go")
    done = instance.ssh("cloud-init status --wait")
    assert (done.returncode, done.stdout.split("\n")[1]) == (1, "status: error")
    instance.see("cloud-init: user data failed with exit status 7")


def test_cloud_config_is_ignored_and_said_to_be(boot: Boot) -> None:
    instance = boot(USER_DATA=encoded("#cloud-config\npackages: [labweb]\n"))
    instance.see("user data is ignored: this instance runs scripts (#!), not '#cloud-config'")
    assert instance.run("cloud-init status --wait").split("\n")[1] == "status: done"


def test_a_cleaned_image_has_a_first_boot_again(boot: Boot) -> None:
    data = encoded("#!/bin/sh\necho x >>/runs\n")
    first = boot(USER_DATA=data)
    machine = first.run(
        "cloud-init status --wait >/dev/null; cat /etc/machine-id; "
        "sudo cloud-init clean --logs --machine-id; ! test -e /var/log/cloud-init-output.log"
    )
    assert first.run("cat /etc/machine-id") == "uninitialized\n"
    first.close()
    again = boot(USER_DATA=data)
    assert again.run("cloud-init status --wait >/dev/null; cat /runs").split() == ["x", "x"]
    assert again.run("cat /etc/machine-id") != machine


def test_cloud_init_that_is_switched_off_does_nothing(boot: Boot, tmp_path: Path) -> None:
    first = boot()
    first.run("sudo mkdir -p /etc/cloud && sudo touch /etc/cloud/cloud-init.disabled")
    assert first.run("cloud-init status --wait") == "status: disabled\n"
    first.close()
    of_image = boot(new_key(tmp_path / "other"), ID="i-2", USER_DATA=encoded("#!/bin/sh\necho ran"))
    assert of_image.ssh("true").returncode == 255
    assert "ran" not in of_image.console.split()


def test_a_locked_password_keeps_no_key_out(boot: Boot) -> None:
    first = boot()
    first.run("sudo passwd --quiet --lock ubuntu")
    first.close()
    assert boot().run("whoami") == "ubuntu\n"


def test_the_package_database_is_locked_for_a_while(boot: Boot) -> None:
    instance = boot(DPKG_LOCK="3600")
    instance.run("sudo apt-get update")
    locked = instance.ssh("sudo apt-get install -y labtool")
    assert locked.returncode == 100
    assert "Could not get lock /var/lib/dpkg/lock-frontend. It is held by" in locked.stderr
    assert "(unattended-upgr)" in locked.stderr
    instance.close()
    again = boot(DPKG_LOCK="3600")
    assert "unattended-upgr" not in again.run("ps -eo comm")
    again.close()
    other = boot(ID="i-2", DPKG_LOCK="1")
    other.run("sudo apt-get -o DPkg::Lock::Timeout=60 install -y labtool")


def test_packages_come_from_the_local_repository(boot: Boot) -> None:
    instance = boot()
    none_yet = instance.ssh("sudo apt-get install -y labweb")
    assert (none_yet.returncode, none_yet.stderr) == (100, "E: Unable to locate package labweb\n")
    done = instance.ssh("sudo apt-get update && sudo apt-get install -y labweb=1.0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Candidate: 1.1" in instance.run("apt-cache policy labweb")
    instance.run(
        "/usr/sbin/labweb --version | grep 1.0; echo port = 81 | sudo tee -a /etc/labweb/app.conf"
    )
    instance.run("sudo apt-get upgrade -y; /usr/sbin/labweb --version | grep 1.1")
    assert "port = 81" in instance.run("cat /etc/labweb/app.conf")
    instance.run("sudo apt-get install -y labweb-plugin labtool; labtool facts | grep debian")
    assert instance.ssh("sudo apt-get install -y nosuch").stderr == (
        "E: Unable to locate package nosuch\n"
    )
    older = instance.ssh("sudo apt-get install -y --allow-downgrades labweb=1.0 labweb-plugin")
    assert "Depends: labweb (>= 1.1)" in older.stdout


def test_an_enabled_service_runs_as_its_user_and_at_every_boot(boot: Boot) -> None:
    instance = boot()
    instance.run("sudo apt-get update; sudo apt-get install -y labweb labtool labweb-plugin")
    assert instance.ssh("systemctl is-enabled labweb").stdout == "disabled\n"
    assert instance.ssh("systemctl is-active labweb").returncode == 3
    instance.run("sudo systemctl daemon-reload; sudo systemctl enable --now labweb")
    instance.see("labweb 1.1 listens on 127.0.0.1:8080")
    assert instance.run("labtool get http://127.0.0.1:8080/healthz") == "ok\n"
    assert instance.run("labtool get http://127.0.0.1:8080/load").count(".") == 3
    assert instance.run("ps -o user= -C labweb").strip() == "labweb"
    assert "Active: active (running)" in instance.run("systemctl status labweb")
    instance.run("sudo systemctl stop labweb; ! systemctl is-active labweb")
    assert instance.ssh("labtool get http://127.0.0.1:8080/").returncode == 7
    instance.ssh("sudo systemctl reboot")
    assert instance.ended() == 3
    again = boot()
    again.see("labweb 1.1 listens on 127.0.0.1:8080")
    assert again.run("systemctl is-active labweb; systemctl is-enabled labweb").split() == [
        "active", "enabled",
    ]  # fmt: skip


def test_units_are_read_as_systemd_reads_them(boot: Boot) -> None:
    unit = (
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nUser=admin\nEnvironment='A=one two' B=3\n"
        'ExecStart=/bin/sh -c "echo $$A ${B} $(id -un) | tee /tmp/made" > /tmp/never\n'
    )
    instance = boot()
    instance.run(f"printf %s {encoded(unit)} | base64 -d | sudo tee /etc/systemd/system/x.service")
    instance.run("sudo systemctl start x; systemctl is-active x; ! test -e /tmp/never")
    assert instance.run("cat /tmp/made") == "one two 3 admin\n"
    instance.run("printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >d; sudo install -D d "
                 "/etc/systemd/system/x.service.d/fails.conf")  # fmt: skip
    failed = instance.ssh("sudo systemctl restart x")
    assert (failed.returncode, "Job for x.service failed" in failed.stderr) == (1, True)
    assert instance.ssh("systemctl is-active x").stdout == "failed\n"


def test_what_systemctl_can_t_do_it_refuses(boot: Boot) -> None:
    instance = boot()
    unknown = instance.ssh("sudo systemctl start nosuch")
    assert (unknown.returncode, unknown.stderr) == (
        5, "Failed to start nosuch.service: Unit nosuch.service not found.\n",
    )  # fmt: skip
    assert instance.ssh("sudo systemctl enable nosuch").returncode == 1
    assert instance.ssh("systemctl status nosuch").returncode == 4
    instance.run("sudo systemctl mask cron-like.service; sudo systemctl unmask cron-like.service")
    assert instance.ssh("systemctl restart ssh").returncode == 4
    instance.run("sudo systemctl restart ssh; sudo service ssh status")
    listens = f"Server listening on {PUBLIC} port 22."
    until(lambda: instance.console.count(listens) == 2, "sshd listens again")
    assert instance.ssh("systemctl list-units").returncode == 1


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("reboot", 3), ("shutdown -r now", 3), ("systemctl reboot", 3), ("/sbin/reboot", 3),
        ("poweroff", 0), ("halt", 0), ("shutdown -h now", 0), ("shutdown -P +0", 0),
    ],
)  # fmt: skip
def test_power_is_the_guest_s_too(boot: Boot, command: str, status: int) -> None:
    instance = boot()
    assert instance.ssh(f"sudo {command}; sleep 600").returncode == 255
    assert instance.ended() == status


def test_a_boot_empties_what_is_volatile_and_keeps_the_rest(boot: Boot) -> None:
    instance = boot()
    denied = instance.ssh("/sbin/reboot")
    assert (denied.returncode, denied.stderr) == (1, "reboot: only root may do this.\n")
    instance.run("touch /tmp/a /tmp/.b kept; sudo shutdown -r +5; sudo shutdown -c")
    instance.ssh("sudo reboot")
    assert instance.ended() == 3
    assert boot().run("ls -A /tmp; ls").split() == ["kept"]


def test_a_boot_can_be_delayed(boot: Boot) -> None:
    assert boot(BOOT_DELAY="1").see("Server listening") > 1
