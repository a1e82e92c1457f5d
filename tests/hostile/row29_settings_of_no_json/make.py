from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
def planted(text, names):
    '''An image with these settings, whose id is their digest, in the engine's own store.'''
    images = f"{STORE}/overlay-images"
    listed = json.load(open(f"{images}/images.json"))
    number = hashlib.sha256(text).hexdigest()
    listed.append({**listed[-1], "id": number, "names": names, "digest": f"sha256:{number}"})
    json.dump(listed, open(f"{images}/images.json", "w"))
    os.makedirs(f"{images}/{number}")
    name = base64.b64encode(f"sha256:{number}".encode()).decode()
    with open(f"{images}/{number}/={name}", "wb") as file:
        file.write(text)

docker("run", "--name", "mine", "busybox", "true")
docker("commit", "mine", "lab/mine")
planted(rb'{"config": {"User": "\ud800", "Env": ["A=\udfff"]}}', ["lab/half:1"])
planted(b'{"config": {"Labels": {"a": NaN, "b": 1e999, "c": -Infinity}}}', ["lab/number:1"])
planted(b'{"config": {"Cmd": ' + b"[" * 900 + b"]" * 900 + b"}}", ["lab/deep:1"])
planted(b'{"config": {"Labels": {"n": ' + b"9" * 4200 + b'}, "Env": 5, "Cmd": {"a": []}, "User": [], "ExposedPorts": 1}}', ["lab/types:1"])
planted(b"[]", ["lab/list:1"])
planted(b"\xff\xfe", ["\x1b]0;owned\x07<script>", "=cmd()"])
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
