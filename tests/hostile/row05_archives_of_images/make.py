from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
os.mkdir("out")
docker("save", "-o", "out/right.tar", "busybox")
os.symlink("/opt/packerlab/packer", "out/link.tar")
os.mkfifo("out/pipe.tar")
os.mkdir("out/folder.tar")
with open("out/zeros.tar", "w") as file:
    file.truncate(10_000_000)
with tarfile.open("out/deep.tar", "w") as tar:
    open("manifest.json", "wb").write(b"[" * 50_000)
    tar.add("manifest.json")
    os.symlink("/etc/passwd", "config.json")
    tar.add("config.json")
with tarfile.open("out/words.tar", "w") as tar:
    open("c.json", "wb").write(rb'{"config": {"User": "\ud800"}, "x": NaN}')
    open("manifest.json", "wb").write(rb'[{"Config": "c.json", "RepoTags": ["\udfff"], "Layers": []}]')
    tar.add("manifest.json")
    tar.add("c.json")
with open("out/right.tar", "rb") as right, open("out/cut.tar", "wb") as cut:
    cut.write(right.read()[:5_000])
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
