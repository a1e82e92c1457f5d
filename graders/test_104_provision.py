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
    """The host has labweb installed, in the version that `labweb_version` names.

    - Which user runs your script, and which user may install a package?
    - apt on the host has no list of packages yet. One command fetches it, and another installs a
      package in one version, written as `name=version`.
    - In a `shell` provisioner, run `sudo apt-get update`, then `sudo apt-get install -y` with
      `labweb=` and the version. An entry in `environment_vars` passes the version to the script.
    """
    expect_package(set_up(build, first(hidden), "web"), "labweb", "on the host", "1.0")


@check(points=1, needs="test_package", docs="#two-steps")
def test_configuration(build: Build, hidden: Hidden) -> None:
    """/etc/labweb/app.conf sets the port to 9090 and the greeting to what `greeting` says.

    - Which user does the `file` provisioner write as, and may that user write to /etc/labweb?
    - It takes two steps: upload the file to a folder where the login user may write, then copy it
      to its place as root. In between, replace GREETING with the variable's value.
    - Upload files/app.conf to /tmp with `file`. In the `shell` after it, `sed` replaces GREETING
      with the value that `environment_vars` passes, and `sudo install` copies the file.
    """
    expect_configuration(set_up(build, first(hidden), "web"), first(hidden)["greeting"])


@check(points=1, needs="test_configuration", docs="#owner-and-mode")
def test_owner_and_mode(build: Build, hidden: Hidden) -> None:
    """The file belongs to root and the group labweb, and its mode is 0640.

    - Who needs to read this file, who needs to write it, and who should not see it?
    - An upload belongs to the login user. One command copies a file and sets its owner, group and
      mode at once. The group exists as soon as the package is installed.
    - After installing the package, run `sudo install` with `-o`, `-g` and `-m` from the task sheet.
    """
    disk = set_up(build, first(hidden), "web")
    message = f"{CONFIGURATION} has the wrong owner, group or mode."
    expect(access(disk), "root:labweb 0640", message)


@check(points=1, needs="test_package", docs="#enable")
def test_unit(build: Build, hidden: Hidden) -> None:
    """The service labweb starts when the host boots.

    - Does labweb run again after the host restarts?
    - Installing labweb does not enable the service, and starting it doesn't either.
    - `sudo systemctl` has a subcommand that makes a unit start at boot. The unit is `labweb`.
    """
    disk = set_up(build, first(hidden), "web")
    expect_at_boot(disk, "labweb.service", "on the host")


@check(points=1, needs="test_package", docs="#nothing-left")
def test_nothing_left(build: Build, hidden: Hidden) -> None:
    """The build leaves no upload or copy on the host, and makes nothing writable for everybody.

    - If you log in to the host after a build, which files of the build do you find?
    - An upload stays on the host until something deletes it. And a mode such as 0777 may make an
      error go away, but from then on every user of the host can change the file.
    - Delete each upload and copy in the last step, and set no mode that lets everybody write.
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
            "After the build, everybody may write to what only root could write to before.",
            expected="nothing of that kind",
            found=paths(opened),
        )


@check(points=1, needs=("test_configuration", "test_unit"), docs="#again")
def test_again(build: Build, hidden: Hidden) -> None:
    """A second build on the same host succeeds, and leaves the host as the first one did.

    - What does each of your commands do on a host that is already set up?
    - A command that appends to a file appends again. One that writes the whole file does not.
    - Write the whole file in each build, from a fresh upload, and without `>>` or `tee -a`.
    """
    inputs = first(hidden)
    before = set_up(build, inputs, "web")
    after = set_up(build, inputs, "web", nth=2)
    expect_package(after, "labweb", "on the host", "1.0")
    message = "The second build leaves labweb in a different state."
    expect(state(after), state(before), message)


@check(points=2, needs="test_configuration", docs="#values")
def test_another_host(build: Build, hidden: Hidden) -> None:
    """The template works for another host, version and greeting, even with an apostrophe.

    - Which of the values on the task sheet are still hard-coded in the template?
    - A value that is inserted into a command becomes part of the command, so an apostrophe in it
      ends the quotes. A variable of the shell is safe.
    - Pass both values to the script in `environment_vars`, where Packer quotes them, and write
      `"$NAME"` in double quotes in each command.
    """
    inputs = second(hidden)
    disk = set_up(build, inputs, "spare")
    expect_package(disk, "labweb", "on the host", "1.1")
    expect_configuration(disk, inputs["greeting"])


@check(points=1, needs="test_package", docs="#fail")
def test_fails_loudly(build: Build, hidden: Hidden) -> None:
    """With a version that the archive does not have, the build fails and installs no labweb.

    - Build with version 9.9, which does not exist. How does your build end, and how should it?
    - A script's exit code is that of its last command, unless it stops earlier. `inline` stops at
      the first failure. A script of your own does so only with `set -e`.
    - Make sure that no pipe, `|| ...` or missing `set -e` hides the failure of apt-get, and don't
      install another version instead.
    """
    missing = {"labweb_version": f"9.{hidden('version')}"}
    again = build({**second(hidden), **missing}, after=build(second(hidden)))
    if again.exit == 0:
        fail(
            "On a host that has labweb already, the build succeeds without the version asked for.",
            expected="a build that fails",
            found=complaint(again) or "no complaint",
        )
    answer = build({**first(hidden), **missing})
    disk = answer.account.disk("web", "the host")
    if "labweb" in disk.packages():
        fail(
            "labweb is installed, in a version that nobody asked for.",
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


def second(hidden: Hidden) -> dict[str, str]:
    """Inputs for the other host, with nothing of the first."""
    return {
        **HOSTS["spare"],
        "labweb_version": "1.1",
        "greeting": f"It's {hidden('another greeting')}, don't panic",
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
