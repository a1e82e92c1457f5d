"""Where Packer runs: one literal table of backends, and the choice among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.errors import BadInputError, MachineError
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.bubblewrap import Bubblewrap
from packerlab.sandbox.docker import Docker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from packerlab.sandbox.base import Backend

BACKENDS: dict[str, Callable[[list[Path]], Backend]] = {
    "bubblewrap": Bubblewrap,
    "docker": lambda _: Docker(plain=False),
    "docker-plain": lambda _: Docker(plain=True),
}
"""In the order of preference; each is made with the folders that a verb must not see."""

NAMES = ("auto", *BACKENDS)

CAPABILITIES = ("packer", "account", "containers", "tools")
"""What a lab can ask for: Packer, a simulated account or a container engine, tools for scripts."""

CALLED = {
    "account": "a simulated account",
    "containers": "a container engine",
    "tools": "the tools for scripts",
}
"""What capabilities beside Packer are called in a sentence."""


def choose(name: str, needs: set[str], masked: list[Path], *, full_limits: bool) -> Backend:
    """The backend `name`, or for `auto` the first that has what `needs` lists.

    `full_limits` refuses one whose bounds are weak; else such a one is taken last. Raises
    MachineError that says, for each, why it can't be taken.
    """
    if name not in NAMES:
        raise BadInputError(f"There is no sandbox `{name}`: it is one of {', '.join(NAMES)}.")
    names = BACKENDS if name == "auto" else [name]
    return first_of([BACKENDS[each](masked) for each in names], needs, full_limits=full_limits)


def first_of(backends: list[Backend], needs: set[str], *, full_limits: bool) -> Backend:
    """The first of these that has what `needs` lists, or MachineError; see `choose`."""
    reasons = {}
    weak = []
    for backend in backends:
        if reason := backend.unavailable():
            reasons[backend.name] = reason
        elif lacking := list(filter(None, map(backend.lacks, sorted(needs)))):
            reasons[backend.name] = " ".join(lacking)
        elif backend.weak():
            weak.append(backend)
            reasons[backend.name] = f"weak limits: {'; '.join(backend.weak())} (--weak-limits)."
        else:
            return backend
    if weak and not full_limits:
        return weak[0]
    lines = "".join(f"\n  {name}: {reason}" for name, reason in reasons.items())
    wanted = " and ".join(CALLED[each] for each in sorted(needs) if each in CALLED)
    first = f"No sandbox here offers {wanted} yet" if wanted else "No sandbox can be used here"
    raise MachineError(f"{first}:{lines}\n`packerlab doctor` tells more.")


__all__ = ["BACKENDS", "CALLED", "CAPABILITIES", "NAMES", "Sandbox", "choose", "first_of"]
