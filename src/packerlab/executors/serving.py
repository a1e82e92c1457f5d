"""A worker: takes submissions from a scheduler, and sends reports home."""

from __future__ import annotations

import asyncio
import logging
import queue
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from packerlab import forkserver, state
from packerlab.errors import MachineError
from packerlab.executors.address import security
from packerlab.executors.parcel import INTRODUCTION, NO_DASK, unpack
from packerlab.report import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.course import Course
    from packerlab.executors import Bench
    from packerlab.executors.address import Address, Keys
    from packerlab.executors.local import Local
    from packerlab.executors.parcel import Identity

_PATIENCE_S = 30
"""How long a worker waits for a scheduler that isn't there."""


class _Serving:
    """The benches of this worker's jobs, and the labs that they grade."""

    def __init__(self, course: Course, executor: Local) -> None:
        self._labs = {lab.slug: lab for lab in course.labs()}
        self._all = [executor.bench() for _ in range(executor.jobs)]
        self._free: queue.SimpleQueue[Bench] = queue.SimpleQueue()
        for bench in self._all:
            self._free.put(bench)

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        bench = self._free.get()
        try:
            yield bench
        finally:
            self._free.put(bench)

    def grade(self, data: bytes) -> bytes:
        parcel = unpack(data)
        with self.bench() as bench:
            lab = self._labs[parcel.lab]
            return encode(bench.grade(lab, parcel.submission(), frozenset(parcel.needs)))

    def close(self) -> None:
        for bench in self._all:
            bench.close()


_serving: _Serving | None = None
"""Of this process, which is one worker: a scheduler sends it a function's name and bytes."""


def grade_parcel(data: bytes) -> bytes:
    """Grade a parcel on the worker that this is called on; a report as JSON."""
    if _serving is None:
        raise MachineError("this is no worker of packerlab's.")
    return _serving.grade(data)


def serve(
    course: Course,
    executor: Local,
    identity: Identity,
    where: Address,
    keys: Keys,
    on_joined: Callable[[], None],
) -> None:
    """Be a worker until the scheduler ends or somebody ends this process."""
    global _serving  # noqa: PLW0603  (a process is one worker)
    forkserver.start()
    _serving = _Serving(course, executor)
    try:
        asyncio.run(_serve(executor.jobs, identity, where, keys, on_joined))
    finally:
        _serving.close()


async def _serve(
    jobs: int, identity: Identity, where: Address, keys: Keys, on_joined: Callable[[], None]
) -> None:
    try:
        import dask
        from distributed import Worker
    except ImportError:
        raise MachineError(NO_DASK) from None
    dask.config.set({"distributed.worker.http.routes": []})  # it has pages that nobody asked for
    logging.getLogger("distributed").setLevel(logging.ERROR)

    async def introduce(_: object) -> dict[str, object]:
        return msgspec.to_builtins(identity)  # type: ignore[no-any-return]

    worker = Worker(
        str(where),
        nthreads=jobs,
        resources=identity.resources(jobs),
        security=security(keys),
        host=None if where.encrypted else where.host,
        death_timeout=_PATIENCE_S,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        local_directory=str(state.cache_folder()),  # Dask clears away what killed workers left
        memory_limit=0,  # a submission's memory is the sandbox's business
        metrics={INTRODUCTION: introduce},
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, lambda: asyncio.ensure_future(worker.close()))
    try:
        await worker
    except (TimeoutError, OSError):
        raise MachineError(
            f"There is no scheduler at {where}: `dask scheduler` starts one."
        ) from None
    on_joined()
    await worker.finished()
