from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
true
"""


def make(folder: Path) -> Path:
    files = on_an_instance(ATTACK)
    files |= {
        ".env": b"AWS_ENDPOINT_URL=https://169.254.100.1\nPACKER_ON_ERROR=abort\n",
        ".aws/config": b"[default]\nendpoint_url = https://169.254.100.1\nregion = eu-west-1\n",
        ".aws/credentials": b"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
        ".envrc": b"export PACKER_LOG=1 PACKER_CONFIG=x\n",
    }
    return written(folder, files)
