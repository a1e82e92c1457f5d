"""The mutants of a workspace: their names, and what is left out."""

from __future__ import annotations

from packerlab.mutation.hcl_rules import Known
from packerlab.mutation.mutants import computed, mutants
from packerlab.submissions.reader import File

FILES = {
    "main.pkr.hcl": File(b'# A source.\nsource "file" "a" {\n  content = var.b\n}\n'),
    "values.json": File(b'{"a": 1}\n'),
    "run.sh": File(b'#!/bin/sh\n\npacker build "$1"\ncat out\n', executable=True),
    "app.conf": File(b"port = 1\n"),
    "NOTES.md": File(b"Some words.\n"),
}


def test_names_are_steady_and_each_mutant_is_another() -> None:
    every = list(mutants(FILES, Known()))
    names = [mutant.name for mutant in every]
    assert names == [mutant.name for mutant in mutants(FILES, Known())]
    assert len(set(names)) == len(names)
    assert "drop-argument main.pkr.hcl:3" in names
    assert "change-case main.pkr.hcl:3#2" in names
    texts = [tuple(file.data for file in mutant.files.values()) for mutant in every]
    assert len(set(texts)) == len(texts)


def test_each_changes_one_file() -> None:
    for mutant in mutants(FILES, Known()):
        changed = [name for name in FILES if mutant.files.get(name) != FILES[name]]
        assert changed == [mutant.file]
        assert mutant.old != mutant.new


def test_what_only_people_read_is_left_alone() -> None:
    assert not [each for each in mutants(FILES, Known()) if each.file == "NOTES.md"]


def test_json_is_changed_by_the_rules_of_a_template() -> None:
    found = {each.name: each.new for each in mutants(FILES, Known()) if each.file == "values.json"}
    assert found["change-literal values.json:1"] == '{"a": 2}'
    assert found["drop-item values.json:1"] == "{}"


def test_lines_of_a_script() -> None:
    found = {each.name: each.new for each in mutants(FILES, Known()) if each.file == "run.sh"}
    assert found["swallow-exit run.sh:3"] == 'packer build "$1" || true'
    assert found["default-for-input run.sh:3"] == 'packer build "fixed"'
    assert found["drop-word run.sh:4"] == "out"
    assert found["drop-line run.sh:4"] == ""
    assert "drop-line run.sh:1" not in found
    assert all(
        each.files["run.sh"].executable
        for each in mutants(FILES, Known())
        if "run.sh" in each.files
    )


def test_what_is_no_template_or_the_same_is_left_out() -> None:
    files = {"main.pkr.hcl": File(b'a = "x"\n')}
    every = {mutant.name for mutant in mutants(files, Known())}
    assert "drop-file main.pkr.hcl:1" not in every
    assert "change-literal main.pkr.hcl:1" in every
    broken = {"main.pkr.hcl": File(b'a = "${b}"\n')}
    assert all(b"${" in each.files["main.pkr.hcl"].data
               for each in mutants(broken, Known()) if each.rule == "add-blank")  # fmt: skip


def test_computed_expressions() -> None:
    assert computed(FILES) == ["var.b"]
