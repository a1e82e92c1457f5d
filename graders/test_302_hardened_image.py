"""What must not be in the image: keys, a token, a machine's identity, and what a build leaves."""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import TYPE_CHECKING, Any

from packerlab.grader import (
    CONFIGURATION,
    boot,
    check,
    expect,
    expect_at_boot,
    expect_package,
    fail,
    matches,
    paths,
    steady,
)

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Answer, Build, Disk, Entry, Hidden, Run
    from packerlab.grader import Files as Submission

RUNNERS = ipaddress.IPv4Network("10.20.0.0/16")
"""Where Packer runs, by the task sheet."""

CERTIFICATE = "/etc/site/ca.pem"
PORT = 8080
KEY = re.compile(
    rb"PRIVATE KEY-----|(?:ssh-rsa|ssh-dss|ssh-ed25519|ecdsa-sha2-nistp[0-9]{3}) {1,9}AAAA"
)
LARGEST_KEY = 100_000
IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
NO_ID = (b"", b"uninitialized")
"""What systemd takes for no id. A file that is not there is one more way to say so."""

RESIDUE = {
    "apt's lists of packages": ("/var/lib/apt/lists/*",),
    "apt's caches": ("/var/cache/apt/*",),
    "logs": ("/var/log/*",),
    "shell histories": ("*/.*_history",),
    "temporary files": ("/tmp/*", "/var/tmp/*"),  # noqa: S108  (of the image)
}
LOGINS = ("/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog")
"""The end of the last login, after every script, is written into them."""

MOST = 4
"""How many places a message names."""


@check(points=1, docs="#clean-last")
def test_built(build: Build, hidden: Hidden) -> None:
    """The build runs the bootstrap, and makes one AMI with labweb and the bootstrap's certificate.

    - Packer's complaint, or the last lines of your script, say which step fails.
    - Everything that the image is for has to survive the clean-up: a package, a unit that is
      enabled, a file of settings, and the certificate that the bootstrap has put there.
    - Let `scripts/install.sh` do what it does, hand on `user_data`, and delete files by their names
      instead of whole folders.
    """
    account = built(build, hidden).account
    disk = account.image().disk
    if not any(bootstrap(hidden).strip() in user_data(each) for each in account.instances):
        fail(
            "The machine that is built does not run the bootstrap as it is.",
            expected="the variable `bootstrap` as the machine's user data",
            found="another text, or none",
        )
    expect_package(disk, "labweb", "in the AMI")
    expect_at_boot(disk, "labweb.service", "in the AMI")
    disk.file(CONFIGURATION)
    found = disk.text(CERTIFICATE).strip()
    told = f"{CERTIFICATE} is not the certificate of the bootstrap."
    expect(found, certificate(hidden), told, no="empty")


@check(points=2, needs="test_built", docs="#keys")
def test_keys(build: Build, hidden: Hidden, submission: Submission) -> None:
    """No key is in the image: none that may log in, and no host key.

    - Which files say whose keys may log in, and for which users are there such files?
    - cloud-init gives the build's key to `root` too. The host keys are in `/etc/ssh`, in pairs.
    - As the very last commands, remove `/etc/ssh/ssh_host_*`, and `.ssh/authorized_keys` both of
      ubuntu and of root.
    """
    disk = built(build, hidden).account.image().disk
    found = [
        steady(entry.path, submission, "ed25519")
        for entry in files_of(disk)
        if entry.size < LARGEST_KEY
        and "known_hosts" not in entry.path
        and KEY.search(entry.content or b"")
    ]
    if found:
        fail("There are keys in the image.", expected="none", found=found)


@check(points=1, needs="test_built", docs="#identity")
def test_identity(build: Build, hidden: Hidden) -> None:
    """It is no machine yet: there is no machine id in it, and no state of cloud-init.

    - What would two machines from this image have in common that should differ?
    - systemd makes an id where `/etc/machine-id` has none. cloud-init keeps what it knows of a
      machine in `/var/lib/cloud/instances`.
    - `cloud-init clean` and `truncate -s 0 /etc/machine-id`, after the last step that needs either.
    """
    disk = built(build, hidden).account.image().disk
    for path in IDS:
        entry = disk.resolve(path)
        if entry and (entry.content or b"").strip() not in NO_ID:
            message = "The image has the id of the machine that built it."
            fail(message, expected=f"{path} without an id", found="an id")
    if disk.changed("/var/lib/cloud/instances/*"):
        fail(
            "The image has what cloud-init knows of the machine that built it.",
            expected="nothing in /var/lib/cloud/instances",
            found="the folder of that machine",
        )


@check(points=2, needs="test_built", docs="#token")
def test_token(build: Build, hidden: Hidden, submission: Submission) -> None:
    """The token of the bootstrap is in no file of the image.

    - Start with the bootstrap: where does it write the token, and who keeps the bootstrap itself?
    - Search a whole disk: `sudo grep -rl TOKEN /etc /home /root /var`, as the last step of a build
      with a token that you know.
    - Remove the file in `/etc/apt/auth.conf.d`, the copies that your own steps make, the state of
      cloud-init, and its log, `/var/log/cloud-init-output.log`.
    """
    places = built(build, hidden).account.image().places(token(hidden))
    shown = sorted({steady(place, submission, "base64 UTF-16 part-001") for place in places})
    if places:
        fail("The token is in the image.", expected="nowhere", found=", ".join(shown[:MOST]))


