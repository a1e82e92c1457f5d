"""What a container runs, by its settings and its disk."""

from __future__ import annotations

import pytest

from packerlab.evidence.containers import ContainerImage, Settings
from packerlab.evidence.disk import Disk, Entry
from packerlab.grader import command_of
from packerlab.leaks import Leaks

PROGRAMS = {
    "/usr/sbin/labweb": b"#!/usr/bin/perl\n",
    "/bin/sh": b"\x7fELF",
    "/usr/bin/env": b"\x7fELF",
    "/usr/local/bin/entry": b'#!/bin/sh\nset -e\ncd / && exec "$@"\n',
    "/usr/local/bin/start": b"#!/bin/bash\nexec labweb\n",
    "/usr/local/bin/loop": b'#!/bin/sh\nexec /usr/local/bin/loop "$@"\n',
}


def of(entrypoint: list[str], command: list[str]) -> ContainerImage:
    folders = {path[:at] for path in PROGRAMS for at, char in enumerate(path) if char == "/" and at}
    changes = [Entry(path, "folder") for path in folders]
    changes += [
        Entry(path, "file", size=len(content), told=content) for path, content in PROGRAMS.items()
    ]
    disk = Disk("the image", changes, lambda names: [Entry(name, "gone") for name in names])
    settings = Settings({"Entrypoint": entrypoint, "Cmd": command})
    return ContainerImage("id", [], settings, "", [], disk, [], {}, Leaks())


@pytest.mark.parametrize(
    ("entrypoint", "command", "arguments"),
    [
        (["labweb"], [], []),
        (["labweb"], ["bash"], ["bash"]),
        (["/usr/sbin/labweb"], ["/etc/labweb/app.conf"], ["/etc/labweb/app.conf"]),
        ([], ["labweb"], []),
        (["sh", "-c", "exec labweb"], [], []),
        (["/bin/sh", "-ec"], ["cd / && exec labweb --version"], ["--version"]),
        (["/usr/bin/env", "A=b", "labweb"], [], []),
        (["entry"], ["labweb", "a b"], ["a b"]),
        (["/usr/local/bin/start"], [], []),
        (["sh", "-c", 'exec "$@"', "sh"], ["labweb"], []),
    ],
)
def test_it_runs_labweb(entrypoint: list[str], command: list[str], arguments: list[str]) -> None:
    assert command_of(of(entrypoint, command)) == ["/usr/sbin/labweb", *arguments]


@pytest.mark.parametrize(
    ("entrypoint", "command", "program"),
    [
        ([], [], ""),
        (["/opt/labweb"], [], ""),
        (["/bin/sh"], [], "/bin/sh"),
        (["sh", "-c", "labweb & exec sh"], [], "/bin/sh"),
        (["sh", "-c", "exec 'labweb"], [], ""),
        (["loop"], ["labweb"], ""),
        (["entry"], [], ""),
    ],
)
def test_it_runs_something_else(entrypoint: list[str], command: list[str], program: str) -> None:
    assert "".join(command_of(of(entrypoint, command))) == program
