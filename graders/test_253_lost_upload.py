"""Green build, lost upload: what lies on the host after a build, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from packerlab.grader import HOST_KEY, check, expect, fail, matches, paths, visible

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Disk, Entry, Files, Hidden, Run

HOST = {"host": "198.51.100.24", "user": "deploy", "private_key_file": HOST_KEY}
"""The variables that lead to the lab's machine."""

SITE = (
    "files/www/index.html",
    "files/www/img/logo.svg",
    "files/www/.well-known/security.txt",
    "files/conf.d/10-workers.conf",
    "files/conf.d/20-log.conf",
)
"""What the authors of the site have in `files` today."""

RELEASE = "/etc/labsite/release"

LEFT_IN = ("/tmp/*", "/var/tmp/*", "/dev/shm/*", "/home/*/*", "/root/*")  # noqa: S108
NOT_LEFT = (
    *(f"/home/*/{name}" for name in (".bash_logout", ".bashrc", ".profile")),
    "*/.ssh",
    "*/.ssh/authorized_keys",
)
"""Where uploads and scripts lie about, and what every login user has there."""


class Tree(NamedTuple):
    """A folder of the workspace, and the one on the host in which its files belong.

    `top` is the folder on the host in which nothing else may be, but for the release.
    """

    folder: str
    place: str
    top: str


PAGES = Tree("files/www", "/srv/labsite", "/srv/labsite")
SETTINGS = Tree("files/conf.d", "/etc/labsite/conf.d", "/etc/labsite")


@check(points=2, docs="#folders")
def test_pages(build: Build, hidden: Hidden, submission: Files) -> None:
    """Each file of files/www is in /srv/labsite, in the same folder, and no other file is there.

    - Which files are in /srv/labsite after your build, and in which folders? Look on the host.
    - Two things decide where a folder goes: whether the destination exists already, and a slash at
      the end of the source. And which names does a `*` in a script leave out?
    - Make a folder in /tmp, upload `files/www/` with a slash at the end to it, and copy it with
      `cp -r FOLDER/. /srv/labsite`, which takes the files that begin with a dot too.
    """
    expect_tree(installed(build, hidden, submission), PAGES, site(hidden, submission, "first"))


@check(points=2, docs="#one-name")
def test_settings(build: Build, hidden: Hidden, submission: Files) -> None:
    """Each file of files/conf.d is in /etc/labsite/conf.d, and no other file is there.

    - What is `/tmp/conf.d` after the upload? Take a look at it before the script runs.
    - `file` does not make the destination's folder. If it isn't there, each upload becomes a file
      of that name, and the last one wins.
    - Make `/tmp/conf.d` before the upload, with `mkdir` in a `shell` provisioner.
    """
    expect_tree(installed(build, hidden, submission), SETTINGS, site(hidden, submission, "first"))


@check(points=2, docs="#release")
def test_release(build: Build, hidden: Hidden, submission: Files) -> None:
    """/etc/labsite/release has one line, which is the value of the variable `release`.

    - What does the script find in `$RELEASE`? Let it print the value.
    - A provisioner's variables reach the script through `{{ .Vars }}`, and sudo drops what it is
      not told to keep.
    - `execute_command = "chmod +x {{ .Path }}; sudo env {{ .Vars }} {{ .Path }}"`
    """
    expect_release(installed(build, hidden, submission), release(hidden, "first"))


@check(points=1, needs=("test_pages", "test_settings", "test_release"), docs="#owner")
def test_owner(build: Build, hidden: Hidden, submission: Files) -> None:
    """All of it belongs to root; folders have mode 0755, and files 0644.

    - Whose files are the pages once they are in their place? `ls -lR` on the host says it.
    - `cp -a`, `cp -p` and `mv` keep the owner that the upload had, and that is the login user.
    - Copy with `cp -r` as root, which makes files of root's own. Open no folder to everybody.
    """
    disk = installed(build, hidden, submission)
    wrong = []
    for path, entry in sorted(delivered(disk).items()):
        found = f"{disk.owner(entry)} {entry.mode:04o}"
        if found != ("root:root 0755" if entry.kind == "folder" else "root:root 0644"):
            wrong.append(f"{path} {found}")
    if wrong:
        fail(
            "On the host, somebody other than root owns a file, or a mode is another one.",
            expected="root:root 0755 for folders, root:root 0644 for files",
            found=wrong,
        )


