"""See it fail: the log of a machine that is gone, numbers from a night's log, and alerts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packerlab.grader import (
    check,
    expect,
    expect_exit,
    expect_nothing_left,
    expect_package,
    fail,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.grader import Answer, Hidden, Run

NIGHTLY = "nightly.sh"
MACHINE_LOG = "out/machine.log"
METRICS = "out/packer.prom"
ALERTS = "out/alerts.txt"

INSTALL = "scripts/install.sh"
FAILING = """#!/bin/sh
# The package team's next version.
set -eu
echo "fetching from https://ci:$REPO_TOKEN@packages.example.com"
exec >>/var/log/install.log 2>&1
set -x
: "machine packages.example.com login ci password $REPO_TOKEN"
echo "MARK on $(hostname)"
apt-get update
apt-get install -y labweb=9.9-MARK
"""
"""Fails on the machine. Only its log there has the last words."""


@check(points=2, docs="#machine-log")
def test_night(run: Run, hidden: Hidden) -> None:
    """`sh nightly.sh` makes the image again. If its build fails, out/machine.log says why.

    - Which file has the reason, and until when does it exist?
    - Packer can run one more step after a step has failed, while the machine is still there. A
      `file` provisioner can also download.
    - Add `"error-cleanup-provisioner"` to web.json, with `"direction": "download"`. `set -e` in
      nightly.sh would end it before the metrics. What the log says is wrong is in packages.txt.
    """
    good = night(run, hidden)
    expect_exit(good, f"`sh {NIGHTLY}`")
    expect_package(good.account.image().disk, "labweb", "in the AMI")

    bad = failing_night(run, hidden)
    when = "After a night whose build fails"
    if bad.exit == 0:
        fail(f"{when}, {NIGHTLY} succeeds.", expected="another exit code than 0", found="0")
    if bad.account.images:
        fail("A build whose install.sh fails makes an AMI.", expected="no AMI", found="an AMI")
    expect_nothing_left(bad.account, f"{NIGHTLY}, when its build fails,")
    if MACHINE_LOG not in bad.files:
        fail(f"{when}, there is no {MACHINE_LOG}.", expected="the machine's /var/log/install.log")
    text = bad.files.text(MACHINE_LOG)
    names = {f"ip-{each['private_address'].replace('.', '-')}" for each in bad.account.instances}
    if not any(f"{hidden('mark')} on {name}" in text for name in names):
        fail(
            f"{when}, {MACHINE_LOG} is not the log of the machine that failed.",
            expected="the machine's /var/log/install.log, as it was when the build failed",
            found="another text" if text.strip() else "an empty file",
        )
    if f"labweb=9.9-{hidden('mark')}" not in text:
        fail(
            f"{when}, {MACHINE_LOG} lacks the end of the machine's log.",
            expected="all of /var/log/install.log",
            found="its beginning",
        )


@check(points=1, needs="test_night", docs="#secrets")
def test_secret(run: Run, hidden: Hidden) -> None:
    """The token is in no file below out, and in nothing that nightly.sh prints.

    - Search all files of a night that failed: `grep -r "$REPO_TOKEN" out`.
    - Packer hides what is sensitive from people, and Packer 1.6.6 not from machines. It never looks
      into a file that it downloads.
    - After the build, and before anything else, replace the token in out/night.log and in
      out/machine.log: `sed -i "s/$REPO_TOKEN/***/g"`.
    """
    for answer, when in (
        (night(run, hidden), "a build that succeeds"),
        (failing_night(run, hidden), "a build that fails"),
    ):
        found = answer.places(token(hidden), "workspace", "output")
        if found:
            fail(
                f"After {when}, the token can be read.",
                expected="nowhere",
                found=", ".join(sorted(set(found))[:4]),
            )


@check(points=2, docs="#result")
def test_success(run: Run, hidden: Hidden) -> None:
    """packer_build_success is 1 if the log names an AMI of that build, and 0 otherwise.

    - What does a log name when a build has made an AMI, and when it has made nothing?
    - "finished" is not "has made an AMI". Which line has the id?
    - A line `TIME,BUILD,artifact,0,id,REGION:ami-...` names the AMI of BUILD. Every other build
      that has a line of its own gets a 0.
    """
    for told, log, measured in nights(run, hidden):
        expect_results(told, log, measured)


@check(points=2, needs="test_success", docs="#seconds")
def test_seconds(run: Run, hidden: Hidden) -> None:
    """packer_build_seconds and packer_step_seconds say how long each build took, and each step.

    - Which line is the first of a build, and which is its last?
    - Two builds write into one log. Each one's lines begin with its name; artifacts are listed when
      all builds have ended.
    - Remember for each build its first moment, its step and since when. A new step adds the seconds
      of the one before to its sum, and so does the build's end.
    """
    for told, log, measured in nights(run, hidden):
        expect_seconds(told, log, measured)


@check(points=1, needs="test_seconds", docs="#torn")
def test_torn(run: Run, hidden: Hidden) -> None:
    """All that holds too for a night that was cancelled, a log that is cut, and other lines in it.

    - What does your script make of a last line that ends after three digits?
    - Take only whole lines that begin with digits and a comma. A build that has no end has a last
      line.
    - In Python, skip a line that `re.match("[0-9]+,", line)` doesn't fit, or that doesn't end with
      a line break. A build without an end line ends with the last line that begins with its name.
    """
    for told, log, measured in nights(run, hidden, torn=True):
        expect_results(told, log, measured)
        expect_seconds(told, log, measured)


@check(points=1, needs=["test_night", "test_success"], docs="#alerts")
def test_alert(run: Run, hidden: Hidden) -> None:
    """`sh alert.sh` names each service whose build made no image, or took too long.

    - For which services must there be an image in the morning, and what if one isn't in the log?
    - services.json says which build belongs to a service. Begin from there, and not from the log.
    - For each entry: `failed` if packer_build_success of its build isn't 1, also where there is
      none; `slow` if packer_build_seconds is more than `slow_s`.
    """
    for told, services, alerts in mornings(run, hidden):
        for service in services:
            for what in ("failed", "slow"):
                expect_alert(told, service, what, alerts)
        expect_no_more(told, services, alerts)
    for answer, wanted in ((night(run, hidden), False), (failing_night(run, hidden), True)):
        expect_measured(answer, made=not wanted)
        found = alerts_of(answer, ALERTS, f"`sh {NIGHTLY}`")
        if ("failed web" in found) != wanted:
            fail(
                f"After `sh {NIGHTLY}` with a build that {'fails' if wanted else 'succeeds'}, "
                f"{ALERTS} {'does not say' if wanted else 'says'} `failed web`.",
                expected="`failed web`" if wanted else "no alert for web",
                found=", ".join(sorted(found)) or "no alerts",
            )


@check(points=1, needs="test_success", docs="#silence")
def test_old(run: Run, hidden: Hidden) -> None:
    """It names each service without an image of the last 7 days, and fails if it can't ask.

    - Who knows how old the newest image is, if no build has run for a week?
    - Ask the account for your available images, and look at the tag `Service` and `CreationDate`.
      What do you get for a service that has no image at all?
    - The newest date of a service, or none, against now minus 7 days. Let the script stop with an
      error if `describe-images` fails.
    """
    for told, services, alerts in mornings(run, hidden):
        for service in services:
            expect_alert(told, service, "old", alerts)
    for answer in (night(run, hidden), failing_night(run, hidden)):
        expect_old_web(answer)
    refused = run(
        ["/bin/sh", "morning.sh"],
        files={
            "morning.sh": REFUSED,
            "night.log": quiet_log(hidden).text.encode(),
            "services.json": as_json(quiet(hidden)),
        },
        account={**fleet(hidden), "iam": {"allow": ["*"], "deny": ["ec2:DescribeImages"]}},
    )
    if refused.exit == 0:
        fail(
            "alert.sh ends with exit code 0 although AWS has not let it read the images.",
            expected="another exit code than 0",
            found="0",
        )


# --- nights ---------------------------------------------------------------------------------------


def token(hidden: Hidden) -> str:
    return hidden.secret("token")


def night(run: Run, hidden: Hidden) -> Answer:
    """A night with the learner's own files."""
    return run(["/bin/sh", NIGHTLY], env={"REPO_TOKEN": token(hidden)})


