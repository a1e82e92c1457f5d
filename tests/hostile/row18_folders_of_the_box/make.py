from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import in_a_container, written

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = """\
  volumes = { "/" = "/host" }
"""
STEPS = """
  provisioner "shell" {
    inline = ["mkdir -p /host/workspace/out", "echo ran > /host/workspace/out/loot.txt"]
  }

"""


def make(folder: Path) -> Path:
    return written(folder, in_a_container(SOURCE, STEPS))
