from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = """\
  dynamic "vault_aws_engine" {
    for_each = ["own"]
    content {
      name = "own"
    }
  }
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance("true", SOURCE))
