"""A container engine on every row that offers one: what is built and told, what gains nothing."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import shutil
import signal
import tempfile
from contextlib import closing
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from packerlab import state
from packerlab.checks import Failure
from packerlab.course import default_root
from packerlab.errors import BadInputError, LimitError, SandboxError
from packerlab.evidence.containers import ContainersEvidence
from packerlab.lab import Limits, load_lab
from packerlab.packer.environment import ENVIRONMENT, packer_version
from packerlab.packer.verbs import Packer
from packerlab.sandbox import BACKENDS, docker, host_images
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.box import Box
from packerlab.sandbox.bubblewrap import Bubblewrap
from packerlab.submissions.reader import File
from tests.sandbox.places import descendants
from tests.sandbox.test_contract import REFUSED
from tests.waiting import sleepers, until, until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.packer.answers import Answer
    from packerlab.sandbox.box import Ran

ROWS = ["bubblewrap", "docker"]
LIMITS = Limits(deadline_s=90, cpu_s=60, memory_mb=1024, disk_mb=512)
NEEDS = frozenset({"packer", "containers"})
TEMPLATE = """
source "docker" "app" {
  image = "debian:bookworm-slim"
  MORE
}

build {
  sources = ["source.docker.app"]
  provisioner "shell" {
    inline = [
COMMANDS
    ]
  }
  post-processors {
AFTER
  }
}
"""
COMMIT = "commit = true"
TAG = """post-processor "docker-tag" {
  repository = "lab/web"
  tags       = ["1.0", "stable"]
}
"""
SAVE = 'post-processor "docker-save" {\n  path = "out/web.tar"\n}\n'


def template(*commands: str, more: str = COMMIT, after: str = TAG) -> dict[str, File]:
    """A workspace whose build runs `commands` in a container."""
    quoted = (command.replace("\\", "\\\\").replace('"', '\\"') for command in commands)
    lines = indent(",\n".join(f'"{command}"' for command in quoted or ["true"]), "      ")
    text = TEMPLATE.replace("COMMANDS", lines).replace("MORE", more).replace("AFTER", after)
    return {"main.pkr.hcl": File(text.encode()), "out/.keep": File(b"")}


@pytest.fixture(scope="module", params=ROWS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One open sandbox with an engine for all tests of a row."""
    name = "built_image" if request.param == "docker" else "container_images"
    if request.param == "bubblewrap" and host_images.missing():
        pytest.skip(host_images.MISSING)
    made = request.getfixturevalue(name)
    if request.param == "docker":
        state.write_atomically(state.state_folder() / docker.IMAGE_STATE, made)
    backend = BACKENDS[request.param]([])
    if reason := backend.unavailable() or backend.lacks("containers"):
        pytest.skip(f"{request.param}: {reason}")
    with closing(Sandbox(backend, LIMITS, NEEDS)) as opened:
        opened.channel()
        yield opened


@pytest.fixture
def build(sandbox: Sandbox) -> Callable[..., Answer]:
    """`build(files)`: one build in the sandbox."""

    def build(files: dict[str, File]) -> Answer:
        files = {name: file for name, file in files.items() if name != "out/.keep"}
        files["out.txt"] = File(b"")
        box = Box(sandbox.channel(), LIMITS)
        return Packer(box, files, packer_version(sandbox), ["out"]).build({}, [])

    return build


@pytest.fixture
def run(sandbox: Sandbox) -> Callable[..., Ran]:
    """`run(script)`: a shell script in the sandbox."""

    def run(script: str, *words: str) -> Ran:
        box = Box(sandbox.channel(), LIMITS)
        return box.run(["sh", "-c", script, *words], {}, env=ENVIRONMENT, outputs=["out"])

    return run


def built(answer: Answer) -> Answer:
    assert answer.exit == 0, answer.text
    return answer


# --- what is built, and what is reported of it ---------------------------------------------------

