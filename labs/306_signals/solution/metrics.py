"""The log of `packer build -machine-readable` as numbers for Prometheus, in out/packer.prom."""

import re
import sys
from pathlib import Path

LINE = re.compile(r"([0-9]+),([^,]*),([^,]*),(.*)\n")
OWN = re.compile(r"(?:==> |    )([^ :]+)(?: \([^)]*\))?: (.*)", re.DOTALL)
END = re.compile(r"Build '([^']*)' (?:finished|errored) after ")
SCRIPT = "Provisioning with shell script: "
IMAGE = "Stopping the source instance..."


class Build:
    """A build, as far as the log has told."""

    def __init__(self, now):
        self.begun = self.last = self.since = now
        self.step = "launch"
        self.steps = {}
        self.ended = self.made = False

    def hear(self, text, now):
        """One of its own lines."""
        if not self.ended:
            self.last = now
            if text.startswith(SCRIPT):
                self.enter(text.removeprefix(SCRIPT), now)
            elif text == IMAGE:
                self.enter("image", now)

    def enter(self, step, now):
        """One step ends, and the next begins."""
        self.steps[self.step] = self.steps.get(self.step, 0) + now - self.since
        self.step, self.since = step, now


def builds_of(log):
    """Each build of a log, by name."""
    builds = {}
    with open(log, errors="replace", newline="\n") as lines:
        for line in lines:
            found = LINE.fullmatch(line)
            if not found:
                continue  # not Packer's, or cut off
            now, target, kind, data = int(found[1]), found[2], found[3], found[4]
            words = [word.replace("%!(PACKER_COMMA)", ",") for word in data.split(",")]
            if kind == "ui" and (own := OWN.match(words[1])):
                builds.setdefault(own[1], Build(now)).hear(own[2], now)
            elif kind == "ui" and (end := END.match(words[1])) and end[1] in builds:
                builds[end[1]].hear("", now)
                builds[end[1]].ended = True
            elif kind == "artifact" and words[1] == "id" and ":ami-" in words[2]:
                builds.setdefault(target, Build(now)).made = True
    for build in builds.values():
        build.enter("", build.last)
    return builds


def samples(builds):
    """A line for each number."""
    for name, build in sorted(builds.items()):
        yield f'packer_build_success{{build="{name}"}} {int(build.made)}\n'
        yield f'packer_build_seconds{{build="{name}"}} {build.last - build.begun}\n'
        for step, seconds in build.steps.items():
            yield f'packer_step_seconds{{build="{name}",step="{step}"}} {seconds}\n'


out = Path("out")
out.mkdir(exist_ok=True)
new = out / "packer.prom.new"
new.write_text("".join(samples(builds_of(sys.argv[1]))))
new.replace(out / "packer.prom")
