from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import executable, in_a_container

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = """\
  pull        = false
  run_command = ["-d", "-i", "-t", "{{.Image}}", "busybox", "/bin/sh"]
"""


def make(folder: Path) -> Path:
    files = in_a_container(SOURCE)
    template = files["main.pkr.hcl"].replace(b'= "busybox"', b'= "--runtime=/workspace/own"', 1)
    return executable(folder, {**files, "main.pkr.hcl": template})