CHANGES = """changes = [
    "ENV GREETING=hello",
    "EXPOSE 8080 9090/udp",
    "LABEL team=\\"a b\\" \\"stage\\"=prod",
    "LABEL note in two words",
    "USER nobody",
    "WORKDIR /srv",
    "ENTRYPOINT [\\"/bin/echo\\"]",
    "CMD [\\"hello\\"]"
  ]"""


def test_a_commit_with_tags_and_an_archive(build: Callable[..., Answer]) -> None:
    script = [
        "echo made > /etc/made && chown games:users /etc/made && chmod 640 /etc/made",
        "rm /usr/bin/tac",
        "rm -r /usr/share/zoneinfo && mkdir /usr/share/zoneinfo && touch /usr/share/zoneinfo/UTC",
    ]
    more = f"{COMMIT}\n  pull = true\n  {CHANGES}"
    path = SAVE.replace("out/", "")
    answer = built(build(template(*script, more=more, after=TAG + path)))
    image = answer.containers.image("lab/web:1.0")
    assert answer.containers.image("lab/web:stable") is image
    assert sorted(image.names) == ["lab/web:1.0", "lab/web:stable"]
    assert image.base == "debian:bookworm-slim"
    settings = image.settings
    assert settings.environment["GREETING"] == "hello"
    assert settings.ports == ["8080/tcp", "9090/udp"]
    assert settings.labels == {"team": "a b", "stage": "prod", "note": "in two words"}
    assert (settings.user, settings.folder) == ("nobody", "/srv")
    assert (settings.entrypoint, settings.command) == (["/bin/echo"], ["hello"])
    assert [len(image.layers)] == [1]
    kinds = {entry.path: entry.kind for entry in image.layers[0].entries}
    assert (kinds["/etc/made"], kinds["/usr/bin/tac"]) == ("file", "gone")
    disk = image.disk
    made = disk.file("/etc/made")
    assert (made.content, made.mode, disk.owner(made)) == (b"made\n", 0o640, "games:users")
    assert disk.at("/usr/bin/tac") is None
    assert disk.at("/usr/share/zoneinfo/UTC") is not None
    assert disk.at("/usr/share/zoneinfo/Europe") is None
    assert "/usr/share/zoneinfo/Europe" in disk.removed("/usr/share/zoneinfo/*")
    assert disk.packages()["bash"]
    assert disk.users()["root"].home == "/root"


def test_an_archive_holds_what_its_digests_say(run: Callable[..., Ran]) -> None:
    ran = run(
        "mkdir out; docker tag busybox lab/small:1; docker save lab/small:1 > out/small.tar;"
        "echo no tar, but long enough to be read as one > out/bad.tar; ln -s /etc/passwd out/l.tar"
    )
    told = json.loads(ran.engine)
    (saved,) = told["archives"]["out/small.tar"]["images"]
    assert saved["names"] == ["localhost/lab/small:1"]
    (named,) = [image for image in told["images"] if image["id"] == saved["id"]]
    assert named["settings"]["rootfs"]["diff_ids"] == saved["layers"]
    assert told["archives"]["out/bad.tar"]["trouble"]
    assert "out/l.tar" not in told["archives"]
    assert ran.irregular == {
        "out/bad.tar": "container's archive",
        "out/l.tar": "link",
        "out/small.tar": "container's archive",
    }


SECRET = "5e0c1a7b93d2f648"
HIDES = """
docker run --interactive --name first busybox sh <<END
echo SECRET > /hidden; echo SECRET | base64 > /encoded; ln -s SECRET /link
(head -c 2000000 /dev/zero; echo SECRET) > /large
mkdir -p /var/cache/apt; echo token=SECRET > /var/cache/apt/license
END
docker commit -q first lab/first
docker run --name second lab/first rm /hidden /encoded
docker commit -q --change 'LABEL note=SECRET' second lab/second
docker create --name clean busybox
docker commit -q clean lab/clean
mkdir out
docker save lab/second > out/second.tar
docker export clean > out/clean.tar
"""


