from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
true
"""
SOURCE = """\
  custom_endpoint_ec2 = "https://127.0.0.1:9"
  max_retries         = 1
  insecure_skip_tls_verify = true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK, SOURCE))
