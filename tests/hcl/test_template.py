"""A template as data: what stands in it, what it uses, and which values it has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from packerlab.hcl.parsing import parse_trusted, parse_untrusted
from packerlab.hcl.template import COMPUTED, Template, Unknown, referred_source, template_files
from packerlab.packer.answers import Answer
from packerlab.packer.components import inspected_components
from packerlab.report import Where
from packerlab.submissions.reader import File

CORPUS = sorted((Path(__file__).parent / "templates").iterdir())


def template(text: str, **others: str) -> Template:
    """A template of one file, and of others by their names with `__` for a dot."""
    files = {"main.pkr.hcl": text} | {
        name.replace("__", "."): text for name, text in others.items()
    }
    return parse_trusted({name: File(text.encode()) for name, text in files.items()})


def local(text: str, name: str = "x", **others: str) -> Any:
    found = template(text, **others)
    return found.value(found.locals[name][0])


# --- the corpus ---


def packer(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Packer itself, on templates of our own."""
    return subprocess.run(
        ["packer", *words, "."],
        cwd=cwd,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("folder", CORPUS, ids=lambda folder: folder.name)
def test_packer_and_we_see_the_same_components(folder: Path) -> None:
    assert packer("validate", "-syntax-only", cwd=folder).returncode == 0
    inspected = packer("inspect", "-machine-readable", cwd=folder)
    files = {file.name: File(file.read_bytes()) for file in folder.iterdir()}
    ours = parse_untrusted(files)()
    assert isinstance(ours, Template)
    answer = Answer("inspect", inspected.returncode, inspected.stdout)
    assert {component.name for component in ours.components()} == inspected_components(
        answer, len(ours.builds)
    )
    assert ours.builds
    for block in ours.blocks:
        line = files[block.where.file].data.decode("utf-8-sig").splitlines()[block.where.line - 1]
        assert block.where.file.endswith(".json") or block.type in line


def test_the_corpus_is_varied() -> None:
    assert len(CORPUS) > 30


# --- what stands in it ---

WHOLE = """
variable "name" {
  default = "x"
}

variables {
  size = 3
}

locals {
  text = "of ${var.name}"
}

local "secret" {
  expression = "s"
  sensitive  = true
}

source "file" "a" {
  target = "out/a"
}

build {
  sources = ["source.file.a", "file.gone"]

  source "source.file.a" {
    target = "out/b"
  }

  provisioner "shell-local" {
    inline = []
  }

  post-processor "one" {
  }

  post-processors {
    post-processor "two" {
    }
    post-processor "three" {
    }
  }
}
"""


def test_blocks_are_found_by_what_they_are() -> None:
    found = template(WHOLE)
    assert list(found.variables) == ["name"]
    assert list(found.locals) == ["text", "secret"]
    assert found.locals["text"][1] == Where("main.pkr.hcl", 11)
    assert found.locals["secret"][1] == Where("main.pkr.hcl", 15)
    assert [source.labels for source in found.sources] == [["file", "a"]]
    (build,) = found.builds
    assert [block.labels for block in found.provisioners(build)] == [["shell-local"]]
    assert [[block.labels[0] for block in chain] for chain in found.chains(build)] == [
        ["one"],
        ["two", "three"],
    ]
    assert found.attribute(found.sources[0], "target") == "out/a"
    assert found.attribute(found.sources[0], "content") is None


def test_what_a_build_builds() -> None:
    found = template(WHOLE)
    (build,) = found.builds
    source = found.sources[0]
    inside = build.all("source")[0]
    assert found.source_of(build) == [
        ("file.a", source, None),
        ("file.gone", None, None),
        ("file.a", source, inside),
    ]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("file.a", "file.a"),
        ("source.file.a", "file.a"),
        ("sources.file.a", "file.a"),
        ("anything at all.file.a", "file.a"),
        (".file.a", "file.a"),
        ("source.file.a.b.c", "file.a"),
        ("file.", "file."),
        ("file", ""),
        ("", ""),
    ],
)
def test_a_reference_is_read_by_packer_s_rule(reference: str, name: str) -> None:
    assert referred_source(reference) == name


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        ('["sources.file.a", "x.null.b", "file.a"]', ["file.a", "null.b", "file.a"]),
        ("var.list", ["file.a"]),
        ("local.list", ["null.b", "file.a"]),
        ('["${var.kind}.a", local.one]', ["file.a", "null.b"]),
        ('[upper("x"), "file.a"]', ["", "file.a"]),
        ("[]", []),
        ("null", None),
        ('"file.a"', None),
        ('concat(["file.a"], [])', None),
        ('[for name in ["a"] : "file.${name}"]', None),
    ],
)
def test_what_sources_names(sources: str, names: list[str] | None) -> None:
    found = template(f"""
variable "kind" {{
  default = "file"
}}
variable "list" {{
  default = ["build.file.a"]
}}
locals {{
  one  = "null.b"
  list = [local.one, "sources.file.a"]
}}
build {{
  sources = {sources}
}}
build {{
}}
""")
    first, second = found.builds
    assert found.listed_sources(first) == names
    assert found.listed_sources(second) == []


