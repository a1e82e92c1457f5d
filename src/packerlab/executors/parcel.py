"""What travels between a batch and a worker: submissions as bytes, and who a worker is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from packerlab.course import engine_digest
from packerlab.policy import Policy
from packerlab.sandbox import CAPABILITIES
from packerlab.submissions.reader import Files  # noqa: TC001  (msgspec reads them)
from packerlab.submissions.workspaces import Submission

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.sandbox.base import Backend


INTRODUCTION = "packerlab"
"""Under this name a worker tells the scheduler who it is."""


class Parcel(msgspec.Struct, frozen=True):
    """A submission on its way to a worker, with the policy of its class.

    `needs` is what its sandbox must have.
    """

    lab: str
    files: Files
    digest: str
    refusal: str
    needs: list[str]
    policy: Policy = Policy()

    def submission(self) -> Submission:
        return Submission(self.files, self.digest, refusal=self.refusal)


def pack(lab: Lab, submission: Submission, needs: frozenset[str]) -> bytes:
    files, digest, refusal = submission.files, submission.digest, submission.refusal
    parcel = Parcel(lab.slug, files, digest, refusal, sorted(needs), lab.policy)
    return msgspec.msgpack.encode(parcel)


def unpack(data: bytes) -> Parcel:
    return msgspec.msgpack.decode(data, type=Parcel)


class Identity(msgspec.Struct, frozen=True):
    """What a worker grades with, and what it can serve.

    Two workers give the same report for the same submission only if all but `needs` are the same.
    """

    engine: str
    course: str
    sandbox: str
    packer: str
    needs: list[str]

    def resources(self, jobs: int) -> dict[str, float]:
        """How a worker of so many jobs announces itself to the scheduler."""
        return dict.fromkeys((self.resource, *map(need_of, self.needs)), jobs)

    @property
    def resource(self) -> str:
        """Names the workers that give the same reports."""
        parts = (self.engine, self.course, self.sandbox, self.packer)
        return f"packerlab-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:16]}"


def need_of(capability: str) -> str:
    """What the scheduler calls a capability of a worker."""
    return f"packerlab-{capability}"


def identity_of(course: Course, backend: Backend) -> Identity:
    """Who this machine is as a worker. Raises MachineError where it has no Packer."""
    needs = [each for each in CAPABILITIES if not backend.lacks(each)]
    packer = backend.packer().digest
    return Identity(engine_digest(), course_digest(course), backend.name, packer, needs)


def course_digest(course: Course) -> str:
    """Over the labs, their graders, and the secret that hidden inputs come from."""
    lines = [f"{lab.slug} {lab.digest} {lab.grader_digest}\n" for lab in course.labs()]
    lines.append(hashlib.sha256(b"packerlab's secret: " + course.secret).hexdigest())
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"
