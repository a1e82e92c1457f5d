"""What every backend promises: one set of tests, over all rows of the table.

Each row is opened by another process, which lends its channel, as it is when grading.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import ctypes.util
import errno
import json
import os
import shlex
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab import state
from packerlab.course import PACKAGE
from packerlab.errors import LimitError, RejectedError
from packerlab.inside.files import MAX_FILES
from packerlab.inside.jail import OF_THE_MACHINE
from packerlab.inside.kept import MAX_OUTPUT
from packerlab.inside.meter import PROCESSES
from packerlab.packer.verbs import Packer
from packerlab.sandbox import BACKENDS, docker, host_ids
from packerlab.sandbox.base import PROGRAM
from packerlab.sandbox.box import Box
from packerlab.sandbox.docker import LABEL
from packerlab.submissions.reader import File
from tests.following import Script
from tests.sandbox.places import (
    LIMITS,
    ROWS,
    USER,
    Place,
    alive,
    control_groups,
    descendants,
    host_uids,
    processes_with,
    reason_to_skip,
)
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.lab import Limits
    from packerlab.sandbox.box import Followed, Ran
    from packerlab.submissions.reader import Files

ENV = {"PATH": "/usr/bin:/bin", "HOME": "/home/packer"}


def open_place(request: pytest.FixtureRequest, row: str) -> Place:
    if row.startswith("docker"):
        request.getfixturevalue("built_image" if request.scope == "module" else "sandbox_image")
    if reason := reason_to_skip(row):
        pytest.skip(f"{row}: {reason}")
    return Place(row)


@pytest.fixture(scope="module", params=ROWS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """One open sandbox for all tests of a row."""
    opened = open_place(request, request.param)
    yield opened
    opened.close()


@pytest.fixture(params=ROWS)
def own_place(request: pytest.FixtureRequest) -> Place:
    """A sandbox that the test itself ends."""
    return open_place(request, request.param)


def run(
    place: Place,
    command: str | list[str],
    files: Files | None = None,
    *,
    outputs: tuple[str, ...] = (),
    limits: Limits = LIMITS,
    stdin: str = "",
) -> Ran:
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    return Box(place.channel, limits).run(argv, files or {}, env=ENV, outputs=outputs, stdin=stdin)


LOOKS = """
locals {
  tried = [for path in PATHS : try(file(path), "")]
}
"""
WHERE_IT_IS_ASKED = (
    [f"/proc/{process}/{name}" for process in ("self", "thread-self", *range(1, 12))
     for name in ("fd/0", "fd/3", "fd/4", "cmdline", "environ", "stat")]
    + ["/dev/stdin", "/dev/fd/0", "/stdin", "/run/box/stdin", "../stdin"]
)  # fmt: skip


def test_what_console_is_asked_is_nowhere_to_be_read(place: Place) -> None:
    """A template that read it could forge the answer.

    In `docker-plain` one process can't hide its descriptors from the next.
    """
    files = {"main.pkr.hcl": File(LOOKS.replace("PATHS", json.dumps(WHERE_IT_IS_ASKED)).encode())}
    packer = Packer(Box(place.channel, LIMITS), files, (1, 6, 6), [])
    read, total = packer.console(['join("", local.tried)', "1 + 1"], {})
    assert (read == "", total) == (place.nested, 2)


def python(place: Place, code: str, **more: str) -> Ran:
    """Run Python code in the box, with `more` as its variables."""
    given = "".join(f"{name} = {value!r}\n" for name, value in more.items())
    return run(place, ["python3", "-c", given + code], outputs=("out",))


def begin(place: Place, command: str) -> None:
    """Start a verb and don't wait for its answer."""
    request = {
        "argv": ["/bin/sh", "-c", command],
        "env": ENV,
        "stdin": "",
        "log": False,
        "files": [],
        "secrets": [],
        "blind": False,
    }
    place.channel.send({**request, "outputs": [], "account": None, "deadline": 60, "cpu": 60})


def marker() -> str:
    """A number of seconds that no other process on this machine sleeps."""
    return f"3{time.monotonic_ns() % 10**9}"


def wait_for(marker: str) -> list[int]:
    return until(lambda: processes_with(f"sleep {marker}"), "the verb starts")


# --- what a verb gets and gives ------------------------------------------------------------------


def test_exit_code_and_output(place: Place) -> None:
    ran = run(place, "echo out; echo err >&2; exit 3")
    assert (ran.exit, ran.output) == (3, "out\nerr\n")


