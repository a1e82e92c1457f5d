from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from packerlab import state
from packerlab.errors import SandboxError
from packerlab.sandbox import bubblewrap, cgroup
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.box import Box
from packerlab.sandbox.bubblewrap import Bubblewrap, compiled_filter
from tests.sandbox.places import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.sandbox import host_ids

ENV = {"PATH": "/usr/bin:/bin"}


def skip_unless_available() -> None:
    if reason := Bubblewrap([]).unavailable():
        pytest.skip(f"bubblewrap: {reason}")


@pytest.fixture
def below_usr() -> Iterator[Path]:
    """A folder with a canary where every verb looks."""
    if not os.access("/usr/local/share", os.W_OK):
        pytest.skip("only root can write below /usr")
    folder = Path(tempfile.mkdtemp(prefix="packerlab-test-", dir="/usr/local/share"))
    folder.chmod(0o755)
    (folder / "canary").write_text("canary")
    yield folder
    shutil.rmtree(folder)


def test_a_start_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    skip_unless_available()
    made: list[tuple[cgroup.Group | None, host_ids.Lease | None]] = []

    def full(_: list[str], group: cgroup.Group | None, lease: host_ids.Lease | None) -> NoReturn:
        made.append((group, lease))
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(bubblewrap, "Started", full)
    with pytest.raises(SandboxError, match="Resource temporarily unavailable"):
        Sandbox(Bubblewrap([]), LIMITS).channel()
    ((group, lease),) = made
    assert not any(path.exists() for path in (group.paths if group else []))
    assert not (lease and lease.lock.is_locked)


@pytest.mark.parametrize("way", ["straight", "by a link"])
def test_what_is_masked_is_not_seen(below_usr: Path, tmp_path: Path, way: str) -> None:
    skip_unless_available()
    (tmp_path / "link").symlink_to(below_usr)
    masked = below_usr if way == "straight" else tmp_path / "link"
    seen = {}
    for name, backend in (("open", Bubblewrap([])), ("masked", Bubblewrap([masked]))):
        sandbox = Sandbox(backend, LIMITS)
        try:
            box = Box(sandbox.channel(), LIMITS)
            seen[name] = box.run(["ls", "-A", str(below_usr)], {}, env=ENV).output
        finally:
            sandbox.close()
    assert seen == {"open": "canary\n", "masked": ""}


def test_a_signal_that_nohup_ignores_ends_a_program_all_the_same() -> None:
    """An instance reboots on SIGHUP, also below `nohup packerlab grade`."""
    skip_unless_available()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    sandbox = Sandbox(Bubblewrap([]), LIMITS)
    try:
        ran = Box(sandbox.channel(), LIMITS).run(["sh", "-c", "kill -HUP $$"], {}, env=ENV)
    finally:
        sandbox.close()
        signal.signal(signal.SIGHUP, before)
    assert ran.exit == 128 + signal.SIGHUP


def test_without_bwrap_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "SYSTEM_PATH", str(tmp_path))
    reason = Bubblewrap([]).unavailable()
    assert reason == "bwrap is not installed: `apt install bubblewrap` (Debian, Ubuntu)."


def test_where_namespaces_are_forbidden_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = ["/bin/sh", "-c", "echo 'bwrap: No permissions to create new namespace' >&2; exit 1"]
    monkeypatch.setattr(bubblewrap, "NESTED", refusing)
    reason = Bubblewrap([]).unavailable()
    assert reason
    assert "lets no user make namespaces (bwrap: No permissions to create" in reason
    assert "`packerlab doctor`" in reason


def test_without_packer_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_unless_available()
    monkeypatch.delenv("PACKERLAB_PACKER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Packer is not installed" in str(Bubblewrap([]).unavailable())
    monkeypatch.setenv("PACKERLAB_PACKER", str(tmp_path / "none"))
    assert Bubblewrap([]).unavailable() is None  # then it is taken, and refuses that one


def test_its_memory_bound_is_weak_without_a_control_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (Bubblewrap([]).weak() == []) == (cgroup.kind() is not None)
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Bubblewrap([]).weak() == [
        "memory is watched, not bounded (no control group can be written)"
    ]


def test_the_filter_is_compiled_once_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKERLAB_CACHE", str(tmp_path))
    threads = [threading.Thread(target=compiled_filter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = compiled_filter()
    assert list(tmp_path.iterdir()) == [path]
    before = path.stat()
    assert compiled_filter().stat().st_mtime_ns == before.st_mtime_ns
    assert path.parent == state.cache_folder()
