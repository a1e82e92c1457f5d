"""A team's own rules: an image and a template that keep them pass, and each rule has its words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from packerlab.checks import Failure
from packerlab.course import Course
from packerlab.errors import BadInputError
from packerlab.evidence.account import Image
from packerlab.grader import expect_components, expect_policy
from packerlab.hcl.parsing import parse_trusted
from packerlab.leaks import Leaks
from packerlab.policy import Policy
from packerlab.submissions.reader import File
from tests.toy import COURSE, MESSAGE

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.evidence.disk import Disk

POLICY = Policy(
    name="team-[a-z]+-[0-9]{8}",
    tags={"Owner": "team-.+", "Cost": "[0-9]{4}"},
    regions=["eu-central-1", "eu-west-1"],
    components=["source.file", "provisioner.shell"],
)
IMAGE = {
    "name": "team-web-20261130",
    "region": "eu-west-1",
    "tags": {"Owner": "team-web", "Cost": "1234", "More": "is fine"},
}


def image(**changes: object) -> Image:
    return Image({**IMAGE, **changes}, cast("Disk", None), Leaks())


def test_an_image_that_keeps_the_rules() -> None:
    expect_policy(POLICY, image(), {})
    expect_policy(Policy(), image(name="", tags={}, region="us-east-1"), {})


@pytest.mark.parametrize(
    ("changes", "said", "found"),
    [
        ({"region": "us-east-1"}, "in a region that your team does not use", "us-east-1"),
        ({"name": "team-web-2026"}, "does not follow your team's pattern", "team-web-#"),
        ({"name": "x-team-web-20261130"}, "does not follow", "x-team-web-#"),
        ({"tags": {"Owner": "team-web"}}, "does not have the tag Cost", "no tag Cost"),
        ({"tags": {"Owner": "team-", "Cost": "1234"}}, "the tag Owner", "Owner: team-"),
        ({"tags": {"Owner": "team-a", "Cost": "1234\n"}}, "the tag Cost", "Cost: #\n"),
    ],
)
def test_an_image_that_does_not(changes: dict[str, object], said: str, found: str) -> None:
    with pytest.raises(Failure, match=said) as caught:
        expect_policy(POLICY, image(**changes), {})
    assert caught.value.found == found


def test_one_of_the_rules() -> None:
    broken = image(name="x", region="us-east-1", tags={})
    expect_policy(POLICY.only("components"), broken, {})
    with pytest.raises(Failure, match="does not have the tag Cost"):
        expect_policy(POLICY.only("tags"), broken, {})
    assert POLICY.only("name", "tags", "regions", "components") == POLICY


def test_components_that_the_team_does_not_use() -> None:
    text = MESSAGE + 'data "amazon-ami" "a" {}\n'
    template = parse_trusted({"main.pkr.hcl": File(text.encode())})
    expect_components(Policy(), template)
    with pytest.raises(Failure, match=r"does not use data\.amazon-ami") as caught:
        expect_components(POLICY, template)
    assert str(caught.value.where).startswith("main.pkr.hcl:14")


def test_a_report_knows_the_rules_only_where_its_grader_asks_for_them() -> None:
    own = COURSE.under(POLICY)
    assert own.lab("114").policy_digest == POLICY.digest
    assert own.lab("101").policy_digest == ""
    assert COURSE.lab("114").policy_digest == ""
    assert replace(own.lab("114"), policy=Policy()).policy_digest == ""


def test_a_course_may_have_rules_which_a_class_s_replace(tmp_path: Path) -> None:
    course = Course(tmp_path)
    assert course.policy == Policy()
    (tmp_path / "class.toml").write_text('format = 1\n[policy]\nregions = ["eu-west-1"]\n')
    assert Course(tmp_path).policy.regions == ["eu-west-1"]
    assert Course(tmp_path).under(POLICY).policy == POLICY
    (tmp_path / "class.toml").write_text("format = 1\n[policy]\nregion = []\n")
    with pytest.raises(BadInputError, match=r"class\.toml:3: `region` is no key here"):
        Course(tmp_path).policy  # noqa: B018  (it is read when it is asked for)