def test_a_log_is_no_output_and_a_crash_is(place: Place) -> None:
    flood = "yes log | head -c 3000000 >&2; echo out"
    crash = "echo 'panic: first' >&2; echo 'panic: again' >&2; exit"
    box = Box(place.channel, LIMITS)
    for command, code, output in (
        (flood, 0, "out\n"),
        (f"{flood}; {crash} 2", 2, "out\npanic: first\n"),
        (f"{flood}; {crash} 1", 1, "out\n"),
        ("exec >&- 2>&-; sleep 0.2; exit 2", 2, ""),
    ):
        ran = box.run(["/bin/sh", "-c", command], {}, env=ENV, log=True)
        assert (ran.exit, ran.output) == (code, output)


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["/bin/sh", "-c", "kill -9 $$"], 137),
        (["/bin/sh", "-c", "kill -15 $$"], 143),
        (["no-such-program"], 127),
        (["/etc/passwd"], 126),
    ],
)
def test_exit_codes_are_those_of_a_shell(place: Place, argv: list[str], code: int) -> None:
    assert run(place, argv).exit == code


def test_output_that_is_no_text_is_decoded_with_replacement(place: Place) -> None:
    assert run(place, r"printf 'a\377b'").output == "a\N{REPLACEMENT CHARACTER}b"


def test_files_go_in_with_their_executable_bit(place: Place) -> None:
    files = {"run.sh": File(b"#!/bin/sh\necho ran\n", executable=True), "a/b.txt": File(b"b\n")}
    assert run(place, ["./run.sh"], files).output == "ran\n"
    assert run(place, "cat a/b.txt; [ -x a/b.txt ] || echo plain", files).output == "b\nplain\n"


def test_outputs_come_back_and_nothing_else(place: Place) -> None:
    ran = run(
        place,
        "mkdir -p out/deep; echo 1 >out/deep/a; echo 2 >out/b; chmod +x out/b; echo 3 >other; "
        "echo 4 >out-2; mkdir one; echo 5 >one/file; echo 6 >one/more",
        outputs=("out", "one/file", "missing", "missing/too"),
    )
    assert ran.files == {
        "out/deep/a": File(b"1\n"),
        "out/b": File(b"2\n", executable=True),
        "one/file": File(b"5\n"),
    }
    assert ran.irregular == {}


def test_what_is_not_regular_is_named_by_kind(place: Place) -> None:
    ran = python(
        place,
        "import os, socket\n"
        "os.mkdir('out')\n"
        "os.symlink('/etc/passwd', 'out/link')\n"
        "os.symlink('/etc', 'out/folder')\n"
        "os.mkfifo('out/pipe')\n"
        "os.mknod('out/whiteout', 0o020600)\n"
        "socket.socket(socket.AF_UNIX).bind('out/socket')\n",
    )
    assert ran.files == {}
    assert ran.irregular == {
        "out/link": "link",
        "out/folder": "link",
        "out/pipe": "named pipe",
        "out/socket": "socket",
        "out/whiteout": "device",
    }


def test_no_link_leads_out_of_the_outputs(place: Place) -> None:
    command = "mkdir real; echo 1 >real/passwd; ln -s real out; ln -s /etc etc"
    ran = run(place, command, outputs=("out/passwd", "etc/passwd"))
    assert (ran.files, ran.irregular) == ({}, {})
    ran = run(
        place, "rm -rf /run/box/workspace; ln -s /etc /run/box/workspace", outputs=("passwd",)
    )
    assert ran.files == {}


def test_modes_hide_nothing(place: Place) -> None:
    command = "mkdir -p out/a; echo 1 >out/a/b; chmod 000 out/a/b out/a out . .. /tmp"
    assert run(place, command, outputs=("out/a/b",)).files == {"out/a/b": File(b"1\n")}
    assert run(place, "ls -A; echo fresh >/tmp/a; cat /tmp/a").output == "fresh\n"


def test_hostile_names_are_refused(place: Place) -> None:
    with pytest.raises(RejectedError, match="control or invisible"):
        run(place, r"mkdir out; touch out/$(printf 'a\033[2Jb')", outputs=("out",))
    with pytest.raises(RejectedError, match="one name"):
        python(
            place,
            "import os; os.mkdir('out'); [open(b'out/' + x, 'w') for x in (b'\\xfe', b'\\xff')]",
        )


def test_the_environment_is_what_was_given(place: Place) -> None:
    lines = run(place, ["/usr/bin/env"]).output.splitlines()
    assert lines == ["PATH=/usr/bin:/bin", "HOME=/home/packer", "PWD=/workspace"]


def test_standard_input_is_empty_unless_given(place: Place) -> None:
    assert run(place, "cat").output == ""
    assert run(place, "cat", stdin="a\nb").output == "a\nb"


def test_packer_is_there(place: Place) -> None:
    assert run(place, [PROGRAM, "version"]).output.startswith("Packer v")


