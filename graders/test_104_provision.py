"""Shell and file on a real host: what the machines' disks hold after a build, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.grader import (
    CONFIGURATION,
    HOST_KEY,
    check,
    described,
    expect,
    expect_at_boot,
    expect_package,
    expect_settings,
    fail,
    matches,
    paths,
    settings,
    visible,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Disk, Hidden


HOSTS = {
    "web": {"host": "198.51.100.24", "user": "deploy", "private_key_file": HOST_KEY},
    "spare": {"host": "203.0.113.80", "user": "admin", "private_key_file": HOST_KEY},
}
"""The lab's machines, and the variables that lead to them."""

USUAL = (
    "/tmp/*", "/var/tmp/*", "/dev/shm/*", "/home/*/*", "/root/*", "/opt/*", "/srv/*",  # noqa: S108
    "/usr/local/*", "/etc/labweb/*", "*.deb", "/*.sh", "/app.conf",
)  # fmt: skip
"""Where a build's own files lie about."""

NOT_LEFT = (
    CONFIGURATION,
    f"{CONFIGURATION}.dpkg-*",
    *(f"/home/*/{name}" for name in (".bash_logout", ".bashrc", ".profile")),
    "/var/cache/apt/*",
    "*/.ssh",
    "*/.ssh/authorized_keys",
)
"""What belongs there: dpkg's own, and what every login user has."""

FOR_EVERYBODY = ("/tmp", "/tmp/*", "/var/tmp", "/run/*", "/dev/*")  # noqa: S108
"""Where everybody may write on any host."""


@check(points=2, docs="#install")
def test_package(build: Build, hidden: Hidden) -> None:
    """The host has labweb, in the version that `labweb_version` names.

    - Which user runs the script, and which one may install a package?
    - apt on the host has no list of packages yet. One command fetches it; the other one takes a
      package with its version, as `name=version`.
    - In a `shell` provisioner: `sudo apt-get update`, then `sudo apt-get install -y` of `labweb=`
      and the version, which a line in `environment_vars` brings there.
    """
    expect_package(set_up(build, first(hidden), "web"), "labweb", "on the host", "1.0")


@check(points=1, needs="test_package", docs="#two-steps")
def test_configuration(build: Build, hidden: Hidden) -> None:
    """/etc/labweb/app.conf sets the port to 9090 and the greeting to what `greeting` says.

    - As which user does the `file` provisioner write, and may that user write to /etc/labweb?
    - Two steps: send the file to where the login user may write, then have root put it in its
      place. On the way GREETING is replaced by the variable's value.
    - Send files/app.conf to /tmp with `file`. In the `shell` after it, `sed` replaces GREETING by
      what `environment_vars` brought, and `sudo install` copies the file.
    """
    expect_configuration(set_up(build, first(hidden), "web"), first(hidden)["greeting"])


@check(points=1, needs="test_configuration", docs="#owner-and-mode")
def test_owner_and_mode(build: Build, hidden: Hidden) -> None:
    """The file belongs to root and the group labweb, and its mode is 0640.

    - Who must read this file, who must write it, and who has no business there?
    - An upload belongs to the login user. One command copies a file and sets owner, group and mode
      in one go; the group exists once the package is installed.
    - After the package: `sudo install` with `-o`, `-g` and `-m` from the task sheet.
    """
    disk = set_up(build, first(hidden), "web")
    message = f"{CONFIGURATION} is not guarded as it should be."
    expect(access(disk), "root:labweb 0640", message)


@check(points=1, needs="test_package", docs="#enable")
def test_unit(build: Build, hidden: Hidden) -> None:
    """The service labweb starts when the host boots.

    - Does labweb come back after the host restarts?
    - Installing labweb does not enable it, and starting a service does not either.
    - `sudo systemctl` has a verb that makes a unit start at boot; the unit is `labweb`.
    """
    disk = set_up(build, first(hidden), "web")
    expect_at_boot(disk, "labweb.service", "on the host")


@check(points=1, needs="test_package", docs="#nothing-left")
def test_nothing_left(build: Build, hidden: Hidden) -> None:
    """No upload or copy is left on the host, and nobody has got the right to write there.

    - Imagine that you log in to the host: what did the build leave in the folders that it used?
    - An upload stays where it was sent until somebody deletes it. And a mode that lets everybody
      write repairs no build. It only weakens the host.
    - Delete each upload and copy as the last step, and give nobody else the right to write.
    """
    disk = set_up(build, first(hidden), "web")
    copies = {
        leak.path for leak in build(first(hidden)).leaks.of(hidden.secret("greeting"), "disk")
    }
    left = [path for path in disk.changed() if is_left(path, copies)]
    if left:
        fail("The build leaves files of its own on the host.", expected="none", found=paths(left))
    opened = [path for path in disk.changed() if open_to_everybody(disk, path)]
    if opened:
        fail(
            "After the build everybody may write what only root could write before.",
            expected="nothing of that kind",
            found=paths(opened),
        )