@check(points=1, needs=("test_pages", "test_settings"), docs="#left")
def test_nothing_left(build: Build, hidden: Hidden, submission: Files) -> None:
    """The build leaves nothing in /tmp, /var/tmp or a home folder.

    - What does `ls -A /tmp` say on the host after your build?
    - Whatever you upload stays there until somebody deletes it. Is each upload deleted at the end?
    - Delete each folder of yours in /tmp as the last command of the script, with `rm -r`.
    """
    disk = installed(build, hidden, submission)
    left = [
        path for path in disk.changed() if matches(path, LEFT_IN) and not matches(path, NOT_LEFT)
    ]
    if left:
        fail("The build leaves files of its own on the host.", expected="none", found=paths(left))


@check(points=1, needs=("test_pages", "test_settings", "test_release"), docs="#again")
def test_next(build: Build, hidden: Hidden, submission: Files) -> None:
    """The next release, with changed and with new files, arrives on the same host as well.

    - Add a page and a setting to `files`, and build once more on the same host. Do both arrive?
    - A list of names in the template or in a script knows only today's files. And a folder that is
      there already is copied into, instead of being made.
    - Upload whole folders, `files/www/` and `files/conf.d/`, to folders that the build has made.
      Delete these at the end, so that the next build begins as this one did.
    """
    before = build_of(build, hidden, submission, "first")
    new = {**site(hidden, submission, "second"), **additions(hidden)}
    answer = build(inputs(hidden, "second"), files=new, after=before)
    answer.expect_success()
    disk = answer.account.disk("web", "the host")
    for tree in (PAGES, SETTINGS):
        expect_tree(disk, tree, new, "After the next release, ")
    expect_release(disk, release(hidden, "second"), "After the next release, ")


@check(points=1, needs=("test_pages", "test_settings"), docs="#loud")
def test_loud(build: Build, run: Run, hidden: Hidden, submission: Files) -> None:
    """If something on the host is in the way of the files, the build fails.

    - On a host on which `/srv/labsite/img` is a file, `cp` can't make the folder. What is the exit
      code of your script then?
    - The exit code of a script is that of its last command, unless it stops at the first failure.
    - Write `set -eu` into the second line of the script. A pipe, and `find` with `-exec`, hide
      failures all the same.
    """
    for tree, path in ((PAGES, "/srv/labsite/img"), (SETTINGS, "/etc/labsite/conf.d")):
        blocked = run(["packer", "build", "-color=false", "in_the_way"], files=in_the_way(path))
        files = site(hidden, submission, "first")
        answer = build(inputs(hidden, "first"), files=files, after=blocked)
        if answer.exit == 0 and missing(answer.account.disk("web", "the host"), tree, files):
            fail(
                f"On a host where {path} is a file, the build succeeds without the files of "
                f"{tree.folder}.",
                expected="a build that fails",
                found="a build that succeeds",
            )


# --- what the checks stand on ---------------------------------------------------------------------


def inputs(hidden: Hidden, edition: str) -> dict[str, str]:
    """The variables of the task sheet."""
    return {**HOST, "release": release(hidden, edition)}


def release(hidden: Hidden, edition: str) -> str:
    """A release that no template can hold already."""
    return hidden.version(f"{edition} release")


def site(hidden: Hidden, submission: Files, edition: str) -> dict[str, bytes]:
    """The files of the site, with a text that no template can hold already."""
    folders = (f"{PAGES.folder}/", f"{SETTINGS.folder}/")
    names = {*SITE, *(name for name in submission if name.startswith(folders))}
    return {name: f"{name}: {hidden(f'{edition} {name}')}\n".encode() for name in sorted(names)}


