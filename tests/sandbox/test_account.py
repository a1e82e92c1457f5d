"""A simulated account on every row that offers one: what is built in it, and what can't be done."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from textwrap import indent
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.checks import Failure
from packerlab.errors import LimitError, RejectedError
from packerlab.inside.disks import MAX_CONTENT
from packerlab.lab import Limits
from packerlab.packer.environment import ENVIRONMENT, packer_version
from packerlab.packer.verbs import Packer
from packerlab.prepared_account import ACCESS_KEY, SECRET_KEY
from packerlab.sandbox import BACKENDS
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.box import Box, Joining
from packerlab.submissions.reader import File
from tests.following import Script
from tests.sandbox.places import descendants
from tests.waiting import sleepers, until, until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.packer.answers import Answer

ROWS = ["bubblewrap", "docker"]
LIMITS = Limits(deadline_s=60, cpu_s=40, memory_mb=1024, disk_mb=256)
STATE: dict[str, Any] = {
    "format": 1,
    "access_key": ACCESS_KEY,
    "secret_key": SECRET_KEY,
    "image": [{"name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240501"}],
    "quota": {"instances": 2},
}
TEMPLATE = """
source "amazon-ebs" "app" {
  region        = "us-east-1"
  instance_type = "t3.micro"
  ami_name      = "app-${uuidv4()}-NUMBER"
  ssh_username  = "ubuntu"
  ssh_timeout   = "20s"
  SOURCE
  tags = { Name = "app" }
}

build {
  sources = ["source.amazon-ebs.app"]
  provisioner "shell" {
    inline = [
COMMANDS
    ]
  }
}
"""
NEWEST = """
  source_ami_filter {
    filters     = { name = "ubuntu/images/*" }
    owners      = ["099720109477"]
    most_recent = true
  }
"""
OWN = """
  source_ami_filter {
    filters     = { "tag:Name" = "app" }
    owners      = ["self"]
    most_recent = true
  }
"""


def template(*commands: str, source: str = NEWEST, number: int = 1) -> dict[str, File]:
    """A workspace whose build runs `commands` on an instance."""
    quoted = (command.replace("\\", "\\\\").replace('"', '\\"') for command in commands)
    lines = ",\n".join(f'"{command}"' for command in quoted)
    text = TEMPLATE.replace("SOURCE", source).replace("NUMBER", str(number))
    return {"main.pkr.hcl": File(text.replace("COMMANDS", indent(lines, "      ")).encode())}


@pytest.fixture(scope="module", params=ROWS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One open sandbox with an account for all tests of a row."""
    name = "built_image" if request.param == "docker" else "instance_base"
    made = request.getfixturevalue(name)
    if request.param == "docker":
        from packerlab import state
        from packerlab.sandbox import docker

        state.write_atomically(state.state_folder() / docker.IMAGE_STATE, made)
    backend = BACKENDS[request.param]([])
    if reason := backend.unavailable() or backend.lacks("account"):
        pytest.skip(f"{request.param}: {reason}")
    with closing(Sandbox(backend, LIMITS, frozenset({"packer", "account"}))) as opened:
        opened.channel()
        yield opened


@pytest.fixture
def packer(sandbox: Sandbox) -> Iterator[Callable[..., Packer]]:
    """`packer(files, state)`: one report's Packer in the sandbox; its account ends with it."""
    made: list[Packer] = []

    def make(files: dict[str, File], state: dict[str, Any] = STATE) -> Packer:
        box = Box(sandbox.channel(), LIMITS)
        made.append(Packer(box, files, packer_version(sandbox), ["out"], state))
        return made[-1]

    yield make
    for each in made:
        each.leave()


def built(packer: Packer, **more: Any) -> Answer:
    answer = packer.build({}, [], **more)
    assert answer.exit == 0, answer.text
    return answer


# --- what is built --------------------------------------------------------------------------------


MANY_FILES = (
    "sudo apt-get update -q && sudo apt-get install -qy labweb",
    "sudo mkdir /aaa && cd /aaa",
    "head -c 17000000 /dev/urandom | sudo split -b 12000 -a 4",
)
LARGE = ("sudo chmod -R go-w /usr", "head -c 900000 /dev/zero | sudo tee /etc/zeros >/dev/null")


