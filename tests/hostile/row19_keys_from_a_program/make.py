from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = """\
  profile                 = "own"
  shared_credentials_file = "/workspace/settings"
"""
SETTINGS = b"[profile own]\ncredential_process = sh /workspace/attack.sh\n"


def make(folder: Path) -> Path:
    return written(folder, on_an_instance("true", SOURCE) | {"settings": SETTINGS})
