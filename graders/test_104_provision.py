"""Shell and file on a real host: what the machines' disks hold after a build, and nothing else."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from packerlab.checks import check, fail
from packerlab.packer.verbs import HOST_KEY
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.evidence.disk import Disk
    from packerlab.packer.verbs import Answer

    Build = Callable[..., Answer]
    Hidden = Callable[[str], str]
    Inputs = dict[str, str]

PAGE = "beginner/104_provision"
CONF = "/etc/labweb/app.conf"
PORT = "9090"

HOSTS = {
    "web": {"host": "198.51.100.24", "user": "deploy", "private_key_file": HOST_KEY},
    "spare": {"host": "203.0.113.80", "user": "admin", "private_key_file": HOST_KEY},
}
"""The lab's machines, and the variables that lead to them."""

USUAL = (
    "/tmp/*", "/var/tmp/*", "/dev/shm/*", "/home/*/*", "/root/*", "/opt/*", "/srv/*",  # noqa: S108
    "/etc/labweb/*",
)  # fmt: skip
"""Where a build's own files lie about."""

NOT_LEFT = (
    CONF,
    f"{CONF}.dpkg-*",
    *(f"/home/*/{name}" for name in (".bash_logout", ".bashrc", ".profile")),
    "*/.ssh",
    "*/.ssh/authorized_keys",
)
"""What belongs there: dpkg's own, and what every login user has."""

FOR_EVERYBODY = ("/tmp", "/tmp/*", "/var/tmp", "/run/*", "/dev/*")  # noqa: S108
"""Where everybody may write on any host."""

CHANGING = re.compile(r"(?<=/script_)\d+|(?<=/tmp\.)\w+")
"""Parts of names that are other ones in each run: Packer's and mktemp's."""


@check(
    points=2,
    hints=[
        "Which user runs the script, and which one may install a package?",
        (
            "apt on the host has no list of packages yet. One command fetches it; the other one "
            "takes a package with its version, as `name=version`."
        ),
        (
            "In a `shell` provisioner: `sudo apt-get update`, then `sudo apt-get install -y` of "
            "`labweb=` and the version, which a line in `environment_vars` brings there."
        ),
    ],
    docs=f"{PAGE}#install",
)
def test_package(build: Build, hidden: Hidden) -> None:
    """The host has labweb, in the version that `labweb_version` names."""
    expect_package(set_up(build, first(hidden), "web"), "1.0")


@check(
    points=1,
    needs="test_package",
    hints=[
        "As whom does the `file` provisioner write, and may that user write to /etc/labweb?",
        (
            "Two steps: send the file to where the login user may write, then have root put it in "
            "its place. On the way GREETING is replaced by the variable's value."
        ),
        (
            "Send files/app.conf to /tmp with `file`. In the `shell` after it, `sed` replaces "
            "GREETING by what `environment_vars` brought, and `sudo install` copies the file."
        ),
    ],
    docs=f"{PAGE}#two-steps",
)
def test_configuration(build: Build, hidden: Hidden) -> None:
    """/etc/labweb/app.conf sets the port to 9090 and the greeting to what `greeting` says."""
    expect_configuration(set_up(build, first(hidden), "web"), first(hidden)["greeting"])


@check(
    points=1,
    needs="test_configuration",
    hints=[
        "Who must read this file, who must write it, and who has no business there?",
        (
            "An upload belongs to the login user. One command copies a file and sets owner, group "
            "and mode in one go; the group exists once the package is installed."
        ),
        "After the package: `sudo install` with `-o`, `-g` and `-m` from the task sheet.",
    ],
    docs=f"{PAGE}#owner-and-mode",
)
def test_owner_and_mode(build: Build, hidden: Hidden) -> None:
    """The file belongs to root and the group labweb, and its mode is 0640."""
    disk = set_up(build, first(hidden), "web")
    found = access(disk)
    if found != "root:labweb 0640":
        fail(f"{CONF} is not guarded as it should be.", expected="root:labweb 0640", found=found)