# --- every verb is alone -------------------------------------------------------------------------


def test_every_verb_has_a_fresh_box(place: Place) -> None:
    places = ". /tmp /home/packer /dev/shm /run/box"
    run(
        place, f"for d in {places}; do mkdir -p $d/d; echo 1 >$d/d/f; echo 1 >$d/f; done; chmod 0 d"
    )
    ran = run(place, f"for d in {places}; do ls -A $d; done 2>/dev/null")
    assert set(ran.output.split()) <= {"home", "shm", "stdin", "tmp", "workspace"}


def test_no_message_queue_or_shared_memory_survives(place: Place) -> None:
    ran = python(
        place,
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.shmget(4711, 4096, 0o1666) >= 0\n"
        "assert libc.msgget(4712, 0o1666) >= 0\n"
        "assert libc.semget(4713, 1, 0o1666) >= 0\n"
        "assert libc.mq_open(b'/left', os.O_CREAT | os.O_RDWR, 0o666, None) >= 0\n",
    )
    assert (ran.exit, ran.output) == (0, "")
    ran = python(
        place,
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "found = libc.shmget(4711, 0, 0), libc.msgget(4712, 0), libc.semget(4713, 0, 0)\n"
        "print(found, libc.mq_open(b'/left', os.O_RDWR))\n",
    )
    assert ran.output == "(-1, -1, -1) -1\n"


BREAKS_AWAY = """
import os, time
os.mkdir("out")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        beat = "trap '' HUP TERM; while :; do echo >>out/beats; done"
        os.execv("/bin/sh", ["sh", "-c", beat, number])
    os._exit(0)
while not os.path.exists("out/beats") or os.path.getsize("out/beats") < 2: time.sleep(0.01)
"""


def test_a_process_that_breaks_away_is_dead_before_the_outputs_are_read(place: Place) -> None:
    number = marker()
    ran = python(place, BREAKS_AWAY, number=number)
    assert ran.files["out/beats"].data.count(b"\n") > 1
    assert alive(processes_with(number)) == []