def expect_measured(answer: Answer, *, made: bool) -> None:
    """Fail where a night with the learner's own files has no metrics, or wrong results."""
    told = f"a night of `{NIGHTLY}` whose build {'succeeds' if made else 'fails'}"
    measured = measured_in(answer, METRICS.removesuffix(".prom"), told)
    results = {value for (what, _, _), value in measured.items() if what == "success"}
    if (1 in results) != made or not results:
        fail(
            f"In {told}: packer_build_success is wrong.",
            expected=str(int(made)),
            found=", ".join(f"{value:g}" for value in sorted(results)) or "no such metric",
        )


def failing_night(run: Run, hidden: Hidden) -> Answer:
    """A night in which the package team's script fails on the machine."""
    script = FAILING.replace("MARK", hidden("mark")).encode()
    env = {"REPO_TOKEN": token(hidden)}
    return run(["/bin/sh", NIGHTLY], env=env, files={INSTALL: script})


# --- logs -----------------------------------------------------------------------------------------

Ending = Literal["made", "failed", "unpublished", "nothing", "null", "cancelled", "cut"]
"""`unpublished`: it made an AMI, and a post-processor failed, so that Packer deleted it again."""


class Build(NamedTuple):
    """A build of a night: when it began, how long its steps took, and how it ended."""

    told: str
    name: str
    begins: int
    steps: tuple[tuple[str, int], ...]
    ending: Ending = "made"
    ami: str = ""

    @property
    def made(self) -> bool:
        return self.ending == "made"

    @property
    def seconds(self) -> int:
        return sum(seconds for _, seconds in self.steps)

    @property
    def ends(self) -> int:
        return self.begins + self.seconds

    @property
    def sums(self) -> dict[str, int]:
        """The seconds of each step, by name."""
        found: dict[str, int] = {}
        for step, seconds in self.steps:
            found[step] = found.get(step, 0) + seconds
        return found