@check(
    points=1,
    needs="test_package",
    hints=[
        "Does labweb come back after the host has been started anew?",
        "Installing labweb does not enable it, and starting a service does not either.",
        "`sudo systemctl` has a verb that makes a unit start at boot; the unit is `labweb`.",
    ],
    docs=f"{PAGE}#enable",
)
def test_unit(build: Build, hidden: Hidden) -> None:
    """The service labweb starts when the host boots."""
    state = set_up(build, first(hidden), "web").unit("labweb.service")
    if state != "enabled":
        fail("labweb.service does not start at boot.", expected="enabled", found=state)


@check(
    points=1,
    needs="test_package",
    hints=[
        "Log in to such a host in your mind: what did the build leave in the folders it used?",
        (
            "An upload stays where it was sent until somebody deletes it. And a mode that lets "
            "everybody write mends no build: it opens the host."
        ),
        "Delete each upload and copy as the last step, and give nobody else the right to write.",
    ],
    docs=f"{PAGE}#nothing-left",
)
def test_nothing_left(build: Build, hidden: Hidden) -> None:
    """No upload or copy is left on the host, and nobody has got the right to write there."""
    disk = set_up(build, first(hidden), "web")
    greeting = hidden("greeting").encode()
    left = [path for path in disk.changed() if is_left(disk, path, greeting)]
    if left:
        fail("The build leaves files of its own on the host.", expected="none", found=named(left))
    opened = [path for path in disk.changed() if open_to_everybody(disk, path)]
    if opened:
        fail(
            "After the build everybody may write what only root could write before.",
            expected="nothing of that kind",
            found=named(opened),
        )


@check(
    points=1,
    needs=("test_configuration", "test_unit"),
    hints=[
        "What does each of your commands do on a host that has all of it already?",
        "A command that adds something adds it again; one that states what should be does not.",
        "Write the whole file each time, from a fresh upload, with nothing like `>>` or `tee -a`.",
    ],
    docs=f"{PAGE}#again",
)
def test_again(build: Build, hidden: Hidden) -> None:
    """A second build on the same host succeeds, and leaves the host as the first one did."""
    inputs = first(hidden)
    before = set_up(build, inputs, "web")
    after = set_up(build, inputs, "web", nth=2)
    expect_package(after, "1.0")
    then, now = described(before), described(after)
    if then != now:
        fail("The second build leaves labweb in another state.", expected=then, found=now)


@check(
    points=2,
    needs="test_configuration",
    hints=[
        "Which of the values on the task sheet are still typed into the template?",
        (
            "A value that is pasted into a command becomes part of the command: an apostrophe in "
            "it ends the quotes. A variable of the shell is safe."
        ),
        (
            "Give both values to the script by `environment_vars`, where Packer quotes them, and "
            'write `"$NAME"` with double quotes in each command.'
        ),
    ],
    docs=f"{PAGE}#values",
)
def test_another_host(build: Build, hidden: Hidden) -> None:
    """Another host, version and greeting need other variables only, also with an apostrophe."""
    inputs = {
        **HOSTS["spare"],
        "labweb_version": "1.1",
        "greeting": f"It's {hidden('another greeting')}, don't panic",
    }
    disk = set_up(build, inputs, "spare")
    expect_package(disk, "1.1")
    expect_configuration(disk, inputs["greeting"])


@check(
    points=1,
    needs="test_package",
    hints=[
        "Ask for version 9.9, which nobody has. How does your build end, and how should it?",
        (
            "A script's exit code is that of its last command, unless something stops it before. "
            "`inline` stops at a failure; a script of your own does so only if it says so."
        ),
        (
            "Let no pipe, `|| ...` or missing `set -e` hide what apt-get says, and don't install "
            "another version instead."
        ),
    ],
    docs=f"{PAGE}#fail",
)
def test_fails_loudly(build: Build, hidden: Hidden) -> None:
    """With a version that the archive does not have, the build fails and installs none."""
    inputs = {**first(hidden), "labweb_version": f"9.{hidden('version')}"}
    answer = build(inputs)
    disk = answer.account.disk("web", "the host")
    if "labweb" in disk.packages():
        fail(
            "labweb is installed in a version that nobody asked for.",
            expected="no labweb",
            found=visible(disk.packages()["labweb"]),
        )
    if answer.exit == 0:
        fail(
            "The build ends well although labweb could not be installed.",
            expected="a build that fails",
            found=complaint(answer) or "no complaint",
        )


