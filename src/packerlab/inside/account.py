"""The supervisor's side of a simulated account: what its control plane asks, machines do.

The control plane (`packerlab.inside.control`) is a process that speaks JSON lines. Every API call
that starts, stops or copies a machine is an ask, answered when the thing is done. All is driven by
the supervisor's one selector, where each descriptor has the function that reads it. Standard
library only.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.inside import disks
from packerlab.inside.errors import AccountError, TooMuch
from packerlab.inside.jail import CERTIFICATE, HOSTS, RESOLVER
from packerlab.inside.machines import BASE, REBOOT, Machines, environment_of
from packerlab.inside.network import make_networks
from packerlab.inside.room import MAX_TOLD, Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.inside.machines import Machine
    from packerlab.inside.search import Search

    Message = dict[str, Any]

PATIENCE_S = 30.0
MAX_LINE = 8_000_000


class Control:
    """The conversation with the control plane: asks are answered, replies are waited for."""

    def __init__(
        self,
        command: list[str],
        selector: selectors.BaseSelector,
        on_ask: Callable[[Message], None],
    ) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, start_new_session=True
        )
        self._selector = selector
        self._on_ask = on_ask
        self._buffer = bytearray()
        self._replies: dict[str, Any] = {}
        selector.register(self._output, selectors.EVENT_READ, self._hear)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def _output(self) -> int:
        return self._process.stdout.fileno() if self._process.stdout else -1

    def tell(self, line: Message) -> None:
        if self._process.stdin:
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()

    def reply(self, key: str, patience: float = PATIENCE_S) -> Any:
        """Wait for the line that has `key`; all else goes on meanwhile."""
        pump(self._selector, lambda: key in self._replies, patience)
        return self._replies.pop(key)

    def _hear(self) -> None:
        said = os.read(self._output, 1 << 20)
        self._buffer += said
        if not said or len(self._buffer) > MAX_LINE:
            self._selector.unregister(self._output)
            raise AccountError("The control plane ended." if not said else "It says too much.")
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        for line in map(json.loads, lines):
            if "ask" in line:
                self._on_ask(line)
            else:
                self._replies |= {"ready": line} if "ready" in line else line


def pump(
    selector: selectors.BaseSelector, done: Callable[[], bool], patience: float = PATIENCE_S
) -> None:
    """Read what can be read until `done`; raises AccountError where that takes too long."""
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise AccountError("The account does not answer.")
        for key, _ in selector.select(0.05):
            key.data()


def _object(parts: dict[str, str]) -> str:
    """A JSON object of values that are JSON already: they are large."""
    return "{" + ", ".join(f"{json.dumps(name)}: {part}" for name, part in parts.items()) + "}"


def _bound(parts: dict[str, str]) -> None:
    if sum(map(len, parts.values())) > MAX_TOLD:
        raise TooMuch("told")


class Account:
    """One account at a time: its control plane, its machines, its hosts.

    `config`: control (the command that starts it), disk (bytes that all machines may write). Hosts
    are machines that stand there from the start, without the API.
    """

    def __init__(self, selector: selectors.BaseSelector, config: Message) -> None:
        self._selector = selector
        self._disk = int(config["disk"])
        self._machines = Machines(make_networks())
        self._state: Message = {}
        self._asked: dict[str, int] = {}
        self._met = self._is_open = False
        self._control = Control(config["control"], selector, self._answer)

    @property
    def companions(self) -> set[int]:
        """The processes that outlive a verb."""
        return {self._control.pid, *(machine.pid for machine in self._all())}

    def _all(self) -> list[Machine]:
        return list(self._machines.machines.values())

    @property
    def _hosts(self) -> list[Machine]:
        return [self._machines.machines[host["name"]] for host in self._state.get("host", [])]

    # --- its life ---

    def begin(self, state: Message | None) -> None:
        """Before a verb: a fresh account in `state`, or, without one, the account as it is."""
        if state is not None:
            self.close()
            self._meet()
            self._open(state)
        for host in self._hosts:
            if not host.pid:
                self._boot(host)
        pump(self._selector, lambda: all(host.listening for host in self._hosts))

    def _meet(self) -> None:
        """The first words of the control plane: the names that it answers to, and its CA."""
        if not self._met:
            ready = self._control.reply("ready")
            Path(CERTIFICATE).write_text(ready["ca"], encoding="ascii")
            names = "".join(f"127.0.0.1 {name}\n" for name in ("localhost", *ready["hosts"]))
            Path(HOSTS).write_text(names, encoding="ascii")
            Path(RESOLVER).write_text("nameserver 127.0.0.1\n", encoding="ascii")
            self._met = True

    def _open(self, state: Message) -> None:
        self._state = state
        self._machines.open(self._disk)
        for host in state.get("host", []):
            ask = {**host, "addresses": [host["address"]], "key": state["host_key"]["public"]}
            self._create(host["name"], "", ask)
        self._control.tell({"open": state})
        self._control.reply("opened")
        self._is_open = True

    def close(self) -> None:
        """Nothing of the account lives on."""
        if not self._is_open:
            return
        self._is_open = False
        for machine in self._all():
            self._stop(machine)
        self._machines.close()
        self._asked.clear()
        self._state = {}
        self._control.tell({"close": True})
        self._control.reply("closed")

    def evidence(self, search: Search, until: float) -> bytes:
        """What the account says of itself, and the disks of images and hosts, as JSON.

        Raises TooMuch where that is more than anybody should have to read.
        """
        self._control.tell({"tell": True})
        told = self._control.reply("account", until - time.monotonic())
        if told.get("unreadable"):
            raise TooMuch(told["unreadable"])
        consoles = {
            machine.name: machine.console.decode(errors="replace") for machine in self._all()
        }
        for kind, what in told.items():
            search.text("account", kind, "", json.dumps(what, ensure_ascii=False).encode())
        for name, text in consoles.items():
            search.text("console", name, "", text.encode())
        parts = {"account": json.dumps(told), "consoles": json.dumps(consoles)}
        parts["disks"] = self._disks({str(image["id"]) for image in told["images"]}, search, until)
        _bound(parts)
        return _object(parts).encode()

    def _disks(self, wanted: set[str], search: Search, until: float) -> str:
        """The disks of these images, and of all hosts. Of a copy, it says which image it copies."""
        known: dict[tuple[str, ...], str] = {}
        written: dict[str, str] = {}
        roots = {}
        for name, layers in self._machines.images.items():
            if name in wanted:
                roots[name] = ("", layers)
        for host in self._hosts:
            self._stop(host)
            roots[host.name] = (host.root, [f"{host.folder}/upper", *host.layers])
        for name, (root, layers) in roots.items():
            for layer in (each for each in layers if each != BASE):
                search.tree("disk", name, layer, Room(self._disk, until))
            if first := known.get(tuple(layers)):
                written[name] = json.dumps(first)
                continue
            known[tuple(layers)] = name
            room = Room(self._disk, until, sum(map(len, written.values())))
            told = disks.changes(root, layers, room) if root else disks.of_image(layers, room)
            written[name] = json.dumps(told)
            _bound(written)
        return _object(written)

    def read_base(self, names: list[str]) -> bytes:
        """What the base, which every disk stands on, has at `names`."""
        return json.dumps([disks.of_base(name) for name in names]).encode()

    # --- machines ---

    def _create(self, name: str, image: str, ask: Message) -> Machine:
        manners = self._state.get("machine", {})
        return self._machines.create(name, image, environment_of(ask, manners))

    def _boot(self, machine: Machine) -> None:
        self._machines.boot(machine)
        self._selector.register(
            machine.console_fd, selectors.EVENT_READ, partial(self._hear, machine)
        )

    def _hear(self, machine: Machine) -> None:
        """A machine's console: answer the waiting call once sshd listens; at its end, see why."""
        going_on = self._machines.hear(machine)
        if machine.listening:
            self._done(machine)
        if going_on:
            return
        self._forget(machine)
        if self._machines.halt(machine) == REBOOT and self._booted(machine):
            return
        self._done(machine)
        self._control.tell({"instance": machine.name, "state": "stopped"})

    def _booted(self, machine: Machine) -> bool:
        """Whether it could be started again: its box may have no process left for it."""
        try:
            self._boot(machine)
        except OSError:
            return False
        return True

    def _forget(self, machine: Machine) -> None:
        if machine.console_fd >= 0:
            self._selector.unregister(machine.console_fd)
            os.close(machine.console_fd)
            machine.console_fd = -1

    def _stop(self, machine: Machine) -> None:
        self._machines.halt(machine)
        self._forget(machine)

    # --- what the control plane asks ---

    def _answer(self, ask: Message) -> None:
        """Do what is asked; what takes until a machine listens is answered then."""
        number, name = ask["ask"], ask.get("instance", "")
        handler = getattr(self, f"_do_{ask['do']}")
        machine = self._machines.machines.get(name)
        try:
            if ask["do"] in {"launch", "copy"}:
                said = handler(ask)
            elif machine:
                said = handler(ask, machine)
            else:
                said = {"error": "InternalError: There is no such machine."}
        except OSError as error:  # its disk is full, or it has too many layers
            said = {"error": str(error)}
        except (LookupError, TypeError, ValueError) as error:  # made of what a learner's code sent
            said = {"error": f"InternalError: {type(error).__name__}: {error}"}
        if said is not None:
            self._control.tell({"answer": number, **said})
        else:
            self._asked[name] = number

    def _done(self, machine: Machine) -> None:
        number = self._asked.pop(machine.name, None)
        if number is not None:
            self._control.tell({"answer": number})

    def _do_launch(self, ask: Message) -> Message | None:
        """Done when one can log in, or at once where the lab wants a boot that takes a while."""
        self._boot(self._create(ask["instance"], ask["image"], ask))
        return {} if self._state.get("machine", {}).get("boot_delay_s") else None

    def _do_start(self, ask: Message, machine: Machine) -> Message | None:
        machine.environment["ADDRESSES"] = " ".join(ask["addresses"])
        if machine.pid:
            return {}
        self._boot(machine)
        return None

    def _do_stop(self, _ask: Message, machine: Machine) -> Message:
        self._stop(machine)
        return {}

    def _do_reboot(self, _ask: Message, machine: Machine) -> Message:
        self._stop(machine)
        self._boot(machine)
        return {}

    def _do_terminate(self, _ask: Message, machine: Machine) -> Message:
        self._stop(machine)
        return {}

    def _do_image(self, ask: Message, machine: Machine) -> Message:
        """A running machine is halted for it and started again, as EC2 does."""
        was_running = bool(machine.pid)
        self._stop(machine)
        try:
            self._machines.freeze(machine, ask["image"])
        finally:
            if was_running:
                self._boot(machine)
        return {}

    def _do_copy(self, ask: Message) -> Message:
        self._machines.images[ask["image"]] = self._machines.images.get(ask["source"], [BASE])
        return {}

    def _do_console(self, _ask: Message, machine: Machine) -> Message:
        return {"text": machine.console.decode(errors="replace")}