class Log:
    """What Packer writes in a night, in the words of 1.6.6 or of 1.16.0."""

    def __init__(self, builds: list[Build], *, old: bool = False, noise: bool = False) -> None:
        self.builds = builds
        self.old, self.noise = old, noise
        self.lines: list[tuple[int, str]] = []
        for build in builds:
            self._tell(build)
        self._summary(max(build.ends for build in builds))
        self.lines.sort(key=lambda line: line[0])  # those of one second stay in their order
        text = "".join(f"{line}\n" for _, line in self.lines)
        if cut := [build for build in builds if build.ending == "cut"]:
            text += torn_line(cut[0]) if old else "178"
        self.text = f"{BEFORE}{text}{AFTER}" if noise else text

    def _ui(self, now: int, kind: str, text: str) -> None:
        self._line(now, "", "ui", kind, text)

    def _line(self, now: int, target: str, *data: str) -> None:
        words = [word.replace(",", "%!(PACKER_COMMA)").replace("\n", "\\n") for word in data]
        self.lines.append((now, ",".join([str(now), target, *words])))

    def _say(self, now: int, build: Build, text: str) -> None:
        self._ui(now, "say", f"==> {build.name}: {text}")

    def _message(self, now: int, build: Build, text: str) -> None:
        """What a script prints, and the like: today's Packer shows it as if it were its own."""
        if self.old:
            self._ui(now, "message", f"    {build.name}: {text}")
        else:
            self._say(now, build, text)

    def _all(self, now: int, build: Build, lines: tuple[str, ...]) -> None:
        """Lines of Packer's own, and after a dot those that it shows like a script's."""
        for line in lines:
            if line.startswith("."):
                self._message(now, build, line[1:])
            else:
                self._say(now, build, line)

    def _tell(self, build: Build) -> None:
        now = build.begins
        for step, seconds in build.steps:
            last = now + seconds - 1
            if step == "launch":
                self._all(now, build, () if build.ending == "null" else LAUNCHING)
                self._all(now, build, CONNECTING)
                self._all(last, build, ("Connected to SSH!",))
            elif step == "image":
                self._image(now, last, build)
            else:
                self._say(now, build, f"Provisioning with shell script: {step}")
                for told in PRINTED_MORE if self.noise else PRINTED:
                    self._message(last, build, told)
                self._ui(last, "error", f"==> {build.name}: W: nothing to do")
            now += seconds
        self._end(build)

    def _image(self, now: int, last: int, build: Build) -> None:
        self._all(now, build, STOPPING)
        if build.ending in {"made", "unpublished"}:
            self._all(now, build, ("Creating AMI web-0412 from instance i-0a1b2c3d4e5f60718",))
            self._all(now, build, (f".AMI: {build.ami}", "Waiting for AMI to become ready..."))
        else:
            self._all(now, build, ("Skipping AMI creation...",))
        self._all(last, build, CLEANING)

    def _end(self, build: Build) -> None:
        now, name = build.ends, build.name
        if build.ending == "cut":
            self._ui(now, "error", f"==> {name}: W: 1 not fully installed or removed, 0 to go")
            return
        if build.ending == "failed":
            self._all(now, build, ("Provisioning step had errors: Running the cleanup provisioner, "
                                   "if present...",))  # fmt: skip
        if build.ending == "cancelled":
            self._ui(now, "error", "Cancelling build after receiving terminated")
        if build.ending in {"failed", "cancelled"}:
            self._all(now, build, CLEANING)
        if build.ending in {"made", "unpublished"}:
            self._all(now, build, ("Running post-processor: shell-local",))
            self._ui(now, "say", f"==> {name} (shell-local): Running local shell script: /tmp/p1")
        after = f"after {in_words(build.seconds)}"
        if build.ending in FAILED:
            self._ui(now, "error", f"Build '{name}' errored {after}: {self._error(build)}")
        else:
            self._ui(now, "say", f"Build '{name}' finished {after}.")

    def _error(self, build: Build) -> str:
        error = FAILED[build.ending]
        return error.replace(". Allowed", ".Allowed") if self.old else error

    def _summary(self, now: int) -> None:
        """What Packer says when all builds have ended: it did not get there if the log is cut."""
        endings = {build.ending for build in self.builds}
        if "cut" in endings:
            return
        self._ui(now, "say", "\n==> Wait completed after 22 minutes")
        if "cancelled" in endings:
            self._ui(now, "say", "Cleanly cancelled builds after being interrupted.")
            return
        failed = [build for build in self.builds if build.ending in FAILED]
        if failed:
            self._line(now, "", "error-count", str(len(failed)))
            self._ui(now, "error", "\n==> Some builds didn't complete successfully and had errors:")
        for build in failed:
            self._line(now, build.name, "error", self._error(build))
            self._ui(now, "error", f"--> {build.name}: {self._error(build)}")
        made = [build for build in self.builds if build.ending in {"made", "null"}]
        if not made:
            self._ui(now, "say", "\n==> Builds finished but no artifacts were created.")
            return
        self._ui(now, "say", "\n==> Builds finished. The artifacts of successful builds are:")
        for build in made:
            self._artifact(now, build)

    def _artifact(self, now: int, build: Build) -> None:
        ami = build.ending == "made"
        regions = ("eu-central-1", "us-east-1") if ami else ()
        listed = "\n".join(f"{region}: {build.ami}" for region in regions)
        string = f"AMIs were created:\n{listed}\n" if ami else NO_EXPORT
        self._line(now, build.name, "artifact-count", "1")
        ids = ",".join(f"{region}:{build.ami}" for region in regions) or "Null"
        for data in (
            ("builder-id", "mitchellh.amazonebs" if ami else "fnoeding.null"),
            ("id", ids),
            ("string", string),
            ("files-count", "0"),
            ("end",),
        ):
            self._line(now, build.name, "artifact", "0", *data)
        self._ui(now, "say", f"--> {build.name}: {string}")


