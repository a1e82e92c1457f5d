"""A role baked into an image: what the role's tasks, and no copy of them, leave on the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.grader import (
    CONFIGURATION,
    check,
    expect,
    expect_at_boot,
    expect_nothing_left,
    expect_package,
    expect_settings,
    fail,
    matches,
    paths,
    steady,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Disk, Files, Hidden

CANONICAL, DEBIAN = "099720109477", "136693071363"
UBUNTU = {
    "source_name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
    "source_owner": CANONICAL,
    "ssh_user": "ubuntu",
}
OTHER = {"source_name": "debian-12-amd64-*", "source_owner": DEBIAN, "ssh_user": "admin"}

VERSION = "1.1"
RELEASE = "/etc/labweb/release"
CHANGES = "/var/lib/labweb/changes"
CONFIGURED = "configured\n"
FIRST = f"installed {VERSION}\n{CONFIGURED}enabled\nreleased\n"
"""What the role's handlers record on a machine that has nothing of it yet."""

MOTD, LINE = "/etc/motd", "This machine serves labweb."

LEFT = (
    "/tmp/*", "/var/tmp/*", "/home/*/*", "/root/*",  # noqa: S108  (of the image)
    "*ansible*",
)  # fmt: skip
"""Where Ansible and the build put what is theirs."""

BELONGS = (
    *(f"/home/*/{name}" for name in (".bash_logout", ".bashrc", ".profile")),
    "/home/*/.sudo_as_admin_successful",  # sudo's own, at the first call of some users
    "*/.ssh",
    "*/.ssh/authorized_keys",
)
"""What every user has. The keys in it are another matter."""

KEY = re.compile(
    rb"PRIVATE KEY-----|(?:ssh-rsa|ssh-dss|ssh-ed25519|ecdsa-sha2-nistp[0-9]{3}) {1,9}AAAA"
)
LARGEST_KEY = 100_000
HOST_KEYS = ("/etc/ssh/ssh_host_*",)
"""A machine from the image gets new ones; lab 302 is about those."""


@check(points=3, docs="#role")
def test_role(build: Build, hidden: Hidden) -> None:
    """The role's own tasks install labweb, configure it and enable it.

    - Look for `PLAY RECAP` in the log. Which host does it name, and how many tasks were `ok`?
    - Ansible runs on your side and logs in to the machine. So it needs a way in, and a host in its
      inventory that the play's `hosts` matches. A value with blanks needs another form than
      `name=value`.
    - An `ansible` provisioner with `playbook_file`, `use_proxy = false` and
      `groups = ["webservers"]`. In `extra_arguments`: `"--extra-vars"`, and a second item with
      `jsonencode({ labweb_greeting = var.greeting })`.
    """
    answer = built(build, hidden)
    disk = answer.account.image().disk
    expect_role(disk, hidden, greeting(hidden))
    expect(disk.text(CHANGES), FIRST, f"{CHANGES} is not what the role's handlers write.")
    expect_line(disk)


@check(points=2, needs="test_role", docs="#again")
def test_again(build: Build, hidden: Hidden) -> None:
    """A second play on the same machine changes nothing but a value that is new.

    - Build once more, from the AMI that you have just built. What is there twice, or done twice?
    - A task says how something should be, and does nothing where it is so already. A command that
      appends to a file appends each time.
    - `ansible.builtin.lineinfile` adds a line only where it is missing. And let the role run each
      time, without a condition of your own.
    """
    first = built(build, hidden)
    image = first.account.image()
    first.account.let_the_second_pass()
    text = f"Hi {hidden('new greeting')}, again"
    source = {"source_name": image.name, "source_owner": "self", "ssh_user": "ubuntu"}
    second = build({**source, "greeting": text}, files=role(hidden), after=first)
    second.expect_success()
    new = [each for each in second.account.images if each.id != image.id]
    if len(new) != 1:
        fail("A build from your own AMI should make one more.", expected="1", found=str(len(new)))
    disk = new[0].disk
    expect_role(disk, hidden, text)
    told = "A build from your own AMI should change the configuration and nothing else."
    expect(disk.text(CHANGES), FIRST + CONFIGURED, told)
    expect_line(disk)


