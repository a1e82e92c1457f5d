"""The control plane's process: moto loaded once, one child a simulated account.

    python -m packerlab.inside.control [--address 127.0.0.1] [--port 443]

It speaks JSON lines with the supervisor on standard input and output. `ready` tells the CA and
the names served; `open` forks a child that has the pipes and the endpoint to itself until `close`
or the end of input. Whatever the supervisor says out of turn ends the process with a message.
"""

from __future__ import annotations

import argparse
import gc
import io
import itertools
import json
import os
import sys
import threading
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from .endpoint import REQUEST_S, Endpoint, certificates
from .resolver import Resolver
from .simulated import AskError, Simulation, warm_up

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

LINE_BYTES = 8_388_608
EVIDENCE_BYTES = 7_900_000
"""The most bytes that an account's evidence may have; its journal has 6 MB of them."""
ASK_S = 60


class ConversationError(Exception):
    """The supervisor broke the conversation's rules."""


class Supervisor:
    """The other end of the pipes."""

    def __init__(self) -> None:
        self._input = _reader()
        self._write = threading.Lock()
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._waiting: dict[int, threading.Event] = {}

    def forget_input(self) -> None:
        """After a fork: what was read ahead is the child's."""
        self._input = _reader()

    def say(self, **line: Any) -> None:
        """One line to the supervisor, whole."""
        data = json.dumps(line).encode() + b"\n"
        with self._write:
            while data:
                data = data[os.write(1, data) :]

    def hear(self) -> dict[str, Any] | None:
        """The next line; None at the end of input."""
        line = self._input.readline(LINE_BYTES + 1)
        if not line:
            return None
        if len(line) > LINE_BYTES:
            raise ConversationError("a line is longer than 8 MB")
        try:
            heard = json.loads(line)
        except ValueError:
            raise ConversationError(f"not JSON: {line[:200]!r}") from None
        if not isinstance(heard, dict):
            raise ConversationError(f"not an object: {line[:200]!r}")
        return heard

    def ask(self, do: str, at_most_s: float | None = None, **what: Any) -> dict[str, Any]:
        """Have the supervisor do something, and wait until it is done.

        What is not done after `at_most_s` goes on by itself; without it, it is an error.
        """
        number = next(self._numbers)
        done = self._waiting[number] = threading.Event()
        self.say(ask=number, do=do, **what)
        in_time = done.wait(at_most_s or ASK_S)
        del self._waiting[number]
        answer = self._answers.pop(number, {})
        if not in_time and not at_most_s:
            raise AskError("InternalError: The machine did not answer in time.")
        if "error" in answer:
            raise AskError(str(answer["error"]))
        return answer

    def answered(self, answer: dict[str, Any]) -> None:
        """Wake the thread that asked; one that has given up is past waking."""
        number = answer["answer"]
        if waiting := self._waiting.get(number):
            self._answers[number] = answer
            waiting.set()


def _reader() -> io.BufferedReader:
    return io.BufferedReader(io.FileIO(0, closefd=False), LINE_BYTES // 64)


def hold(simulation: Simulation, supervisor: Supervisor) -> None:
    """One account's life, from `opened` to `close` or the end of input."""
    supervisor.say(opened=True)
    while heard := supervisor.hear():
        match heard:
            case {"answer": int()}:
                supervisor.answered(heard)
            case {"instance": str() as name, "state": "running" | "stopped" as state}:
                simulation.guest_is(name, state)
            case {"tell": True}:
                supervisor.say(account=within_bounds(simulation.evidence))
            case {"close": True}:
                return
            case _:
                raise ConversationError(f"unexpected: {json.dumps(heard)[:200]}")


def within_bounds(tell: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What an account tells, or why that can't be read: it is too much, or moto stumbles over it.

    The one boundary around an account's evidence: the learner gets the verdict `limit`.
    """
    try:
        told = tell()
        return told if len(json.dumps(told)) <= EVIDENCE_BYTES else {"unreadable": "told"}
    except Exception as error:  # noqa: BLE001  moto's state is made of what a learner's code sent
        traceback.print_exception(error)
        return {"unreadable": "unreadable"}


def open_account(
    state: dict[str, Any],
    supervisor: Supervisor,
    context: ssl.SSLContext,
    names: list[str],
    options: Any,
) -> None:
    """In the child: a fresh account behind its own endpoint, which has these names."""
    simulation = Simulation(state, supervisor.ask)
    address = (options.address, options.port)
    endpoint = Endpoint(address, context, simulation.answer, options.request_s)
    resolver = Resolver(options.address, dict.fromkeys(names, options.address))
    for server in (endpoint, resolver):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    hold(simulation, supervisor)


def fork_account(account: Callable[[], None], supervisor: Supervisor) -> None:
    """Fork the account, and wait until its child is gone."""
    child = os.fork()
    if child == 0:
        os._exit(guarded(account))
    supervisor.forget_input()
    _, status = os.waitpid(child, 0)
    if status:
        raise ConversationError("the account's process failed")
    supervisor.say(closed=True)


def guarded(run: Any) -> int:
    """An exit code, with the reason on standard error where it is not 0."""
    try:
        run()
    except (ConversationError, OSError) as error:
        print(f"control: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def serve(options: argparse.Namespace) -> None:
    """Load moto, then hold one account after the other."""
    supervisor = Supervisor()
    simulated = warm_up()
    ca, context = certificates(simulated.certificate_names)
    gc.collect()
    gc.freeze()  # a child's collector must not write into what it shares with us
    supervisor.say(ready=True, ca=ca, hosts=simulated.hosts)
    names = ["localhost", *simulated.hosts]
    while heard := supervisor.hear():
        match heard:
            case {"open": dict() as state}:
                account = partial(open_account, state, supervisor, context, names, options)
                fork_account(account, supervisor)
            case _:
                raise ConversationError(f"unexpected: {json.dumps(heard)[:200]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="The simulated account's control plane.")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--request-s", type=float, default=REQUEST_S)
    options = parser.parse_args()
    return guarded(lambda: serve(options))


if __name__ == "__main__":
    sys.exit(main())