NO_EXPORT = "Did not export anything. This is the null builder"
FAILED: dict[Ending, str] = {
    "failed": "Script exited with non-zero exit status: 100. Allowed exit codes are: [0]",
    "unpublished": "1 error(s) occurred:\n\n* Post-processor failed: Script exited with non-zero "
                   "exit status: 7. Allowed exit codes are: [0]",
}  # fmt: skip
LAUNCHING = (
    "Prevalidating any provided VPC information",
    "Prevalidating AMI Name: web-0412",
    ".Found Image ID: ami-03ff4082f9df9003b",
    "Creating temporary keypair: packer_6b0e1926",
    "Creating temporary security group for this instance: packer_6b0e1927",
    "Authorizing access to port 22 from [0.0.0.0/0] in the temporary security groups...",
    "Launching a source AWS instance...",
    ".Instance ID: i-0a1b2c3d4e5f60718",
    "Waiting for instance (i-0a1b2c3d4e5f60718) to become ready...",
)
CONNECTING = (
    "Using SSH communicator to connect: 54.146.6.131",
    "Waiting for SSH to become available...",
)
STOPPING = (
    "Stopping the source instance...",
    ".Stopping instance",
    "Waiting for the instance to stop...",
)
CLEANING = (
    "Terminating the source AWS instance...",
    "Cleaning up any extra volumes...",
    "No volumes to clean up, skipping",
    "Deleting temporary security group...",
    "Deleting temporary keypair...",
)
"""What both Packers were heard to say in real builds of an AMI."""
PRINTED = (
    "\x1b[1;32mReading package lists... Done\x1b[0m",
    "Get:1 https://packages.example.com bookworm/main amd64 labweb 1.1, 12.4 kB",
    "pull: eu-central-1:ami-0123456789abcdef0 is the base, 1 error, 0 warnings",
)
"""What scripts print: colours, commas, and an id that is not that of a new image."""
PRINTED_MORE = (*PRINTED, "Build 'docs' finished after 2 seconds.", "docs: ==> docs: done")
"""Other tools have builds as well."""

BEFORE = """\
+ packer build -machine-readable web.json
2026/11/30 02:00:01 [INFO] Packer version: 1.16.0 [go1.25.3 linux amd64]

"""
AFTER = "2026/11/30 02:31:44 [INFO] telemetry, finalizing, 2 builds\n+ code=1\n"


