from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


SOURCE = """\
  ssh_proxy_host = "127.0.0.1"
  ssh_proxy_port = 443
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance("true", SOURCE))
