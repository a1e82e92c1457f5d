"""SSH never comes: what a log says about a machine that nobody could log in to, and the fix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import (
    CANONICAL,
    Unknown,
    argument,
    check,
    expect,
    expect_at_boot,
    expect_nothing_left,
    expect_package,
    fail,
    json_of,
    place_of,
    sources_in_use,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Block, Build, Console, Files, Hidden, Template, Where


USER = "ubuntu"
RELEASE = "/etc/labweb/release"
DIAGNOSIS = "diagnosis.json"

CAUSES = ("network", "port", "boot", "user")


class Case(NamedTuple):
    """What is right about a log: its cause, and what only the deciding lines have in them."""

    cause: str
    decides: tuple[str, ...]


CASES = {
    "first.log": Case("port", (":2222: connect: connection refused",)),
    "second.log": Case("user", ("unable to authenticate", "Detected authentication error")),
    "third.log": Case("boot", (":22: connect: connection refused",)),
    "office.log": Case("network", ("i/o timeout",)),
}

SSHD = (
    "/etc/ssh/sshd_config*", "/etc/default/ssh", "/etc/init.d/ssh", "*/systemd/system/ssh.*",
    "*/systemd/system/sshd.*", "*/systemd/system/ssh@*",
)  # fmt: skip
"""Where it is said how sshd starts, and with which settings."""

ACCEPTED = re.compile(r"^Accepted publickey for (\S+) from ", re.MULTILINE)
REFUSED = re.compile(
    r"^(Invalid user|Connection closed by (authenticating|invalid) user)", re.MULTILINE
)
"""What sshd says on a machine's console of a login."""

SHORTEST_S, LONGEST_S, MOST_ATTEMPTS = 120, 900, 15
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
DURATION = re.compile(r"([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})(h|ms|m|s|us|µs|ns)")


@check(points=3, docs="#four-lines")
def test_diagnosis(submission: Files) -> None:
    """diagnosis.json has, for each of the four logs, the line that decides, and its cause.

    - `Timeout waiting for SSH` says that time was up. Which lines say what failed until then?
    - Look for `TCP connection to SSH ip/port failed` and for `SSH handshake err`: what stands
      after the last colons differs from log to log.
    - No answer at all means the network, and a refused login means the user. A refused connection
      means that nothing listens on that port: never, or not yet? See its number, and NOTES.md.
    """
    told = diagnosis(submission)
    for log, case in CASES.items():
        entry = told.get(log)
        line, cause = quoted(entry, "line"), quoted(entry, "cause")
        if not line or line not in words_of(submission, log):
            fail(
                f"The line that {DIAGNOSIS} quotes is not in logs/{log}.",
                expected="a line of the log",
                found=line or "nothing",
            )
        if not any(words in line for words in case.decides):
            fail(
                f"That line of logs/{log} does not say why nobody could log in.",
                expected="the line that says how a connection or a login failed",
                found=line,
            )
        if cause.lower() != case.cause:
            fail(
                f"For logs/{log}, the line is right, but the cause is not.",
                expected=f"one of {', '.join(CAUSES)}",
                found=cause or "nothing",
            )


@check(points=2, docs="#who-may-log-in")
def test_image(build: Build, hidden: Hidden) -> None:
    """The build makes one AMI, from Canonical's Ubuntu, and leaves nothing behind.

    - A connection needs the right port before the user matters. How far does Packer get?
    - If sshd heard from nobody, look at the port or the address. If it refused each login, look at
      the user or the key.
    - Remove the argument that gives Packer a port other than sshd's. Each source image has its own
      user, which the page lists in a table.
    """
    answer = built(build, hidden)
    image = answer.account.image()
    if image.about["source_owner"] != CANONICAL or image.about["login"] != USER:
        fail(
            "The AMI is not made from Canonical's Ubuntu.",
            expected="the source image of the starter",
            found=f"an image of the owner {image.about['source_owner']}",
        )
    expect_nothing_left(answer.account, "The build")


