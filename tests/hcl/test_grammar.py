"""The grammar's tables come from our cache as data, as they were written or not at all."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from lark import Lark

from packerlab import state
from packerlab.hcl import grammar
from packerlab.hcl.blocks import hcl_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = 'source "file" "a" {\n  content = "${var.b}-${local.c[0]}"\n}\n'


class Planted:
    """What makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return type(self.folder).mkdir, (self.folder,)


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache with nothing in it, and no parser from before."""
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path / "cache"))
    grammar._parser.cache_clear()
    yield state.cache_folder()
    grammar._parser.cache_clear()


def read_again() -> object:
    grammar._parser.cache_clear()
    return hcl_body("main.pkr.hcl", SAMPLE)


def kept(cache: Path) -> Path:
    (path,) = cache.glob("hcl2-grammar-*.json")
    return path


def test_what_is_kept_reads_as_what_was_made(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hcl_body("main.pkr.hcl", SAMPLE)
    before = kept(fresh).stat()
    monkeypatch.delattr(Lark, "__init__")  # nothing is made anew
    assert read_again() == made
    assert kept(fresh).stat() == before


@pytest.mark.parametrize("change", [b"", b"\n{}", b'{"data": {}, "memo": {}}'])
def test_tables_that_were_changed_are_made_anew(fresh: Path, change: bytes) -> None:
    made = hcl_body("main.pkr.hcl", SAMPLE)
    whole = kept(fresh).read_bytes()
    kept(fresh).write_bytes(change or whole[:-1])
    assert read_again() == made
    assert grammar._kept(kept(fresh)) is not None


def test_nothing_planted_runs(fresh: Path, tmp_path: Path) -> None:
    hcl_body("main.pkr.hcl", SAMPLE)
    planted = pickle.dumps(Planted(tmp_path / "ran"))
    for name in (kept(fresh).name, "hcl2-grammar.bin"):
        (fresh / name).write_bytes(planted)
        (fresh / name).write_bytes(grammar._sealed(b"0") + planted)
    assert read_again()
    assert not (tmp_path / "ran").exists()
