"""Where a verb writes a file that was asked for with `-o`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from packerlab.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write(output: Path, parts: Iterable[bytes]) -> None:
    """Write what comes in parts: a file is replaced as a whole, or left as it was."""
    from packerlab.state import replace

    try:
        if output.is_file() or not output.exists():
            replace(output.resolve(), parts)
        else:  # such as a pipe or a terminal
            with output.open("wb") as stream:
                stream.writelines(parts)
    except OSError as error:
        raise BadInputError(f"{output} can't be written: {error.strerror}.") from None
    typer.echo(f"Wrote {output}.", err=True)
