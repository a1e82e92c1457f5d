from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


SETTINGS = b"[profile own]\ncredential_process = sh /workspace/attack.sh\n"
OTHER = """{"build": {"source": {"any.amazon-ebs.word": [
  {"name": "one"},
  {"name": "two", "dynamic": {"tag": {"for_each": [], "content": {}}}, "profile": "own"}
]}}}"""


def make(folder: Path) -> Path:
    added = {"other.pkr.json": OTHER.encode(), "settings": SETTINGS}
    return written(folder, on_an_instance("true") | added)