@check(points=2, needs="test_role", docs="#values")
def test_another_host(build: Build, hidden: Hidden) -> None:
    """Another source image, user and greeting need no change, even with an apostrophe.

    - Which of the task sheet's values are hard-coded in your files?
    - In `--extra-vars`, `name=value` ends at the first blank, and an apostrophe opens quotes. And
      no address of a machine can be known before it is launched.
    - Pass the greeting by `jsonencode({...})`, and use `var.ssh_user` wherever you name the user.
    """
    answer = other_host(build, hidden)
    answer.expect_success()
    disk = answer.account.image().disk
    expect_role(disk, hidden, other_greeting(hidden))
    expect_line(disk)


@check(points=2, needs="test_role", docs="#left")
def test_nothing_left(build: Build, hidden: Hidden, submission: Files) -> None:
    """No Ansible, no key and no temporary folder is left in the image.

    - Which folder in the home of the login user did the build leave, and is there one whose name
      begins with `~`?
    - Ansible deletes its files on the machine, and keeps the folder that they were in. With the
      proxy, it is logged in as *your* user, and makes that user's home if there is none.
    - Last, a `shell` provisioner with `rm -rf ~/.ansible`. Set `user = var.ssh_user` if you use the
      proxy, and `clean_staging_directory = true` if you use `ansible-local`.
    """
    for answer in (built(build, hidden), other_host(build, hidden)):
        if answer.exit:
            continue  # which the check before this one says
        image = answer.account.image()
        changed = image.disk.changed()
        left = [path for path in changed if matches(path.lower(), LEFT)]
        if left := [path for path in left if not matches(path, BELONGS)]:
            fail("The build leaves files or folders in the image.",
                 expected="none", found=paths(left))  # fmt: skip
        copies = {steady(place, submission) for place in image.places(hidden.secret("mark"))}
        if copies:
            fail("A copy of the role is left in the image.", expected="none", found=sorted(copies))
        if keys := [path for path in changed if has_key(image.disk, path)]:
            fail("A key of the build is left in the image.", expected="none", found=paths(keys))


@check(points=1, needs="test_role", docs="#fail")
def test_fails_loudly(build: Build, hidden: Hidden) -> None:
    """A failing task fails the build, and no AMI is made.

    - Put a task that fails at the end of the role, and build. Which exit code does Packer see?
    - `ansible-playbook` ends with 2 if a task has failed. What in your files may turn that into 0?
    - No `ignore_errors`, no `rescue`, no `failed_when: false`, and no script that ends with
      `|| true` around `ansible-playbook`.
    """
    answer = build(values(hidden), files=role(hidden, FAILING))
    told = "With a task in the role that fails,"
    if answer.account.images:
        fail(f"{told} the build makes an AMI.", expected="no AMI", found="an AMI")
    if answer.exit == 0:
        fail(f"{told} the build succeeds.", expected="a build that fails", found="exit code 0")
    expect_nothing_left(answer.account, f"{told} the build")


# --- operations' next release of the role ---------------------------------------------------------