@check(points=1, needs="test_image", docs="#who-may-log-in")
def test_login(build: Build, hidden: Hidden) -> None:
    """On the machine, sshd lets in the image's own user, by key, and nobody else.

    - sshd writes down each login. Whose is in the log of your machine?
    - Without a login nothing can be provisioned. Is there a communicator at all?
    - Use the communicator `ssh`, which is the default, and the user that is meant for logins.
    """
    account = built(build, hidden).account
    consoles = [account.console(each["id"]) for each in account.instances]
    users = {user for console in consoles for user in ACCEPTED.findall(console)}
    if users != {USER}:
        fail(
            "The logins on the machine are not those of the image's own user.",
            expected="the user that Ubuntu's images have for logins",
            found=", ".join(sorted(users)) or "nobody logged in",
        )


@check(points=1, needs="test_image", docs="#fix-the-cause")
def test_steps(build: Build, hidden: Hidden) -> None:
    """In the AMI, labweb is installed and enabled, and its release file has the build's release.

    - Is every step of the starter's build still there?
    - The steps install labweb, enable it, and write the release that `-var` gives.
    - Put the starter's provisioner back: there was nothing wrong with it.
    """
    disk = built(build, hidden).account.image().disk
    expect_package(disk, "labweb", "in the AMI")
    expect_at_boot(disk, "labweb.service", "in the AMI")
    line, wanted = disk.text(RELEASE).strip(), f"release={release(hidden)}"
    expect(line, wanted, f"{RELEASE} has another release.", no="no line")


@check(points=1, needs="test_image", docs="#fix-the-cause")
def test_machine(build: Build, hidden: Hidden) -> None:
    """The machine boots as Canonical made it: no user data, and sshd's settings are unchanged.

    - Which of the two was wrong: the machine, or what the template says about it?
    - The machine boots the way its image intends. Nothing needs to change there.
    - Remove the user data, and leave sshd's settings alone. Change the source's arguments.
    """
    account = built(build, hidden).account
    if any(each["user_data"] for each in account.instances):
        fail("The template hands user data to the machine.", expected="none", found="user data")
    disk = account.image().disk
    touched = [
        path
        for pattern in SSHD
        for path in [*disk.changed(pattern), *disk.removed(pattern)]
        if not path.endswith("sshd_config.d")
    ]
    if touched:
        fail("The AMI's sshd settings differ from those of Canonical's image.", expected="the same",
             found=", ".join(sorted(touched)[:4]))  # fmt: skip


@check(points=2, docs="#how-long")
def test_wait(template: Template, console: Console, hidden: Hidden) -> None:
    """Packer waits 2 to 15 minutes for SSH, and gives up after at most 15 refused logins.

    - How long does a machine need to boot? And what should happen if the user is wrong again?
    - `ssh_timeout` limits the wait, and `ssh_handshake_attempts` the refused logins. On Packer 1.16
      the one that you leave out is unlimited, unless you leave out both.
    - Set both arguments within the limits on the task sheet, or neither. Then every version waits
      five minutes and tries ten times.
    """
    sources = sources_in_use(template, "amazon-ebs")
    if not sources:
        fail("No build uses an `amazon-ebs` source.")
    for blocks in sources:

        def given(*names: str, blocks: list[Block] = blocks) -> Any:
            variables = {"release": release(hidden)}
            values = [argument(template, console, blocks, name, variables) for name in names]
            return next((value for value in values if value), None)

        wait = seconds(given("ssh_wait_timeout", "ssh_timeout"), place_of(blocks, "ssh_timeout"))
        attempts = number_of_attempts(
            given("ssh_handshake_attempts"), place_of(blocks, "ssh_handshake_attempts")
        )
        if wait is None or attempts is None:
            continue  # only a build can tell
        if not wait and not attempts:
            continue
        if wait and not SHORTEST_S <= wait <= LONGEST_S:
            fail(
                f"Packer's SSH timeout is too {'short' if wait < SHORTEST_S else 'long'}.",
                expected="2 to 15 minutes",
                found=f"{wait:g} seconds",
                where=place_of(blocks, "ssh_timeout"),
            )
        if not wait or not attempts:
            there, missing = ("ssh_timeout", "ssh_handshake_attempts")[:: 1 if wait else -1]
            fail(
                f"`{there}` is set without `{missing}`, which is then unlimited.",
                expected="both or none",
                found=f"only `{there}`",
                where=place_of(blocks, there),
            )
        if attempts > MOST_ATTEMPTS:
            fail(
                "Packer repeats a refused login too often, so the time may be up first.",
                expected=f"at most {MOST_ATTEMPTS} attempts",
                found=f"{attempts} attempts",
                where=place_of(blocks, "ssh_handshake_attempts"),
            )


