"""Packer and we read the same in templates that are made up: sources, steps and variables."""

from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from packerlab.hcl.parsing import parse_trusted
from packerlab.hcl.template import Expression, Unknown
from packerlab.packer.verbs import WRAPPED
from packerlab.submissions.reader import File
from tests.hcl.generated import Maker

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.hcl.template import Block, Template

COUNT = 500
MODERN = os.environ.get("PACKERLAB_PACKER", "")


class Build(NamedTuple):
    """What stands in a build, each as `type.name`."""

    sources: list[str]
    provisioners: list[str]
    chains: list[list[str]]


class Seen(NamedTuple):
    """What is read of a template; `values` are as Packer prints them."""

    builds: list[Build]
    values: dict[str, str]


def by_packer(program: str, folder: Path) -> Seen:
    environment = {**os.environ, **WRAPPED, "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        [program, "inspect", "."],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    values, complete, builds = done.stdout.partition("\n> builds:\n")
    assert complete
    assert not values.startswith("Error")
    return Seen(
        list(map(printed, builds.split("\n  > ")[1:])),
        dict(re.findall(r"^((?:var|local)\.\S+): (.*)$", values, re.MULTILINE)),
    )


def printed(text: str) -> Build:
    """A build in Packer's list: no name in these templates has a line break."""
    sources, _, rest = text.partition("\n    provisioners:\n")
    provisioners, _, chains = rest.partition("\n    post-processors:\n")
    return Build(
        re.findall(r"^ {6}([^<\s].*)$", sources, re.MULTILINE),
        re.findall(r"^ {6}([^<\s].*)$", provisioners, re.MULTILINE),
        [re.findall(r"^ {8}(\S.*)$", chain, re.MULTILINE)
         for chain in re.split(r"^ {6}\d+:$", chains, flags=re.MULTILINE)[1:]],
    )  # fmt: skip


def by_us(files: dict[str, str], names: list[str], *, renames: bool) -> Seen:
    """The same by our parser; Packer before 1.7 lists a source's own name, not a build's for it.

    Of the values, those of `names`, without what Packer alone can tell.
    """
    template = parse_trusted({name: File(text.encode()) for name, text in files.items()})
    values = {name: template.value(reference(name)) for name in names}
    return Seen(
        [read(template, build, renames=renames) for build in template.builds],
        {name: quoted(shown(value)) for name, value in values.items() if known(value)},
    )


def reference(name: str) -> Expression:
    return Expression("reference", 1, references=[tuple(name.split("."))])


def known(value: Any) -> bool:
    return not isinstance(value, Unknown)


def read(template: Template, build: Block, *, renames: bool) -> Build:
    sources = []
    for name, _, inner in template.source_of(build):
        own = template.attribute(inner, "name") if renames and inner else None
        sources.append(f"{name.partition('.')[0]}.{own}" if own else name)
    steps = []
    for block in build.blocks:
        if block.type == "provisioner":
            steps.append(labelled(template, block.labels[0], block))
        elif block.type == "dynamic":
            (label,) = template.attribute(block, "labels")
            steps.append(labelled(template, label, block.all("content")[0]))
    chains = [[labelled(template, block.labels[0], block) for block in chain]
              for chain in template.chains(build)]  # fmt: skip
    return Build(sources, steps, chains)


def labelled(template: Template, label: str, block: Block) -> str:
    name = template.attribute(block, "name")
    return f"{label}.{name}" if name else label


def shown(value: Any, margin: str = "") -> str:
    """A value as Packer's `inspect` prints it, before it quotes the whole."""
    if isinstance(value, list):
        lines = [f"{margin}  {nested(item, margin)},\n" for item in value]
        return "[" + ("\n" if value else "") + "".join(lines) + f"{margin}]"
    if isinstance(value, dict):
        lines = [f"{margin}  {nested(key)} = {nested(value[key], margin)}\n"
                 for key in sorted(value)]  # fmt: skip
        return "{" + ("\n" if value else "") + "".join(lines) + f"{margin}}}"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def nested(value: Any, margin: str = "") -> str:
    return quoted(value) if isinstance(value, str) else shown(value, f"{margin}  ")


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def disagreement(program: str, folder: Path, seed: int, *, newer: bool) -> str:
    """How what we read of a seed's template differs from what Packer does; empty if it does not."""
    files = Maker(seed, newer=newer).files()
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    theirs = by_packer(program, folder)
    ours = by_us(files, list(theirs.values), renames=newer)
    told = {name: value for name, value in theirs.values.items()
            if name in ours.values or name.startswith("var.")}  # fmt: skip
    theirs = theirs._replace(values=told)
    return "" if ours == theirs else f"seed {seed}\nPacker: {theirs}\nwe:     {ours}"


@pytest.mark.parametrize(
    ("program", "newer"),
    [
        pytest.param("packer", False, id="old"),
        pytest.param(
            MODERN,
            True,
            id="modern",
            marks=[
                pytest.mark.newer_packer,
                pytest.mark.skipif(not MODERN, reason="PACKERLAB_PACKER names no newer Packer"),
            ],
        ),
    ],
)
def test_packer_and_we_read_the_same(program: str, newer: bool, tmp_path: Path) -> None:
    """In a plain process: the templates are ours, and `inspect` runs nothing of them."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(
            lambda seed: disagreement(program, tmp_path / str(seed), seed, newer=newer),
            range(COUNT),
        )
        assert [text for text in found if text] == []


def test_the_corpus_has_what_it_is_for() -> None:
    """Every form of a reference, every kind of step and both languages, many times over."""
    texts = [text for seed in range(COUNT) for text in Maker(seed).files().items()]
    for part in ('"sources.', '"x.', '".file', ".of.it", "post-processors", "dynamic", "<<-EOT"):
        assert sum(part in text for _, text in texts) > 20, part
    assert sum(name.endswith(".pkr.json") for name, _ in texts) > 200
