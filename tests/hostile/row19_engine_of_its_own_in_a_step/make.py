from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import executable, in_a_container

if TYPE_CHECKING:
    from pathlib import Path


STEPS = """
  dynamic "post-processor" {
    for_each = ["own"]
    labels   = ["docker-tag"]
    content {
      repository  = "lab/word"
      docker_path = "./own"
    }
  }

"""


def make(folder: Path) -> Path:
    return executable(folder, in_a_container(steps=STEPS))
