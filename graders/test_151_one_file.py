"""It works on my machine: which files Packer loads, on a laptop and in a script for CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packerlab.grader import check, elsewhere, expect_exit, fail

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Files, Hidden, Run, Template


SCRIPT = "ci.sh"
MADE = "out/release.txt"
KINDS = ("variable", "source", "build")
PRODUCTION = {"region": "eu-central-1", "channel": "prod-stable"}

EDITED = 'release=$1 edit=$2; shift 2; sed -i -e "$edit" -- "$@" && exec /bin/sh ci.sh "$release"'
ADDED = 'printf "%s" "$2" >"$3" && exec /bin/sh ci.sh "$1"'
"""How CI calls the script; each word after the program is one of its arguments."""


@check(points=1, docs="#files-of-a-folder")
def test_apart(template: Template) -> None:
    """Variables, sources and the build are in different template files.

    - How many files make up your template, and which kinds of blocks are in each?
    - Packer puts the files of a folder together, so no block must move to be found.
    - Keep `variable` blocks in one file, `source` blocks in another, `build` in a third.
    """
    kinds: dict[str, str] = {}
    for block in template.blocks:
        if block.type not in KINDS:
            continue
        first = kinds.setdefault(block.where.file, block.type)
        if block.type != first:
            fail(
                f"{block.where.file} contains blocks of two kinds.",
                expected="`variable`, `source` and `build` in different files",
                found=f"`{first}` and `{block.type}` in one file",
                where=block.where,
            )


@check(points=1, docs="#declared-and-assigned")
def test_no_defaults(template: Template) -> None:
    """The variables `release`, `region` and `channel` are declared, and have no default.

    - What should happen when somebody forgets to give a value?
    - With `Unset variable`, Packer asks for a value. A default gives the same answer for everyone.
    - Take `default` out of the `variable` blocks; the value belongs in the values file.
    """
    for name in ("release", *PRODUCTION):
        block = template.variables.get(name)
        if block is None:
            fail(f"No `variable` block declares `{name}`.", expected=f'variable "{name}"')
        if "default" in block.attributes:
            fail(
                f"The variable `{name}` has a default: a missing value goes unnoticed.",
                expected="no default",
                found="a default",
                where=block.place("default"),
            )


@check(points=2, docs="#values-by-themselves")
def test_laptop(build: Build, hidden: Hidden) -> None:
    """`packer build -var release=1.4.2 .` writes the three lines to out/release.txt.

    - Build with an environment that has no `PKR_VAR_` in it. What does Packer miss?
    - `packer inspect .` shows each variable's value. Is the values file loaded at all?
    - Packer loads values by itself from files beside the template whose names end in
      `.auto.pkrvars.hcl`: the name needs something before `.auto`, dot included.
    """
    answer = build({"release": release(hidden)})
    told = "`packer build -var release=... .`"
    expect_made(answer, {"release": release(hidden), **PRODUCTION}, told)


@check(points=2, docs="#files-of-a-folder")
def test_script(run: Run, submission: Files, hidden: Hidden) -> None:
    """`sh ci.sh 1.4.2` makes the same file.

    - Run `sh ci.sh 1.4.2` and read only the first error. Which argument is it about?
    - `-var-file` takes values, not declarations; and a file's name loads that file alone.
    - Without `-var-file`, name the folder to build in place of main.pkr.hcl.
    """
    if SCRIPT not in submission:
        fail(f"There is no {SCRIPT} at the top of your folder.", expected=SCRIPT)
    answer = run(["/bin/sh", SCRIPT, release(hidden)])
    expect_made(answer, {"release": release(hidden), **PRODUCTION}, SCRIPT)


@check(points=1, needs="test_script", docs="#who-wins")
def test_values(run: Run, submission: Files, hidden: Hidden) -> None:
    """When a value in the values file is changed, ci.sh builds with the new one.

    - Write another region into the values file, run ci.sh, and look at out/release.txt.
    - A value on the command line beats every file, and a file beats the environment.
    - ci.sh hands Packer the release and nothing else; the rest comes from the values file.
    """
    files = values_files(submission)
    for name, value in PRODUCTION.items():
        if not any(value.encode() in submission[file].data for file in files):
            fail(
                f"No values file gives `{name}` its value.",
                expected=f"`{name}` in a file whose name ends in .pkrvars.hcl or .pkrvars.json",
                found=", ".join(files) or "no such file",
            )
    changed = {name: f"{name}.{hidden.mixed(name)}" for name in PRODUCTION}
    edit = ";".join(f"s/{value}/{changed[name]}/g" for name, value in PRODUCTION.items())
    answer = run(["/bin/sh", "-c", EDITED, "sh", release(hidden), edit, *files])
    told = f"After a change in the values file, {SCRIPT}"
    expect_made(answer, {"release": release(hidden), **changed}, told)


@check(points=1, needs="test_script", docs="#files-of-a-folder")
def test_added_file(run: Run, hidden: Hidden) -> None:
    """When a template file is added to the folder, ci.sh builds it, and fails if Packer does.

    - A teammate adds one more template file. Who has to tell ci.sh about it?
    - If ci.sh names files, or picks builds by name, what is new stays out.
    - Hand Packer the folder and nothing more: no file names, no `-only`, no copies of files.
    """
    name = f"added-{hidden('added')}"
    arguments = [release(hidden), another_template(name), f"{name}.pkr.json"]
    answer = run(["/bin/sh", "-c", ADDED, "sh", *arguments])
    told = f"With one more template file in the folder, {SCRIPT}"
    expect_made(answer, {"release": release(hidden), **PRODUCTION}, told)
    made = f"out/{name}.txt"
    wanted = f"{PRODUCTION['channel'].upper()} {release(hidden)}"
    if made not in answer.files or answer.files.text(made).strip() != wanted:
        fail(
            f"{SCRIPT} does not build a template file that was added to the folder.",
            expected=f"{made} beside {MADE}",
            found=", ".join(answer.files.names()),
        )
    broken = run(["/bin/sh", "-c", ADDED, "sh", release(hidden), "{", "broken.pkr.json"])
    if broken.exit == 0:
        fail(
            f"{SCRIPT} ends with exit code 0 although Packer fails.",
            expected="another exit code, as a template file is broken",
            found="exit code 0",
        )


@check(points=2, needs="test_script", docs="#where-a-path-begins")
def test_elsewhere(run: Run, hidden: Hidden) -> None:
    """When it is started from another folder, ci.sh makes the same file, in the `out` next to it.

    - Call ci.sh by its full path from /tmp. Which folder is `.` then, and which is `out`?
    - In a script, `$0` is the path by which it was called; `dirname` removes the last part of it.
    - Let ci.sh change to its own folder first: `cd` to the `dirname` of `"$0"`. Or let it build
      that folder from where it is, with a `target` that begins with `${path.root}`.
    """
    for told, argv in elsewhere(SCRIPT, release(hidden)).items():
        expect_made(
            run(argv), {"release": release(hidden), **PRODUCTION}, f"Started {told}, {SCRIPT}"
        )


# --- what the checks stand on ---------------------------------------------------------------------


def release(hidden: Hidden) -> str:
    """A release that no file can know beforehand."""
    return hidden.version("release")


def values_files(submission: Files) -> list[str]:
    """The files in which a learner may keep values, wherever they lie."""
    suffixes = (".pkrvars.hcl", ".pkrvars.json")
    return [name for name in submission if name.endswith(suffixes) and not name.startswith("out/")]


def another_template(name: str) -> str:
    """A template file in JSON: what it writes, only a build of all files together can know."""
    source = {
        "content": "${upper(var.channel)} ${var.release}\n",
        "target": f"${{path.root}}/out/{name}.txt",
    }
    return json.dumps(
        {"source": {"file": {name: source}}, "build": {"sources": [f"source.file.{name}"]}}
    )


def expect_made(answer: Answer, values: dict[str, str], told: str) -> None:
    """Fail where a run did not end well, or out/release.txt does not hold these values."""
    expect_exit(answer, told)
    if MADE not in answer.files and MADE not in answer.files.irregular:
        made = ", ".join(answer.files.names()) or "no files"
        fail(f"{told} leaves no {MADE} in your folder.", expected=MADE, found=made)
    lines = [line.rstrip() for line in answer.files.text(MADE).splitlines()]
    wanted = [f"{name}={value}" for name, value in values.items()]
    if lines != wanted:
        fail(
            f"{told} writes other lines to {MADE}.",
            expected="\n".join(wanted),
            found="\n".join(lines) or "no lines",
        )
