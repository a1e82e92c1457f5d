"""What is expected of a simulated account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from packerlab.checks import Failure
from packerlab.evidence.account import AccountEvidence
from packerlab.grader import Tag, expect_looked_up, expect_second, expect_tags
from packerlab.packer.answers import Answer

CANONICAL = "099720109477"


def account(calls: list[dict[str, Any]], images: list[str] | None = None) -> AccountEvidence:
    made = [
        {"id": name, "name": name, "region": "eu-central-1", "state": "available", "tags": {},
         "block_devices": []}
        for name in images or []
    ]  # fmt: skip
    call = {"service": "ec2", "region": "", "principal": "", "status": 200, "error": "",
            "seconds": 0.0, "action": "DescribeImages"}  # fmt: skip
    told = {"calls": [{**call, "parameters": each} for each in calls], "images": made}
    return AccountEvidence(json.dumps({"account": told, "disks": {}, "consoles": {}}).encode())


def search(*owners: str, name: str = "") -> dict[str, str]:
    named = {"Filter.1.Name": "name", "Filter.1.Value.1": name} if name else {}
    return named | {f"Owner.{number}": owner for number, owner in enumerate(owners, 1)}


def test_a_search_by_a_pattern_among_one_owners_images() -> None:
    expect_looked_up(account([search("self", name="labweb"), search(CANONICAL, name="ubuntu-*")]),
                     CANONICAL)  # fmt: skip


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        ([], "is not looked up"),
        ([{"ImageId.1": "ami-1"}], "is not looked up"),
        ([search(CANONICAL, "aws-marketplace", name="ubuntu-*")], "other owners too"),
        ([search(CANONICAL, name="ubuntu-20240612")], "names one image in full"),
    ],
)
def test_a_search_that_grows_old(calls: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Failure, match=says):
        expect_looked_up(account(calls), CANONICAL)


@pytest.mark.parametrize(
    ("images", "exit_code", "output", "says"),
    [
        (["a", "b"], 0, "", ""),
        (["b"], 0, "", "deletes the AMI of the first"),
        (["a"], 0, "", "does not leave one more AMI"),
        (["a", "b", "c"], 0, "", "does not leave one more AMI"),
        (["a"], 1, "Error: name a is used by an existing AMI: ami-1\n", "has that name already"),
        (["a"], 1, "Error: another\n", "fails"),
    ],
)
def test_a_second_build_makes_one_more(
    images: list[str], exit_code: int, output: str, says: str
) -> None:
    again = Answer("packer build .", exit_code, output, account=account([], images))
    if not says:
        expect_second(account([], ["a"]), again)
        return
    with pytest.raises(Failure, match=says):
        expect_second(account([], ["a"]), again)


def test_tags_that_differ_in_each_build_are_told_in_words() -> None:
    expect_tags({"Name": "x", "more": "y"}, {"Name": "x"}, "The AMI", {})
    expected = {"BaseAMI": Tag("ami-00112233", "the id of its source")}
    with pytest.raises(Failure, match="The AMI does not have the right tag BaseAMI") as caught:
        expect_tags({"BaseAMI": "ami-99887766"}, expected, "The AMI", {})
    assert caught.value.expected == "BaseAMI: the id of its source"
    assert caught.value.found == "BaseAMI: ami-#"
    with pytest.raises(Failure) as caught:
        expect_tags({}, {"Owner": "ada"}, "The AMI", {})
    assert (caught.value.expected, caught.value.found) == ("Owner: ada", "no tag Owner")