def test_a_secret_is_found_in_every_layer_and_setting(sandbox: Sandbox) -> None:
    """Also where a later layer hides it, and in what evidence has no content of."""
    script = HIDES.replace("SECRET", SECRET)
    box = Box(sandbox.channel(), LIMITS)
    ran = box.run(["sh", "-c", script], {}, env=ENVIRONMENT, outputs=["out"], secrets=[SECRET])
    assert ran.exit == 0, ran.output
    images = ContainersEvidence(ran.engine, box.prepared, ran.leaks)
    first, second = images.image("lab/first:latest"), images.image("lab/second:latest")
    wanted = ["/encoded (in base64)", "/hidden", "/large", "/link", "/var/cache/apt/license"]
    assert sorted(first.places(SECRET)) == wanted
    assert sorted(set(second.places(SECRET))) == [*wanted, "its settings"]
    assert second.disk.at("/hidden") is None
    assert images.image("lab/clean:latest").places(SECRET) == []
    workspace = {leak.path for leak in ran.leaks.of(SECRET, "workspace")}
    assert workspace == {"/out/second.tar"}
    assert ran.leaks.of(SECRET, "output") == []


def test_an_export_has_no_settings(build: Callable[..., Answer]) -> None:
    more = f'export_path = "out/web.tar"\n  {CHANGES}'
    answer = built(build(template("echo made > /etc/made", more=more, after="")))
    archive = answer.containers.archive("out/web.tar")
    assert archive.images == []
    assert archive.disk is not None
    assert archive.disk.text("/etc/made") == "made\n"
    assert archive.disk.packages()["bash"]
    assert answer.containers.images == []
    with pytest.raises(Failure, match=r"no image lab/web:1\.0"):
        answer.containers.image("lab/web:1.0")
    with pytest.raises(Failure, match=r"no out/other\.tar"):
        answer.containers.archive("out/other.tar")


def test_an_import_has_the_settings_of_its_own_changes(build: Callable[..., Answer]) -> None:
    after = """post-processor "docker-import" {
      repository = "lab/again"
      tag        = "2"
      changes    = ["USER nobody"]
    }"""
    more = 'export_path = "out/web.tar"'
    answer = built(build(template("echo made > /etc/made", more=more, after=after)))
    image = answer.containers.image("lab/again:2")
    assert (image.base, image.settings.user) == ("", "nobody")
    assert image.disk.text("/etc/made") == "made\n"
    assert image.disk.packages()["bash"]


def test_packages_come_from_the_repository_within(build: Callable[..., Answer]) -> None:
    install = "apt-get update && apt-get install -y labweb labtool && labtool facts"
    disk = built(build(template(install))).containers.image("lab/web:1.0").disk
    assert disk.packages()["labweb"] == "1.1"
    assert "labweb" in disk.users()


def test_a_small_image(build: Callable[..., Answer]) -> None:
    files = template("echo made > /made")
    text = files["main.pkr.hcl"].data.replace(b"debian:bookworm-slim", b"busybox")
    image = built(build({"main.pkr.hcl": File(text)})).containers.image("lab/web:1.0")
    assert image.disk.text("/made") == "made\n"
    assert image.base.startswith("busybox:")


def test_nothing_of_one_verb_is_there_for_the_next(run: Callable[..., Ran]) -> None:
    first = run("docker tag busybox lab/mine; docker run -d busybox sleep 60 >/dev/null; echo $?")
    assert first.output.endswith("0\n"), first.output
    second = run("docker images --quiet lab/mine; docker ps --all --quiet; ls -d /proc/[0-9]*")
    assert "/proc/1\n" in second.output
    assert len(second.output.split()) < 6


def test_an_image_that_is_not_there(build: Callable[..., Answer]) -> None:
    """There is no registry, and Packer's complaint says so, the same each time."""
    for more in (COMMIT, f"{COMMIT}\n  pull = false"):
        files = template("true", more=more)
        text = files["main.pkr.hcl"].data.replace(b"debian:bookworm-slim", b"alpine:3")
        answers = [build({"main.pkr.hcl": File(text)}) for _ in range(2)]
        assert [answer.exit for answer in answers] == [1, 1]
        assert answers[0].error == answers[1].error
        assert "alpine:3" in answers[0].text