@pytest.mark.parametrize("commands", [MANY_FILES, LARGE])
def test_what_else_was_changed_hides_nothing(
    packer: Callable[..., Packer], commands: tuple[str, ...]
) -> None:
    more = "echo mine | sudo tee /etc/mine >/dev/null; sudo cp /usr/bin/perl /opt/perl"
    disk = built(packer(template(*commands, more))).account.image().disk
    assert disk.packages()["sudo"]
    assert (disk.packages().get("labweb") == "1.1") is (commands == MANY_FILES)
    assert disk.users()["ubuntu"]
    assert disk.text("/etc/mine") == "mine\n"
    assert disk.text("/usr/bin/ldd").startswith("#!")
    assert disk.file("/opt/perl").sha256 == disk.file("/usr/bin/perl").sha256
    if commands == LARGE:
        assert len(disk.text("/etc/zeros")) == 900_000


def test_a_secret_is_found_wherever_an_ami_or_its_account_has_it(
    packer: Callable[..., Packer],
) -> None:
    secret = "5e0c1a7b93d2f648"
    commands = (
        f"sudo mkdir -p /var/cache/apt && echo token={secret} | sudo tee /var/cache/apt/license",
        f"echo {secret} | base64 | sudo tee /opt/encoded; echo {secret} | rev | sudo tee /opt/back",
        f"(head -c 3000000 /dev/zero; echo {secret}) | gzip | sudo tee /opt/packed.gz >/dev/null",
        f"sudo touch /opt/{secret}; sudo ln -s {secret} /opt/link",
    )
    source = f'{NEWEST}\n  ami_description = "{secret.upper()}"'
    made = packer(template(*commands, source=source))
    made.secrets = [secret, "not anywhere in it"]
    answer = built(made)
    image = answer.account.image()
    assert image.places("not anywhere in it") == answer.places("not anywhere in it") == []
    assert sorted(image.places(secret)) == [
        "/opt/5e0c1a7b93d2f648", "/opt/back (reversed)", "/opt/encoded (in base64)", "/opt/link",
        "/opt/packed.gz (in a gzip stream)", "/var/cache/apt/license",
    ]  # fmt: skip
    assert set(answer.places(secret, "account")) == {"calls", "images"}
    assert "the output (reversed)" in answer.places(secret, "output")
    assert answer.places(secret, "workspace") == ["/main.pkr.hcl"]


def test_an_ami_s_content_is_the_disk_after_provisioning(packer: Callable[..., Packer]) -> None:
    commands = (
        "sudo apt-get update -q && sudo apt-get install -qy labweb",
        "sudo systemctl enable labweb",
        "echo hello | sudo install -o labweb -g root -m 640 /dev/stdin /etc/labweb/hello",
        "sudo rm /etc/motd && sudo ln -s labweb/hello /etc/motd",
    )
    account = built(packer(template(*commands))).account
    image = account.image()
    assert image.tags == {"Name": "app"}
    assert image.disk.packages()["labweb"] == "1.1"
    assert image.disk.packages()["sudo"]
    assert image.disk.unit("labweb.service") == "enabled"
    assert image.disk.unit("nothing.service") == "absent"
    hello = image.disk.file("/etc/motd")
    assert (hello.path, hello.mode, hello.content) == ("/etc/labweb/hello", 0o640, b"hello\n")
    assert image.disk.owner(hello) == "labweb:root"
    assert image.disk.users()["ubuntu"].home == "/home/ubuntu"
    assert image.disk.users()["labweb"].shell == "/usr/sbin/nologin"
    assert "/etc/labweb/hello" in image.disk.changed("/etc/*")
    assert account.leftovers == []
    assert [call.action for call in account.calls if call.error] == []
    with pytest.raises(Failure, match="the image has no /etc/nothing"):
        image.disk.text("/etc/nothing")


def test_each_account_is_fresh_and_a_second_build_goes_on(packer: Callable[..., Packer]) -> None:
    first = packer(template("true"))
    assert len(built(first).account.images) == 1
    latest = built(first)
    assert len(latest.account.images) == 1
    assert len(built(first, after=latest).account.images) == 2


