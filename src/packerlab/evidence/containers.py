"""What a container engine holds after a verb, as data: images, their settings, layers and disks.

It was read out of the engine's store and out of archives, in the sandbox; nothing of an image was
run. A method that can't give what the grader asks for ends the check as failed, in the learner's
words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import msgspec

from packerlab.checks import fail
from packerlab.errors import MachineError
from packerlab.evidence.disk import Disk, Entry, entries
from packerlab.leaks import Leaks
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    Look = Callable[[str, list[str]], bytes]

NOTHING = b'{"images": [], "archives": {}}'
REGISTRIES = ("localhost/", "docker.io/library/", "docker.io/")
"""What an engine puts before a name that was given without a registry."""

SHOWN = 8


class Layer(msgspec.Struct, frozen=True):
    """What one step of an image's making added, changed or took away: digests, no contents."""

    digest: str
    entries: list[Entry]


class ToldImage(msgspec.Struct):
    """An image as the sandbox tells of it; see `packerlab.inside.image_store`."""

    id: str
    names: list[str]
    settings: dict[str, Any]
    layers: list[Layer]
    prepared: str
    base: str
    changes: list[Entry]


class ToldSaved(msgspec.Struct):
    """An image in an archive; see `packerlab.inside.image_archive`."""

    id: str
    names: list[str]
    settings: dict[str, Any]
    layers: list[str]


class ToldArchive(msgspec.Struct):
    images: list[ToldSaved]
    entries: list[Entry]
    trouble: str = ""


class Told(msgspec.Struct):
    images: list[ToldImage]
    archives: dict[str, ToldArchive]


@dataclass(frozen=True)
class Settings:
    """How a container of an image starts; what `changes` set. Lists of words lose empty ones."""

    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are set, by name."""
        pairs = (str(pair).partition("=") for pair in self._list("Env"))
        return {name: value for name, _, value in pairs}

    @property
    def command(self) -> list[str]:
        return [word for word in map(str, self._list("Cmd")) if word]

    @property
    def entrypoint(self) -> list[str]:
        return [word for word in map(str, self._list("Entrypoint")) if word]

    @property
    def user(self) -> str:
        return str(self.config.get("User") or "")

    @property
    def folder(self) -> str:
        """The working directory, `/` where none is set."""
        return str(self.config.get("WorkingDir") or "/")

    @property
    def labels(self) -> dict[str, str]:
        return {str(name): str(value) for name, value in self._dict("Labels").items()}

    @property
    def ports(self) -> list[str]:
        """The exposed ports, such as `8080/tcp`, sorted."""
        return sorted(self._dict("ExposedPorts"))

    @property
    def volumes(self) -> list[str]:
        return sorted(self._dict("Volumes"))

    def _list(self, name: str) -> list[Any]:
        found = self.config.get(name)
        return found if isinstance(found, list) else []

    def _dict(self, name: str) -> dict[str, Any]:
        found = self.config.get(name)
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class ContainerImage:
    """An image that the verb made or named. `layers` are its own, the oldest first.

    `base` is the prepared image that it stands on, empty where it stands on none. `written` is all
    that its settings say, also who made it and how; `diff_ids` are the digests of all layers, the
    base's too, that they name.
    """

    id: str
    names: list[str]
    settings: Settings
    base: str
    layers: list[Layer]
    disk: Disk
    diff_ids: list[str]
    written: dict[str, Any]
    leaks: Leaks

    def places(self, secret: str) -> list[str]:
        """Where in its names, its settings and all its layers a secret is, in any form."""
        return [leak.words for leak in self.leaks.of(secret, "image", thing=self.id)]


@dataclass(frozen=True)
class SavedImage:
    """An image in an archive: its id is the digest of the settings that lie there."""

    id: str
    names: list[str]
    settings: Settings
    layers: list[str]


@dataclass(frozen=True)
class Archive:
    """A .tar among the outputs: saved images, or, of an export, a file system without settings."""

    images: list[SavedImage]
    disk: Disk | None


@dataclass
class ContainersEvidence:
    """The engine as it was after a verb; empty where the lab has none."""

    data: bytes = b""
    look: Look | None = None
    leaks: Leaks = field(default_factory=Leaks)
    _known: dict[tuple[str, str], Entry] = field(default_factory=dict)

    @cached_property
    def _told(self) -> Told:
        try:
            return msgspec.json.decode(self.data or NOTHING, type=Told)
        except (msgspec.DecodeError, RecursionError) as error:
            raise MachineError(f"The container engine's report can't be read: {error}") from None

    @cached_property
    def images(self) -> list[ContainerImage]:
        """All images that are not the prepared ones, in the order in which they were made."""
        return [self._image(told) for told in self._told.images]

    def image(self, name: str) -> ContainerImage:
        """The image of a name such as `lab/web:1.0`; fails the check where there is none."""
        made = next((image for image in self.images if name in image.names), None)
        if made is None:
            names = sorted(visible(each) for image in self.images for each in image.names)
            unnamed = "an image without a name" if self.images else "none"
            found = ", ".join(names[:SHOWN]) or unnamed
            fail(f"The build leaves no image {name}.", expected=name, found=found)
        return made

    def archive(self, name: str) -> Archive:
        """A .tar that the build left; fails the check where it is not there or can't be read."""
        told = self._told.archives.get(name)
        if told is None:
            found = ", ".join(sorted(map(visible, self._told.archives))[:SHOWN]) or "no archives"
            fail(f"The build leaves no {name}.", expected=name, found=found)
        if told.trouble:
            fail(f"{name} can't be read: {told.trouble}.", found=told.trouble)
        saved = [
            SavedImage(image.id, _short(image.names), _settings(image.settings), image.layers)
            for image in told.images
        ]
        disk = None if saved else Disk(name, told.entries, partial(self._below, ""))
        return Archive(saved, disk)

    def _image(self, told: ToldImage) -> ContainerImage:
        return ContainerImage(
            told.id,
            _short(told.names),
            _settings(told.settings),
            _short([told.base])[0],
            told.layers,
            Disk("the image", told.changes, partial(self._below, told.prepared)),
            _diff_ids(told.settings),
            told.settings,
            self.leaks,
        )

    def _below(self, layer: str, paths: list[str]) -> list[Entry]:
        """What a prepared image's layer has at `paths`; asked once."""
        unknown = [path for path in paths if (layer, path) not in self._known]
        if unknown and layer and self.look:
            for entry in entries(self.look(layer, unknown)):
                self._known[layer, entry.path] = entry
        return [self._known.get((layer, path), Entry(path, "gone")) for path in paths]


def _settings(told: dict[str, Any]) -> Settings:
    config = told.get("config")
    return Settings(config if isinstance(config, dict) else {})


def _diff_ids(told: dict[str, Any]) -> list[str]:
    root = told.get("rootfs")
    found = root.get("diff_ids") if isinstance(root, dict) else None
    return [str(digest) for digest in found] if isinstance(found, list) else []


def _short(names: list[str]) -> list[str]:
    """Names as they are given to an engine, without the registry that it puts before them."""
    return [
        next((name.removeprefix(each) for each in REGISTRIES if name.startswith(each)), name)
        for name in names
    ]
