"""Green build, broken image: each step that can fail does fail, and the build with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import (
    CONFIGURATION,
    HOST_KEY,
    check,
    expect_at_boot,
    expect_package,
    expect_settings,
    fail,
    visible,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Disk, Hidden, Run

VARIABLES = {
    "host": "198.51.100.24",
    "user": "deploy",
    "private_key_file": HOST_KEY,
    "labtool_version": "2.0",
    "labweb_version": "1.1",
    "plugin_version": "1.0",
}
"""Of a build that has to succeed: the machine, and versions that its archive has."""

SETTINGS_FILE = "files/app.conf"
"""What the build gives labweb as its configuration."""

PLUGINS_PAGE = "/usr/lib/labweb/plugins/load"

SLOW_TO_READ = "a" + " " * 24_000 + "b"
"""labweb reads such a value for a quarter of a second.

So a request that comes right after the start is always too early, and so is a question whether a
labweb that can't run has ended. Otherwise both would depend on luck.
"""


@check(points=2, docs="#failure")
def test_whole(build: Build, hidden: Hidden) -> None:
    """With versions that exist and a good configuration, the build sets up the whole machine.

    - Which step does Packer complain about, and what did the command say just before?
    - A shell that is stricter than before also stops at failures that used to be harmless. Look
      for a command that now ends your script, and for an option that your shell doesn't know.
    - `set -o pipefail` needs bash, for instance `inline_shebang = "/bin/bash -e"`. And a service
      that was just started needs a moment before it answers: ask again until it does.
    """
    answer = build(VARIABLES, files=configured(good(hidden)))
    answer.expect_success()
    disk = answer.account.disk("web", "the machine")
    expect_package(disk, "labtool", "on the machine", VARIABLES["labtool_version"])
    expect_package(disk, "labweb", "on the machine", VARIABLES["labweb_version"])
    expect_plugin(disk)
    settings = {name: good(hidden)[name] for name in ("port", "greeting")}
    expect_settings(disk.text(CONFIGURATION), settings, CONFIGURATION)
    expect_at_boot(disk, "labweb.service", "on the machine")


@check(points=2, needs="test_whole", docs="#pipe")
def test_labtool(build: Build, run: Run, hidden: Hidden) -> None:
    """If labtool can't be installed, the build fails.

    - Build with `-var labtool_version=9.9`. What does apt-get say, and how does the build end?
    - The install is one side of a pipe. Whose exit code does the pipe have?
    - Remove the pipe, or let the script run in bash with `set -o pipefail` as its first line.
    """
    expect_missed(build, run, hidden, "labtool", "labtool_version")


@check(points=2, needs="test_whole", docs="#interpreter")
def test_labweb(build: Build, run: Run, hidden: Hidden) -> None:
    """If labweb can't be installed, the build fails.

    - Build with `-var labweb_version=9.9`. Which lines of `scripts/labweb.sh` still run?
    - The first line of the script says `-e`. Who reads that line, if the script is called by
      `sh SCRIPT`?
    - Put `set -e` into the script's second line, or let the default of `execute_command` call it.
    """
    expect_missed(build, run, hidden, "labweb", "labweb_version")


@check(points=1, needs="test_whole", docs="#accepted")
def test_plugin(build: Build, run: Run, hidden: Hidden) -> None:
    """If the plugin can't be installed, the build fails.

    - Build with `-var plugin_version=9.9`. Which exit code does the step end with?
    - Which exit codes does the step accept, and when does apt-get end with 100?
    - 100 is every error of apt-get. Remove `valid_exit_codes`.
    """
    expect_missed(build, run, hidden, "labweb-plugin", "plugin_version")


@check(points=2, needs="test_whole", docs="#smoke")
def test_configuration(build: Build, hidden: Hidden) -> None:
    """If labweb can't run with its configuration, the build fails.

    - Write `port = none` into files/app.conf and build. Which lines say that something is wrong?
    - `systemctl start` succeeds as soon as the program is started, even if it ends a moment later.
      The request notices that, and then something hides its exit code.
    - In scripts/smoke.sh, repeat the request until it succeeds or a time is over, for instance with
      `timeout 20 sh -c "until ...; do sleep 1; done"`, and let the script end with that exit code.
    """
    broken = {
        "a port that is no number": {"port": f"p{hidden('port')}"},
        "an address that nobody has": {"address": f"{hidden('address')}.example"},
    }
    for what, settings in broken.items():
        answer = build(VARIABLES, files=configured(good(hidden) | settings))
        expect_failed(answer, f"{SETTINGS_FILE} gives labweb {what}, and the build succeeds.")


@check(points=1, needs="test_whole", docs="#result")
def test_result(build: Build, hidden: Hidden) -> None:
    """If the machine ends up with another version of labweb than `labweb_version`, the build fails.

    - Build with `-var labweb_version=1.0`. Every step succeeds. Which labweb is on the machine?
    - The plugin needs labweb 1.1. What may apt-get do about that when it installs the plugin?
    - Let scripts/smoke.sh compare the output of `dpkg-query -W -f '${Version}' labweb` with
      `labweb_version`, and fail if they differ.
    """
    older = VARIABLES | {"labweb_version": "1.0"}
    answer = build(older, files=configured(good(hidden)))
    if answer.exit == 0:
        found = answer.account.disk("web", "the machine").packages().get("labweb", "")
        fail(
            "The build is asked for labweb 1.0 and the plugin, and succeeds.",
            expected="a build that fails, because the plugin needs labweb 1.1",
            found=f"labweb {visible(found)}" if found else "no labweb",
        )


# --- what the checks stand on --------------------------------------------------------------------


def good(hidden: Hidden) -> dict[str, str]:
    """Settings with which labweb works; no template can know them."""
    port = str(hidden.number("port", 20_000, 29_999))
    return {"note": SLOW_TO_READ, "port": port, "greeting": f"Hello {hidden('greeting')}"}


def configured(settings: dict[str, str]) -> dict[str, bytes]:
    """The file of the workspace that has these settings."""
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    return {SETTINGS_FILE: "".join(lines).encode()}


def expect_plugin(disk: Disk) -> None:
    """Fail where the plugin isn't installed, or its page is not there."""
    found = disk.packages().get("labweb-plugin", "")
    if found != VARIABLES["plugin_version"] or disk.resolve(PLUGINS_PAGE) is None:
        fail(
            "labweb's plugin is not installed on the machine.",
            expected=f"labweb-plugin {VARIABLES['plugin_version']}",
            found=f"labweb-plugin {visible(found)}" if found else "no labweb-plugin",
        )


