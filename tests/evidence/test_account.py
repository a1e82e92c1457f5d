"""What an account told, as graders ask for it."""

from __future__ import annotations

import json
import time

import pytest

from packerlab.errors import MachineError
from packerlab.evidence.account import AccountEvidence


def told(*actions: tuple[str, float], **more: object) -> AccountEvidence:
    """An account that began a moment ago, with these calls, each at its second."""
    calls = [
        {
            "service": "ec2", "action": action, "region": "us-east-1", "principal": "",
            "status": 200, "error": "", "parameters": {}, "seconds": seconds,
        }
        for action, seconds in actions
    ]  # fmt: skip
    account = {"calls": calls, "began": time.time(), **more}
    return AccountEvidence(json.dumps({"account": account, "disks": {}, "consoles": {}}).encode())


def waited(evidence: AccountEvidence) -> tuple[float, float]:
    """The second in which the wait began, with its fraction, and how long it was."""
    begun = time.time()
    evidence.let_the_second_pass()
    return begun, time.time() - begun


def test_a_name_of_an_earlier_second_is_not_waited_for() -> None:
    _, seconds = waited(told(("RunInstances", 0.2), began=time.time() - 5))
    assert seconds < 0.5


@pytest.mark.parametrize("actions", [[], [("DescribeImages", 0.0)], [("RunInstances", 0.0)]])
def test_the_second_of_the_launch_is_over_then(actions: list[tuple[str, float]]) -> None:
    evidence = told(*actions)
    begun, seconds = waited(evidence)
    assert int(begun + seconds) > int(begun) or not actions
    assert seconds < 1.5


@pytest.mark.parametrize("began", [1e300, -1e300, 0])
def test_no_number_makes_it_wait_longer(began: float) -> None:
    assert waited(told(("RunInstances", 0.0), began=began))[1] < 1.5


def test_what_is_no_number_is_the_sandboxs_fault() -> None:
    with pytest.raises(MachineError, match="account's report"):
        told(("RunInstances", 0.0), began="soon").let_the_second_pass()


def test_what_was_there_at_the_start_is_no_leftover() -> None:
    old = {"prepared": True}
    evidence = told(
        images=[],
        instances=[{"state": "running", **old}, {"state": "stopped"}],
        key_pairs=[{"state": "gone", **old}],
        security_groups=[{"id": "sg-1"}, {"id": "sg-2", **old}],
        volumes=[{"state": "available", **old}],
        snapshots=[{"id": "snap-1", "state": "gone", **old}, {"id": "snap-2"}],
    )
    assert evidence.leftovers == [
        "a security group",
        "a snapshot without AMI",
        "an instance (stopped)",
    ]
