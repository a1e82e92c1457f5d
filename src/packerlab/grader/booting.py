"""Machines of an image, started after its build and seen from outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from packerlab.errors import MachineError

if TYPE_CHECKING:
    from packerlab.evidence.account import Image
    from packerlab.grader.verbs import Run
    from packerlab.packer.answers import Answer

PROGRAM = Path(__file__).with_name("look_from_outside.py")


class Booted(msgspec.Struct, frozen=True):
    """What a machine shows to the outside. `error` is EC2's code where it could not be launched.

    `lets_in` says whose keys let its login user in: `own` is the key pair that it was launched
    with, and `another` one that it can't know. `page` is what it answers at a port, over HTTP.
    """

    error: str = ""
    lets_in: tuple[str, ...] = ()
    host_keys: frozenset[str] = frozenset()
    page: str = ""


def boot(run: Run, after: Answer, image: Image, port: int, machines: int = 2) -> list[Booted]:
    """Start machines of an image that `after` left, one after the other; see `Booted`.

    A program of ours looks at them over the network, so what the image's own programs claim counts
    for nothing. The lab needs "tools".
    """
    words = [str(image.about[name]) for name in ("region", "id", "login")]
    program = PROGRAM.read_text(encoding="utf-8")
    said = run(["python3", "-I", "-c", program, *words, str(port), str(machines)], after=after)
    try:
        return msgspec.json.decode(said.output, type=list[Booted])
    except msgspec.DecodeError:
        raise MachineError(f"No machine could be looked at: {said.output[-500:]}") from None
