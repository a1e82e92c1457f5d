#!/usr/bin/env python
"""Pack what a machine without internet needs into one folder: `make bundle`.

In it are packerlab and its wheels, the roots that instances and containers start from, the tools
for scripts, the Packer and the plugins that you name, and `install.sh`, which installs all of that
on the other machine.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packerlab.sandbox import host_base, host_images, host_tools

ROOT = Path(__file__).parent.parent
INSTALL = """\
#!/bin/sh
# install.sh [FOLDER]: install packerlab from this bundle, into a virtual environment in FOLDER.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-packerlab}
python3 -m venv "$target"
"$target/bin/pip" install --quiet --no-index --find-links "$here/wheels" 'packerlab[room]'
if [ -d "$here/roots" ]; then
    roots=$("$target/bin/python" -P -c \\
        'from packerlab.sandbox.debian import carried_folder as f; print(f())')
    mkdir -p "$roots"
    cp -R "$here/roots/." "$roots/"
fi
for given in "$here"/packer/*; do
    case "$given" in
        *.zip) python3 -m zipfile -e "$given" "$target/bin" ;;
        */packer) cp "$given" "$target/bin/packer" ;;
        */plugins) cp -R "$given" "$target/plugins" ;;
    esac
done
[ ! -f "$target/bin/packer" ] || chmod 755 "$target/bin/packer"
echo "Installed. Before you use it, run:"
echo "  . $target/bin/activate"
[ ! -d "$target/plugins" ] || echo "  export PACKER_PLUGIN_PATH=$(cd "$target" && pwd)/plugins"
echo "Then, once: packerlab sandbox build; and at any time: packerlab doctor"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the bundle, which is made anew")
    parser.add_argument("--packer", type=Path, help="a Linux Packer, or the zip that it comes in")
    parser.add_argument("--plugins", type=Path, help="a folder of installed plugins")
    parser.add_argument("--without-roots", action="store_true", help="for labs without machines")
    given = parser.parse_args()
    if given.folder.exists():
        sys.exit(f"{given.folder} exists already; remove it, or name another folder.")
    wheels(given.folder / "wheels")
    if not given.without_roots:
        roots(given.folder / "roots")
    (given.folder / "packer").mkdir()
    if given.packer:
        name = given.packer.name if given.packer.suffix == ".zip" else "packer"
        shutil.copy(given.packer, given.folder / "packer" / name)
    if given.plugins:
        shutil.copytree(given.plugins, given.folder / "packer" / "plugins")
    script = given.folder / "install.sh"
    script.write_text(INSTALL)
    script.chmod(0o755)
    size = sum(file.stat().st_size for file in given.folder.rglob("*") if file.is_file())
    print(f"{given.folder}: {size // 1_000_000} MB. On the other machine: sh install.sh")


def wheels(folder: Path) -> None:
    """Our wheel, and those of what it needs, in the versions of the lock."""
    print("... wheels", file=sys.stderr)
    pip = [sys.executable, "-P", "-m", "pip"]
    quiet = ["--quiet", "--disable-pip-version-check"]
    build = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, "wheel", *quiet, *build], check=True)
    (ours,) = folder.glob("packerlab-*.whl")
    locked = re.findall(r"^[\w.-]+==\S+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write("\n".join(locked))
        constraints.flush()
        wanted = ["--dest", str(folder), "--only-binary=:all:", "-c", constraints.name]
        subprocess.run([*pip, "download", *quiet, *wanted, f"{ours}[room]"], check=True)


def roots(folder: Path) -> None:
    """What instances and containers start from, and the tools, by the digests of their recipes."""
    parts = {"instances": host_base, "containers": host_images, "tools": host_tools}
    for name, part in parts.items():
        print(f"... {name}", file=sys.stderr)
        made = folder / part.ROOT.digest()
        made.mkdir(parents=True)
        part.make_tars(made, lambda text: print(f"  {text[:110]}", file=sys.stderr))


if __name__ == "__main__":
    main()