def test_an_image_of_an_image(packer: Callable[..., Packer]) -> None:
    report = packer(template("echo base | sudo tee /etc/base"))
    base_built = built(report)
    app = template(
        "cat /etc/base", "echo app | sudo tee /etc/app", "sudo rm /etc/base", source=OWN, number=2
    )
    report._files = app
    account = built(report, after=base_built).account
    base, image = sorted(account.images, key=lambda image: image.name[-1])
    assert base.disk.text("/etc/base") == "base\n"
    assert image.disk.text("/etc/app") == "app\n"
    assert image.disk.at("/etc/base") is None
    assert image.disk.removed("/etc/*") == ["/etc/base"]
    assert image.about["source_name"] == base.name


@pytest.mark.parametrize("interface", ["public_dns", "private_dns"])
def test_an_instance_is_reached_by_its_name(packer: Callable[..., Packer], interface: str) -> None:
    source = f'{NEWEST}\n  ssh_interface = "{interface}"'
    answer = built(packer(template("true", source=source)))
    assert len(answer.account.images) == 1


def test_the_temporary_key_is_removed_if_the_template_asks_for_it(
    packer: Callable[..., Packer],
) -> None:
    """Packer finds it by its name, with which EC2 ends the line."""
    for more, stays in (("", True), ("ssh_clear_authorized_keys = true", False)):
        disk = built(packer(template("true", source=f"{NEWEST}\n  {more}"))).account.image().disk
        for home in ("/home/ubuntu", "/root"):
            keys = disk.text(f"{home}/.ssh/authorized_keys")
            assert ("ssh-" in keys) is stays, keys


@pytest.mark.parametrize("command", ["sudo reboot", "sudo init 6"])
def test_a_reboot_on_the_way(packer: Callable[..., Packer], command: str) -> None:
    files = template("echo 1 | sudo tee /etc/before", command)
    text = files["main.pkr.hcl"].data.decode()
    text = text.replace("inline =", "expect_disconnect = true\n    inline =", 1)
    after = 'provisioner "shell" {\n inline = ["cat /etc/before", "ls -A /tmp"]\n}\n}\n'
    files["main.pkr.hcl"] = File((text.rstrip().removesuffix("}") + after).encode())
    assert built(packer(files)).account.image().disk.text("/etc/before") == "1\n"


def test_another_login_than_the_image_s_is_refused(packer: Callable[..., Packer]) -> None:
    """The console says who came; and a build that fails leaves nothing behind."""
    text = template("true")["main.pkr.hcl"].data
    text = text.replace(b'"ubuntu"\n', b'"admin"\n').replace(b'"20s"', b'"4s"')
    answer = packer({"main.pkr.hcl": File(text)}).build({}, [])
    assert answer.exit == 1
    assert (answer.account.images, answer.account.leftovers) == ([], [])
    (instance,) = answer.account.all("instances")
    assert "user admin" in answer.account.console(instance["id"])


def test_hosts_stand_there_without_the_api(packer: Callable[..., Packer]) -> None:
    text = """
      variable "host" {}
      source "null" "host" {
        ssh_host = var.host
        ssh_username = "lab"
        ssh_private_key_file = "host_key"
      }
      build {
        sources = ["source.null.host"]
        provisioner "shell" { inline = ["echo $(id -un) | sudo tee -a /etc/who"] }
      }
    """
    host = {"name": "web", "address": "203.0.113.7", "login": "lab"}
    from packerlab.prepared_account import _key_pair

    state = {**STATE, "host": [host], "host_key": _key_pair()}
    report = packer({"main.pkr.hcl": File(text.encode())}, state)
    answer = None
    for again, who in ((False, "lab\n"), (True, "lab\nlab\n"), (False, "lab\n")):
        answer = report.build({"host": "203.0.113.7"}, [], after=answer if again else None)
        assert answer.exit == 0, answer.text
        assert answer.account.disk("web", "the host").text("/etc/who") == who


def test_a_folder_where_the_lab_puts_its_key_is_rejected(packer: Callable[..., Packer]) -> None:
    from packerlab.prepared_account import _key_pair

    report = packer({"host_key/mine": File(b"")}, {**STATE, "host": [], "host_key": _key_pair()})
    with pytest.raises(RejectedError, match="host_key is the file in which the lab puts its key"):
        report.build({}, [])


