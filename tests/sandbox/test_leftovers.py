"""Whatever a verb leaves, the supervisor reads it or names a bound, and serves the next one.

`PACKERLAB_FUZZ=300 pytest tests/sandbox/test_leftovers.py` goes on for 300 seconds with each test.
"""

from __future__ import annotations

import contextlib
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from packerlab import state
from packerlab.checks import Failure
from packerlab.errors import LimitError, RejectedError
from packerlab.evidence.containers import ContainersEvidence
from packerlab.lab import Limits
from packerlab.packer.environment import ENVIRONMENT
from packerlab.sandbox import BACKENDS, docker, host_images
from packerlab.sandbox.base import Sandbox
from packerlab.sandbox.box import Box
from tests.sandbox.leftovers import LITTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.sandbox.box import Ran

LIMITS = Limits(deadline_s=60, cpu_s=40, memory_mb=512, disk_mb=128)
SECONDS = float(os.environ.get("PACKERLAB_FUZZ", "0"))
FEW = 8
STORE = "/var/lib/containers/storage"
MADE = (
    "docker tag busybox lab/x; docker run --name one busybox sh -c 'mkdir /d; echo x > /d/f';"
    "docker commit -q one lab/y >/dev/null; mkdir out; docker save lab/y > out/y.tar;"
    "docker export one > out/one.tar;"
)
SECRET = "5e0c1a7b93d2f648"


def seeds() -> Iterator[int]:
    """A few, or as many as there is time for."""
    end = time.monotonic() + SECONDS
    seed = 0
    while seed < FEW or time.monotonic() < end:
        yield seed
        seed += 1


def read_as_a_grader(ran: Ran, box: Box) -> None:
    """All that a grader may ask of what is reported; nothing of it is a fault."""
    told = ContainersEvidence(ran.engine, box.prepared, ran.leaks)
    for image in told.images:
        with contextlib.suppress(LimitError, Failure):
            _ = image.settings.environment, image.settings.labels, image.settings.ports, image.base
            _ = image.places(SECRET), image.disk.changed(), image.disk.removed()
            _ = image.disk.users(), image.disk.packages(), image.disk.unit("x.service")
    for name in ("out/y.tar", "out/one.tar", "out/o.tar"):
        with contextlib.suppress(LimitError, Failure):
            disk = told.archive(name).disk
            _ = disk and disk.packages()


def serve(sandbox: Sandbox, script: str, *words: str, secrets: tuple[str, ...]) -> None:
    box = Box(sandbox.channel(), LIMITS)
    argv = ["sh", "-c", script, *words]
    with contextlib.suppress(LimitError, RejectedError):
        ran = box.run(argv, {}, env=ENVIRONMENT, outputs=["out"], secrets=secrets)
        read_as_a_grader(ran, box)
    after = Box(sandbox.channel(), LIMITS).run(["echo", "well"], {}, env=ENVIRONMENT)
    assert after.output == "well\n"


def opened(request: pytest.FixtureRequest, row: str, *needs: str) -> Sandbox:
    if row.startswith("docker"):
        made = request.getfixturevalue("built_image")
        state.write_atomically(state.state_folder() / docker.IMAGE_STATE, made)
    elif "containers" in needs:
        if host_images.missing():
            pytest.skip(host_images.MISSING)
        request.getfixturevalue("container_images")
    backend = BACKENDS[row]([])
    reasons = [backend.unavailable(), *(backend.lacks(need) for need in needs)]
    if any(reasons):
        pytest.skip(f"{row}: {next(filter(None, reasons))}")
    return Sandbox(backend, LIMITS, frozenset({"packer", *needs}))


@pytest.mark.parametrize("row", ["bubblewrap", "docker"])
def test_any_store(request: pytest.FixtureRequest, row: str) -> None:
    with closing(opened(request, row, "containers")) as sandbox:
        for seed in seeds():
            words = ("sh", LITTER, str(seed), f"{STORE}/overlay-images", f"{STORE}/overlay-layers",
                     *([STORE] if seed % 3 == 0 else []), "out")  # fmt: skip
            script = f'{MADE} python3 -c "$1" "$2" "$3" "$4" "$5" "$6"; true'
            serve(sandbox, script, *words, secrets=(SECRET,))


@pytest.mark.parametrize("row", BACKENDS)
def test_any_workspace(request: pytest.FixtureRequest, row: str) -> None:
    script = 'mkdir -p out/a; echo 1 > out/a/b; python3 -c "$1" "$2" out /workspace; true'
    with closing(opened(request, row)) as sandbox:
        for seed in seeds():
            secrets = (SECRET,) if seed % 2 else ()
            serve(sandbox, script, "sh", LITTER, str(seed), secrets=secrets)