def torn_line(build: Build) -> str:
    """The beginning of a line that would be a step."""
    begun = f"{build.ends + 9},,ui,say,==> {build.name}: Provisioning with shell script: "
    return f"{begun}scripts/20-lab"


def in_words(seconds: int) -> str:
    return f"{seconds // 60} minutes {seconds % 60} seconds"


def names_of(hidden: Hidden, label: str) -> tuple[str, str, str]:
    """A build's name, one that begins with it, and one that ends with it."""
    word = hidden(f"build {label}")
    return f"amazon-ebs.w{word}", f"amazon-ebs.w{word}-arm", f"nightly.amazon-ebs.w{word}"


class Maker:
    """Builds with hidden names, hidden scripts and hidden seconds."""

    def __init__(self, hidden: Hidden) -> None:
        self.hidden = hidden

    def build(
        self,
        told: str,
        name: str,
        scripts: int = 2,
        ending: Ending = "made",
        *,
        later: int = 0,
        stops: bool | None = None,
    ) -> Build:
        """A build whose last step is a script where it `stops` early."""
        key = f"{told} {name}"

        def number(what: str, low: int, high: int) -> int:
            return self.hidden.number(f"{key} {what}", low, high)

        steps = [("launch", number("launch", 31, 95))]
        for index in range(scripts):
            word = self.hidden(f"{key} script {index}")
            comma = ",labtool" if index % 2 else ""
            steps.append((f"scripts/{index}0-{word}{comma}.sh", number(f"s{index}", 20, 400)))
        if stops is None:
            stops = ending in {"failed", "cancelled", "cut", "null"}
        if not stops:
            steps.append(("image", number("image", 60, 300)))
        begins = 1_780_000_000 + self.hidden.number("night", 0, 9_000_000) + later
        ami = f"ami-0{self.hidden(f'{key} ami')}"
        return Build(told, name, begins, tuple(steps), ending, ami)


def whole_logs(hidden: Hidden) -> Iterator[tuple[str, Log]]:
    """Logs that Packer has written to their end."""
    make = Maker(hidden).build
    name, arm, named = names_of(hidden, "whole")
    yield "a log with one build", Log([make("a build that made an AMI", name)])
    yield (
        "a log of Packer 1.6.6",
        Log([make("a build that failed", name, 3, "failed")], old=True),
    )
    yield (
        "a log with two builds side by side",
        Log([
            make("the build that ended first, and made an AMI", name, 1),
            make("the build that failed", arm, 4, "failed", later=7),
        ]),
    )  # fmt: skip
    yield (
        "a log of Packer 1.6.6 with two builds side by side",
        Log(
            [
                make("the build of type null, which ended first", arm, 1, "null"),
                make("the build that made an AMI", named, 3, later=61),
            ],
            old=True,
        ),
    )
    yield (
        "a log in which Packer has ended well without an AMI",
        Log([make("a build that finished and made nothing", name, 2, "nothing")]),
    )
    yield (
        "a log with a build of type null",
        Log([make("a build that only ran scripts", name, 1, "null")]),
    )
    yield (
        "a log whose post-processor failed",
        Log([make("a build whose AMI Packer deleted again", name, 2, "unpublished")]),
    )
    again = make("a build that runs a script twice", named, 2)
    launch, first, second, image = again.steps
    twice = again._replace(steps=(launch, first, second, first, image))
    yield "a log in which a script runs twice", Log([twice])


def torn_logs(hidden: Hidden) -> Iterator[tuple[str, Log]]:
    """Logs of nights that were cancelled or cut off, and one with lines that are not Packer's."""
    make = Maker(hidden).build
    name, arm, named = names_of(hidden, "torn")
    cut = make("the build that still ran", name, 2, "cut")
    before = make("the build that had ended", arm, 1, "nothing")
    ended = before._replace(begins=cut.ends - 5 - before.seconds)
    yield "a log that was cut off", Log([cut, ended])
    yield "a log of Packer 1.6.6 that was cut off", Log([cut], old=True)
    yield (
        "a log of a night that was cancelled",
        Log([make("a build that was cancelled", name, 2, "cancelled")]),
    )
    yield (
        "a log of a cancelled night of Packer 1.6.6",
        Log([make("a build that was cancelled", named, 1, "cancelled")], old=True),
    )
    yield (
        "a log with lines that are not Packer's",
        Log([make("a build that made an AMI", arm), make("one that failed", name, 1, "failed")],
            noise=True),
    )  # fmt: skip