def test_of_a_computed_list_every_source_may_be_built() -> None:
    found = template('source "file" "a" {\n}\nbuild {\n  sources = concat([], [])\n}\n')
    assert found.source_of(found.builds[0]) == [("file.a", found.sources[0], None)]


def test_templates_are_the_files_at_the_top_those_in_json_at_last() -> None:
    names = ["b.pkr.json", "c.pkr.hcl", ".c.pkr.hcl", "d.hcl", "e/f.pkr.hcl", "g.pkr.hcl.txt"]
    assert template_files(names) == [".c.pkr.hcl", "c.pkr.hcl", "b.pkr.json"]


# --- components ---


@pytest.mark.parametrize(
    ("inside", "names"),
    [
        ('provisioner "a" {\n}', ["provisioner.a"]),
        ('post-processor "a" {\n}', ["post-processor.a"]),
        ('post-processors {\n post-processor "a" {\n }\n}', ["post-processor.a"]),
        ('error-cleanup-provisioner "a" {\n}', ["error-cleanup-provisioner.a"]),
        ('source "source.a.b" {\n}', ["source.a"]),
        ('source "a.b" {\n}', ["source.a"]),
        ('source "sources.a.b" {\n}', ["source.a"]),
        ('source "x.a.b.c" {\n}', ["source.a"]),
        ("sources = []", []),
        ('hcp_packer_registry {\n bucket_name = "a"\n}', []),
        ('dynamic "provisioner" {\n labels = ["a"]\n}', ["provisioner.a"]),
        (
            'dynamic "error-cleanup-provisioner" {\n labels = ["a"]\n}',
            ["error-cleanup-provisioner.a"],
        ),
        ('dynamic "source" {\n labels = ["source.a.b"]\n}', ["source.a"]),
        ('dynamic "provisioner" {\n labels = [local.a]\n}', [f"{COMPUTED}.provisioner"]),
        ('dynamic "provisioner" {\n labels = ["${"a"}b"]\n}', ["provisioner.ab"]),
        ('dynamic "provisioner" {\n labels = ["${upper("a")}b"]\n}', [f"{COMPUTED}.provisioner"]),
        ('dynamic "provisioner" {\n labels = local.a\n}', [f"{COMPUTED}.provisioner"]),
        ('dynamic "provisioner" {\n labels = ["a", "b"]\n}', [f"{COMPUTED}.provisioner"]),
        ('dynamic "provisioner" {\n}', [f"{COMPUTED}.provisioner"]),
        ('dynamic "dynamic" {\n labels = ["provisioner"]\n}', [f"{COMPUTED}.dynamic"]),
        ('dynamic "hcp_packer_registry" {\n}', [f"{COMPUTED}.hcp_packer_registry"]),
        ('dynamic "post-processors" {\n content {\n }\n}', []),
        (
            'dynamic "post-processors" {\n content {\n post-processor "a" {\n }\n'
            ' dynamic "post-processor" {\n labels = ["b"]\n }\n }\n}',
            ["post-processor.a", "post-processor.b"],
        ),
    ],
)  # fmt: skip
def test_components_in_a_build(inside: str, names: list[str]) -> None:
    found = template(f"build {{\n{inside}\n}}\n")
    assert [component.name for component in found.components()] == names
    assert all(component.where.file == "main.pkr.hcl" for component in found.components())