@check(points=1, needs=("test_configuration", "test_unit"), docs="#again")
def test_again(build: Build, hidden: Hidden) -> None:
    """A second build on the same host succeeds, and leaves the host as the first one did.

    - What does each of your commands do on a host that has all of it already?
    - A command that adds something adds it again; one that states what should be does not.
    - Write the whole file each time, from a fresh upload, with nothing like `>>` or `tee -a`.
    """
    inputs = first(hidden)
    before = set_up(build, inputs, "web")
    after = set_up(build, inputs, "web", nth=2)
    expect_package(after, "labweb", "on the host", "1.0")
    message = "The second build leaves labweb in another state."
    expect(state(after), state(before), message)


@check(points=2, needs="test_configuration", docs="#values")
def test_another_host(build: Build, hidden: Hidden) -> None:
    """Another host, version and greeting need other variables only, also with an apostrophe.

    - Which of the values on the task sheet are still typed into the template?
    - A value that is pasted into a command becomes part of the command: an apostrophe in it ends
      the quotes. A variable of the shell is safe.
    - Give both values to the script by `environment_vars`, where Packer quotes them, and write
      `"$NAME"` with double quotes in each command.
    """
    inputs = {
        **HOSTS["spare"],
        "labweb_version": "1.1",
        "greeting": f"It's {hidden('another greeting')}, don't panic",
    }
    disk = set_up(build, inputs, "spare")
    expect_package(disk, "labweb", "on the host", "1.1")
    expect_configuration(disk, inputs["greeting"])


@check(points=1, needs="test_package", docs="#fail")
def test_fails_loudly(build: Build, hidden: Hidden) -> None:
    """With a version that the archive does not have, the build fails and installs none.

    - Ask for version 9.9, which nobody has. How does your build end, and how should it?
    - A script's exit code is that of its last command, unless something stops it before. `inline`
      stops at a failure; a script of your own does so only if it says so.
    - Let no pipe, `|| ...` or missing `set -e` hide what apt-get says, and don't install another
      version instead.
    """
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
            "The build succeeds although labweb could not be installed.",
            expected="a build that fails",
            found=complaint(answer) or "no complaint",
        )


# --- what the checks stand on ---------------------------------------------------------------------


def first(hidden: Hidden) -> dict[str, str]:
    """The inputs of most checks."""
    return {
        **HOSTS["web"],
        "labweb_version": "1.0",
        "greeting": f"Hello {hidden.secret('greeting')}",
    }


def set_up(build: Build, inputs: dict[str, str], name: str, nth: int = 1) -> Disk:
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
    return "\n".join(re.sub(r"(?<=/script_)\d+", "...", line) for line in lines[-3:])


def expect_configuration(disk: Disk, greeting: str) -> None:
    """Fail the check where labweb would read another port or greeting."""
    expected = {"port": "9090", "greeting": greeting}
    expect_settings(disk.text(CONFIGURATION), expected, CONFIGURATION)


def access(disk: Disk) -> str:
    """Who may do what with the configuration."""
    entry = disk.file(CONFIGURATION)
    return f"{disk.owner(entry)} {entry.mode:04o}"


def state(disk: Disk) -> str:
    """What must be the same after each build."""
    text = disk.text(CONFIGURATION)
    lines = f"{len(text.splitlines())} lines"
    return "\n".join(
        [
            described(settings(text)),
            lines,
            access(disk),
            f"labweb.service: {disk.unit('labweb.service')}",
        ]
    )


def is_left(path: str, copies: set[str]) -> bool:
    """Whether it is a build's own file: one in the usual places, or a copy with the greeting."""
    usual = matches(path, USUAL) and not matches(path, NOT_LEFT)
    return usual or (path in copies and path != CONFIGURATION)


def open_to_everybody(disk: Disk, path: str) -> bool:
    """Whether it is a file or folder that everybody may write, and that is not made for that."""
    entry = disk.at(path)
    if entry is None or entry.kind not in ("file", "folder") or matches(path, FOR_EVERYBODY):
        return False
    return bool(entry.mode & 0o002)
