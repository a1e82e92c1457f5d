"""What a container engine's store holds after a verb, read as data: nothing of an image is run.

The store lies in the box, where learners' code may have written to it: it is read with bounds, no
link in it is followed, and an image's settings are those that its id is the digest of. It runs in
the supervisor: standard library only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
from functools import partial
from typing import TYPE_CHECKING, Any

from packerlab.inside import disks, image_archive, strict_json, syscalls
from packerlab.inside.containers import GRAPH, PREPARED
from packerlab.inside.errors import TooMuch
from packerlab.inside.files import ARCHIVE, BOX, walk
from packerlab.inside.room import MAX_TOLD, Room
from packerlab.inside.search import no_link

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.inside.search import Search

    Message = dict[str, Any]

ROOT = BOX + GRAPH
VIEW = "/run/view"
ID = re.compile(r"[0-9a-f]{64}")
MAX_JSON = 1_000_000
MAX_IMAGES = 16
MAX_LAYERS = 24
"""More do not fit into the options of one mount."""


def evidence(outputs: list[str], search: Search, size: int, until: float) -> bytes:
    """The images that the verb made or named, and the archives that it left, as JSON.

    `size` is that of the box's disk, `until` the end of the verb's time.
    """
    layers = {**_layers(ROOT), **_layers(PREPARED)}
    made = _listed(ROOT, "images")
    if len(made) > MAX_IMAGES:
        raise TooMuch("images")
    fresh = partial(Room, size, until)
    told: list[str] = []
    for image in made:
        told.append(json.dumps(_image(image, layers, sum(map(len, told)), fresh)))
        if sum(map(len, told)) > MAX_TOLD:
            raise TooMuch("told")
        _search_image(search, image, layers, fresh)
    archives = json.dumps(_archives(outputs, fresh(sum(map(len, told)))))
    if sum(map(len, told)) + len(archives) > MAX_TOLD:
        raise TooMuch("told")
    return f'{{"images": [{", ".join(told)}], "archives": {archives}}}'.encode()


def read_prepared(layer: str, names: list[str]) -> bytes:
    """What a prepared image's layer has at `names`."""
    root = _folder(PREPARED, layer)
    return json.dumps([disks.of_base(name, root) for name in names]).encode()


# --- the store ---


def _read(path: str) -> bytes:
    """A file of the store, whole; raises TooMuch where it is none that the engine would write."""
    try:
        if os.path.realpath(path) != path:
            raise TooMuch("unreadable")
        with open(path, "rb", opener=no_link) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise TooMuch("unreadable")
            data = file.read(MAX_JSON + 1)
    except FileNotFoundError:
        return b""
    if len(data) > MAX_JSON:
        raise TooMuch("unreadable")
    return data


def _listed(root: str, kind: str) -> list[Message]:
    """The store's list of `images` or `layers`, those entries that have a proper id."""
    found = strict_json.read(_read(f"{root}/overlay-{kind}/{kind}.json") or b"[]")
    entries = found if isinstance(found, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and _is_id(entry.get("id"))]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(ID.fullmatch(value))


def _layers(root: str) -> dict[str, Message]:
    return {layer["id"]: {**layer, "root": root} for layer in _listed(root, "layers")}


def _folder(root: str, layer: str) -> str:
    """Where a layer's files are; raises TooMuch where something else is there."""
    path = f"{root}/overlay/{layer}/diff"
    if not ID.fullmatch(layer) or os.path.realpath(path) != path or not os.path.isdir(path):
        raise TooMuch("unreadable")
    return path


def _chain(top: object, layers: dict[str, Message]) -> list[Message]:
    """The layers of an image, the newest first."""
    chain: list[Message] = []
    while isinstance(top, str) and top in layers:
        chain.append(layers[top])
        if len(chain) > MAX_LAYERS:
            raise TooMuch("images")
        top = layers[top].get("parent", "")
    return chain


