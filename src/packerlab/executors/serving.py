"""A worker: takes submissions from a scheduler, and sends reports home."""

from __future__ import annotations

import asyncio
import queue
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import dask
import msgspec
from distributed import Worker, WorkerPlugin, get_worker

from packerlab import state
from packerlab.errors import MachineError
from packerlab.executors.address import hush_dask, security
from packerlab.executors.parcel import INTRODUCTION, unpack
from packerlab.report import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.course import Course
    from packerlab.executors import Bench
    from packerlab.executors.address import Address, Keys
    from packerlab.executors.local import Local
    from packerlab.executors.parcel import Identity, Parcel
    from packerlab.report import Report

_PATIENCE_S = 30
"""How long a worker waits for a scheduler that isn't there."""


class Benches(WorkerPlugin):
    """The benches of this worker's jobs, and the labs that they grade: a plugin of Dask's."""

    name = "packerlab"

    def __init__(self, course: Course, executor: Local) -> None:
        self.jobs = executor.jobs
        self._labs = {lab.slug: lab for lab in course.labs()}
        self._all = [executor.bench() for _ in range(executor.jobs)]
        self._free: queue.SimpleQueue[Bench] = queue.SimpleQueue()
        for bench in self._all:
            self._free.put(bench)

    def grade(self, parcel: Parcel) -> Report:
        """Grade on the first bench that is free."""
        bench = self._free.get()
        try:
            lab = self._labs[parcel.lab]
            if lab.policy != parcel.policy:
                lab = replace(lab, policy=parcel.policy)
            return bench.grade(lab, parcel.submission(), frozenset(parcel.needs))
        finally:
            self._free.put(bench)

    def close(self) -> None:
        for bench in self._all:
            bench.close()


def grade_parcel(data: bytes) -> bytes:
    """Grade a parcel on the worker that this is called on; a report as JSON.

    A scheduler sends a worker this function's name, and the bytes.
    """
    benches = get_worker().plugins[Benches.name]
    if not isinstance(benches, Benches):
        raise TypeError(benches)
    return encode(benches.grade(unpack(data)))


async def serve(
    identity: Identity,
    benches: Benches,
    where: Address,
    keys: Keys,
    on_joined: Callable[[], None],
) -> None:
    """Be a worker until the scheduler ends, or somebody ends this process."""
    dask.config.set({"distributed.worker.http.routes": []})  # it has pages that nobody asked for
    hush_dask()

    async def introduce(_: object) -> dict[str, object]:
        return msgspec.to_builtins(identity)  # type: ignore[no-any-return]

    worker = Worker(
        str(where),
        nthreads=benches.jobs,
        resources=identity.resources(benches.jobs),
        security=security(keys),
        host=None if where.encrypted else where.host,
        death_timeout=_PATIENCE_S,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        local_directory=str(state.cache_folder()),  # Dask clears away what killed workers left
        memory_limit=0,  # a submission's memory is the sandbox's business
        metrics={INTRODUCTION: introduce},
        plugins=(benches,),
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, lambda: asyncio.ensure_future(worker.close()))
    try:
        await worker
    except (TimeoutError, OSError):
        reason = f"There is no scheduler at {where}: `dask scheduler` starts one."
        raise MachineError(reason) from None
    on_joined()
    await worker.finished()