def test_what_a_killed_build_leaves_is_evidence(packer: Callable[..., Packer]) -> None:
    """Packer ends at once, and what it made stays in the account."""
    script = b"""
packer build -color=false . >/tmp/log &
until grep -q ' UP$' /tmp/log; do sleep 0.1; done
kill -9 $!
"""
    answer = packer({**template("echo UP; sleep 60"), "run.sh": File(script)}).script(
        ["sh", "run.sh"]
    )
    assert answer.account.leftovers == ["a key pair", "a security group", "an instance (running)"]
    assert answer.account.images == []


# --- what can't be done ---------------------------------------------------------------------------

PROBES = """
import os, socket
def tried(name, what):
    try:
        print(name, "DONE", what())
    except OSError as error:
        print(name, "refused", error.errno)
def bound(address, port):
    with socket.socket() as sock:
        sock.bind((address, port))
tried("low port", lambda: bound("0.0.0.0", 22))
tried("the API's port", lambda: bound("127.0.0.1", 443))
tried("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
tried("outside", lambda: socket.create_connection(("1.1.1.1", 443), 3))
tried("base", lambda: os.listdir("/opt/packerlab/base"))
tried("site", lambda: os.listdir("/opt/packerlab/site"))
tried("disks", lambda: os.listdir("/run/account"))
tried("route", lambda: os.system("ip route add 5.5.5.5 dev lo 2>/dev/null") and os.stat("/none"))
print("processes", len([name for name in os.listdir("/proc") if name.isdigit()]))
"""


def test_a_verb_beside_an_account(packer: Callable[..., Packer]) -> None:
    """It reaches the API and the machines' addresses, and nothing of theirs."""
    answer = packer({}).script(["python3", "-c", PROBES])
    lines = [line for line in answer.output.splitlines() if "refused" not in line]
    assert [line for line in lines if not line.startswith("processes")] == []
    assert int(lines[-1].split()[1]) <= 3


@pytest.mark.parametrize(
    "host", ["localhost", "motoapi.amazonaws.com", "ec2.us-east-1.amazonaws.com"]
)
def test_the_simulation_s_own_door_is_shut(packer: Callable[..., Packer], host: str) -> None:
    code = f"""
import http.client, ssl
context = ssl._create_unverified_context()
for path in ("/moto-api/reset", "/moto-api/data.json", "/moto-api/proxy/passthrough"):
    for method in ("POST", "GET"):
        talk = http.client.HTTPSConnection("127.0.0.1", context=context, timeout=40)
        talk.request(method, path, headers={{"Host": "{host}"}})
        print(talk.getresponse().status)
"""
    answer = packer({}).script(["python3", "-c", code])
    assert answer.exit == 0, answer.output
    assert all(int(status) >= 400 for status in answer.output.split())


def test_an_instance_is_shut_in(packer: Callable[..., Packer]) -> None:
    """Its root can do what a container's can: nothing to the account, the box or the machine."""
    tries = {
        "the API": "bash -c 'echo > /dev/tcp/127.0.0.1/443'",
        "the box": "bash -c 'echo > /dev/tcp/169.254.100.2/443'",
        "outside": "timeout 3 bash -c 'echo > /dev/tcp/1.1.1.1/443'",
        "mount": "sudo mount -t tmpfs none /mnt",
        "device": "sudo mknod /tmp/disk b 254 0",
        "namespaces": "sudo unshare --mount true",
        "user namespaces": "unshare --user --map-root-user true",
        "sysctl": "sudo sh -c 'echo 1 > /proc/sys/kernel/panic'",
        "kernel log": "sudo dmesg",
        "time": "sudo date -s 2001-01-01",
    }
    script = [
        f"if {command} 2>/dev/null; then echo DONE: {name}; fi" for name, command in tries.items()
    ]
    others = 'echo "processes: $(ls /proc | grep -c ^[0-9])"; ls /opt /run'
    answer = built(packer(template(*script, others)))
    assert "DONE" not in answer.text
    count = answer.text.partition("processes: ")[2].split()[0]
    assert int(count) < 20
    assert "packerlab" not in answer.text.partition("processes: ")[2]


