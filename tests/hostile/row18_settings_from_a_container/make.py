from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import executable, in_a_container

if TYPE_CHECKING:
    from pathlib import Path


SETTINGS = r"[engine]\nruntime = \"own\"\n[engine.runtimes]\nown = [\"/workspace/own\"]\ncrun = [\"/workspace/own\"]\n"
STEPS = f"""
  provisioner "shell" {{
    inline = [<<-EOT
      printf '{SETTINGS}' > /tmp/settings
    EOT
    ]
  }}

  provisioner "file" {{
    direction   = "download"
    source      = "/tmp/settings"
    destination = "/home/packer/.config/containers/containers.conf"
  }}

  provisioner "shell" {{
    inline = ["rm /tmp/settings"]
  }}

"""


def make(folder: Path) -> Path:
    return executable(folder, in_a_container(steps=STEPS))
