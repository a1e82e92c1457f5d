from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest

from packerlab import state
from packerlab.errors import MachineError
from packerlab.sandbox import host_base, host_images, host_tools
from packerlab.sandbox.debian import Root


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path))
    return tmp_path


def fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "mmdebstrap"
    program.write_text("#!/bin/sh\necho 'I: trying...' >&2; echo 'E: no mirror' >&2; exit 25\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_another_recipe_is_another_root() -> None:
    roots = [
        Root(),
        Root(packages=("sudo",)),
        Root(hooks=("true",)),
        Root(folders=("instance",)),
        host_base.ROOT,
        host_images.ROOT,
        host_tools.ROOT,
    ]
    digests = {root.digest() for root in roots}
    assert len(digests) == len(roots)
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests)
    assert Root().digest() == Root().digest()


def test_a_root_of_real_packages(tmp_path: Path) -> None:
    """What mmdebstrap makes, of hooks given with the recipe and those given with the order."""
    recipe, said = Root(hooks=('echo first >"$1/etc/made"',)), list[str]()
    recipe.make(tmp_path / "root.tar", said.append, 'echo last >>"$1/etc/made"')
    with tarfile.open(tmp_path / "root.tar") as tar:
        made = tar.extractfile("./etc/made")
        assert made
        assert made.read() == b"first\nlast\n"
        assert "./usr/bin/dpkg" in tar.getnames()
        assert tar.getmember("./bin").issym()
    assert any("installing" in line for line in said)
    assert "mmdebstrap" not in Path("/proc/mounts").read_text()


def test_without_mmdebstrap_it_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(MachineError, match="mmdebstrap is missing: install"):
        Root().make(cache / "root.tar", lambda _: None)


def test_a_failure_is_one_sentence_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails(tmp_path, monkeypatch)
    said: list[str] = []
    with pytest.raises(MachineError, match=r"mmdebstrap said: E: no mirror$"):
        host_base.prepare(said.append)
    assert "trying..." in said
    left = [path.name for path in cache.iterdir() if path.is_dir()]
    assert left == []
    assert not host_base.folder().exists()


def test_what_is_there_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(cache, monkeypatch)
    host_base.folder().mkdir()
    assert host_base.prepare(lambda _: None) == host_base.folder()


def test_what_a_link_leads_to_is_not_removed(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "kept" / "file").parent.mkdir()
    (tmp_path / "kept" / "file").touch()
    (cache / host_base.folder().name).symlink_to(tmp_path / "kept")
    assert host_base.remove() == []
    assert (tmp_path / "kept" / "file").exists()
    assert not host_base.folder().is_symlink()


def test_what_a_killed_one_left_is_removed(cache: Path) -> None:
    half_made = state.cache_folder() / f".{host_base.folder().name}.1"
    half_made.mkdir()
    (half_made / "file").write_text("half")
    if os.getuid() == 0:
        for path in (half_made / "file", half_made):
            os.chown(path, host_base.UNPRIVILEGED + 500, host_base.UNPRIVILEGED + 500)
    assert host_base.remove() == [half_made.name]
    assert [path for path in cache.iterdir() if "instances" in path.name] == []
