"""A machine without internet: what is carried there is enough to install and to prepare it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from packerlab.sandbox import host_base
from packerlab.sandbox.debian import carried_folder

ROOT = Path(__file__).parent.parent
NO_NETWORK = ["unshare", "--map-root-user", "--net"]


def test_a_root_that_was_carried_here_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made: without mmdebstrap's programs it would fail."""
    if trouble := host_base.id_maps()[1]:
        pytest.skip(trouble)
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path))
    carried = carried_folder() / host_base.ROOT.digest()
    carried.mkdir(parents=True)
    with tarfile.open(carried / host_base.TAR, "w") as tar:
        info = tarfile.TarInfo("./etc-of-the-other-machine")
        info.size = 5
        tar.addfile(info, io.BytesIO(b"here\n"))
    said: list[str] = []
    made = host_base.prepare(said.append)
    try:
        assert (made / "etc-of-the-other-machine").read_text() == "here\n"
        assert said == ["taking the root that was carried to this machine", "extracting the base"]
        assert (carried / host_base.TAR).exists(), "it stays for the next time"
    finally:
        host_base.remove()


def test_a_bundle_installs_without_a_network(tmp_path: Path) -> None:
    """The wheels, and a Packer that was named; what it tells to run next, runs."""
    bundle, target = tmp_path / "bundle", tmp_path / "its own folder"
    program = tmp_path / "packer"
    program.write_bytes(Path("/bin/true").read_bytes())
    plugins = tmp_path / "installed" / "github.com"
    plugins.mkdir(parents=True)
    given: list[str | Path] = ["--packer", program, "--plugins", plugins.parent]
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "bundle.py", bundle, "--without-roots", *given],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "On the other machine: sh install.sh" in made.stdout
    path = f"{Path(sys.base_prefix, 'bin')}:{os.environ['PATH']}"
    done = subprocess.run(
        [*NO_NETWORK, "sh", bundle / "install.sh", target],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"export PACKER_PLUGIN_PATH={target}/plugins" in done.stdout
    assert (target / "bin" / "packer").stat().st_mode & 0o111
    listed = subprocess.run(
        [*NO_NETWORK, target / "bin" / "packerlab", "labs", "--json"],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert listed.returncode == 0, listed.stderr
    assert '"101_first_build"' in listed.stdout
    served = subprocess.run(  # a workshop needs no network either
        [target / "bin" / "python", "-P", "-c", "import packerlab.room.serving"], check=False
    )
    assert served.returncode == 0


def test_a_bundle_is_never_written_over(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "bundle.py"
    done = subprocess.run(
        [sys.executable, script, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "exists already" in done.stderr
