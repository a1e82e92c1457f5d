"""A program of its own, which starts machines of an image and tells what each shows to the outside.

`packerlab.grader.booting` has it run beside the account, by the Python of the tools:

    python3 -I -c PROGRAM REGION IMAGE LOGIN PORT MACHINES

Of what is in the image, nothing runs here. What a machine answers is data, and short.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import boto3
from botocore.exceptions import ClientError

PATIENCE_S = 15
"""How long sshd may take to listen after the launch, and then the service to answer."""

SSH_PORT = 22

PAUSE_S = 0.1
LONGEST = 10_000
SSH = (
    "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o",
    "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10",
)  # fmt: skip


def main() -> None:
    """Machines run one after the other: here all have one network, and a port is one machine's."""
    region, image, login, port, machines = sys.argv[1:]
    ec2 = boto3.client("ec2", region_name=region)
    keys = Path(mkdtemp())
    for name in ("own", "another"):
        _call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{keys}/{name}")
    public = (keys / "own.pub").read_bytes()
    pair = ec2.import_key_pair(KeyName=keys.name, PublicKeyMaterial=public)["KeyPairId"]
    seen = [_look(ec2, image, keys, login, int(port)) for _ in range(int(machines))]
    ec2.delete_key_pair(KeyPairId=pair)
    print(json.dumps(seen))


def _look(ec2: Any, image: str, keys: Path, login: str, port: int) -> dict[str, Any]:
    """One machine, from its launch to its end."""
    try:
        launched = ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", KeyName=keys.name, MinCount=1, MaxCount=1
        )["Instances"][0]
    except ClientError as error:
        return {"error": error.response["Error"]["Code"]}
    address = launched["PrivateIpAddress"]
    _wait_for(address, SSH_PORT)  # a launch that takes long is answered before
    seen = {
        "lets_in": [key for key in ("own", "another") if _lets_in(keys / key, login, address)],
        "host_keys": _host_keys(address),
        "page": _page(address, port),
    }
    ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])
    return seen


def _wait_for(address: str, port: int) -> None:
    """Wait until something listens there, or for as long as anybody would."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            socket.create_connection((address, port), PATIENCE_S).close()
        except OSError:
            time.sleep(PAUSE_S)
        else:
            return


def _lets_in(key: Path, login: str, address: str) -> bool:
    return _call(*SSH, "-i", str(key), f"{login}@{address}", "true").returncode == 0


def _host_keys(address: str) -> list[str]:
    said = _call("ssh-keyscan", "-T", "10", address).stdout.splitlines()
    return sorted(line.partition(" ")[2] for line in said if line.startswith(address))


def _page(address: str, port: int) -> str:
    """What a service answers, once it does; nothing where it does not."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            connection = HTTPConnection(address, port, timeout=PATIENCE_S)
            connection.request("GET", "/")
            return connection.getresponse().read(LONGEST).decode(errors="replace")
        except (OSError, HTTPException):
            time.sleep(PAUSE_S)
    return ""


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        check=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
