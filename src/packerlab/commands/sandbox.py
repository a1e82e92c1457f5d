"""`packerlab sandbox build|status|clean`: what the sandboxes need, made once and kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What the sandboxes need, made once.", no_args_is_help=True)


@app.command()
def build(
    packer: Annotated[
        Path | None,
        typer.Option("--packer", metavar="FILE", help="A Linux Packer to put in."),
    ] = None,
    plugins: Annotated[
        Path | None,
        typer.Option("--plugins", metavar="DIR", help="Its installed plugins."),
    ] = None,
    zip_address: Annotated[
        str, typer.Option("--zip", metavar="ADDRESS", help="An official zip to take it from.")
    ] = "",
    checksum: Annotated[
        str, typer.Option("--sha256", metavar="HEX", help="The zip's checksum.")
    ] = "",
) -> None:
    """Make the disk that instances start from, the tools for scripts, the images that containers
    start from, and the docker image where there is an engine.

    The image has Debian's Packer by default.
    """
    from packerlab.commands.preparing import THINGS, make, shown
    from packerlab.errors import BadInputError, MachineError
    from packerlab.sandbox import host_images, image
    from packerlab.sandbox.bubblewrap import Bubblewrap

    if bool(zip_address) != bool(checksum):
        raise BadInputError("--zip and --sha256 go together.")
    if plugins and not plugins.is_dir():
        raise BadInputError(f"{plugins}: there is no such folder.")
    arguments = {"PACKER_ZIP": zip_address, "PACKER_SHA256": checksum} if zip_address else None
    without = {}
    if engine_trouble := image.engine_trouble():
        without["docker"] = engine_trouble
    else:
        with shown() as say:
            made = image.build(say, packer=packer, plugins=plugins, arguments=arguments)
        size = f"{made['size'] // 1_000_000} MB"
        print(f"docker: {made['tag']}, {size}, Packer {made['packer'][:19]}")
    if trouble := Bubblewrap([]).unavailable():
        without["bubblewrap"] = trouble
    else:
        make(THINGS["account"])
        make(THINGS["tools"])
        if host_images.missing():
            _note(f"no containers: {host_images.MISSING}")
        else:
            make(THINGS["containers"])
    for name, trouble in without.items():
        _note(f"not for {name}: {trouble}")
    if len(without) == 2:
        raise MachineError("Neither sandbox can be prepared here; `packerlab doctor` tells more.")


def _note(text: str) -> None:
    print(f"  {text}", file=sys.stderr)


@app.command()
def status() -> None:
    """Tell which sandboxes can be used here, and for what."""
    from packerlab.sandbox import BACKENDS, CAPABILITIES

    for name, make in BACKENDS.items():
        backend = make([])
        reason = backend.unavailable()
        print(f"{name}: {reason or '; '.join(backend.weak()) or 'ready'}")
        for each in () if reason else CAPABILITIES:
            print(f"  {each}: {backend.lacks(each) or 'ready'}")


@app.command()
def clean() -> None:
    """Remove what `build` made."""
    from packerlab.sandbox import host_base, host_images, host_tools, image

    removed = host_base.remove() + host_tools.remove() + host_images.remove()
    if not image.engine_trouble():
        removed += image.clean()
    for name in removed:
        print(f"removed {name}")