MEASURE = b"""#!/bin/sh
mkdir -p /tmp/seen
for log in given/*.log; do
  name=$(basename "$log" .log)
  rm -rf out
  mkdir out
  if sh metrics.sh "$log" >/tmp/said 2>&1; then
    [ ! -f out/packer.prom ] || mv out/packer.prom "/tmp/seen/$name.prom"
  else
    tail -n 3 /tmp/said >"/tmp/seen/$name.failed"
  fi
done
rm -rf out
mv /tmp/seen out
"""
"""Has each log measured, in a folder that looks like the one of a new night."""


def nights(run: Run, hidden: Hidden, *, torn: bool = False) -> Iterator[tuple[str, Log, Measured]]:
    """What the learner's program makes of each log."""
    logs = list(torn_logs(hidden) if torn else whole_logs(hidden))
    files = {f"given/{number:02}.log": log.text.encode() for number, (_, log) in enumerate(logs, 1)}
    answer = run(["/bin/sh", "measure.sh"], files={"measure.sh": MEASURE, **files})
    for number, (told, log) in enumerate(logs, 1):
        yield told, log, measured_in(answer, f"out/{number:02}", told)


# --- metrics --------------------------------------------------------------------------------------

SAMPLE = re.compile(r"(packer_build_success|packer_build_seconds|packer_step_seconds)\b(.*)")
FORM = re.compile(r"\s*\{([^{}]*)\}\s+(\S+)\s*")
LABEL = re.compile(r'\b(\w++)\s*+=\s*+"([^"]*)"')


TWICE = -1.0
"""Stands for the seconds of a step that has two lines."""

Measured = dict[tuple[str, str, str], float]
"""What is measured, of which build, and of which step, if it is about one."""


def measured_in(answer: Answer, name: str, told: str) -> Measured:
    """The samples of one log: what it is about, the build, and the step or nothing."""
    if f"{name}.failed" in answer.files:
        said = answer.files.bytes(f"{name}.failed").decode(errors="replace")
        fail(f"`sh metrics.sh` fails for {told}.", expected="exit code 0", found=said.strip())
    if f"{name}.prom" not in answer.files:
        fail(f"`sh metrics.sh` leaves no {METRICS} for {told}.", expected=METRICS)
    found: Measured = {}
    for line in answer.files.text(f"{name}.prom").splitlines():
        sample = SAMPLE.match(line.strip())
        if not sample:
            continue  # a comment, or another number
        form = FORM.fullmatch(sample[2])
        labels = dict(LABEL.findall(form[1])) if form else {}
        what = sample[1].removeprefix("packer_").replace("build_", "")
        step = labels.get("step", "") if what == "step_seconds" else ""
        value = as_number(form[2]) if form else None
        if value is None or "build" not in labels or (what == "step_seconds" and not step):
            fail(
                f"{METRICS} has a line that Prometheus or a reader can't use, for {told}.",
                expected='such as packer_step_seconds{build="web",step="launch"} 41',
                found=line.strip()[:200],
            )
        key = (what, labels["build"], step)
        if key in found and what == "step_seconds":
            value = TWICE
        elif key in found:
            fail(
                f"{METRICS} has a metric twice for {told}. Prometheus refuses the whole file.",
                expected="one line for each build",
                found=line.strip()[:200],
            )
        found[key] = value
    return found


def as_number(text: str) -> float | None:
    """Digits, perhaps with a fraction or an exponent, as Prometheus reads them."""
    form = r"[0-9]{1,15}(\.[0-9]{1,15})?(e\+?[0-9]{1,2})?"
    return float(text) if re.fullmatch(form, text) else None


def shown(value: float | None) -> str:
    return "no such metric" if value is None else f"{value:g}"


def expect_results(told: str, log: Log, measured: Measured) -> None:
    """Fail where a build has another result, or something has one that is no build of the log."""
    names = {build.name for build in log.builds}
    for _, name, _ in measured:
        if name not in names:
            fail(
                f"In {told}: {METRICS} names a build that is not in it.",
                expected="the name of a build",
                found=name,
            )
    for build in log.builds:
        found = measured.get(("success", build.name, ""))
        if found != int(build.made):
            fail(
                f"In {told}: packer_build_success is wrong for {build.told}.",
                expected=str(int(build.made)),
                found=shown(found),
            )


