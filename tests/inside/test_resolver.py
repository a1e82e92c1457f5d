"""The box's name server: which names it knows, and what it says to what is no question."""

from __future__ import annotations

import struct

import pytest

from packerlab.inside.resolver import MOST_BYTES, address, reply

KNOWN = {"ec2.eu-west-1.amazonaws.com": "127.0.0.1", "localhost": "127.0.0.1"}
A, AAAA, TXT = 1, 28, 16


def question(name: str, kind: int = A, flags: int = 0x0100, questions: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    head = struct.pack("!6H", 7, flags, questions, 0, 0, 0)
    return head + labels + b"\0" + struct.pack("!2H", kind, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ec2.eu-west-1.amazonaws.com", "127.0.0.1"),
        ("EC2.eu-west-1.amazonaws.com.", "127.0.0.1"),
        ("ec2-54-144-1-2.compute-1.amazonaws.com", "54.144.1.2"),
        ("ec2-54-144-1-2.eu-central-1.compute.amazonaws.com", "54.144.1.2"),
        ("ip-172-31-0-5.ec2.internal", "172.31.0.5"),
        ("ip-172-31-0-5.eu-west-1.compute.internal", "172.31.0.5"),
        ("ec2.eu-central-9.amazonaws.com", ""),
        ("ip-300-1-1-1.ec2.internal", ""),
        ("ip-172-31-0-5.ec2.internal.example.com", ""),
        ("example.com", ""),
        ("", ""),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert address(name, KNOWN) == expected


def test_an_address_is_told() -> None:
    said = reply(question("ip-10-0-0-9.ec2.internal"), KNOWN)
    number, flags, questions, answers, *_ = struct.unpack_from("!6H", said)
    assert (number, flags & 0xF, questions, answers) == (7, 0, 1, 1)
    assert said.endswith(bytes([10, 0, 0, 9]))


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (question("ec2.eu-central-9.amazonaws.com"), 3),
        (question("localhost", AAAA), 0),
        (question("localhost", TXT), 0),
        (question("nothing", AAAA), 3),
        (question("localhost", questions=2), 4),
    ],
)
def test_no_address_is_told(packet: bytes, code: int) -> None:
    _, flags, _, answers, *_ = struct.unpack_from("!6H", reply(packet, KNOWN))
    assert (flags & 0xF, answers) == (code, 0)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0" * 11,
        question("localhost", flags=0x8180),  # an answer: two servers would never end
        question("localhost")[:-3],
        question("lo")[:12] + b"\xff" * 40,
        question("lo")[:12] + b"\xc0\x0c" * 200,
        bytes(range(256)) * 2,
    ],
    ids=["empty", "short", "answer", "cut", "long_label", "pointers", "anything"],
)
def test_what_is_no_question_has_no_answer(packet: bytes) -> None:
    assert reply(packet[:MOST_BYTES], KNOWN) == b""
