from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab import state
from packerlab.cloud import base
from packerlab.errors import MachineError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path))
    return tmp_path


def test_the_recipe_is_the_files_that_make_a_base() -> None:
    names = set(base.recipe_files())
    assert {"prepare.sh", "init.sh", "packages/labweb/1.1/DEBIAN/control"} <= names
    assert base.recipe_digest() == base.recipe_digest()


def test_a_base_in_the_cache_is_used(cache: Path) -> None:
    path = cache / f"base-{base.recipe_digest()[:16]}.tar"
    path.write_bytes(b"made")
    said: list[str] = []
    assert base.make_base(said.append) == path
    assert said == []
    assert base.clean() == [path.name]
    assert list(state.cache_folder().glob("base-*")) == []


def test_without_mmdebstrap_it_says_what_to_install(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(MachineError, match="needs mmdebstrap: install"):
        base.make_base(lambda _: None)


def test_a_failure_is_one_sentence_and_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = cache / "mmdebstrap"
    program.write_text("#!/bin/sh\necho 'I: trying...' >&2; echo 'E: no mirror' >&2; exit 25\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cache}:/usr/bin:/bin")
    said: list[str] = []
    with pytest.raises(MachineError, match=r"mmdebstrap said: E: no mirror$"):
        base.make_base(said.append)
    assert "trying..." in said
    assert list(cache.glob("base-*.tar")) == []
    assert list(cache.glob("base-*.partial")) == []