TASKS = """\
# Release MARK of the role.
- name: Make the folder for the record of changes
  ansible.builtin.file:
    path: /var/lib/labweb
    state: directory
    mode: "0755"

- name: Install labweb
  ansible.builtin.apt:
    name: labweb={{ labweb_version }}
    update_cache: true
  notify: Record that labweb was installed

- name: Configure labweb
  ansible.builtin.template:
    src: app.conf.j2
    dest: /etc/labweb/app.conf
    owner: root
    group: labweb
    mode: "0640"
  notify: Record that labweb was configured

- name: Let labweb start at boot
  ansible.builtin.systemd:
    name: labweb
    enabled: true
  notify: Record that labweb was enabled

- name: Name the release
  ansible.builtin.copy:
    content: "{{ labweb_release }}"
    dest: /etc/labweb/release
    mode: "0644"
  notify: Record the release
"""
FAILING = """
- name: Try labweb
  ansible.builtin.command: /usr/sbin/labweb /nonexistent
  changed_when: false
"""
HANDLERS = """\
- name: Record that labweb was installed
  ansible.builtin.shell: echo "installed {{ labweb_version }}" >>/var/lib/labweb/changes

- name: Record that labweb was configured
  ansible.builtin.shell: echo configured >>/var/lib/labweb/changes

- name: Record that labweb was enabled
  ansible.builtin.shell: echo enabled >>/var/lib/labweb/changes

- name: Record the release
  ansible.builtin.shell: echo released >>/var/lib/labweb/changes
"""


def role(hidden: Hidden, more: str = "") -> dict[str, bytes]:
    """The role's files in the release that only the checks have."""
    defaults = (
        f'labweb_version: "{VERSION}"\nlabweb_port: {port(hidden)}\n'
        f"labweb_greeting: Hello from labweb\nlabweb_release: {release(hidden)}\n"
    )
    files = {
        "defaults/main.yml": defaults,
        "handlers/main.yml": HANDLERS,
        "tasks/main.yml": TASKS.replace("MARK", hidden.secret("mark")) + more,
        "templates/app.conf.j2": "greeting = {{ labweb_greeting }}\nport = {{ labweb_port }}\n",
    }
    return {f"roles/labweb/{name}": text.encode() for name, text in files.items()}


def release(hidden: Hidden) -> str:
    return f"r{hidden('release')}"


def port(hidden: Hidden) -> int:
    return hidden.number("port", 8100, 8999)


def greeting(hidden: Hidden) -> str:
    return f"Hello {hidden('greeting')}, and welcome"


def other_greeting(hidden: Hidden) -> str:
    return f"It's {hidden('another greeting')}, don't panic"


# --- what the checks stand on ---------------------------------------------------------------------


def values(hidden: Hidden) -> dict[str, str]:
    return {**UBUNTU, "greeting": greeting(hidden)}


def built(build: Build, hidden: Hidden) -> Answer:
    """A build on a machine that has nothing of labweb yet."""
    answer = build(values(hidden), files=role(hidden))
    answer.expect_success()
    return answer


def other_host(build: Build, hidden: Hidden) -> Answer:
    """A build with nothing of the first: another image, user and greeting."""
    return build({**OTHER, "greeting": other_greeting(hidden)}, files=role(hidden))


def expect_role(disk: Disk, hidden: Hidden, text: str) -> None:
    """Fail the check where a disk is not as the role's tasks make it."""
    expect_package(disk, "labweb", "in the AMI", VERSION)
    entry = disk.file(CONFIGURATION)
    expected = {"port": str(port(hidden)), "greeting": text}
    expect_settings(disk.text(CONFIGURATION), expected, CONFIGURATION, alone=True)
    access = f"{disk.owner(entry)} {entry.mode:04o}"
    expect(access, "root:labweb 0640", f"{CONFIGURATION} has the wrong owner, group or mode.")
    expect_at_boot(disk, "labweb.service", "in the AMI")
    told = f"{RELEASE} is not what the role of the checks writes."
    expect(disk.text(RELEASE), release(hidden), told, no="empty")


def expect_line(disk: Disk) -> None:
    """Fail the check where the line for people is missing, or there twice."""
    found = disk.text(MOTD).splitlines().count(LINE)
    if found != 1:
        told = f"The line of the task sheet is not in {MOTD} exactly once."
        fail(told, expected="1 time", found=f"{found} times")


def has_key(disk: Disk, path: str) -> bool:
    """Whether a file has a key in it that opens a machine from the image, or another one."""
    entry = disk.at(path)
    if entry is None or entry.kind != "file" or matches(path, HOST_KEYS):
        return False
    return entry.size < LARGEST_KEY and bool(KEY.search(entry.content or b""))
