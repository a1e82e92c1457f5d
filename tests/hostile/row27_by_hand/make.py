from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import API, beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    files = beside_an_account("call('DescribeImages')")
    marker = files[".packerlab.toml"].replace(b"906_any_program_in_an_account", b"905_account")
    return written(folder, {**files, ".packerlab.toml": marker, "api.py": API.encode()})
