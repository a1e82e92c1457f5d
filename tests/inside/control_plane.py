"""The control plane's process in a network of its own, and clients that call it there."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import packerlab
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(packerlab.__file__).parent.parent
KEY = "AKIAQWERTYUIOPASDFGH"
UBUNTU = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501"
STATE = {"format": 1, "access_key": KEY, "secret_key": "s" * 40, "image": [{"name": UBUNTU}]}


class Place:
    """A network without a way out, and a hosts file of its own; for root and for anybody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts = folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        user = [] if os.getuid() == 0 else ["-U", "-r"]
        resolver = folder / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\n")
        script = (
            'ip link set lo up && mount --bind "$0" /etc/hosts && '
            'mount --bind "$1" "$(realpath /etc/resolv.conf)" && echo up && exec cat'
        )
        self.holder = subprocess.Popen(
            ["unshare", *user, "-n", "-m", "sh", "-c", script, str(self.hosts), str(resolver)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.holder.stdout
        if self.holder.stdout.readline() != b"up\n":
            pytest.skip("this machine does not let us make namespaces")
        enter = [] if os.getuid() == 0 else ["-U", "--preserve-credentials"]
        self.enter = ["nsenter", "-t", str(self.holder.pid), *enter, "-n", "-m", "--"]

    def close(self) -> None:
        assert self.holder.stdin
        assert self.holder.stdout
        self.holder.stdin.close()
        self.holder.wait(PATIENCE_S)
        self.holder.stdout.close()


@dataclass
class Control:
    """The process and its conversation; every ask is answered at once, as `answers` says."""

    place: Place
    options: tuple[str, ...] = ()
    asks: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [*self.place.enter, sys.executable, "-B", "-m", "packerlab.inside.control",
             *self.options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCES)},
        )  # fmt: skip
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            heard = json.loads(line)
            if "ask" in heard:
                self.asks.append(heard)
                answer = self.answers.get(heard["do"], {})
                if answer is not NEVER:
                    self.say(answer=heard["ask"], **answer)
            else:
                self.said.put(heard)

    def say(self, **line: Any) -> None:
        self.write(json.dumps(line).encode() + b"\n")

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def heard(self) -> dict[str, Any]:
        return self.said.get(timeout=PATIENCE_S)

    def ready(self) -> None:
        ready = self.heard()
        assert ready["ready"] is True
        (self.place.folder / "ca.pem").write_text(ready["ca"])
        lines = [f"127.0.0.1 {name}\n" for name in ["localhost", *ready["hosts"]]]
        self.place.hosts.write_text("".join(lines))

    def open(self, **more: Any) -> None:
        self.asks.clear()
        self.answers.clear()
        self.say(open={**STATE, **more})
        assert self.heard() == {"opened": True}

    def tell(self) -> dict[str, Any]:
        self.say(tell=True)
        account: dict[str, Any] = self.heard()["account"]
        return account

    def close_account(self) -> None:
        self.say(close=True)
        while self.heard() != {"closed": True}:
            pass

    def end(self) -> tuple[int, str]:
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        status = self.process.wait(PATIENCE_S)
        self.listener.join()
        text = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        return status, text

    def dos(self) -> list[str]:
        return [ask["do"] for ask in self.asks]


NEVER: dict[str, Any] = {"never": True}


@contextlib.contextmanager
def account(control: Control, **more: Any) -> Iterator[Control]:
    control.open(**more)
    try:
        yield control
    finally:
        control.close_account()


BOTOCORE = """
import functools, json, sys
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
session = botocore.session.Session()
once = Config(retries={"total_max_attempts": 1})
@functools.cache
def client(service, region, key, token):
    return session.create_client(
        service, region, aws_access_key_id=key, aws_secret_access_key="s" * 40,
        aws_session_token=token or None, verify=sys.argv[1], config=once)
for line in sys.stdin:
    service, region, key, token, operation, parameters = json.loads(line)
    try:
        answer = getattr(client(service, region, key, token), operation)(**parameters)
        answer.pop("ResponseMetadata", None)
    except ClientError as error:
        said = error.response["Error"]
        answer = {"Error": f"{said['Code']}: {said['Message']}"}
    except ParamValidationError as error:
        answer = {"Error": str(error)}
    print(json.dumps(answer, default=str), flush=True)
"""


class Botocore:
    """AWS's own SDK, as a process in the place: one call a line."""

    def __init__(self, place: Place) -> None:
        self.process = subprocess.Popen(
            [*place.enter, sys.executable, "-c", BOTOCORE, str(place.folder / "ca.pem")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(
        self,
        name: str,
        region: str = "us-east-1",
        key: str = KEY,
        token: str = "",
        **parameters: Any,
    ) -> dict[str, Any]:
        """The answer to a call such as `ec2.describe_images`, or its `Error`, `Code: message`."""
        service, _, operation = name.partition(".")
        assert self.process.stdin
        assert self.process.stdout
        line = json.dumps([service, region, key, token, operation, parameters])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()