def expect_seconds(told: str, log: Log, measured: Measured) -> None:
    """Fail where a build or one of its steps took another time, or a step is missing."""
    for build in log.builds:
        about = f"In {told}, {build.told}"
        found = measured.get(("seconds", build.name, ""))
        if found != build.seconds:
            fail(
                f"{about}: packer_build_seconds is wrong.",
                expected=str(build.seconds),
                found=shown(found),
            )
        steps = {step: value for (what, name, step), value in measured.items()
                 if (what, name) == ("step_seconds", build.name)}  # fmt: skip
        for step, seconds in build.sums.items():
            if steps.get(step) == TWICE:
                fail(
                    f"{about}: {METRICS} has two lines for the step {step}. Prometheus refuses "
                    "the whole file.",
                    expected="one line, with the sum",
                    found="two lines",
                )
            if steps.get(step) != seconds:
                fail(
                    f"{about}: packer_step_seconds is wrong for the step {step}.",
                    expected=str(seconds),
                    found=shown(steps.get(step)),
                )
        if more := steps.keys() - build.sums.keys():
            fail(f"{about}: {METRICS} has a step that it does not have.",
                 expected=list(build.sums), found=sorted(more))  # fmt: skip


# --- mornings -------------------------------------------------------------------------------------


class Service(NamedTuple):
    """An entry of services.json, and what has to be said of it."""

    told: str
    name: str
    build: str
    slow_s: int
    alerts: frozenset[str] = frozenset()


def services_of(hidden: Hidden) -> tuple[list[Service], Log]:
    """A night in which much went wrong, and all images are new."""
    make = Maker(hidden).build
    name = "amazon-ebs.n{}".format
    endings: dict[str, Ending] = {
        "good": "made", "bad": "failed", "late": "made", "both": "failed", "empty": "nothing",
    }  # fmt: skip
    builds = {
        label: make(label, name(hidden(f"n {label}")), 2, ending, later=number)
        for number, (label, ending) in enumerate(endings.items())
    }
    failed, slow = frozenset({"failed"}), frozenset({"slow"})

    def service(
        label: str, told: str, slow_s: int, alerts: frozenset[str] = frozenset()
    ) -> Service:
        return Service(told, f"s{hidden(f's {label}')}", builds[label].name, slow_s, alerts)

    services = [  # far from what the builds took: who counts wrongly pays for it elsewhere
        service("good", "a service whose build made an AMI in time", 9000),
        service("bad", "a service whose build failed", 9000, failed),
        service("late", "a service whose build took far too long", 9, slow),
        service("both", "a service whose build failed, and took too long", 9, failed | slow),
        service("empty", "a service whose build finished and made no AMI", 9000, failed),
        Service("a service whose build is not in the log", f"s{hidden('s gone')}",
                name(hidden("n gone")), 900, failed),
    ]  # fmt: skip
    return services, Log(list(builds.values()))


def quiet(hidden: Hidden) -> list[Service]:
    """A night with one build that went well. Some images are old all the same, or not there."""
    old = frozenset({"old"})
    build = quiet_log(hidden).builds[0]

    def service(
        label: str, told: str, alerts: frozenset[str] = frozenset(), more: int = 60
    ) -> Service:
        return Service(told, of(hidden, label), build.name, build.seconds + more, alerts)

    return [
        service("fresh", "a service whose newest image is 6 days old"),
        service("just", "a service whose build took just as long as it may", more=0),
        service("late", "a service whose build took a second too long", frozenset({"slow"}), -1),
        service("stale", "a service whose newest image is 8 days old", old),
        service("none", "a service that has no image", old),
        service("disabled", "a service whose newer images are disabled", old),
        service("torn", "a service whose newest image failed", old),
        service("stale-eu", "a service with a new image, whose name begins like another's"),
    ]


def of(hidden: Hidden, label: str) -> str:
    """The name of a service. One is the beginning of another."""
    first, _, rest = label.partition("-")
    return f"q{hidden(f'q {first}')}" + (f"-{rest}" if rest else "")


def quiet_log(hidden: Hidden) -> Log:
    name = f"amazon-ebs.q{hidden('quiet build')}"
    return Log([Maker(hidden).build("a build that made an AMI", name)])


def silent(hidden: Hidden) -> list[Service]:
    """The one service of a morning on which there is nothing to say."""
    return quiet(hidden)[:1]


def fleet(hidden: Hidden) -> dict[str, Any]:
    """The images of all these services."""
    images = [
        # the newest is neither the first by name nor the last
        ("m", "fresh", "-6d", "available"),
        ("z", "fresh", "-30d", "available"),
        ("a", "fresh", "-60d", "available"),
        ("m", "stale", "-8d", "available"),
        ("z", "stale", "-90d", "available"),
        ("a", "stale-eu", "-1d", "available"),
        ("a", "just", "-1d", "available"),
        ("a", "late", "-1d", "available"),
        ("a", "disabled", "-20d", "available"),
        ("b", "disabled", "-1d", "disabled"),
        ("a", "torn", "-20d", "available"),
        ("b", "torn", "-1d", "failed"),
    ]
    team = [
        {
            "name": f"{prefix}-{of(hidden, label)}-{created}",
            "created": created,
            "regions": ["eu-central-1"],
            "state": state,
            "tags": {"Service": of(hidden, label)},
        }
        for prefix, label, created, state in images
    ]
    team += [
        {
            "name": f"new-{service.name}",
            "created": "-2h",
            "regions": ["eu-central-1"],
            "tags": {"Service": service.name},
        }
        for service in services_of(hidden)[0]
    ]
    team.append({"name": f"untagged-{hidden('untagged')}", "created": "-1h"})
    return {"team_image": team}


