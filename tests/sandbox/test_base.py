from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.errors import LimitError, MachineError
from packerlab.inside.files import HEADER, MAX_FILE_BYTES
from packerlab.inside.kept import MAX_OUTPUT
from packerlab.lab import Limits
from packerlab.sandbox import bubblewrap
from packerlab.sandbox.base import PackerProgram, Sandbox
from packerlab.sandbox.box import START, Box, limit_error
from packerlab.sandbox.channel import Channel
from tests.sandbox.places import descendants
from tests.waiting import until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.sandbox.base import Needs

LIMITS = Limits(deadline_s=5, cpu_s=5, memory_mb=100, disk_mb=32)
ANSWER: dict[str, Any] = {
    "exit": 0,
    "cpu": 0.5,
    "limit": "",
    "error": "",
    "output": 3,
    "files": [["out/a", 2, True, ""], ["out/l", 0, False, "link"]],
}


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end and the supervisor's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def soon() -> float:
    return time.monotonic() + 5


def framed(data: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4) + data


# --- the channel ---


def test_lines_and_blobs_are_told_apart(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    channel = Channel(ours, framed=False)
    theirs.sendall(b"one\nab\ncd" + b"two\n")
    assert channel.header(soon()) == b"one\n"
    assert channel.read(5, soon()) == b"ab\ncd"
    assert channel.header(soon()) == b"two\n"
    channel.send({"a": 1}, [b"b", b"", b"c"])
    assert theirs.recv(100) == b'{"a": 1}\nbc'


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_docker_s_frames_are_taken_off(
    pair: tuple[socket.socket, socket.socket], piece: int
) -> None:
    ours, theirs = pair
    channel = Channel(ours, framed=True)
    data = framed(b"li") + framed(b"warning", 2) + framed(b"") + framed(b"ne\nblob")
    for at in range(0, len(data), piece):
        theirs.sendall(data[at : at + piece])
    assert channel.header(soon()) == b"line\n"
    assert channel.read(4, soon()) == b"blob"
    assert channel.errors == "warning"


def test_errors_of_any_length_cost_little(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    channel = Channel(ours, framed=True)

    def flood() -> None:
        with contextlib.suppress(OSError):
            for _ in range(50):
                theirs.sendall(framed(b"x" * 100_000, 2))
            theirs.sendall(framed(b"end\n"))

    thread = threading.Thread(target=flood)
    thread.start()
    assert channel.header(soon()) == b"end\n"
    thread.join()
    assert len(channel.errors) <= HEADER + 100_000


def test_silence_has_an_end(pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(MachineError, match="did not answer"):
        Channel(pair[0], framed=False).header(time.monotonic() + 0.05)


def test_the_end_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].sendall(b"half a li")
    pair[1].close()
    with pytest.raises(MachineError, match="ended"):
        Channel(pair[0], framed=False).header(soon())


def test_a_line_without_end_is_refused(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair

    def flood() -> None:
        with contextlib.suppress(OSError):
            theirs.sendall(b"x" * (HEADER + 2_000_000))

    thread = threading.Thread(target=flood)
    thread.start()
    with pytest.raises(MachineError, match="too long"):
        Channel(ours, framed=False).header(soon())
    ours.shutdown(socket.SHUT_RDWR)
    thread.join()


def answer_elsewhere(pipe: Any) -> None:
    channel = pipe.recv()
    channel.send({"framed": channel.framed})


def test_a_channel_is_lent_to_another_process(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=answer_elsewhere, args=[there])
    process.start()
    here.send(Channel(ours, framed=True))
    process.join(10)
    assert process.exitcode == 0
    assert theirs.recv(100) == b'{"framed": true}\n'
    here.close()
    there.close()


# --- a box ---


def answered(pair: tuple[socket.socket, socket.socket], answer: bytes) -> Box:
    """A box whose supervisor has already answered."""
    pair[1].sendall(answer)
    return Box(Channel(pair[0], framed=False), LIMITS)


def test_an_answer_becomes_a_result(pair: tuple[socket.socket, socket.socket]) -> None:
    box = answered(pair, json.dumps(ANSWER).encode() + b"\nout" + b"12")
    ran = box.run(["true"], {}, env={})
    assert (ran.exit, ran.output) == (0, "out")
    assert {name: (file.data, file.executable) for name, file in ran.files.items()} == {
        "out/a": (b"12", True)
    }
    assert ran.irregular == {"out/l": "link"}
    assert box.cpu == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"exit": "0"},
        {"cpu": None},
        {"limit": "patience"},
        {"output": -1},
        {"output": MAX_OUTPUT + 1},
        {"output": True},
        {"files": None},
        {"files": [["a"]]},
        {"files": [["a", -1, False, ""]]},
        {"files": [["a", MAX_FILE_BYTES + 1, False, ""]]},
        {"files": [["a", MAX_FILE_BYTES, False, ""], ["b", 1, False, ""]]},
        {"files": [["a", "1", False, ""]]},
        {"files": [[1, 1, False, ""]]},
    ],
)
def test_an_answer_that_makes_no_sense_is_a_fault_of_the_machine(
    pair: tuple[socket.socket, socket.socket], changes: dict[str, object]
) -> None:
    box = answered(pair, json.dumps({**ANSWER, **changes}).encode() + b"\nout12")
    with pytest.raises(MachineError, match="The sandbox broke"):
        box.run(["true"], {}, env={})


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{}\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_makes_no_sense_is_a_fault_of_the_machine(
    pair: tuple[socket.socket, socket.socket], line: bytes
) -> None:
    with pytest.raises(MachineError, match="The sandbox broke"):
        answered(pair, line).run(["true"], {}, env={})


