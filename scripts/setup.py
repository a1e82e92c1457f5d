#!/usr/bin/env python3
"""Make the virtual environment, and show meanwhile what is being done: `make setup`.

It runs before anything is installed, so it needs the standard library alone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

LOCK = "requirements.lock"
EVERY = 25
"""Of so many packages, where there is no terminal whose line could change."""


def main(folder: Path) -> int:
    begun = time.monotonic()
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    print(f"1 of 3: a virtual environment in {folder}", flush=True)
    if code := subprocess.call([sys.executable, "-m", "venv", str(folder)]):
        return code
    print("2 of 3: the packages of requirements.lock, each checked by its hash", flush=True)
    # Most of them are never imported: what is, `warm_up` compiles.
    if code := shown([*pip, "--no-compile", "--require-hashes", "-r", LOCK]):
        return code
    print("3 of 3: packerlab itself", flush=True)
    if code := subprocess.call([*pip, "--quiet", "--no-deps", "--no-build-isolation", "-e", "."]):
        return code
    if code := subprocess.call([python, "-P", str(Path(__file__).with_name("warm_up.py"))]):
        return code
    print(f"Set up in {time.monotonic() - begun:.0f} s.", flush=True)
    return 0


def shown(command: list[str]) -> int:
    """Run pip, and tell of each package that it turns to; its errors go where they always do."""
    count = 0
    on_terminal = sys.stdout.isatty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout or ():
            if line.startswith("Collecting "):
                count += 1
                tell(count, line.split()[1].partition("==")[0], on_terminal=on_terminal)
            elif line.startswith("Installing "):
                print(f"{_wipe(on_terminal)}  installing {count} packages", flush=True)
    return process.returncode


def tell(count: int, name: str, *, on_terminal: bool) -> None:
    if on_terminal:
        print(f"{_wipe(True)}  {count} {name}", end="", flush=True)
    elif count % EVERY == 0:
        print(f"  {count} packages", flush=True)


def _wipe(on_terminal: bool) -> str:
    return "\r\x1b[K" if on_terminal else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
