from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


SETTINGS = "[default]\\ncredential_process = sh /workspace/tell.sh\\n"
TELL = b"#!/bin/sh\nmkdir -p /workspace/out\necho ran > /workspace/out/loot.txt\n"
STEPS = b"""
  provisioner "file" {
    direction   = "download"
    source      = "/tmp/settings"
    destination = "/home/packer/.aws/config"
  }

  provisioner "file" {
    direction   = "download"
    source      = "/tmp/settings"
    destination = "/home/packer/.aws/credentials"
  }
}
"""


def make(folder: Path) -> Path:
    files = on_an_instance(f"printf '{SETTINGS}' > /tmp/settings")
    template = files["main.pkr.hcl"].rstrip().removesuffix(b"}") + STEPS
    return written(folder, {**files, "main.pkr.hcl": template, "tell.sh": TELL})