MORNINGS = b"""#!/bin/sh
mkdir -p /tmp/seen
for folder in given/*; do
  name=$(basename "$folder")
  cp "$folder/services.json" services.json
  rm -rf out
  mkdir out
  sh metrics.sh "$folder/night.log" >/tmp/said 2>&1
  if sh alert.sh >/tmp/said 2>&1; then
    [ ! -f out/alerts.txt ] || mv out/alerts.txt "/tmp/seen/$name.txt"
  else
    tail -n 3 /tmp/said >"/tmp/seen/$name.failed"
  fi
done
rm -rf out
mv /tmp/seen out
"""
REFUSED = b"""#!/bin/sh
rm -rf out
mkdir out
sh metrics.sh night.log || exit 0
exec sh alert.sh
"""


def mornings(run: Run, hidden: Hidden) -> Iterator[tuple[str, list[Service], set[str]]]:
    """What the learner's programs say of each of some nights."""
    busy, log = services_of(hidden)
    given = [
        ("After a night in which much went wrong", busy, log),
        ("After a night in which the build went well", quiet(hidden), quiet_log(hidden)),
        ("On a morning without any alert", silent(hidden), quiet_log(hidden)),
    ]
    files = {"mornings.sh": MORNINGS}
    for number, (_, services, log) in enumerate(given, 1):
        files[f"given/{number}/services.json"] = as_json(services)
        files[f"given/{number}/night.log"] = log.text.encode()
    answer = run(["/bin/sh", "mornings.sh"], files=files, account=fleet(hidden))
    for number, (told, services, _) in enumerate(given, 1):
        name = f"out/{number}"
        if f"{name}.failed" in answer.files:
            said = answer.files.bytes(f"{name}.failed").decode(errors="replace").strip()
            fail(f"{told}, alert.sh fails.", expected="exit code 0", found=said)
        yield told, services, alerts_of(answer, f"{name}.txt", "alert.sh")


def expect_old_web(answer: Answer) -> None:
    """Fail where a night with the learner's own services.json is wrong about the age of web.

    No image of the account is young enough, unless this night has made one. A night that leaves no
    alerts at all costs points elsewhere.
    """
    if ALERTS in answer.files:
        alerts = alerts_of(answer, ALERTS, f"`sh {NIGHTLY}`")
        made = any(image.tags.get("Service") == "web" for image in answer.account.images)
        if ("old web" in alerts) == made:
            fail(
                f"After `sh {NIGHTLY}`, `old web` is {'reported' if made else 'missing'}, and the "
                f"newest image of web is {'from this night' if made else '9 days old'}.",
                expected="no `old web`" if made else "`old web`",
                found=", ".join(sorted(alerts)) or "no alerts",
            )


def as_json(services: list[Service]) -> bytes:
    return json.dumps([
        {"service": each.name, "build": each.build, "slow_s": each.slow_s} for each in services
    ]).encode()  # fmt: skip


def alerts_of(answer: Answer, name: str, told: str) -> set[str]:
    """The alerts in a file, one on a line."""
    if name not in answer.files:
        fail(f"{told} leaves no {ALERTS}.", expected=f"{ALERTS}, empty if there is no alert")
    lines = answer.files.text(name).splitlines()
    return {" ".join(line.split()) for line in lines if line.strip()}


def expect_alert(told: str, service: Service, what: str, alerts: set[str]) -> None:
    wanted = what in service.alerts
    if (f"{what} {service.name}" in alerts) != wanted:
        its = sorted(alert.split()[0] for alert in alerts if alert.split()[1:] == [service.name])
        fail(
            f"{told}, `{what}` is {'missing' if wanted else 'reported'} for {service.told}.",
            expected=", ".join(sorted(service.alerts)) or "no alert",
            found=", ".join(its) or "no alert",
        )


def expect_no_more(told: str, services: list[Service], alerts: set[str]) -> None:
    """Fail where a line is none of the alerts that there are."""
    known = {f"{what} {service.name}" for service in services for what in ("failed", "slow", "old")}
    if strange := sorted(alerts - known):
        expect(strange[:3], [], f"{told}, {ALERTS} has a line that is no alert of a service.")
