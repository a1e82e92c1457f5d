"""Sometimes apt fails: a build that waits until its machine is ready, and not for luck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, expect, expect_nothing_left, expect_package, fail

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Build, Hidden, Run

CERTIFICATE = "/etc/labweb/ca.pem"

LOCK_S = 8
"""How long dpkg's lock is held on each machine, as the lab's account has it."""

SLOW_S = 18
"""How long the user data of the slow machine takes."""

PATIENCE_S, AT_ONCE_S = 60, 6
"""What a build may wait: more than any machine here needs, and less than the one that never is."""

LATE_S = 30
"""By how much a build may give up late: a busy computer is no mistake of the learner's."""


@check(points=2, docs="#wait")
def test_quick(build: Build, hidden: Hidden) -> None:
    """On a machine that starts quickly, the build makes an AMI with labweb and the certificate.

    - Which step fails, and who else was using what it needs?
    - Packer can log in long before the machine has done what it does on its first boot. dpkg's lock
      and the certificate are there later.
    - Before the first `apt-get`, wait with `cloud-init status --wait`, and give `apt-get install`
      the option `-o DPkg::Lock::Timeout=...`.
    """
    built(build, hidden, "quick")


@check(points=3, needs="test_quick", docs="#wait")
def test_slow(build: Build, hidden: Hidden) -> None:
    """On a machine that needs longer than you would guess, it makes the same.

    - How long does the bootstrap of the next machine take? Who decides that?
    - A fixed time is too short on a slow day. What can be asked instead, on the machine itself?
    - cloud-init knows when the user data has ended: `cloud-init status --wait` returns then.
    """
    built(build, hidden, "slow")


@check(points=2, needs="test_quick", docs="#bound")
def test_never(run: Run) -> None:
    """On a machine that is never ready, it gives up after `patience` seconds, without an AMI.

    - What does your build do if the bootstrap hangs?
    - Each wait needs a limit, and at the limit the build has to fail. The variable has the seconds.
    - Put `timeout` and the seconds before the command that waits. It ends with 124 when time is up,
      which fails the build.
    """
    hangs = "#!/bin/sh\nsleep 100000\n"
    stop = str(AT_ONCE_S + LATE_S + 10)
    words = ["packer", "build", f"-var=bootstrap={hangs}", f"-var=patience={AT_ONCE_S}", "."]
    account = run(["timeout", "-s", "INT", stop, *words]).account
    if account.images:
        fail(
            "The machine is never ready, and the build makes an AMI all the same.",
            expected="a build that fails",
            found="an AMI",
        )
    if lasted(account, "TerminateInstances") > AT_ONCE_S + LATE_S:
        fail(
            f"The machine is never ready, and with patience={AT_ONCE_S} the build goes on waiting.",
            expected=f"a build that fails after about {AT_ONCE_S} seconds",
            found="one that still waited half a minute after that",
        )
    expect_nothing_left(account, "The build that gives up")


@check(points=1, needs="test_slow", docs="#sleep")
def test_no_longer(build: Build, hidden: Hidden) -> None:
    """A machine that is ready sooner is done sooner: the build waits for no fixed time.

    - How long does your build take on the quick machine, and how long on the slow one?
    - A pause that is long enough for every machine makes each build as slow as the slowest.
    - Take out `pause_before` and every long `sleep`.
    """
    quick = lasted(built(build, hidden, "quick"), "StopInstances")
    slow = lasted(built(build, hidden, "slow"), "StopInstances")
    if slow - quick < (SLOW_S - LOCK_S) / 2:
        fail(
            "The build takes as long on the quick machine as on the slow one.",
            expected="a build that goes on as soon as the machine is ready",
            found="one that waits for a fixed time",
        )


@check(points=2, needs="test_quick", docs="#lock")
def test_lock(build: Build, hidden: Hidden) -> None:
    """The lock of dpkg is respected: nothing is installed before its holder lets go.

    - Who holds the lock, and what happens to a package database that two programs write to?
    - The lock is a file that is locked, not a file that exists. Removing it lets two programs in.
    - Wait for it: `apt-get install -o DPkg::Lock::Timeout=...` tries again every second.
    """
    if lasted(built(build, hidden, "quick"), "StopInstances") < LOCK_S:
        fail(
            "The build installs while another program holds dpkg's lock.",
            expected="a build that waits until the lock is free",
            found="one that goes around it",
        )


# --- what the checks stand on --------------------------------------------------------------------


def bootstrap(hidden: Hidden, machine: str) -> str:
    """The platform team's user data, for a machine that is `quick` or `slow`."""
    seconds = {"quick": 0, "slow": SLOW_S}[machine]
    begin, end = certificate(hidden, machine)
    return (
        f"#!/bin/sh\nmkdir -p /etc/site\necho {begin} >/etc/site/ca.pem\n"
        f"sleep {seconds}\necho {end} >>/etc/site/ca.pem\n"
    )


def certificate(hidden: Hidden, machine: str) -> list[str]:
    """Its lines, which are not written at the same time: a file that is there may not be whole."""
    return [hidden(f"{line} line for the {machine} machine") for line in ("first", "last")]


def built(build: Build, hidden: Hidden, machine: str) -> AccountEvidence:
    """The account after a build on such a machine, which left a whole image."""
    answer = build({"bootstrap": bootstrap(hidden, machine), "patience": str(PATIENCE_S)})
    answer.expect_success()
    disk = answer.account.image().disk
    expect_package(disk, "labweb", "in the AMI")
    found, wanted = disk.text(CERTIFICATE).split(), certificate(hidden, machine)
    if found == wanted[:1]:
        fail(
            f"{CERTIFICATE} is only the beginning of the bootstrap's certificate.",
            expected="all of it",
            found="what was there when the build copied it",
        )
    expect(found, wanted, f"{CERTIFICATE} is not the certificate of the bootstrap.", no="empty")
    return answer.account


def lasted(account: AccountEvidence, end: str) -> float:
    """The seconds from the launch of the machine to a call, by the account's own clock."""
    times = {call.action: call.seconds for call in reversed(account.calls) if not call.error}
    if "RunInstances" not in times or end not in times:
        fail("The build starts no machine of its own, or leaves it running.")
    return times[end] - times["RunInstances"]