# --- what gains nothing --------------------------------------------------------------------------

WISHES = {
    "privileged": "privileged = true",
    "every capability": 'cap_add = ["ALL"]',
    "a device": 'device = ["/dev/null:/dev/kvm"]',
    "the root": 'volumes = { "/" = "/host" }',
    "the root, privileged": 'privileged = true\n  volumes = { "/" = "/host" }',
    "words of its own": 'run_command = ["-d", "-i", "-t", "--network=host", "--ipc=host", '
    '"--uts=host", "--security-opt=seccomp=unconfined", "--userns=host", '
    '"--entrypoint=/bin/sh", "--", "{{.Image}}"]',
    "its neighbours": 'run_command = ["-d", "-i", "-t", "--pid=host", "--", "{{.Image}}"]',
}
TRIES = {
    "outside": "timeout 3 bash -c 'echo > /dev/tcp/1.1.1.1/443'",
    "the engine around us": "ls /host/run/docker.sock /host/var/run/docker.sock "
    "/host/run/containerd /host/run/podman",
    "other homes": "ls /host/home/[!p]* /host/root/. /host/tmp/packerlab*",
    "the course": "ls /host/opt/packerlab/lib /host/opt/packerlab/site",
    "the system": "touch /host/usr/canary",
    "the system, mounted anew": "mount -o remount,bind,rw /host/usr && touch /host/usr/canary",
    "the images": "touch /host/opt/packerlab/images/canary",
    "a disk": "mknod /disk b 254 0 && head -c 1 /disk",
    "memory": "mknod /mem c 1 1 && head -c 1 /mem",
    "sysctl": "echo 1 > /proc/sys/kernel/panic",
    "sysrq": "echo h > /proc/sysrq-trigger",
    "kernel log": "dmesg",
    "time": "date -s 2001-01-01",
    "a module": "cat /proc/kcore | head -c 1 | grep -q .",
}


@pytest.mark.parametrize("wish", WISHES)
def test_what_a_template_wishes_for_gains_nothing(build: Callable[..., Answer], wish: str) -> None:
    script = [
        f"if {command} >/dev/null 2>&1; then echo DONE: {name}; fi"
        for name, command in TRIES.items()
    ]
    count = 'echo "processes: $(ls -d /proc/[0-9]* | wc -l)"; cat /proc/self/uid_map; id -u'
    answer = build(template(*script, count, more=f"{COMMIT}\n  {WISHES[wish]}"))
    assert "DONE" not in answer.text
    if answer.exit:  # some the engine itself can't grant here
        assert "crun: mount" in answer.text or "private PID namespace" in answer.text
        return
    words = answer.text.partition("processes: ")[2].split()
    assert int(words[0]) < 60
    assert "65000" in words


CALLS = """
import ctypes, errno, json, sys
libc = ctypes.CDLL(None, use_errno=True)
done = []
for name, number, arguments in json.loads(sys.argv[1]):
    given = [item.encode("latin-1") if isinstance(item, str) else ctypes.c_long(item)
             for item in arguments]
    answer = libc.syscall(ctypes.c_long(number), *given)
    if answer != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        done.append([name, answer, ctypes.get_errno()])
print(json.dumps(done))
"""
OURS = {"chroot", "clone", "mount", "pivot_root", "setns", "umount2", "unshare",
        "mount_setattr", "move_mount", "open_tree", "inotify_init1"}  # fmt: skip
"""What an engine may call; everything else that a verb may not, one with an engine may not."""


