from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from packerlab import state
from packerlab.errors import MACHINE, MachineError
from packerlab.sandbox.host_packer import digest_of, host_packer

ELF = b"\x7fELF, in name only"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that looks like a program, named by PACKERLAB_PACKER."""
    path = tmp_path / "bin/packer"
    path.parent.mkdir()
    path.write_bytes(ELF)
    path.chmod(0o755)
    monkeypatch.setenv("PACKERLAB_PACKER", str(path))
    monkeypatch.delenv("PACKER_PLUGIN_PATH", raising=False)
    monkeypatch.delenv("PACKER_CONFIG_DIR", raising=False)
    return path


def write_plugin(folder: Path, content: str = "1") -> Path:
    plugin = folder / "github.com/hashicorp/docker/packer-plugin-docker"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text(content)
    return folder


def test_the_named_packer_is_taken_before_the_one_on_the_path(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert host_packer().path == program
    monkeypatch.delenv("PACKERLAB_PACKER")
    other = program.parent / "more/packer"
    other.parent.mkdir()
    other.write_bytes(ELF)
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert host_packer().path == other


def test_a_link_is_resolved(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = program.parent / "link"
    link.symlink_to(program)
    monkeypatch.setenv("PACKERLAB_PACKER", str(link))
    assert host_packer().path == program


def test_without_packer_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PACKERLAB_PACKER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="Packer is not installed: `apt install packer`"):
        host_packer()


@pytest.mark.parametrize("kind", ["missing", "a folder", "a script", "not executable", "empty"])
def test_what_is_no_program_is_refused_and_no_other_taken(program: Path, kind: str) -> None:
    program.unlink()
    if kind == "a folder":
        program.mkdir()
    elif kind != "missing":
        program.write_bytes({"a script": b"#!/bin/sh\n", "empty": b""}.get(kind, ELF))
        program.chmod(0o644 if kind == "not executable" else 0o755)
    with pytest.raises(MachineError, match="is no program for this system") as caught:
        host_packer()
    assert str(program) in str(caught.value)
    assert caught.value.exit_code == MACHINE


def test_plugins_are_where_packer_looks_for_them(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert host_packer().path == program
    assert host_packer().plugins is None
    home = write_plugin(Path.home() / ".config/packer/plugins")
    assert host_packer().plugins == home
    config = write_plugin(tmp_path / "config/.packer.d/plugins")
    monkeypatch.setenv("PACKER_CONFIG_DIR", str(tmp_path / "config"))
    assert host_packer().plugins == config
    monkeypatch.setenv("PACKER_PLUGIN_PATH", str(write_plugin(tmp_path / "named")))
    assert host_packer().plugins == tmp_path / "named"
    monkeypatch.setenv("PACKER_PLUGIN_PATH", str(tmp_path / "not there"))
    assert host_packer().plugins is None


def test_the_digest_covers_the_program_and_its_plugins(program: Path) -> None:
    digests = [host_packer().digest]
    program.write_bytes(ELF + b".")
    digests.append(host_packer().digest)
    plugins = write_plugin(Path.home() / ".config/packer/plugins")
    digests.append(host_packer().digest)
    write_plugin(plugins, "another")
    digests.append(host_packer().digest)
    (plugins / "SHA256SUM").write_text("")
    digests.append(host_packer().digest)
    assert len(set(digests)) == 5
    assert all(digest.startswith("sha256:") for digest in digests)


def test_the_digest_is_the_one_that_an_image_tells(program: Path) -> None:
    plugins = write_plugin(Path.home() / ".config/packer/plugins")
    files = {"packer": program} | {
        f"plugins/{path.relative_to(plugins)}": path
        for path in plugins.rglob("*")
        if path.is_file()
    }
    sums = [(name, hashlib.sha256(path.read_bytes()).hexdigest()) for name, path in files.items()]
    assert host_packer().digest == digest_of(sums) == digest_of(sums[::-1])


def test_the_digest_is_remembered_until_a_file_changes(program: Path) -> None:
    before = host_packer()
    memory = state.cache_folder() / "packer-digest.json"
    known = json.loads(memory.read_text())
    memory.write_text(json.dumps({**known, "digest": "sha256:remembered"}))
    assert host_packer().digest == "sha256:remembered"
    os.utime(program, (1, 1))
    assert host_packer() == before


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"stamps": []}', "\0"])
def test_a_memory_that_makes_no_sense_is_made_again(program: Path, content: str) -> None:
    memory = state.cache_folder() / "packer-digest.json"
    memory.write_text(content)
    assert host_packer().path == program
    assert json.loads(memory.read_text())["digest"] == host_packer().digest