def test_instances_are_bounded(packer: Callable[..., Packer]) -> None:
    """The quota of the lab, two here; and a full disk is the instance's own trouble."""
    files = template("dd if=/dev/zero of=/tmp/full bs=1M count=4000 2>&1 | tail -1; rm /tmp/full")
    answer = built(packer(files))
    assert "No space left" in answer.text or "copied" in answer.text
    many = files["main.pkr.hcl"].data.decode()
    sources = "".join(
        f'source "amazon-ebs.app" {{\nname = "s{number}"\nami_name = "app{number}"\n}}\n'
        for number in range(4)
    )
    many = many.replace('sources = ["source.amazon-ebs.app"]', sources)
    many = many.replace('ami_name      = "app-${uuidv4()}-1"', "")
    answer = packer(
        {"main.pkr.hcl": File(many.replace("dd if", "sleep 3; : dd if").encode())}
    ).build({}, [])
    assert answer.exit == 1
    assert "LimitExceeded" in answer.text
    assert answer.account.leftovers == []


HOSTILE_DISKS = {
    "links out": (
        "cd /etc; sudo ln -s /opt/packerlab out; sudo mv ssh ssh.old; sudo ln -s /proc/1 ssh",
        None,
    ),
    "named pipe": ("sudo mkfifo /etc/pipe; sudo rm /etc/issue; sudo mkfifo /etc/issue", None),
    "names that act": ("sudo touch \"/etc/$(printf 'a\\033[31mb\\nc\\377')\"", None),
    "sparse": ("sudo truncate -s 900G /etc/huge || sudo truncate -s 100M /etc/huge", None),
    "no rights": (
        "sudo mkdir -m 0 /etc/none; sudo touch /etc/none/of; sudo chmod 0 /etc/passwd",
        None,
    ),
    "many": ("sudo mkdir /many; cd /many; seq 30000 | sudo xargs touch", "files"),
    "deep": (
        "cd /tmp; sudo perl -e 'for (1..2000) { mkdir q(d) x 50; chdir q(d) x 50 }' || true",
        "files",
    ),
}


@pytest.mark.parametrize("name", HOSTILE_DISKS)
def test_a_hostile_disk_is_only_read(packer: Callable[..., Packer], name: str) -> None:
    command, limit = HOSTILE_DISKS[name]
    report = packer(template(command))
    if limit:
        with pytest.raises(LimitError):
            report.build({}, [])
        return
    disk = built(report).account.image().disk
    assert disk.at("/etc/out/supervisor.py") is None
    told = {path: disk.at(path).told or b"" for path in disk.changed()}  # type: ignore[union-attr]
    assert {path for path, content in told.items() if len(content) > MAX_CONTENT} == set()
    if name == "links out":  # the largest that was read is the disk's own
        assert max(told, key=lambda path: len(told[path])) == "/etc/ssh.old/moduli"
    if name == "sparse":
        with pytest.raises(LimitError, match="/etc/huge was not read"):
            disk.text("/etc/huge")
    assert "packer" not in disk.users()
    if name == "named pipe":
        with pytest.raises(Failure, match="no regular file"):
            disk.text("/etc/issue")


def test_what_is_typed_while_the_account_opens_waits_for_the_verb(sandbox: Sandbox) -> None:
    """It is no end of who follows."""
    with closing(Script(("", "typed"), ("", None), piped=True)) as script:
        box = Box(sandbox.channel(), LIMITS)
        ended = box.follow(["/bin/cat"], {}, script, env=ENVIRONMENT, account=Joining(STATE))
    assert (ended.exit, script.output) == (0, "typed")


@pytest.mark.usefixtures("instance_base")
def test_a_closed_sandbox_leaves_nothing(request: pytest.FixtureRequest) -> None:
    """All of an account ends with the supervisor, in the middle of a build too."""
    before = set(descendants(os.getpid()))
    own = Sandbox(BACKENDS["bubblewrap"]([]), LIMITS, frozenset({"packer", "account"}))
    channel = own.channel()
    box = Box(channel, LIMITS)
    request.addfinalizer(own.close)
    report = Packer(box, template("sleep 51"), packer_version(own), [], STATE)
    pid = os.fork()
    if pid == 0:
        report.build({}, [])
        os._exit(0)
    until(lambda: sleepers(os.getpid(), "51"), "the instance is provisioned")
    started = set(descendants(os.getpid())) - before
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    own.close()
    until_gone(sorted(started))
