"""From 1.6.6 to today: a template that says which Packer and which plugins it needs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from packerlab.grader import (
    CANONICAL,
    UBUNTU,
    Tag,
    check,
    expect,
    expect_exit,
    expect_looked_up,
    expect_nothing_left,
    expect_package,
    expect_settings,
    expect_source,
    expect_tags,
    fail,
    place_of,
    reachable,
    sources_in_use,
    steady,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Files, Hidden, Run, Template, Validate, Where

PLUGINS = ("github.com/hashicorp/amazon", "github.com/hashicorp/docker")
CI = ["-only=*amazon-ebs.*"]
"""What CI builds: the container is for laptops, and no engine is here."""

CONF = "/etc/image.conf"
LOG = "out/install.log"
INSTALL = "scripts/install.sh"
FAILING = """#!/bin/sh
# The package team's next version.
set -eu
: "${REPO_AUTH:?is empty}"
LOG=/var/log/install.log
echo "MARK on $(hostname)" >>"$LOG"
set -x
printf 'machine archive.example.com password %s\\n' "$REPO_AUTH" >/etc/apt/auth.conf.d/web.conf
apt-get update >>"$LOG" 2>&1
apt-get install -y labweb=9.9-MARK >>"$LOG" 2>&1
"""
"""Fails on the machine. Only its log there has the last words."""


@check(points=1, docs="#bounds")
def test_works(validate: Validate, run: Run, hidden: Hidden) -> None:
    """With the plugins that are installed here, `packer validate .` and `packer init .` succeed.

    - Which versions are installed? `packer plugins installed` lists them.
    - Where no installed version fits, `validate` says `Missing plugins`, and `init` downloads one.
    - Let the bounds begin at or below the installed versions, and end above them.
    """
    validate(inputs(hidden)).expect_success()
    expect_exit(run(["packer", "init", "."]), "`packer init .`")


@check(points=2, needs="test_works", docs="#plugins")
def test_named(template: Template, validate: Validate, hidden: Hidden) -> None:
    """On a machine without plugins, `packer validate .` names those to install, and no other.

    - `PACKER_PLUGIN_PATH=/tmp/none packer validate .` is a machine without plugins. Which line does
      it have for each plugin that your template asks for?
    - A block `packer` with a block `required_plugins` lists them. Which of your sources does Packer
      not have itself, and in which plugin is each?
    - In `required_plugins`, `amazon = { source = "github.com/hashicorp/amazon", version = "..." }`,
      and the same for `docker`.
    """
    for kind in ("amazon-ebs", "docker"):
        if not sources_in_use(template, kind):
            fail(f"No build has a source `{kind}` any more.", expected="the AMI and the container")
    nowhere = f"/workspace/none-{hidden('clean machine')}"
    answer = validate(inputs(hidden), env={"PACKER_PLUGIN_PATH": nowhere})
    named = re.findall(r"^\* (\S{1,200}) ", answer.text, re.MULTILINE)
    told = "On a machine without plugins, `packer validate .` does not name the plugins to install."
    if not named:
        message, where = answer.error
        fail(told, expected=" and ".join(PLUGINS), found=message, where=where)
    expect(sorted(named), sorted(PLUGINS), told)
    expect(sorted(needs_of(template).plugins), sorted(PLUGINS), told, no="none")


@check(points=2, needs="test_named", docs="#bounds")
def test_bounds(template: Template, run: Run, hidden: Hidden) -> None:
    """Packer is refused before 1.7 and from 2.0 on, each plugin before 1.0 and from 2.0 on.

    - Packer and each plugin have versions of their own. Which of them has no bound yet, above or
      below?
    - `required_version` is about Packer, the `version` of each plugin about that plugin. Read what
      `~>` means if it is followed by one number alone.
    - `~> 1.8` is everything from 1.8 up to, but not including, 2.0. `>= 1.8, < 2.0` says the same.
    """
    needs = needs_of(template)
    if not needs.packer:
        fail("The template does not say which Packer it needs.", expected="`required_version`")
    minor, patch = (hidden.number(part, 0, 999_999) for part in ("minor", "patch"))
    for word, packer, plugin in (
        ("old", f"1.6.{patch}", f"0.{minor}.{patch}"),
        ("new", "2.0.0", "2.0.0"),
        ("new", f"3.{minor}.{patch}", f"3.{minor}.{patch}"),
    ):
        for name, accepted in accepted_by(needs, run, hidden, packer, plugin).items():
            if accepted:
                oldest = "1.7" if name == "packer" else "1.0"
                fail(
                    f"The template accepts {called(name)} that is too {word}.",
                    expected=f"none before {oldest}, and none from 2.0 on",
                    found=f'"{constraint(needs, name)}"',
                )


@check(points=1, needs="test_works", docs="#same")
def test_same(build: Build, hidden: Hidden, submission: Files) -> None:
    """A build makes the same AMI as before: its name, its tags, and what is installed.

    - Build it, and read what Packer does after `Creating AMI`. Which line did 1.6.6 not have?
    - The tags of the machine that is built now reach the AMI and its snapshot too. There is an
      argument that switches this off.
    - `skip_ami_run_tags = true` in the source.
    """
    account = built(build, hidden).account
    image = account.image()
    given = inputs(hidden)
    if not re.fullmatch(rf"web-{re.escape(given['release'])}-20[0-9]{{12}}", image.name):
        fail(
            "The AMI has another name than before.",
            expected="web-, the release, -, and the time in 14 digits",
            found=steady(image.name, submission, given["release"]),
        )
    tags: dict[str, str | Tag] = {
        "Name": f"web {given['release']}",
        "Release": given["release"],
        "BaseAMI": Tag(str(image.about["source_image"]), "the id of the source image"),
    }
    expect_tags(image.tags, tags, "The AMI", submission)
    snapshots = account.all("snapshots")
    for whose, found in ("AMI", image.tags), *(("snapshot", each["tags"]) for each in snapshots):
        if added := sorted(set(found) - set(tags)):
            message = f"The {whose} has tags that it did not have before."
            fail(message, expected=", ".join(tags), found=", ".join(added))
    temporary = {each["tags"].get("Temporary", "") for each in account.instances}
    if temporary != {"yes"}:
        fail(
            "The machine that is built does not have the tag Temporary any more.",
            expected="Temporary: yes",
            found="no such tag",
        )
    expect_package(image.disk, "labweb", "in the AMI")
    expect_settings(image.disk.text(CONF), {"auth": fingerprint(given["repo_token"])}, CONF)


@check(points=1, needs="test_same", docs="#data-source")
def test_source(template: Template, build: Build, hidden: Hidden) -> None:
    """The source image is found by a data source `amazon-ami`, among Canonical's images.

    - Who looks for the image now: the template, or the builder while it builds?
    - A block `data "amazon-ami" "NAME"` has the arguments of `source_ami_filter` and a region. Its
      result has an `id`.
    - Move the filter into `data "amazon-ami" "ubuntu"`, and write
      `source_ami = data.amazon-ami.ubuntu.id`.
    """
    account = built(build, hidden).account
    newest = f"{UBUNTU}20240612 of {CANONICAL}"
    expect_source(account.image(), newest, "The AMI is not built on Canonical's newest image.")
    expect_looked_up(account, CANONICAL)
    for blocks in sources_in_use(template, "amazon-ebs"):
        expressions = [each.attributes["source_ami"] for each in blocks
                       if "source_ami" in each.attributes]  # fmt: skip
        paths = [path for each in reachable(template, expressions) for path in each.references]
        if not any(path[:2] == ("data", "amazon-ami") for path in paths):
            fail(
                "The source image does not come from a data source.",
                expected="`source_ami` with the `id` of a data source `amazon-ami`",
                where=place_of(blocks, "source_ami"),
            )


@check(points=1, needs="test_same", docs="#secret")
def test_secret(build: Build, hidden: Hidden) -> None:
    """The token is in nothing that a build prints, in no form.

    - `install.sh` prints its commands, and they have what your template hands to it. Where in the
      output is that?
    - Packer hides the values that are marked as sensitive, and not what you have made of them.
    - A block `local "repo_auth"` with `expression = base64encode(...)` and `sensitive = true`
      instead of the one in `locals`.
    """
    token = inputs(hidden)["repo_token"]
    for answer, what in (built(build, hidden), "build"), (failed(build, hidden), "failing build"):
        found = answer.places(token, "output")
        if found:
            fail(
                f"What a {what} prints has the token in it.",
                expected="<sensitive> in its place",
                found=", ".join(sorted(set(found))),
            )


@check(points=2, needs="test_works", docs="#log")
def test_log(build: Build, hidden: Hidden) -> None:
    """If install.sh fails, the build fails, and out/install.log is the machine's install.log.

    - The reason is in `/var/log/install.log` on the machine. Until when does that file exist?
    - Packer can run one more step after another one has failed, while the machine is still there.
      A `file` provisioner can also download.
    - In the build of the AMI, `error-cleanup-provisioner "file"` with `direction = "download"`,
      `source = "/var/log/install.log"` and `destination = "out/install.log"`.
    """
    answer = failed(build, hidden)
    if answer.exit == 0:
        fail("A build whose install.sh fails succeeds.", expected="another exit code", found="0")
    if answer.account.images:
        fail("A build whose install.sh fails makes an AMI.", expected="no AMI", found="an AMI")
    expect_nothing_left(answer.account, "A build that fails")
    if LOG not in answer.files:
        told = f"After a build that fails, there is no {LOG}."
        fail(told, expected="the machine's /var/log/install.log")
    lines = answer.files.text(LOG).splitlines()
    names = {f"ip-{each['private_address'].replace('.', '-')}" for each in answer.account.instances}
    begins = any(f"{hidden('mark')} on {name}" in lines for name in names)
    if not begins or not any(f"9.9-{hidden('mark')}" in line for line in lines):
        fail(
            f"After a build that fails, {LOG} is not the log of the machine that failed.",
            expected="all of /var/log/install.log, as it was at the end",
            found="its beginning" if begins else "another text" if lines else "an empty file",
        )


# --- the builds, and what they are given ----------------------------------------------------------


def inputs(hidden: Hidden) -> dict[str, str]:
    return {"release": hidden.version("release"), "repo_token": hidden.secret("token")}


def built(build: Build, hidden: Hidden) -> Answer:
    """One build of the AMI."""
    answer = build(inputs(hidden), CI)
    answer.expect_success()
    return answer


def failed(build: Build, hidden: Hidden) -> Answer:
    """A build whose install.sh fails."""
    script = FAILING.replace("MARK", hidden("mark"))
    return build(inputs(hidden), CI, files={INSTALL: script.encode()})


def fingerprint(token: str) -> str:
    """What install.sh writes of a token."""
    auth = base64.b64encode(f"image:{token}".encode())
    return hashlib.sha256(auth).hexdigest()[:16]


# --- versions, by Packer's own rules --------------------------------------------------------------


class Needs(NamedTuple):
    """Which versions a template takes: of Packer, and of plugins by their source."""

    packer: list[str]
    plugins: dict[str, list[str]]


def needs_of(template: Template) -> Needs:
    """What the template asks for, in all of its files."""
    needs = Needs([], defaultdict(list))
    for block in template.all("packer"):
        if "required_version" in block.attributes:
            wanted = template.attribute(block, "required_version")
            needs.packer.append(as_text(wanted, block.place("required_version")))
        for inner in block.all("required_plugins"):
            for plugin in inner.attributes:
                where = inner.place(plugin)
                wanted = template.attribute(inner, plugin)
                source, version = (
                    as_text(wanted.get(key) if isinstance(wanted, dict) else None, where)
                    for key in ("source", "version")
                )
                needs.plugins[source].append(version)
    return needs


def as_text(value: object, where: Where) -> str:
    """What is not written out, only Packer can tell."""
    if not isinstance(value, str):
        fail("This is not written out as a text.", expected='such as "~> 1.8"', where=where)
    return value


def constraint(needs: Needs, name: str) -> str:
    return ", ".join(needs.packer if name == "packer" else needs.plugins[name])


def called(name: str) -> str:
    return "a Packer" if name == "packer" else f"a version of the {name.rpartition('/')[2]} plugin"


def accepted_by(
    needs: Needs, run: Run, hidden: Hidden, packer: str, plugin: str
) -> dict[str, bool]:
    """Whether a template with these needs takes such a Packer and such plugins.

    Packer's rules for versions are those of its library, so Packer is asked: which plugins does a
    template of ours lack on a machine that has just these? There, Packer is one more plugin.
    """
    versions = {"packer": packer, **dict.fromkeys(PLUGINS, plugin)}
    wanted = {CONTROL: ">= 0"} | {name: constraint(needs, name) for name in versions}
    asked = {
        f"plugin{number}": {"source": source_of(name), "version": version}
        for number, (name, version) in enumerate(wanted.items())
    }
    words = [f"{source_of(name)} {versions.get(name, '1.0.0')}" for name in wanted]
    folder = f"asked-{hidden('folder')}"
    needs_file = json.dumps({"packer": {"required_plugins": asked}})
    answer = run(
        ["/bin/sh", f"{folder}/on_a_machine.sh", *words],
        files={
            f"{folder}/needs.pkr.json": needs_file.encode(),
            f"{folder}/on_a_machine.sh": ON_A_MACHINE.encode(),
        },
    )
    there = {
        name: bool(re.search(rf'^\S+ {source_of(name)} ".*" /', answer.output, re.MULTILINE))
        for name in wanted
    }
    if not there.pop(CONTROL):
        raise RuntimeError(f"Packer does not take these files for plugins: {answer.output[-500:]}")
    return there


def source_of(name: str) -> str:
    """Where a plugin comes from; what is none has a place beside them."""
    return name if name in PLUGINS else f"github.com/packerlab/{name}"


CONTROL = "control"
"""A plugin that every machine has."""

ON_A_MACHINE = """#!/bin/sh
# Each argument is the source and the version of a plugin. Packer keeps one as a program that
# describes itself, with its checksum.
set -eu
export PACKER_PLUGIN_PATH=/tmp/plugins
for plugin; do
  source=${plugin% *} version=${plugin#* }
  mkdir -p "$PACKER_PLUGIN_PATH/$source"
  for processor in amd64 arm64; do
    file=$PACKER_PLUGIN_PATH/$source/packer-plugin-${source##*/}_v${version}_x5.0_linux_$processor
    cat >"$file" <<EOT
#!/bin/sh
echo '{"version": "$version", "api_version": "x5.0", "protocol_version": "v2"}'
EOT
    chmod +x "$file"
    sha256sum "$file" | cut -c 1-64 | tr -d '\\n' >"${file}_SHA256SUM"
  done
done
packer plugins required "$(dirname "$0")"
"""