def test_no_other_call_than_an_engine_needs(run: Callable[..., Ran]) -> None:
    lib = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    asked = []
    for name, given in REFUSED.items():
        if name.strip() in OURS:
            continue
        number = lib.seccomp_syscall_resolve_name(name.strip().encode())
        arguments = [item.decode("latin-1") if isinstance(item, bytes) else item for item in given]
        asked.append([name, number, arguments])
    assert len(asked) > 20
    ran = run('exec /usr/bin/python3 -c "$0" "$1"', CALLS, json.dumps(asked))
    assert ran.output == "[]\n"


def test_a_verb_with_an_engine_is_root_of_its_own_namespace_alone(run: Callable[..., Ran]) -> None:
    script = (
        "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; wc -l < /proc/self/uid_map;"
        "head -1 /proc/self/uid_map; ls /sys/fs/cgroup /var/run /home; cat /proc/net/dev | wc -l;"
        "touch /usr/x /opt/packerlab/x"
    )
    said = run(script).output
    assert "NoNewPrivs:\t1" in said
    assert "Seccomp:\t2" in said
    assert "65000" in said
    assert said.count("Read-only file system") == 2
    assert "docker.sock" not in said


def test_what_is_masked_stays_masked() -> None:
    """A verb that may mount could take a mask away, were it not mounted before."""
    if host_images.missing() or os.getuid() != 0:
        pytest.skip("it needs podman, and to write below /usr")
    host_images.prepare(lambda _: None)
    with tempfile.TemporaryDirectory(dir="/usr/local/share") as folder:
        path = Path(folder)
        path.chmod(0o755)
        (path / "solution").write_text("secret")
        script = f"ls {path}; umount {path}; umount -l {path}; cat {path}/solution"
        for masked, expected in (([path], False), ([], True)):
            with closing(Sandbox(Bubblewrap(masked), LIMITS, NEEDS)) as sandbox:
                box = Box(sandbox.channel(), LIMITS)
                said = box.run(["sh", "-c", script], {}, env=ENVIRONMENT).output
            assert ("secret" in said) is expected, said


TAKES_AND_GIVES_BACK = """
import array, contextlib, socket, sys, time

one, other = socket.socketpair()
one.setblocking(False)
many = array.array("i", [0] * 250)
with contextlib.suppress(OSError):
    for _ in range(10):
        one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, many)])
time.sleep(5)
one.close()
other.close()
time.sleep(0.2)
sys.exit(3)
"""


@pytest.mark.alone
def test_a_verb_that_fails_after_the_machine_was_short_of_something(
    run: Callable[..., Ran],
) -> None:
    with pytest.raises(SandboxError, match="none left of: descriptors under way"):
        run(f"exec python3 -c '{TAKES_AND_GIVES_BACK}'")
    assert run("exit 3").exit == 3


@pytest.mark.parametrize("other", ["account", "tools"])
def test_nothing_else_goes_with_containers(tmp_path: Path, other: str) -> None:
    lab = tmp_path / "labs" / "107_first_container"
    lab.mkdir(parents=True)
    text = (default_root() / "labs" / lab.name / "lab.toml").read_text()
    (lab / "lab.toml").write_text(text.replace('"containers"]', f'"containers", "{other}"]'))
    with pytest.raises(BadInputError, match="`needs`: containers go with neither an account nor"):
        load_lab(tmp_path, lab.name)


def test_docker_plain_has_none() -> None:
    assert BACKENDS["docker-plain"]([]).lacks("containers") == "it does not offer containers."


@pytest.mark.usefixtures("container_images")
def test_a_killed_owner_leaves_nothing() -> None:
    before = set(descendants(os.getpid()))
    own = Sandbox(BACKENDS["bubblewrap"]([]), LIMITS, NEEDS)
    box = Box(own.channel(), LIMITS)
    pid = os.fork()
    if pid == 0:
        box.run(["sh", "-c", "docker run busybox sleep 52"], {}, env=ENVIRONMENT)
        os._exit(0)
    until(lambda: sleepers(os.getpid(), "52"), "the container runs")
    started = set(descendants(os.getpid())) - before
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    own.close()
    until_gone(sorted(started))


# --- stores and archives that were meddled with ---------------------------------------------------