def test_a_verb_sees_its_own_processes_only(place: Place) -> None:
    number = marker()
    run(place, f"setsid sleep {number} & sleep 0.1")
    ran = run(place, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert number not in ran.output
    assert "pytest" not in ran.output
    pids = run(place, "ls /proc | grep '^[0-9]'").output.split()
    assert len(pids) <= 5


def test_the_process_that_commands_a_verb_is_out_of_reach(place: Place) -> None:
    tries = [f"cat /proc/1/{name}" for name in ("environ", "mem", "maps", "fd/0", "fd/1", "exe")]
    tries += ["ls /proc/1/fd", "ls /proc/1/root", "ls /proc/1/cwd", "kill -0 1", "kill -9 1"]
    tries += ["echo x >/proc/1/fd/1", "echo {} >/proc/1/fd/0", "echo 0 >/proc/1/oom_score_adj"]
    ran = run(
        place, "; ".join(f"timeout 0.1 sh -c '{tried}' && echo did: {tried}" for tried in tries)
    )
    if not place.nested:  # in the others pid 1 is the verb's own, which commands nothing
        assert "did" not in ran.output
    assert run(place, "echo still here").output == "still here\n"


# --- what a verb may do --------------------------------------------------------------------------


def test_the_host_knows_it_as_nobody(place: Place) -> None:
    number = marker()
    begin(place, f"sleep {number}; true")
    try:
        uids = {uid for pid in wait_for(number) for uid in host_uids(pid)}
    finally:
        for pid in processes_with(f"sleep {number}"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, 9)
        place.channel.header(time.monotonic() + 20)
    assert 0 not in uids
    if os.getuid() == 0 or place.contained:
        assert os.getuid() not in uids
    if place.as_user:
        assert uids == {USER}


def test_no_capabilities_no_new_privileges_a_filter(place: Place) -> None:
    ran = run(place, ["cat", "/proc/self/status"])
    status = dict(line.split(":\t", 1) for line in ran.output.splitlines() if ":\t" in line)
    sets = ["CapInh", "CapPrm", "CapEff", "CapAmb", *(["CapBnd"] if place.nested else [])]
    assert {name: int(status[name], 16) for name in sets} == dict.fromkeys(sets, 0)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


ROOT = """
import os
for call, ids in (os.setuid, 0), (os.setgid, 0), (os.setgroups, [0]):
    try:
        call(ids)
        print("did", call)
    except OSError:
        continue
"""


def test_no_other_id_can_be_taken(place: Place) -> None:
    assert python(place, ROOT).output == ""
    user = int(run(place, "id -u").output)
    assert user == 1000 if place.nested else user >= host_ids.NAMED


def test_only_three_descriptors(place: Place) -> None:
    assert run(place, "ls /proc/$$/fd").output.split() == ["0", "1", "2"]


def test_nothing_of_the_host_is_readable(place: Place, tmp_path: Path) -> None:
    secret, readable = tmp_path / "secret", Path.home() / "readable"
    for canary in (secret, readable):
        canary.write_text("canary")
    secret.chmod(0o600)
    folders = [place.home, tmp_path, Path.home(), Path(__file__).parent, "/etc/shadow", "/root"]
    ran = run(place, "cat " + " ".join(f"{path} {path}/*" for path in [secret, readable, *folders]))
    assert "canary" not in ran.output
    assert "def " not in ran.output
    ran = run(
        place, "find / -name grading.py -o -name submissions.py -o -name '*.sock' 2>/dev/null"
    )
    assert ran.output == ""


def test_no_process_says_what_is_around_it(place: Place) -> None:
    """What a verb sees first is bubblewrap, whose words name what is masked and where all lies."""
    said = run(place, "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'").output
    assert "cat /proc/" in said
    for told in (str(PACKAGE), place.home, str(state.cache_folder()), "--ro-bind", "--tmpfs"):
        assert told not in said


def test_the_machine_s_own_files_are_empty(place: Place) -> None:
    read = run(place, f"cat {' '.join(OF_THE_MACHINE)} 2> /dev/null; true")
    assert read.output == ""


def test_the_system_is_read_only(place: Place) -> None:
    targets = (
        "/x /usr/x /etc/x /opt/packerlab/x /opt/packerlab/packer /etc/passwd /dev/x /proc/sys/x"
    )
    ran = run(place, f"for f in {targets}; do echo x >>$f && echo wrote $f; done 2>/dev/null; true")
    assert ran.output == ""


NETWORK = """
import json, socket
found = {}
for name, family, address in (
    ("host", socket.AF_INET, ("127.0.0.1", int(port))),
    ("elsewhere", socket.AF_INET, ("192.0.2.1", 80)),
    ("abstract", socket.AF_UNIX, "\\0" + abstract),
):
    try:
        with socket.socket(family) as tried:
            tried.settimeout(2)
            found[name] = tried.connect_ex(address)
    except OSError as error:
        found[name] = error.errno
print(json.dumps(found))
print(open("/proc/net/dev").read(), open("/proc/net/unix").read())
"""


def test_no_network(place: Place) -> None:
    abstract = f"packerlab-canary-{marker()}"
    with socket.create_server(("127.0.0.1", 0)) as canary, socket.socket(socket.AF_UNIX) as local:
        canary.setblocking(False)
        local.setblocking(False)
        local.bind("\0" + abstract)
        local.listen()
        port = str(canary.getsockname()[1])
        ran = python(place, NETWORK, port=port, abstract=abstract)
        for heard in (canary, local):
            with pytest.raises(BlockingIOError):
                heard.accept()
    codes, _, rest = ran.output.partition("\n")
    assert all(json.loads(codes).values())
    assert abstract not in rest
    interfaces = [line.split(":")[0].strip() for line in rest.splitlines() if ": " in line]
    assert [name for name in interfaces if "|" not in name and name] == ["lo"]


NEW_USER, NEW_NET, SIGCHLD = 0x10000000, 0x40000000, 17
REFUSED: dict[str, list[int | bytes]] = {
    "unshare": [NEW_USER],
    "unshare ": [NEW_NET],
    "clone": [NEW_USER | SIGCHLD],
    "clone3": [0, 0],
    "setns": [0, 0],
    "mount": [b"none", b"/tmp", b"tmpfs", 0, 0],
    "umount2": [b"/proc", 2],
    "pivot_root": [b"/tmp", b"/tmp"],
    "chroot": [b"/tmp"],
    "keyctl": [0, -3, 1],
    "add_key": [b"user", b"a", b"b", 1, -3],
    "request_key": [b"user", b"a", 0, -3],
    "bpf": [5, 0, 0],
    "perf_event_open": [0, 0, -1, -1, 0],
    "userfaultfd": [0],
    "init_module": [0, 0, b""],
    "kexec_load": [0, 0, 0, 0],
    "swapon": [b"/tmp", 0],
    "reboot": [0, 0, 0, 0],
    "settimeofday": [0, 0],
    "open_by_handle_at": [-100, 0, 0],
    "ptrace": [16, 1, 0, 0],
    "process_vm_readv": [1, 0, 0, 0, 0, 0],
    "socket": [17, 3, 0],
    "ptrace ": [0, 0, 0, 0],
    "io_uring_setup": [1, b"\0" * 120],
    "personality": [0x40000],
    "kcmp": [1, 1, 0, 0, 0],
    "socket ": [40, 1, 0],
    "socket  ": [38, 5, 0],
    "socketpair": [40, 1, 0, b"\0" * 8],
    "seccomp": [1, 0, 0],
    "setsockopt": [0, 1, 26, 0, 0],
    "setsockopt ": [0, 1 | 1 << 32, 51, 0, 0],
    "io_setup": [1, b"\0" * 8],
    "modify_ldt": [0, b"\0" * 16, 16],
    "memfd_secret": [0],
    "inotify_init1": [0],
}
"""By name, made different by spaces: the sockets are AF_PACKET, AF_VSOCK and AF_ALG, `ptrace` is to
attach to pid 1 and to be traced, `personality` asks for no address randomisation.
"""

CALLS = """
import ctypes, errno, json, os
libc = ctypes.CDLL(None, use_errno=True)
done = []
for name, number, arguments in json.loads(calls):
    given = [item.encode("latin-1") if isinstance(item, str) else ctypes.c_long(item)
             for item in arguments]
    answer = libc.syscall(ctypes.c_long(number), *given)
    if answer == 0 and name == "clone":
        os._exit(0)
    if answer != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        done.append([name, answer, ctypes.get_errno()])
print(json.dumps(done))
"""


def test_no_call_that_leads_out(place: Place) -> None:
    lib = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    asked = []
    for name, given in REFUSED.items():
        number = lib.seccomp_syscall_resolve_name(name.strip().encode())
        arguments = [item.decode("latin-1") if isinstance(item, bytes) else item for item in given]
        asked.append([name, number, arguments])
    assert python(place, CALLS, calls=json.dumps(asked)).output == "[]\n"


SHARED = """
import ctypes, errno, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
found = {}
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
        found[family.name] = 0
    except OSError as error:
        found[family.name] = error.errno
for name in ("/dev/ptmx", "/dev/pts/ptmx"):
    try:
        found[name] = open(name, "rb")
    except OSError:
        continue
if libc.prctl(22, 2, b"", 0, 0) == 0 or ctypes.get_errno() != errno.EINVAL:
    found["filter"] = ctypes.get_errno()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
found["core"] = resource.getrlimit(resource.RLIMIT_CORE)
print(found)
"""


def test_nothing_that_there_is_one_number_of(place: Place) -> None:
    """Sockets of files alone, no terminal, no filter; and a limit at which no handler is started
    when a program crashes, which can't be made another.
    """
    unsupported = errno.EAFNOSUPPORT
    assert ast.literal_eval(python(place, SHARED).output) == {
        "AF_UNIX": 0,
        "AF_INET": unsupported,
        "AF_INET6": unsupported,
        "AF_NETLINK": unsupported,
        "core": (1, 1),
    }


HOLDS = """
import array, socket, subprocess
many = array.array("i", [0] * 250)
pairs = [socket.socketpair() for _ in range(100)]
try:
    for one, _ in pairs:
        for _ in range(3):
            one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, many)])
except OSError:
    subprocess.run(f"sleep {number}; true", shell=True)
"""
SENDS = """
import socket
one, other = socket.socketpair()
socket.send_fds(one, [b"x"], [0])
print(len(socket.recv_fds(other, 1, 1)[1]))
"""


def ids_of(number: str) -> set[int]:
    """The host's ids of a verb that sleeps so long."""
    return {uid for pid in wait_for(number) for uid in host_uids(pid)}


@pytest.mark.parametrize("place", BACKENDS, indirect=True)
def test_two_sandboxes_have_two_host_ids(place: Place, request: pytest.FixtureRequest) -> None:
    """What the kernel counts by user is used up for the own sandbox alone.

    An ordinary user has one id to give: that row is the only one without.
    """
    number = marker()
    beside = open_place(request, place.row)
    try:
        given = f"number = {number!r}\n{HOLDS}"
        begin(beside, f"exec python3 -c {shlex.quote(given)}")
        holding = ids_of(number)
        assert python(place, SENDS).output == "1\n"
        own = marker()
        begin(place, f"sleep {own}; true")
        running = ids_of(own)
        for pid in processes_with(f"sleep {own}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        place.channel.header(time.monotonic() + 20)
        assert not holding & running
    finally:
        beside.close()


@pytest.mark.parametrize("row", ["bubblewrap as a user"])
def test_what_a_user_keeps_from_others_is_not_seen(
    request: pytest.FixtureRequest, row: str
) -> None:
    """A verb of an ordinary user has that user's id: what it opens to the user is masked."""
    if os.getuid() != 0:
        pytest.skip("only root can write below /usr")
    with tempfile.TemporaryDirectory(dir="/usr/local/share") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "folder").mkdir()
        for path, mode in (("open", 0o644), ("own", 0o600), ("folder/group", 0o640)):
            (folder / path).write_text(f"{path}\n")
            os.chown(folder / path, USER, USER)
            (folder / path).chmod(mode)
        opened = open_place(request, row)
        try:
            command = (
                f"cat {folder}/open {folder}/own {folder}/folder/group 2>/dev/null; ls /etc/ssl"
            )
            assert run(opened, command).output.split() == ["open", "certs", "openssl.cnf"]
        finally:
            opened.close()


# --- bounds --------------------------------------------------------------------------------------

HOG = "x = []\nwhile len(x) < 400: x.append(b'x' * 5_000_000)"
THREADS = (
    "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=[60]).start()"
)
INODES = "for n in range(60_000): open(f'/tmp/{n}', 'w').close()"
CPU = ("timeout", "more than 1 s of CPU time.")
MEMORY = ("limit", "more than 200 MB of memory.")
DISK = ("limit", "more than 32 MB of disk, or 20000 files on it.")
MANY = ("limit", "more than 256 processes and threads.")
OUTPUT = ("limit", "more than 1000000 bytes of output.")
BOUNDS = {
    "cpu": ("while :; do :; done", CPU),
    "cpu of a child": ("(while :; do :; done) & wait", CPU),
    "deadline": ("sleep 60", ("timeout", "more than 2 s in all.")),
    "memory": (f'python3 -c "{HOG}"', MEMORY),
    "memory of many": (f'for n in 1 2 3 4; do python3 -c "{HOG}" & done; wait', MEMORY),
    "disk": ("head -c 100000000 /dev/zero >big", DISK),
    "disk of /tmp": ("head -c 100000000 /dev/zero >/tmp/big", DISK),
    "inodes": (f'python3 -c "{INODES}"', DISK),
    "processes": ("(for n in $(seq 1000); do sleep 60 & done); sleep 60", MANY),
    "threads": (f'python3 -c "{THREADS}"; sleep 60', MANY),
    "output": ("yes", OUTPUT),
    "output at the end": (f"head -c {MAX_OUTPUT + 1} /dev/zero", OUTPUT),
    "files": (
        f"mkdir out; cd out; touch $(seq {MAX_FILES + 1})",
        ("limit", "more than 1000 files or 64000000 bytes to hand back."),
    ),
}
"""By name: a command, and the verdict that it must have."""


@pytest.mark.parametrize("bound", BOUNDS)
def test_every_bound_has_its_verdict(place: Place, bound: str) -> None:
    command, verdict = BOUNDS[bound]
    deadline_s, cpu_s = 2 if bound == "deadline" else 120, 1 if "cpu" in bound else 10
    limits = msgspec.structs.replace(LIMITS, deadline_s=deadline_s, cpu_s=cpu_s)
    with pytest.raises(LimitError) as caught:
        run(place, command, outputs=("out",), limits=limits)
    assert (caught.value.status, caught.value.reason) == verdict
    assert caught.value.retry == (bound == "deadline")
    assert run(place, "echo next").output == "next\n"


def test_what_just_fits_is_no_limit(place: Place) -> None:
    assert len(run(place, f"head -c {MAX_OUTPUT} /dev/zero").output) == MAX_OUTPUT
    ran = run(place, f"mkdir out; cd out; touch $(seq {MAX_FILES})", outputs=("out",))
    assert len(ran.files) == MAX_FILES
    ran = run(place, "head -c 25000000 /dev/zero >out", outputs=("out",))
    assert len(ran.files["out"].data) == 25_000_000


def test_the_budget_is_the_report_s_not_the_verb_s(place: Place) -> None:
    box = Box(place.channel, msgspec.structs.replace(LIMITS, cpu_s=1))
    burn = ["python3", "-c", "import time\nwhile time.process_time() < 0.6: pass"]
    box.run(burn, {}, env=ENV)
    with pytest.raises(LimitError, match="CPU"):
        box.run(burn, {}, env=ENV)


UNAWAITED = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        end = time.monotonic() + 0.02
        while time.monotonic() < end: pass
        os._exit(0)
    time.sleep(0.02)
"""


def test_children_that_nobody_waits_for_use_cpu_time_too(place: Place) -> None:
    weak = place.as_user or bool(BACKENDS[place.backend]([]).weak())
    limits = msgspec.structs.replace(LIMITS, cpu_s=1, deadline_s=3 if weak else 120)
    with pytest.raises(LimitError) as caught:
        run(place, ["python3", "-c", UNAWAITED], limits=limits)
    assert caught.value.status == "timeout"
    assert caught.value.retry == weak  # without a control group only the clock ends it


DEEP = """
import os
os.mkdir("out")
os.chdir("out")
for _ in range(2500):
    os.mkdir("d" * 20)
    os.chdir("d" * 20)
open("end", "w").close()
"""
LONG_NAMES = f"""
import os
for n in range({MAX_FILES}):
    os.makedirs(f"out/{{n}}/" + "/".join(["\\N{{FULL BLOCK}}" * 80] * 4))
    open(f"out/{{n}}/" + "/".join(["\\N{{FULL BLOCK}}" * 80] * 4) + "/f", "w").close()
"""


@pytest.mark.parametrize("code", [DEEP, LONG_NAMES], ids=["deep", "long names"])
def test_no_tree_breaks_the_reading(place: Place, code: str) -> None:
    with pytest.raises(LimitError, match=r"hand back|so deep"):
        python(place, code)
    assert run(place, "ls -A").output == ""


def test_a_fork_bomb_leaves_everything_as_it_was(place: Place) -> None:
    number = marker()
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    with pytest.raises(LimitError, match=f"more than {PROCESSES} processes"):
        python(place, bomb, number=number)
    assert alive(processes_with(number)) == []
    assert run(place, "echo next").output == "next\n"


# --- a verb that somebody follows ----------------------------------------------------------------


def follow(
    place: Place, command: str, script: Script, files: Files | None = None, limits: Limits = LIMITS
) -> Followed:
    argv = ["/bin/sh", "-c", command]
    with contextlib.closing(script):
        return Box(place.channel, limits).follow(argv, files or {}, script, env=ENV)


def left_there(followed: Followed) -> dict[str, bytes]:
    return {entry.name: entry.read(entry.size) for entry in followed.entries if not entry.kind}


def test_it_is_heard_while_it_runs_and_hears(place: Place) -> None:
    script = Script(("name?", "Ada\n"), ("Hello", None))
    command = (
        'echo "name?"; read name; echo "Hello $name"; cat; echo over >&2; echo x >file; exit 3'
    )
    ended = follow(place, command, script)
    assert (ended.exit, ended.limit, script.errors) == (3, "", "")
    assert script.output == "name?\nHello Ada\nover\n"
    assert left_there(ended) == {"file": b"x\n"}


def test_its_two_streams_can_be_told_apart(place: Place) -> None:
    script = Script(apart=True)
    follow(place, "echo out; echo err >&2", script)
    assert (script.output, script.errors) == ("out\n", "err\n")


@pytest.mark.parametrize(("piped", "kind"), [(True, "p"), (False, "S")])
def test_its_input_is_a_pipe_or_none(place: Place, piped: bool, kind: str) -> None:
    script = Script(("yes", None), piped=piped)
    follow(place, f"[ -{kind} /dev/stdin ] && echo yes && cat && echo end", script)
    assert script.output == "yes\nend\n"


def test_a_terminal_is_its_own(place: Place) -> None:
    script = Script(
        ("30 100", {"window": [50, 132]}), ("50 132", "typed\n"), ("[typed]", None), terminal=True
    )
    command = """
        trap 'stty size' WINCH
        test -t 0 && test -t 1 && test -t 2 && : >/dev/tty && stty size
        while ! read -r word; do :; done; echo "[$word]"; (: >/dev/pts/0) 2>/dev/null && echo did"""
    follow(place, command, script)
    assert script.output == "30 100\n50 132\ntyped\n[typed]\n"
    ran = run(place, "test -t 0 || test -t 1 || (echo >/dev/tty) 2>/dev/null || echo none")
    assert ran.output == "none\n"


def test_ctrl_c_is_for_the_program_alone(place: Place) -> None:
    number = marker()
    trap = f"trap 'echo cleaned; exit 7' INT; echo ready; sleep {number} & wait"
    ended = follow(place, trap, Script(("ready", {"signal": 2})))
    assert (ended.exit, ended.limit) == (7, "")
    waits = f"sh -c 'trap \"exit 9\" INT; sleep {number} & echo go; wait'"
    typed = [("$", f"{waits}\n"), ("go\r\n", "\x03"), ("$", "exit 7\n")]
    assert follow(place, "PS1=$ bash --norc -i", Script(*typed, terminal=True)).exit == 7
    assert alive(processes_with(f"sleep {number}")) == []


def test_who_ignores_the_end_ends(place: Place) -> None:
    number = marker()
    trap = "trap '' INT HUP TERM QUIT; echo kept >file; echo ready"
    stubborn = f"{trap}; sleep {number}; sleep {number}"
    for terminal in (False, True):
        steps = Script(("ready", {"signal": 2}), ("", {"end": True}), terminal=terminal)
        ended = follow(place, stubborn, steps)
        assert (ended.exit, ended.limit) == (None, "ended")
        assert left_there(ended) == {"file": b"kept\n"}
        assert alive(processes_with(number)) == []


def test_what_breaks_away_from_a_terminal_is_dead(place: Place) -> None:
    number = marker()
    away = f"setsid sh -c 'trap \"\" HUP; sleep {number}; true' </dev/null >/dev/null 2>&1 &"
    script = Script(terminal=True)
    assert follow(place, away, script).exit == 0
    assert alive(processes_with(number)) == []


def test_a_flood_for_a_terminal_waits_for_who_reads_it(place: Place) -> None:
    """No bound is hit, and nothing is kept; a stream has the bound of a verb's output."""
    script = Script(terminal=True)
    assert follow(place, f"head -c {3 * MAX_OUTPUT} /dev/zero | tr '\\0' x", script).exit == 0
    assert len(script.output) == 3 * MAX_OUTPUT
    ended = follow(place, "yes", endless := Script(("y\r\ny", {"end": True}), terminal=True))
    assert (ended.limit, set(endless.output.split())) == ("ended", {"y"})
    streams = Script()
    ended = follow(place, "echo kept >file; yes", streams)
    assert (ended.exit, ended.limit) == (None, "output")
    assert 0 < len(streams.output) <= MAX_OUTPUT
    assert left_there(ended) == {"file": b"kept\n"}


def test_a_flood_of_keys_holds_nobody_up(place: Place) -> None:
    flood = [("", "x" * 65_000 + "\n")] * 40
    ended = follow(place, "echo up; sleep 60", Script(("up", "x"), *flood, ("", {"end": True})))
    assert ended.limit == "ended"
    ended = follow(place, "sleep 60", Script(*flood, ("", {"end": True}), terminal=True))
    assert ended.limit == "ended"
    assert run(place, "echo next").output == "next\n"


def test_its_bounds_are_named_and_what_it_wrote_is_there(place: Place) -> None:
    limits = msgspec.structs.replace(LIMITS, cpu_s=1)
    ended = follow(place, "echo 1 >file; while :; do :; done", Script(), limits=limits)
    assert (ended.exit, ended.limit, left_there(ended)) == (None, "cpu", {"file": b"1\n"})
    ended = follow(place, "head -c 100000000 /dev/zero >big", Script(terminal=True))
    assert ended.limit == "disk"
    ended = follow(place, f"touch $(seq {MAX_FILES + 1})", Script())
    assert (ended.limit, ended.entries) == ("files", [])


def test_a_terminal_gives_no_door(place: Place) -> None:
    """Keys that it puts into its own terminal are its own; there is no other to be had."""
    tries = """
import fcntl, os, termios
try:
    fcntl.ioctl(0, termios.TIOCSTI, b"x")
except OSError:
    pass
for name in ("/dev/ptmx", "/dev/pts/ptmx", "/dev/pts/0", "/dev/tty0", "/dev/ttyS0"):
    try:
        print("did", name, os.open(name, os.O_RDWR))
    except OSError:
        pass
"""
    script = Script(terminal=True)
    files = {"tries.py": File(tries.encode())}
    follow(place, "python3 tries.py; ls /proc/$$/fd", script, files)
    assert "did" not in script.output
    assert script.output.replace("x", "").split() == ["0", "1", "2"]


# --- ends ----------------------------------------------------------------------------------------


def containers() -> list[str]:
    """The containers of this test run."""
    ours = state.run_name("x").rsplit("-", 2)[0]
    with contextlib.closing(docker.engine()) as client:
        listed = client.api.containers(all=True, filters={"label": LABEL})
    return [entry["Id"] for entry in listed if entry["Labels"][LABEL].startswith(ours)]


def left_of(place: Place, pids: list[int], others: list[str]) -> list[object]:
    found: list[object] = [*alive(pids)]
    if place.contained:
        found += [container for container in containers() if container not in others]
    return found


def test_a_killed_owner_leaves_nothing(own_place: Place) -> None:
    number = marker()
    others = containers() if own_place.contained else []
    begin(own_place, f"setsid sleep {number} & sleep {number}")
    pids = [*wait_for(number), *descendants(own_place.opener.pid)]
    own_place.kill()
    until(lambda: not left_of(own_place, pids, others), "nothing is left")


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_close_leaves_nothing(own_place: Place, *, busy: bool) -> None:
    number = marker()
    others = containers() if own_place.contained else []
    groups = control_groups()
    pids = descendants(own_place.opener.pid)
    if busy:
        begin(own_place, f"setsid sleep {number} & sleep {number}")
        pids += wait_for(number)
    own_place.close()
    assert left_of(own_place, pids, others) == []
    assert set(control_groups()) <= set(groups)
