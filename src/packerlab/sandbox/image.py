"""The image of the docker backends: made once, by its recipe, and kept by its content's hash."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab import state
from packerlab.errors import BadInputError, MachineError
from packerlab.lab import Limits
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.box import Box
from packerlab.sandbox.debian import Root
from packerlab.sandbox.docker import (
    FILES,
    IMAGE_STATE,
    LABEL,
    TRIED,
    Docker,
    engine,
    engine_error,
)
from packerlab.sandbox.host_packer import digest_of
from packerlab.sandbox.recipe import recipe_digest, recipe_files
from packerlab.sandbox.wheels import download_wheels

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.sandbox.base import Needs

BASE = "debian@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716"
"""Debian's slim image of bookworm, for all architectures: a tag could be anything tomorrow."""

MADE, REPOSITORY = "packerlab-base", "packerlab-sandbox"
"""Ours on an engine: what stands in for `BASE` where that can't be pulled, and the sandbox."""


def build(
    say: Callable[[str], None],
    *,
    packer: Path | None = None,
    plugins: Path | None = None,
    arguments: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Make the image with Debian's Packer, an official zip (`arguments`), or the given program.

    `say` hears the progress. Returns what is kept of it: id, tag, packer digest, size in bytes.
    """
    with contextlib.closing(engine()) as client:
        architecture = client.info()["Architecture"]
    wheels = {
        where: download_wheels(recipe_files()[f"{lock}requirements.lock"], architecture, say)
        for where, lock in {"wheels": "", "tools/wheels": "tools/"}.items()
    }
    sent = context(packer, plugins, wheels)
    with contextlib.closing(engine()) as client:
        try:
            given = {"BASE": _base(client, say), **(arguments or {})}
            said = json.dumps(given, sort_keys=True).encode()
            tag = f"{_own_tags()}{hashlib.sha256(sent + said).hexdigest()[:16]}"
            _make(client, say, sent, tag, given)
            image = client.images.get(tag)
            digest = _packer_digest(client, tag)
        except engine_error() as error:
            raise MachineError(f"The image could not be made: {error}") from None
    kept = {
        "id": image.id,
        "tag": tag,
        "packer": digest,
        "size": image.attrs["Size"],
        "recipe": recipe_digest(),
    }
    _keep(kept)
    tries = {"nested": "packer", **{name: capability for capability, name in TRIED.items()}}
    for tried, capability in tries.items():
        kept[tried] = _trouble(frozenset({capability}))
        _keep(kept)
    return kept


def engine_trouble() -> str:
    """Why no engine can make or keep an image here; empty where one can."""
    try:
        engine().close()
    except MachineError as error:
        return str(error)
    return ""


def _keep(kept: dict[str, Any]) -> None:
    state.write_atomically(state.state_folder() / IMAGE_STATE, json.dumps(kept).encode())


def _trouble(needs: Needs) -> str:
    """Why this engine lets no container make namespaces; empty where it does, as tried."""
    limits = Limits(deadline_s=10, cpu_s=5, memory_mb=64, disk_mb=16)
    sandbox = Sandbox(Docker(plain=False), limits, needs)
    try:
        Box(sandbox.channel(), sandbox.limits).run(["/bin/true"], {}, env={})
    except MachineError as error:
        return str(error)
    finally:
        sandbox.close()
    return ""


def _make(
    client: Any, say: Callable[[str], None], sent: bytes, tag: str, arguments: dict[str, str]
) -> None:
    stream = client.api.build(
        fileobj=io.BytesIO(sent), custom_context=True, tag=tag, rm=True, forcerm=True,
        decode=True, buildargs=arguments,
    )  # fmt: skip
    for part in stream:
        if "error" in part:
            raise MachineError(f"The image could not be made: {part['error'].strip()}")
        if text := str(part.get("stream", "")).strip():
            say(text)


def _own_tags() -> str:
    """How the names of this state folder's images begin: others may use the same engine."""
    return f"{REPOSITORY}:{state.owner_of(state.state_folder())}-"


def clean() -> list[str]:
    """Remove the images that were made for this state folder; returns their tags.

    What stands in for the base is everybody's, and goes with the last image of ours.
    """
    with contextlib.closing(engine()) as client:
        removed = [tag for tag in _tags(client, REPOSITORY) if tag.startswith(_own_tags())]
        if len(removed) == len(_tags(client, REPOSITORY)):
            removed += _tags(client, MADE)
        for tag in removed:
            client.images.remove(tag, force=True)
    (state.state_folder() / IMAGE_STATE).unlink(missing_ok=True)
    return removed


def _tags(client: Any, repository: str) -> list[str]:
    return [tag for image in client.images.list(repository) for tag in image.tags]


def context(packer: Path | None, plugins: Path | None, wheels: dict[str, Path]) -> bytes:
    """What the build sees, as a tar whose bytes depend on contents alone.

    `wheels` are folders of wheels, by where the build has them.
    """
    files = {name: path for name, path in recipe_files().items() if not name.endswith(".lock")}
    for where, folder in wheels.items():
        files |= {f"{where}/{wheel.name}": wheel for wheel in sorted(folder.iterdir())}
    if packer:
        if not packer.is_file():
            raise BadInputError(f"{packer}: there is no such file.")
        files["packer/packer"] = packer
    for file in sorted(plugins.rglob("*")) if plugins else ():
        if file.is_file():
            files[f"packer/plugins/{file.relative_to(plugins or file).as_posix()}"] = file
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        empty = tarfile.TarInfo("packer")
        empty.type, empty.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(empty)
        for name, path in files.items():
            data = path.read_bytes()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _base(client: Any, say: Callable[[str], None]) -> str:
    """The id of Debian's slim image: local, pulled, or made from Debian's packages."""
    made = f"{MADE}:{Root().digest()}"
    for name in (BASE, made):
        with contextlib.suppress(engine_error()):
            return str(client.images.get(name).id)
    try:
        say(f"pulling {BASE}")
        return str(client.images.pull(BASE).id)
    except engine_error() as error:
        say(f"{BASE} can't be pulled ({error}): it is made instead")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "base.tar")
        Root().make(path, say)
        client.api.import_image_from_file(str(path), *made.split(":"))
    return str(client.images.get(made).id)


def _packer_digest(client: Any, tag: str) -> str:
    """The digest of the Packer in the image, from the sums that its build wrote."""
    container = client.api.create_container(tag, ["true"], labels={LABEL: state.run_name()})
    try:
        chunks, _ = client.api.get_archive(container, f"{FILES}/packer.sha256")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile("packer.sha256")
            text = member.read().decode() if member else ""
    finally:
        client.api.remove_container(container, force=True)
    sums = [line.split(maxsplit=1) for line in text.splitlines()]
    return digest_of([(name, content) for content, name in sums])