@check(points=1, needs="test_built", docs="#residue")
def test_residue(build: Build, hidden: Hidden) -> None:
    """Nothing else of the build is left: no lists and caches of apt, no logs, no histories.

    - What has changed on the disk that nobody will ever read on the machines?
    - Empty files are fine, and so are empty folders. Which step comes after your clean-up?
    - `apt-get clean` leaves the lists. Remove what is in `/var/lib/apt/lists`, empty every file
      below `/var/log`, and let no other step follow.
    """
    disk = built(build, hidden).account.image().disk
    left = [entry.path for entry in files_of(disk) if entry.path not in LOGINS]
    for kind, patterns in RESIDUE.items():
        found = [path for path in left if matches(path, patterns)]
        if found:
            fail(f"The image has {kind} of the build.", expected="none", found=paths(found))


@check(points=2, needs="test_built", docs="#boots")
def test_boots(build: Build, run: Run, hidden: Hidden) -> None:
    """Machines from it boot: labweb answers, `ubuntu` may log in, each has host keys of its own.

    - Start a machine from your image, as the page shows, and ask it.
    - Something that was removed or switched off is needed at each boot: labweb's user and files,
      ubuntu's home, sshd's configuration, or cloud-init, which brings the new key.
    - Compare the image with one that is built without your clean-up. Then put its commands back,
      one by one.
    """
    answer = built(build, hidden)
    image = answer.account.image()
    if image.disk.resolve("/etc/cloud/cloud-init.disabled"):
        fail(
            "cloud-init is switched off, so a new machine gets no key and no host keys.",
            expected="no /etc/cloud/cloud-init.disabled",
            found="that file",
        )
    if "enabled" not in {image.disk.unit(name) for name in ("ssh.service", "ssh.socket")}:
        fail(
            "sshd does not start at boot on a machine from the image.",
            expected="ssh.service or ssh.socket enabled",
            found="neither",
        )
    machines = boot(run, answer, image, PORT)
    for machine in machines:
        expect(machine.error, "", "EC2 can't launch a machine from the image.", no="no error")
        if "own" not in machine.lets_in:
            fail(
                "On a machine from the image, `ubuntu` can't log in with the key pair that it was "
                "launched with.",
                expected="a login",
                found="none",
            )
        if "another" in machine.lets_in:
            fail("A machine from the image lets in `ubuntu` with any key.")
        told = f"labweb on a machine from the image gives the wrong answer at port {PORT}."
        expect(machine.page.strip(), greeting(hidden), told, no="no answer")
    one, other = (machine.host_keys for machine in machines)
    if one & other:
        fail(
            "Two machines from the image have the same host key.",
            expected="keys of its own for each machine",
            found="one key for both",
        )


@check(points=1, needs="test_built", docs="#door")
def test_door(build: Build, hidden: Hidden) -> None:
    """While it was built, SSH was open to the addresses of the build runners alone.

    - Who may open a connection to port 22 of the machine that is being built?
    - Packer makes a security group for each build. By default it lets in the whole internet.
    - `temporary_security_group_source_cidrs = ["10.20.0.0/16"]` in the source.
    """
    ranges = let_in(built(build, hidden).account)
    wrong = sorted({each for each in ranges if not among_runners(each)})
    message = "The machine that was built let in others than the build runners."
    if wrong:
        fail(message, expected=str(RUNNERS), found=", ".join(wrong[:MOST]))
    if not ranges:
        fail(
            "The build lets nobody in: on a real account, Packer could not log in.",
            expected=f"a rule for {RUNNERS} in the machine's security group",
            found="a group without such a rule",
        )


# --- what the checks stand on --------------------------------------------------------------------


def built(build: Build, hidden: Hidden) -> Answer:
    """One build, with a bootstrap and a greeting that nobody can know."""
    answer = build({"bootstrap": bootstrap(hidden), "greeting": greeting(hidden)})
    answer.expect_success()
    return answer


def bootstrap(hidden: Hidden) -> str:
    """The platform team's user data: a certificate, and a token for the time of the build."""
    return f"""#!/bin/sh
set -eu
mkdir -p /etc/site
echo {certificate(hidden)} >{CERTIFICATE}
echo 'registered with the token {token(hidden)}'
umask 077
echo 'machine packages.example.com login build password {token(hidden)}' \\
  >/etc/apt/auth.conf.d/90-packages.conf
"""


def user_data(instance: dict[str, Any]) -> str:
    return base64.b64decode(instance["user_data"]).decode(errors="replace")


def certificate(hidden: Hidden) -> str:
    return hidden("certificate")


def greeting(hidden: Hidden) -> str:
    return f"Hello {hidden('greeting')}"


def token(hidden: Hidden) -> str:
    return hidden.secret("token")


def files_of(disk: Disk) -> list[Entry]:
    """What the build or its machine has written and not emptied.

    Links count, for apt's lists are some, but not those to `/dev/null`.
    """
    entries = (disk.at(path) for path in disk.changed())
    return [entry for entry in entries if entry and is_filled(entry)]


def is_filled(entry: Entry) -> bool:
    if entry.kind == "link":
        return not entry.target.startswith("/dev/")
    return entry.kind == "file" and entry.size > 0 and not entry.as_base


def let_in(account: AccountEvidence) -> list[str]:
    """The ranges of addresses that a rule of a security group let in, if only for a moment."""
    return [
        str(value)
        for call in account.calls
        if call.action == "AuthorizeSecurityGroupIngress" and not call.error
        for name, value in call.parameters.items()
        if name.rpartition(".")[2] in ("CidrIp", "CidrIpv6")
    ]


def among_runners(text: str) -> bool:
    """Whether a range, which the account has accepted, is one of the build runners."""
    found = ipaddress.ip_network(text, strict=False)
    return isinstance(found, ipaddress.IPv4Network) and found.subnet_of(RUNNERS)