def test_components_at_the_top() -> None:
    text = 'source "a" "b" {\n}\ndata "c" "d" {\n}\ndynamic "build" {\n}\nlocals {\n}\n'
    names = [component.name for component in template(text).components()]
    assert names == ["source.a", "data.c", f"{COMPUTED}.build"]


def test_the_same_in_json() -> None:
    text = """{"build": {"dynamic": {"provisioner": {"labels": ["${local.a}"]}},
      "provisioner": {"b": {}}, "error-cleanup-provisioner": {"c": {}}},
      "data": {"d": {"e": {}}}}"""
    found = template("", other__pkr__json=text)
    assert {component.name for component in found.components()} == {
        f"{COMPUTED}.provisioner",
        "provisioner.b",
        "error-cleanup-provisioner.c",
        "data.d",
    }


# --- values ---


def test_a_default_is_a_value() -> None:
    assert local('variable "a" {\n default = [1]\n}\nlocals {\n x = var.a\n}\n') == [1]


def test_a_default_may_come_from_an_older_block() -> None:
    assert local("variables {\n a = 1\n}\nlocals {\n x = var.a\n}\n") == 1


def test_what_a_variables_file_sets_is_the_value() -> None:
    text = 'variable "a" {\n default = 1\n}\nlocals {\n x = "${var.a}!"\n}\n'
    assert local(text) == "1!"
    assert local(text, a__auto__pkrvars__hcl="a = 2") == "2!"
    assert isinstance(local(text, a__auto__pkrvars__hcl="a = upper(1)"), Unknown)


def test_a_string_in_a_json_file_of_values_is_no_template() -> None:
    text = 'variable "a" {\n}\nlocals {\n x = var.a\n}'
    assert local(text, a__auto__pkrvars__json='{"a": "${not} $${one}"}') == "${not} $${one}"


def test_a_variable_without_default_is_unknown() -> None:
    value = local('variable "a" {\n}\nlocals {\n x = var.a\n}\n')
    assert value == Unknown([("var", "a")])


@pytest.mark.parametrize(
    "text",
    [
        "x = local.x",
        "x = local.y\n y = [local.x]",
        'x = "${local.y}"\n y = { a = local.x }',
        "x = local.y\n y = local.nothing",
        "x = upper(local.y)\n y = 1",
    ],
)
def test_cycles_and_calls_are_unknown(text: str) -> None:
    assert isinstance(local(f"locals {{\n {text}\n}}\n"), Unknown)


@pytest.mark.parametrize("count", [50, 1_000])
def test_only_so_many_references_are_followed(count: int) -> None:
    steps = [f"s{number} = local.s{number + 1}" for number in range(count)]
    text = "locals {\n" + "\n".join([*steps, f"s{count} = 1"]) + "\n}\n"
    assert isinstance(local(text, "s0"), Unknown)
    assert local(text, f"s{count - 30}") == 1


@pytest.mark.parametrize("twice", ["[NEXT, NEXT]", '"${NEXT}${NEXT}"', "{ a = NEXT, b = NEXT }"])
def test_doubling_is_bounded(twice: str) -> None:
    """Each local is twice the one before: 2^30 would be too much for anybody."""
    steps = [f"s{at} = {twice.replace('NEXT', f'local.s{at + 1}')}" for at in range(30)]
    text = "locals {\n" + "\n".join([*steps, 's30 = "a"']) + "\n}\n"
    assert isinstance(local(text, "s0"), Unknown)


def test_a_text_has_a_longest() -> None:
    repeated = "${local.y}" * 200
    text = f'locals {{\n x = "{repeated}"\n y = "{"a" * 10_000}"\n}}\n'
    assert isinstance(local(text), Unknown)


def test_nothing_has_no_value() -> None:
    assert template("").value(None) == Unknown()