STORE = "/var/lib/containers/storage"
MADE = "docker tag busybox lab/x; c=$(docker create busybox); docker commit -q $c lab/y >/dev/null;"
MEDDLED = {
    "a list that is a link": f"ln -sf /etc/passwd {STORE}/overlay-images/images.json",
    "a list that is a pipe": f"cd {STORE}/overlay-images; rm images.json; mkfifo images.json",
    "a list that is huge": f"truncate -s 100M {STORE}/overlay-images/images.json",
    "a list that is no JSON": f"echo '{{{{[' > {STORE}/overlay-images/images.json",
    "a list that is deep": "head -c 900000 /dev/zero | tr '\\0' '[' "
    f"> {STORE}/overlay-images/images.json",
    "a list of no text": f"sed -i 's/lab.x/\\\\ud800/' {STORE}/overlay-images/images.json",
    "a layer that is a link": f"cd {STORE}/overlay; for d in */diff; do rm -rf $d; "
    "ln -s /usr $d; done",
    "names that are a number": f'sed -i \'s/"names":\\[[^]]*\\]/"names":5/\' '
    f"{STORE}/overlay-images/images.json; cd {STORE}/overlay-layers; "
    "rm layers.json; mkdir layers.json",
    "a list that is a socket": f"cd {STORE}/overlay-layers; rm layers.json; "
    "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"layers.json\")'",
    "a folder that is a file": f"mv {STORE}/overlay-images {STORE}/x; touch {STORE}/overlay-images",
    "an output so deep that no path reaches its end": "perl -e 'mkdir q(out); chdir q(out); "
    "for (1..2500) { mkdir q(dd); chdir q(dd) }'",
    "an archive of nothing, many times": "mkdir out; cd out; python3 -c '"
    "import tarfile; t = tarfile.TarInfo(); t.size = 400_000_000; "
    'f = open("0.tar", "wb"); f.write(t.tobuf()); f.truncate(400_001_024)\'; ln 0.tar 1.tar',
    "many files": f"for d in {STORE}/overlay/*/diff; do (cd $d; seq 18000 | xargs touch); done; "
    f"cd {STORE}/overlay; seq 3000 | xargs touch",
}


@pytest.mark.parametrize("name", MEDDLED)
def test_a_store_that_was_meddled_with(run: Callable[..., Ran], name: str) -> None:
    """It is a bound that was hit, and nothing of the sandbox is shown."""
    with pytest.raises(LimitError):
        run(f"{MADE} {MEDDLED[name]}; true")


def test_settings_are_those_of_the_digest(run: Callable[..., Ran]) -> None:
    meddle = f"cd {STORE}/overlay-images; for f in */=*; do sed -i s/busybox/forged/g $f; done"
    told = json.loads(run(f"{MADE} {meddle}").engine)
    (forged,) = [image for image in told["images"] if image["names"] == ["localhost/lab/y:latest"]]
    assert forged["settings"] == {}


def test_links_and_devices_in_an_image_are_told_and_not_followed(run: Callable[..., Ran]) -> None:
    script = "ln -s /opt/packerlab /out; mkfifo /pipe; truncate -s 100M /sparse; mkdir -m 0 /none"
    ran = run(f"docker run --name c busybox sh -c '{script}'; docker commit -q c x")
    told = json.loads(ran.engine)
    changes = {entry["path"]: entry for entry in told["images"][0]["changes"]}
    assert changes["/out"]["target"] == "/opt/packerlab"
    assert changes["/pipe"]["kind"] == "other"
    assert "content" not in changes["/sparse"]
    assert not [path for path in changes if path.startswith("/out/")]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(host_images, "SEARCHED", str(tmp_path))
    assert host_images.lacking() == host_images.MISSING
    monkeypatch.undo()
    if not shutil.which("podman", path=host_images.SEARCHED):
        pytest.skip("podman is not there")
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path))
    assert "packerlab sandbox build" in (host_images.lacking() or "")
