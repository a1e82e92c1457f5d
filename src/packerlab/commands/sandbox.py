"""`packerlab sandbox build|status|clean`: the image of the docker sandboxes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The docker sandboxes' image.", no_args_is_help=True)


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
    """Make the image; by default with Debian's Packer."""
    from packerlab.errors import BadInputError
    from packerlab.sandbox import image

    if bool(zip_address) != bool(checksum):
        raise BadInputError("--zip and --sha256 go together.")
    if plugins and not plugins.is_dir():
        raise BadInputError(f"{plugins}: there is no such folder.")
    arguments = {"PACKER_ZIP": zip_address, "PACKER_SHA256": checksum} if zip_address else None
    made = image.build(_say, packer=packer, plugins=plugins, arguments=arguments)
    print(f"{made['tag']}: {made['size'] // 1_000_000} MB, Packer {made['packer'][:19]}")


def _say(text: str) -> None:
    for line in text.splitlines():
        print(f"  {line[:120]}", file=sys.stderr)


@app.command()
def status() -> None:
    """Tell which sandboxes can be used here, and which image is in use."""
    from packerlab.sandbox import BACKENDS

    for name, make in BACKENDS.items():
        backend = make([])
        reason = backend.unavailable()
        print(f"{name}: {reason or '; '.join(backend.weak()) or 'ready'}")


@app.command()
def clean() -> None:
    """Remove the images that `build` made."""
    from packerlab.sandbox import image

    for tag in image.clean():
        print(f"removed {tag}")
