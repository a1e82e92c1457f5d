"""What is too long for a terminal, shown a screen at a time."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

LESS = "FRX"
"""`less` ends by itself where the text fits, shows colours, and leaves the text on the terminal."""


@contextlib.contextmanager
def paged(out: Console) -> Iterator[None]:
    """Show what is printed meanwhile in the user's pager; where `out` is no terminal, as it is."""
    with out.capture() as printed:
        yield
    text = printed.get()
    pager = shlex.split(os.environ.get("PAGER", "less"))
    if out.is_terminal and not out.is_dumb_terminal and pager and shutil.which(pager[0]):
        _show(pager, text.encode(out.encoding, errors="replace"))
    else:
        out.file.write(text)


def _show(pager: list[str], text: bytes) -> None:
    """Ctrl-C is for the pager meanwhile, as in `git` and `man`."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        subprocess.run(pager, input=text, env={"LESS": LESS, **os.environ}, check=False)
    finally:
        signal.signal(signal.SIGINT, before)
