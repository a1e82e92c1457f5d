"""What every test has: folders of its own in place of the user's, and what sandboxes start from.

Tests may run in several processes at once (`pytest -n`). Each process has its own folders and its
own run. What takes a minute to make is made by one of them and kept for the next test runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest
from filelock import FileLock
from hypothesis import settings

from packerlab import state
from packerlab.errors import MachineError
from packerlab.sandbox import cgroup, docker, host_base, host_images, host_tools, image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent


def pytest_configure() -> None:
    settings.register_profile("packerlab", deadline=None)  # this machine may be busy
    settings.load_profile("packerlab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The labs first: of files that run side by side, the longest must not begin last."""
    items.sort(key=lambda item: item.path.name != "test_course.py")


HELD = "PACKERLAB_TESTS_TURN"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tests that are marked `alone` take what the machine has only one number of.

    No other test of ours runs meanwhile, whatever process it is in: its verbs beside an account or
    an engine would be faults. One that waits for its turn keeps the others from beginning. A test
    that runs pytest has its turn already.
    """
    if os.environ.get(HELD):
        return (yield)
    turn_of = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "gate.lock").open("w") as gate, (KEPT / "turn.lock").open("w") as turn:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(turn, turn_of)
        fcntl.flock(gate, fcntl.LOCK_UN)
        os.environ[HELD] = "1"
        try:
            return (yield)
        finally:
            os.environ.pop(HELD, None)
            fcntl.flock(turn, fcntl.LOCK_UN)  # a child that was forked may still have it open


NOBODY = 65534
KEPT = platformdirs.user_cache_path("packerlab") / "tests"
"""The cache of all test runs. What lies there has its recipe's digest in its name."""


def redirect(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make `folder` the user's home and our state, so that no test can reach the real ones."""
    patch.setenv("HOME", str(folder / "home"))
    patch.setenv("PACKERLAB_STATE", str(folder / "state"))
    (folder / "home").mkdir()
    for name in ("PACKERLAB_COURSE", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        patch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _whole_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all tests of a process: a run's lock lies in it, and a process has one run."""
    folder = tmp_path_factory.mktemp("packerlab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PACKERLAB_CACHE", str(folder / "cache"))
        redirect(patch, folder)
        state.run_name()  # begins the run, before `kept` takes another cache for a moment
        yield
        cgroup.reap()  # what killed runs leave, since no next run has this cache


@pytest.fixture(autouse=True)
def _own_folders(
    _whole_run: None, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    redirect(monkeypatch, tmp_path_factory.mktemp("own"))


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Make what is made here in the cache of all test runs; outside CI, skip where that fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PACKERLAB_CACHE", str(KEPT))
        patch.setenv("PACKERLAB_STATE", str(KEPT / "state"))  # an image has its folder's name
        try:
            yield
        except MachineError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))


def _lent(prepare: Callable[[Callable[[str], None]], Path]) -> Path:
    """What `prepare` makes, linked into the cache of this process."""
    with _kept():
        made = prepare(lambda _: None)
    name = made.relative_to(KEPT).parts[0]
    (state.cache_folder() / name).symlink_to(KEPT / name)
    return made


@pytest.fixture(scope="session")
def built_image(_whole_run: None) -> bytes:
    """What is kept of the sandbox's image, whose layers the container engine caches."""
    with _kept(), FileLock(state.cache_folder() / "image.lock"):
        image.build(lambda _: None)
        kept = (state.state_folder() / docker.IMAGE_STATE).read_bytes()
    state.write_atomically(state.state_folder() / docker.IMAGE_STATE, kept)
    return kept


@pytest.fixture(scope="session")
def instance_base(_whole_run: None) -> Path:
    """The disk that instances start from."""
    return _lent(host_base.prepare)


@pytest.fixture(scope="session")
def container_images(_whole_run: None) -> Path:
    """The images that containers start from."""
    return _lent(host_images.prepare)


@pytest.fixture(scope="session")
def tools_root(_whole_run: None) -> Path:
    """The system of labs with tools."""
    return _lent(host_tools.prepare)


@pytest.fixture
def sandbox_image(built_image: bytes) -> None:
    """The test's own state knows the sandbox's image."""
    state.write_atomically(state.state_folder() / docker.IMAGE_STATE, built_image)


@pytest.fixture
def commoner() -> Iterator[Path]:
    """A folder of an ordinary user's, who this test is while it runs: root may read everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(os.getuid())


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; every warning is an error, also a page that the navigation lacks."""
    folder = tmp_path_factory.mktemp("site")
    build_site(folder)
    return folder


def build_site(folder: Path, **variables: str) -> None:
    words = ["build", "--strict", "--quiet", "--config-file", str(ROOT / "mkdocs.yml")]
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", *words, "--site-dir", str(folder)],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; outside CI, what needs it is skipped where there is none."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program and not os.environ.get("CI"):
        pytest.skip("no Chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()
