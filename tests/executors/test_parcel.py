"""A submission travels with the policy of its class: a worker has the course, and not the class."""

from __future__ import annotations

from contextlib import closing

from packerlab.executors.local import Local
from packerlab.executors.parcel import pack, unpack
from packerlab.executors.serving import Benches
from packerlab.policy import Policy
from packerlab.sandbox import choose
from tests.toy import COURSE, MESSAGE, ROOT, handed

POLICY = Policy(components=["source.null"])


def test_a_worker_grades_by_the_policy_of_the_class() -> None:
    submission = handed(MESSAGE)
    backend = choose("bubblewrap", {"packer"}, [ROOT], full_limits=False)
    with closing(Benches(COURSE, Local(backend, 1))) as benches:
        lab = COURSE.under(POLICY).lab("114")
        strict, plain = (
            benches.grade(unpack(pack(each, submission, lab.needs)))
            for each in (lab, COURSE.lab("114"))
        )
    assert (strict.verdict, strict.digests.policy) == ("failed", POLICY.digest)
    assert (plain.verdict, plain.digests.policy) == ("passed", "")