def additions(hidden: Hidden) -> dict[str, bytes]:
    """What the next release of the site has in addition: also a picture, which is no text."""
    name = hidden("added")
    picture = b"\x89PNG\r\n\x1a\n\0" + bytes.fromhex(hidden("picture"))
    return {
        f"files/www/news/2026/{name}.html": f"<p>{hidden('news')}</p>\n".encode(),
        f"files/www/img/{name}.png": picture,
        f"files/www/.well-known/{name}": f"{hidden('well known')}\n".encode(),
        f"files/conf.d/30-{name}.conf": f"name = {hidden('setting')}\n".encode(),
    }


def in_the_way(path: str) -> dict[str, bytes]:
    """A template that puts a file where a folder of the site belongs."""
    login = {"ssh_host": HOST["host"], "ssh_username": HOST["user"],
             "ssh_private_key_file": HOST_KEY, "ssh_timeout": "20s"}  # fmt: skip
    commands = [f"sudo mkdir -p $(dirname {path})", f"echo 'in the way' | sudo tee {path}"]
    template = {
        "source": {"null": {"host": login}},
        "build": {
            "sources": ["source.null.host"],
            "provisioner": [{"shell": {"inline": commands}}],
        },
    }
    return {"in_the_way/main.pkr.json": json.dumps(template).encode()}


def build_of(build: Build, hidden: Hidden, submission: Files, edition: str) -> Answer:
    """A build of an edition of the site, on a fresh host."""
    answer = build(inputs(hidden, edition), files=site(hidden, submission, edition))
    answer.expect_success()
    return answer


def installed(build: Build, hidden: Hidden, submission: Files) -> Disk:
    """The host's disk after the first build."""
    return build_of(build, hidden, submission, "first").account.disk("web", "the host")


def under(disk: Disk, top: str) -> dict[str, Entry]:
    """A folder and all that is below it, by path, also where a link leads to it."""
    folder = disk.resolve(top)
    if folder is None:
        return {}
    found = {top: folder}
    for path in disk.changed(f"{folder.path}/*"):
        entry = disk.resolve(path)
        if entry is not None:
            found[top + path.removeprefix(folder.path)] = entry
    return found


def delivered(disk: Disk) -> dict[str, Entry]:
    """All that the build put into its place, and the two folders above."""
    above = {path: entry for path in ("/srv", "/etc") if (entry := disk.resolve(path))}
    return above | under(disk, PAGES.top) | under(disk, SETTINGS.top)


def wanted(tree: Tree, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files that belong in a tree, by their path on the host."""
    return {
        f"{tree.place}{name.removeprefix(tree.folder)}": data
        for name, data in files.items()
        if name.startswith(f"{tree.folder}/")
    }


def files_in(disk: Disk, tree: Tree) -> dict[str, Entry]:
    """The files that are in a tree, and whatever else is no folder, by path."""
    return {
        path: entry
        for path, entry in under(disk, tree.top).items()
        if entry.kind != "folder" and path != RELEASE
    }


def missing(disk: Disk, tree: Tree, files: dict[str, bytes]) -> list[str]:
    """The files of a tree that are not in their place with their content."""
    found = files_in(disk, tree)
    return [
        path
        for path, data in wanted(tree, files).items()
        if path not in found or found[path].kind != "file" or found[path].content != data
    ]


def expect_tree(disk: Disk, tree: Tree, files: dict[str, bytes], when: str = "") -> None:
    """Fail the check where a tree has not exactly its files, each with its content."""
    expected, found = sorted(wanted(tree, files)), sorted(files_in(disk, tree))
    message = f"{when}{tree.top} does not have exactly the files of {tree.folder}."
    expect(list(map(visible, found)), expected, message, no="no file")
    if changed := missing(disk, tree, files):
        fail(
            f"{when}{changed[0]} does not have the content of the file in {tree.folder}.",
            expected="the same bytes",
            found="other bytes",
        )


def expect_release(disk: Disk, expected: str, when: str = "") -> None:
    """Fail the check where the release on the host is another one."""
    found = disk.text(RELEASE).strip().splitlines()
    expect(found, [expected], f"{when}{RELEASE} has another text.", no="an empty line")