def test_a_program_that_can_t_be_started_is_a_fault_of_the_machine(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    told = {**ANSWER, "exit": None, "error": "bwrap: no", "output": 0, "files": []}
    with pytest.raises(MachineError, match="could not run a program: bwrap: no"):
        answered(pair, json.dumps(told).encode() + b"\n").run(["true"], {}, env={})


def test_a_supervisor_that_is_gone_is_a_fault_of_the_machine(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    pair[1].close()
    with pytest.raises(MachineError):
        Box(Channel(pair[0], framed=False), LIMITS).run(["true"], {}, env={})


@pytest.mark.parametrize(
    ("limit", "status", "retry"),
    [
        ("deadline", "timeout", True),
        ("cpu", "timeout", False),
        ("memory", "limit", False),
        ("disk", "limit", False),
        ("processes", "limit", False),
        ("output", "limit", False),
        ("files", "limit", False),
    ],
)
def test_every_bound_has_its_words(
    pair: tuple[socket.socket, socket.socket], limit: str, status: str, *, retry: bool
) -> None:
    told = {**ANSWER, "exit": None, "limit": limit, "output": 0, "files": []}
    box = answered(pair, json.dumps(told).encode() + b"\n")
    with pytest.raises(LimitError) as caught:
        box.run(["true"], {}, env={})
    assert (caught.value.status, caught.value.retry) == (status, retry)
    assert caught.value.reason == limit_error(limit, LIMITS).reason
    assert caught.value.reason.startswith("more than ")
    assert box.cpu == 0.5


# --- a sandbox ---


class Program:
    """A backend whose supervisor is any program."""

    name = "program"
    reusable = True

    def __init__(self, script: str) -> None:
        self.script = script
        self.started = 0

    def unavailable(self) -> str | None:
        return None

    def weak(self) -> list[str]:
        return []

    def lacks(self, _capability: str) -> str | None:
        return None

    def packer(self) -> PackerProgram:
        return PackerProgram("sha256:0")

    def start(self, limits: Limits, _needs: Needs) -> bubblewrap.Started:
        self.started += 1
        return bubblewrap.Started(["/bin/sh", "-c", self.script, str(limits.disk_mb)], None)


def test_a_supervisor_that_does_not_start_says_why() -> None:
    sandbox = Sandbox(Program("echo the reason >&2; exit 1"), LIMITS)
    with pytest.raises(MachineError, match="The program sandbox does not start: the reason"):
        sandbox.channel()
    sandbox.close()


def test_a_supervisor_that_breaks_can_be_asked_why() -> None:
    with contextlib.closing(Sandbox(Program("echo ready; echo reason >&2"), LIMITS)) as sandbox:
        assert sandbox.complaint() == ""
        with pytest.raises(MachineError, match="The sandbox broke"):
            Box(sandbox.channel(), LIMITS).run(["true"], {}, env={})
        assert sandbox.complaint() == "reason"


def test_a_sandbox_starts_when_it_is_first_used_and_once() -> None:
    backend = Program("echo ready; read line")
    sandbox = Sandbox(backend, LIMITS)
    assert backend.started == 0
    assert sandbox.channel() is sandbox.channel()
    assert backend.started == 1
    sandbox.close()
    sandbox.close()
    again = sandbox.channel()
    assert backend.started == 2
    assert again.socket.fileno() >= 0
    sandbox.close()


def test_a_supervisor_that_does_not_end_is_killed() -> None:
    before = set(descendants(os.getpid()))  # a server of another test's may live on
    sandbox = Sandbox(Program("echo ready; exec </dev/null >/dev/null; sleep 1000; true"), LIMITS)
    sandbox.channel()
    pids = [pid for pid in descendants(os.getpid()) if pid not in before]
    assert pids
    sandbox.close()
    until_gone(pids)


def test_a_program_gets_its_words_as_they_are() -> None:
    words = ["printf", "%s|", "a b", "$HOME", "`id`", "", "*", "-n"]
    ran = subprocess.run([*START, *words], capture_output=True, text=True, check=True)
    assert ran.stdout == "a b|$HOME|`id`||*|-n|"
