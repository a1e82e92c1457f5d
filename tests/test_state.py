from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from packerlab import state
from packerlab.course import PACKAGE
from packerlab.errors import MachineError
from tests.waiting import until

RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from packerlab import state
print(state.run_name("thing"), flush=True)
sys.stdin.read()
"""


def test_no_test_reaches_the_user_s_own_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path_factory.getbasetemp()
    for folder in (state.state_folder(), state.cache_folder(), Path.home()):
        assert folder.is_relative_to(ours)
    for name in ("PACKERLAB_STATE", "PACKERLAB_CACHE"):
        monkeypatch.delenv(name)
    assert state.state_folder().is_relative_to(ours)
    assert state.cache_folder().is_relative_to(ours)


def test_state_is_a_test_s_own_and_the_cache_is_shared() -> None:
    assert list(state.state_folder().iterdir()) == []
    (state.state_folder() / "left").touch()
    (state.cache_folder() / "left").touch()


def test_state_is_a_test_s_own_and_the_cache_is_shared_seen_from_the_next() -> None:
    assert not (state.state_folder() / "left").exists()
    assert (state.cache_folder() / "left").exists()


def test_the_folders_follow_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKERLAB_STATE", str(tmp_path / "a/state"))
    assert state.state_folder() == tmp_path / "a/state"
    assert state.state_folder().is_dir()


@pytest.mark.parametrize("variable", ["PACKERLAB_STATE", "PACKERLAB_CACHE"])
def test_nobody_else_can_put_anything_there(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ours"
    monkeypatch.setenv(variable, str(folder))
    ask = state.state_folder if variable.endswith("STATE") else state.cache_folder
    assert stat.S_IMODE(ask().stat().st_mode) == 0o700
    folder.chmod(0o755)
    assert stat.S_IMODE(ask().stat().st_mode) == 0o755
    for mode in (0o775, 0o757, 0o777):
        folder.chmod(mode)
        assert stat.S_IMODE(ask().stat().st_mode) == 0o700


def test_a_folder_of_another_user_s_is_refused(
    commoner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKERLAB_CACHE", "/usr")
    with pytest.raises(MachineError, match=r"belongs to another user.*Set PACKERLAB_CACHE to"):
        state.cache_folder()
    monkeypatch.setenv("PACKERLAB_CACHE", str(commoner / "cache"))
    assert state.cache_folder().is_dir()


# --- files ---


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a/b/file"
    state.write_atomically(path, b"1")
    state.write_atomically(path, b"2")
    assert path.read_bytes() == b"2"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_what_can_t_be_written_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        state.write_atomically(tmp_path / "file", b"2")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    state.write_atomically(path, b"1" * 1000)
    code = (
        "import sys; from pathlib import Path; from packerlab import state\n"
        "while True: state.write_atomically(Path(sys.argv[1]), b'2' * 100_000)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
    until(lambda: path.stat().st_size != 1000, "the other one writes")
    writer.kill()
    writer.wait()
    assert path.read_bytes() == b"2" * 100_000


# --- runs ---


def start_run(**env: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(PACKAGE.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    with process:
        pass


def test_our_own_run_is_alive() -> None:
    assert state.run_is_alive(state.run_name())
    assert state.run_name() != state.run_name()
    assert state.run_name("x").startswith(state.RUN_PREFIX)


def test_a_run_is_alive_until_its_process_ends() -> None:
    process, name = start_run()
    assert state.run_is_alive(name)
    assert state.run_is_alive(name)
    end(process)
    assert not state.run_is_alive(name)
    assert not state.run_is_alive(name)


def test_a_dead_run_s_lock_is_removed() -> None:
    process, name = start_run()
    lock = state.cache_folder() / "runs" / f"{name.split('-')[2]}.lock"
    assert lock.exists()
    end(process)
    assert not state.run_is_alive(name)
    assert not lock.exists()


def test_old_locks_that_nobody_holds_are_removed_by_the_next_run() -> None:
    locks = state.cache_folder() / "runs"
    held, name = start_run()
    for lock in (locks / "0000.lock", locks / "1111.lock", locks / f"{name.split('-')[2]}.lock"):
        lock.touch()
        if lock.name != "1111.lock":
            os.utime(lock, (0, 0))
    other, _ = start_run()
    assert not (locks / "0000.lock").exists()
    assert (locks / "1111.lock").exists()
    assert state.run_is_alive(name)
    end(held)
    end(other)


def test_another_owner_s_run_is_never_ours_to_judge(tmp_path: Path) -> None:
    process, name = start_run(PACKERLAB_CACHE=str(tmp_path))
    end(process)
    assert state.run_is_alive(name)


@pytest.mark.parametrize("name", ["packerlab-", "packerlab-probe", "packerlab-1-2-3", "other", ""])
def test_a_name_that_is_none_of_ours_is_left_alone(name: str) -> None:
    assert state.run_is_alive(name)


def test_a_run_survives_its_forked_children() -> None:
    process, name = start_run()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert state.run_is_alive(name)
    end(process)
