"""The box's name server: the account's endpoints, and the names that EC2 gives to addresses.

Any other name does not exist, and a program that asks for one hears so at once. Without a name
server it would find the port closed, take that for a passing fault, and try again for minutes.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socketserver
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = 53
MOST_BYTES = 512
"""Of a question, which has one name of at most 253 characters."""

HEADER = struct.Struct("!6H")
QUESTION = struct.Struct("!2H")
ANSWER = struct.Struct("!3HIH")
IS_REPLY, RECURSIVE, RESPONSE = 0x8000, 0x0100, 0x8480
NO_SUCH_NAME, NOT_IMPLEMENTED = 3, 4
ADDRESS, INTERNET = 1, 1
TO_THE_NAME = 0xC00C
"""The answer is about the name that stands behind the header."""

LIFE_S = 60
NUMBERS = r"([0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3})"
NAMES = re.compile(
    rf"ec2-{NUMBERS}\.(?:compute-1|[a-z0-9-]+\.compute)\.amazonaws\.com"
    rf"|ip-{NUMBERS}\.(?:ec2|[a-z0-9-]+\.compute)\.internal"
)
"""An instance's public and private name. Both say its address."""


def address(name: str, known: Mapping[str, str]) -> str:
    """The address of a name; empty where nothing has it."""
    lower = name.lower().rstrip(".")
    found = NAMES.fullmatch(lower)
    if not found:
        return known.get(lower, "")
    written = (found[1] or found[2]).replace("-", ".")
    with contextlib.suppress(ValueError):
        return str(ipaddress.IPv4Address(written))
    return ""


def reply(question: bytes, known: Mapping[str, str]) -> bytes:
    """The answer to a packet; empty where it asks nothing that can be understood."""
    try:
        number, flags, questions, *_ = HEADER.unpack_from(question)
        name, end = _name(question)
        kind, network = QUESTION.unpack_from(question, end)
    except (struct.error, IndexError, UnicodeDecodeError):
        return b""
    if flags & IS_REPLY:
        return b""
    found = address(name, known)
    code = 0 if found else NO_SUCH_NAME
    if questions != 1 or network != INTERNET:
        found, code = "", NOT_IMPLEMENTED
    asked = question[HEADER.size : end + QUESTION.size]
    answers = b""
    if found and kind == ADDRESS:
        packed = ipaddress.IPv4Address(found).packed
        answers = ANSWER.pack(TO_THE_NAME, ADDRESS, INTERNET, LIFE_S, len(packed)) + packed
    head = HEADER.pack(number, RESPONSE | flags & RECURSIVE | code, 1, bool(answers), 0, 0)
    return head + asked + answers


def _name(question: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    labels, place = [], HEADER.size
    while length := question[place]:
        label = question[place + 1 : place + 1 + length]
        labels.append(label.decode("ascii"))
        place += 1 + length
    return ".".join(labels), place + 1


class Resolver(socketserver.UDPServer):
    """Answers one question after the other; each takes microseconds."""

    max_packet_size = MOST_BYTES

    def __init__(self, where: str, known: Mapping[str, str]) -> None:
        self.known = known
        super().__init__((where, PORT), _Question)


class _Question(socketserver.BaseRequestHandler):
    server: Resolver

    def handle(self) -> None:
        data, connection = self.request
        if said := reply(data, self.server.known):
            connection.sendto(said, self.client_address)