def _image(
    image: Message, layers: dict[str, Message], told: int, room: Callable[..., Room]
) -> Message:
    """One image: its names and settings, what each own layer and all of them changed.

    `told` is how much of others was reported.
    """
    chain = _chain(image.get("layer"), layers)
    own = [layer for layer in chain if layer["root"] == ROOT]
    below = [layer for layer in chain if layer["root"] == PREPARED]
    folders = [_folder(ROOT, layer["id"]) for layer in own]
    prepared = [_folder(PREPARED, layer["id"]) for layer in below]
    names = image.get("names")
    return {
        "id": image["id"],
        "names": [str(name) for name in names] if isinstance(names, list) else [],
        "settings": _settings(image["id"]),
        "layers": [
            {"digest": str(layer.get("diff-digest", "")), "entries": _entries(folder, room())}
            for layer, folder in zip(own, folders, strict=True)
        ][::-1],
        "prepared": below[0]["id"] if below else "",
        "base": _prepared_name(below[0]["id"]) if below else "",
        "changes": _merged(folders, prepared, room(told)),
    }


def _prepared_name(layer: str) -> str:
    """The first name of the prepared image whose layer this is."""
    names = (image["names"] for image in _listed(PREPARED, "images") if image["layer"] == layer)
    return str(next(names, [""])[0])


def _settings(image: str) -> Message:
    """The image's own JSON, which its id is the digest of; empty where it is not."""
    name = base64.b64encode(f"sha256:{image}".encode()).decode()
    data = b""
    for root in (ROOT, PREPARED):
        data = data or _read(f"{root}/overlay-images/{image}/={name}")
    if hashlib.sha256(data).hexdigest() != image:
        return {}
    return image_archive.settings(data)


def _entries(folder: str, room: Room) -> list[Message]:
    """What one layer adds, changes and takes away; of its files' contents the digests alone."""
    room.told = 0
    found = disks.changes(folder, [folder], room, "")
    for entry in found:
        if entry["kind"] == "other" and _is_whiteout(folder + entry["path"]):
            entry["kind"] = "gone"
    return found


def _is_whiteout(path: str) -> bool:
    try:
        status = os.lstat(path)
    except OSError:  # a name that can't be told as it is
        return False
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _merged(own: list[str], below: list[str], room: Room) -> list[Message]:
    """What all own layers together change in what is below them."""
    if not own or not own + below:
        return []
    if not below and len(own) == 1:
        return disks.changes(own[0], own, room, "")
    os.makedirs(VIEW, exist_ok=True)
    options = f"lowerdir={':'.join(own + below)},userxattr"
    syscalls.mount("overlay", VIEW, "overlay", syscalls.MS_RDONLY, options)
    try:
        return disks.changes(VIEW, own, room, (below or [""])[0])
    finally:
        syscalls.unmount(VIEW)


def _search_image(
    search: Search, image: Message, layers: dict[str, Message], room: Callable[..., Room]
) -> None:
    """Look into an image's names and settings, and into each of its layers, hidden files too."""
    told = json.dumps(image, ensure_ascii=False).encode()
    search.text("image", image["id"], "", told)
    settings = f"{ROOT}/overlay-images/{image['id']}"
    if os.path.realpath(settings) == settings and os.path.isdir(settings):
        search.tree("image", image["id"], settings, room(), path="")
    for layer in _chain(image.get("layer"), layers):
        if layer["root"] == ROOT:
            search.tree("image", image["id"], _folder(ROOT, layer["id"]), room())


# --- archives ---


def _archives(outputs: list[str], room: Room) -> dict[str, Message]:
    """What the .tar files among the verb's outputs hold, by name."""
    told: dict[str, Message] = {}
    for name, path in sorted(walk(outputs)):
        if name.endswith(ARCHIVE) and stat.S_ISREG(os.lstat(path).st_mode):
            if len(told) == MAX_IMAGES:
                raise TooMuch("images")
            with open(path, "rb", opener=no_link) as file:
                told[name] = image_archive.read(file, room)
    return told