# --- what the checks stand on ---------------------------------------------------------------------


def first(hidden: Hidden) -> Inputs:
    """The inputs of most checks."""
    return {**HOSTS["web"], "labweb_version": "1.0", "greeting": f"Hello {hidden('greeting')}"}


def set_up(build: Build, inputs: Inputs, name: str, nth: int = 1) -> Disk:
    """The disk of a host after a build that succeeds."""
    answer = build(inputs, nth=nth)
    if answer.exit != 0:
        where = answer.error[1]
        fail("The build fails.", expected="a build that succeeds", found=reason(answer),
             where=where)  # fmt: skip
    return answer.account.disk(name, "the host")


def reason(answer: Answer) -> str:
    """Why a build failed: what the commands on the host said, and Packer's own words."""
    said = complaint(answer).split("\n")
    packers = [line for line in answer.error[0].split("\n") if line not in said]
    return "\n".join(line for line in (*said, *packers) if line)


def complaint(answer: Answer) -> str:
    """The last lines that commands on the host wrote to their standard error."""
    said = [message.data[1] for message in answer.messages
            if message.type == "ui" and message.data[:1] == ["error"]]  # fmt: skip
    lines = [match[1] for line in said if (match := re.match(r"==> [\w.-]+: (.*\S)", line))]
    return "\n".join(CHANGING.sub("...", line) for line in lines[-3:])


def expect_package(disk: Disk, version: str) -> None:
    """Fail the check where labweb is not there, as dpkg and the program itself tell it."""
    found = disk.packages().get("labweb", "")
    if found != version:
        fail(
            f"labweb {version} is not installed on the host.",
            expected=f"labweb {version}",
            found=f"labweb {visible(found)}" if found else "no labweb",
        )
    if f"$VERSION = '{version}'" not in disk.text("/usr/sbin/labweb"):
        fail("dpkg lists labweb, but /usr/sbin/labweb is not that version's program.")


def expect_configuration(disk: Disk, greeting: str) -> None:
    """Fail the check where labweb would read another port or greeting."""
    read = dict(settings(disk))
    for name, value in (("port", PORT), ("greeting", greeting)):
        if read.get(name) != value:
            fail(
                f"labweb reads another {name} in {CONF}.",
                expected=f"{name} = {value}",
                found=f"{name} = {visible(read[name])}" if name in read else f"no {name}",
            )


def settings(disk: Disk) -> list[tuple[str, str]]:
    """What labweb reads in its file, line by line; of a repeated setting the last one counts."""
    parts = (line.partition("=") for line in disk.text(CONF).split("\n"))
    read = [(name.strip(), value.strip()) for name, sign, value in parts if sign]
    return [(name, value) for name, value in read if re.fullmatch(r"\w+", name)]


def access(disk: Disk) -> str:
    """Who may do what with the configuration."""
    entry = disk.file(CONF)
    return f"{disk.owner(entry)} {entry.mode:04o}"


def described(disk: Disk) -> str:
    """What must be the same after each build."""
    lines = [f"{name} = {visible(value)}" for name, value in settings(disk)]
    return "\n".join([*lines, access(disk), f"labweb.service: {disk.unit('labweb.service')}"])


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def is_left(disk: Disk, path: str, greeting: bytes) -> bool:
    """Whether it is a build's own file: one in the usual places, or a copy with the greeting."""
    if matches(path, NOT_LEFT):
        return False
    entry = disk.at(path)
    return matches(path, USUAL) or bool(entry and entry.content and greeting in entry.content)


def named(paths: list[str]) -> str:
    """Some paths for a message, without what differs from run to run."""
    shown = sorted({visible(CHANGING.sub("...", path)) for path in paths})
    return ", ".join(shown[:8])


def open_to_everybody(disk: Disk, path: str) -> bool:
    """Whether it is a file or folder that everybody may write, and that is not made for that."""
    entry = disk.at(path)
    if entry is None or entry.kind not in ("file", "folder") or matches(path, FOR_EVERYBODY):
        return False
    return bool(entry.mode & 0o002)
