"""Grading on many machines: the workers that have joined a scheduler of Dask's.

A worker is given something only if it has this course, this packerlab and the Packer that all the
others have: then it does not matter which one grades. If a worker is lost, its work is done once
more by another; if that one is lost too, the report is a fault.
"""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec
from distributed import Client, KilledWorker

from packerlab.course import engine_digest
from packerlab.errors import MachineError
from packerlab.executors.address import hush_dask, security
from packerlab.executors.parcel import INTRODUCTION, Identity, course_digest, need_of, pack
from packerlab.executors.serving import grade_parcel
from packerlab.grading.grade_one import digests
from packerlab.report import conclude, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Future

    from packerlab.course import Course
    from packerlab.executors.address import Address, Keys
    from packerlab.lab import Lab
    from packerlab.report import Digests, Report
    from packerlab.sandbox.base import Needs
    from packerlab.submissions.workspaces import Submission

JOIN_S = 30.0
"""How long to wait for a first worker, and for one that fits once the last of them is gone."""
AHEAD = 2
"""Submissions under way for each job of the workers: one is graded, one waits beside it."""
_TURN_S = 1.0


class Member(NamedTuple):
    """A worker that fits: where it is, who it is, and how many jobs it has."""

    address: str
    identity: Identity
    jobs: int


class Cluster:
    """The executor of a scheduler's workers. `note` hears why a worker is given nothing."""

    def __init__(
        self,
        where: Address,
        keys: Keys,
        course: Course,
        sandbox: str,
        note: Callable[[str], None],
    ) -> None:
        self._where = where
        self._ours = (engine_digest(), course_digest(course))
        self._stopped = threading.Event()
        self._client = _connect(where, keys)
        try:
            members = self._first(sandbox, note)
        except BaseException:
            self.close()
            raise
        self._identity = members[0].identity
        self._needs = {need for member in members for need in member.identity.needs}
        self.sandbox = self._identity.sandbox
        self.jobs = AHEAD * sum(member.jobs for member in members)

    def lacks(self, capability: str) -> str:
        if capability in self._needs:
            return ""
        return f"no worker of {self._where} offers `{capability}`."

    def bench(self) -> _ClusterBench:
        return _ClusterBench(self)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        with contextlib.suppress(Exception):  # it may be the scheduler that is gone
            self._client.close(timeout=5)

    def packer(self) -> str:
        """The digest of the Packer that all workers have."""
        return self._identity.packer

    def grade(self, lab: Lab, submission: Submission, needs: Needs) -> Report | None:
        """A worker's report; None where two workers were lost over it."""
        wanted = dict.fromkeys((self._identity.resource, *map(need_of, sorted(needs))), 1)
        data = pack(lab, submission, needs)
        try:
            future = self._client.submit(grade_parcel, data, resources=wanted, pure=False)
            error = self._error(future)
            if error is None:
                return decode(future.result())
            if isinstance(error, CancelledError):
                raise error
        except (CancelledError, OSError):
            raise MachineError(
                f"The scheduler at {self._where} is gone. The reports that had come home are in "
                "the gradebook: start it, and run the same command again."
            ) from None
        if isinstance(error, KilledWorker):
            return None
        raise error  # a worker's own, and a mistake of ours

    def _error(self, future: Future[bytes]) -> BaseException | None:
        """Wait for a report, as long as there is a worker that may send it; why there is none."""
        alone_since: float | None = None
        while True:
            try:
                return cast("BaseException | None", future.exception(timeout=_TURN_S))
            except TimeoutError:
                if self._stopped.is_set():
                    future.cancel()
                    raise MachineError("stopped.") from None
            alone = not any(self._fitting())
            alone_since = (alone_since or time.monotonic()) if alone else None
            if alone_since and time.monotonic() - alone_since > JOIN_S:
                raise MachineError(
                    f"All workers of {self._where} are gone. The reports that had come home are "
                    "in the gradebook: start workers, and run the same command again."
                )

    def _fitting(self) -> Iterator[str]:
        for address, worker in _workers(self._client).items():
            if self._identity.resource in worker["resources"]:
                yield address

    def _first(self, sandbox: str, note: Callable[[str], None]) -> list[Member]:
        """The workers that all give the same reports, the most jobs first; waits for one."""
        end = time.monotonic() + JOIN_S
        while True:
            refused: dict[str, str] = {}
            fitting: list[Member] = []
            for address, worker in sorted(_workers(self._client).items()):
                member = _member(address, worker)
                reason = self._why_not(member, sandbox)
                if member and not reason:
                    fitting.append(member)
                else:
                    refused[address] = reason
            if fitting or time.monotonic() > end:
                break
            time.sleep(0.2)
        same = _largest(fitting)
        others = {member.address: _OTHER_PACKER for member in fitting if member not in same}
        for address, reason in {**refused, **others}.items():
            note(f"the worker {address} gets nothing: {reason}")
        if not same:
            raise MachineError(
                f"No worker that can be used has joined {self._where}: start `packerlab worker "
                f"{self._where}` on each machine."
            )
        return same

    def _why_not(self, member: Member | None, sandbox: str) -> str:
        if member is None:
            return "it was not started by `packerlab worker`."
        if member.identity.engine != self._ours[0]:
            return "it has another packerlab than this machine."
        if member.identity.course != self._ours[1]:
            return "it has another course than this machine."
        if sandbox not in ("auto", member.identity.sandbox):
            return f"it grades in {member.identity.sandbox}, not in {sandbox}."
        return ""


_OTHER_PACKER = "it has another Packer or sandbox than the others."


class _ClusterBench:
    """One submission at a time, on whichever worker is free."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def digests(self, lab: Lab, submission: Submission) -> Digests:
        return digests(lab, submission, self._cluster.packer())

    def grade(self, lab: Lab, submission: Submission, needs: Needs | None = None) -> Report:
        report = self._cluster.grade(lab, submission, needs or lab.needs)
        if report:
            return report
        lost = conclude(lab.slug, [], "fault", "two workers were lost while they graded it.")
        return msgspec.structs.replace(lost, digests=self.digests(lab, submission))

    def close(self) -> None:
        """Nothing is open: the workers are the cluster's."""


def _connect(where: Address, keys: Keys) -> Client:
    hush_dask()
    try:
        client = Client(str(where), security=security(keys), set_as_default=False, timeout=JOIN_S)
    except (OSError, ValueError) as error:
        raise MachineError(f"There is no scheduler at {where} ({error}).") from None
    client.run_on_scheduler(_once_more)
    return client


def _once_more(dask_scheduler: object) -> None:
    """Work whose worker is lost is done once more, and not three times as by default."""
    dask_scheduler.allowed_failures = 1  # type: ignore[attr-defined]


def _workers(client: Client) -> dict[str, dict[str, Any]]:
    """What the scheduler knows of its workers, by their addresses."""
    found: dict[str, dict[str, Any]] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def _member(address: str, worker: dict[str, Any]) -> Member | None:
    """A worker as it introduces itself; None where it is none of ours."""
    try:
        said = worker["metrics"][INTRODUCTION]
        identity = msgspec.convert(said, Identity)
        return Member(address, identity, int(worker["nthreads"]))
    except (KeyError, TypeError, ValueError, msgspec.ValidationError):
        return None


def _largest(members: list[Member]) -> list[Member]:
    """Of the workers that give the same reports, those with the most jobs between them."""
    by_kind: dict[str, list[Member]] = {}
    for member in members:
        by_kind.setdefault(member.identity.resource, []).append(member)
    return max(by_kind.values(), key=lambda same: sum(each.jobs for each in same), default=[])