def expect_missed(build: Build, run: Run, hidden: Hidden, package: str, variable: str) -> None:
    """Fail where a build succeeds without a package.

    It is missing in two ways: nobody has the version, and the archive has lost the file, which no
    condition on the variables can notice.
    """
    files = configured(good(hidden))
    nobodys = VARIABLES | {variable: f"9.{hidden(package)}"}
    answer = build(nobodys, files=files)
    expect_failed(answer, f"The archive doesn't have the {variable} that is asked for.")
    losing = template_that_loses(f"/srv/apt/{package}/{package}_{VARIABLES[variable]}_all.deb")
    lost = run(["packer", "build", "losing"], files={"losing/main.pkr.hcl": losing})
    if lost.exit != 0:
        raise RuntimeError("The file can't be removed from the machine's archive.")
    answer = build(VARIABLES, files=files, after=lost)
    expect_failed(answer, f"The archive has lost the file of {package}, so it can't be installed.")


def template_that_loses(file: str) -> bytes:
    """One that removes a file of the machine's archive."""
    return f"""
source "null" "archive" {{
  ssh_host             = "{VARIABLES["host"]}"
  ssh_username         = "{VARIABLES["user"]}"
  ssh_private_key_file = "{HOST_KEY}"
}}

build {{
  sources = ["source.null.archive"]

  provisioner "shell" {{
    inline = ["sudo rm {file}"]
  }}
}}
""".encode()


def expect_failed(answer: Answer, message: str) -> None:
    """Fail where a build succeeds although one of its steps can't have done its work."""
    if answer.exit == 0:
        fail(message, expected="a build that fails", found="one that succeeds")