# --- the build ------------------------------------------------------------------------------------


def release(hidden: Hidden) -> str:
    """A release that no template can know beforehand."""
    return hidden.version("release")


def built(build: Build, hidden: Hidden) -> Answer:
    """The one build; where it fails, Packer's last word and what the machine heard meanwhile."""
    answer = build({"release": release(hidden)})
    if answer.exit != 0:
        message, where = answer.error
        heard = [heard_on(answer.account.console(each["id"]))
                 for each in answer.account.instances]  # fmt: skip
        fail("`packer build` fails.", found="\n".join([message, *heard]), where=where)
    return answer


def heard_on(console: str) -> str:
    """What sshd on a machine noticed of Packer: no port and no name, which are to be found out."""
    if ACCEPTED.search(console):
        return "(The machine's sshd let somebody in.)"
    if REFUSED.search(console):
        return "(The machine's sshd answered, and refused each login.)"
    return "(The machine's sshd heard from nobody.)"


# --- the diagnosis --------------------------------------------------------------------------------


def diagnosis(submission: Files) -> dict[str, Any]:
    """The learner's diagnosis.json: an object, or the check fails."""
    if DIAGNOSIS not in submission:
        fail(f"There is no {DIAGNOSIS}.", expected=DIAGNOSIS)
    told = json_of(DIAGNOSIS, submission[DIAGNOSIS].data)
    if not isinstance(told, dict):
        fail(f"{DIAGNOSIS} does not have the form of the starter's.", expected="an object by log")
    return told


def quoted(entry: Any, key: str) -> str:
    """The text that a learner gives for a log, with single blanks; empty where there is none."""
    text = entry.get(key) if isinstance(entry, dict) else None
    return " ".join(text.split()) if isinstance(text, str) else ""


def words_of(submission: Files, log: str) -> str:
    """A log, each of its lines with single blanks."""
    if f"logs/{log}" not in submission:
        fail(f"There is no logs/{log}.", expected="the starter's logs, as they were")
    text = submission[f"logs/{log}"].data.decode(errors="replace")
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


# --- the wait -------------------------------------------------------------------------------------


def seconds(value: Any, where: Where | None) -> float | None:
    """How long Packer waits for SSH; 0 where that is not set, None where nobody can tell."""
    if isinstance(value, Unknown):
        return None
    text = str(value or "0s")
    if DURATION.sub("", text.removeprefix("+")):
        fail(
            "`ssh_timeout` is not a duration that Packer can read.",
            expected='a number and a unit, such as "90s" or "1h30m"',
            found=text,
            where=where,
        )
    return sum(float(number) * UNITS[unit] for number, unit in DURATION.findall(text))


def number_of_attempts(value: Any, where: Where | None) -> int | None:
    """How many refused logins Packer bears; 0 where that is not set, None where nobody can tell."""
    if isinstance(value, Unknown):
        return None
    text = str(value or 0)
    if not re.fullmatch("[0-9]{1,6}", text):
        message = "`ssh_handshake_attempts` is not a whole number."
        fail(message, expected="a number", found=text, where=where)
    return int(text)
