"""An image that follows our conventions. The rules themselves are in class.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import (
    check,
    expect_at_boot,
    expect_components,
    expect_package,
    expect_policy,
    expect_second,
    expect_tags,
)

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Build, Files, Hidden, Policy, Template


@check(points=1, docs="#content")
def test_ami(build: Build, hidden: Hidden) -> None:
    """A build leaves one AMI, and labweb is installed in it.

    - What does Packer complain about? `packer validate` finds most mistakes.
    - The starter builds one AMI and installs labweb in it. What have you changed since?
    - Keep the starter's `source_ami_filter`, its `ssh_username`, and the lines that install labweb.
    """
    expect_package(built(build, hidden).image().disk, "labweb", "in the AMI")


@check(points=1, needs="test_ami", docs="#content")
def test_boot(build: Build, hidden: Hidden) -> None:
    """The service labweb starts at boot.

    - Which command starts a service now, and which one starts it at each boot?
    - The shell provisioner installs the package, and `systemctl` enables its unit.
    - Add `sudo systemctl enable labweb` after the line that installs it.
    """
    expect_at_boot(built(build, hidden).image().disk, "labweb.service", "in the AMI")


@check(points=1, docs="#components")
def test_components(template: Template, policy: Policy) -> None:
    """The template uses only components that our team uses.

    - Where does each of the template's provisioners run?
    - The task sheet lists the components that we use. Everything else has to go.
    - Remove the `shell-local` provisioner: it runs on the machine that Packer runs on.
    """
    expect_components(policy, template)


@check(points=1, needs="test_ami", docs="#regions")
def test_region(build: Build, hidden: Hidden, policy: Policy, submission: Files) -> None:
    """The AMI is in a region that our team uses.

    - Which argument says where Packer builds?
    - An AMI is in the region that it was built in, unless it is copied.
    - Set the source's `region` to one that the task sheet names.
    """
    expect_policy(policy.only("regions"), built(build, hidden).image(), submission)


@check(points=2, needs="test_ami", docs="#names")
def test_name(build: Build, hidden: Hidden, policy: Policy, submission: Files) -> None:
    """The AMI's name follows our pattern.

    - Which parts does the example on the task sheet have, and in which order?
    - `formatdate` writes a time in the form that you want, and `timestamp()` is that of the build.
    - Put the name together from `labweb-` and `formatdate("YYYYMMDD-hhmmss", timestamp())`.
    """
    expect_policy(policy.only("name"), built(build, hidden).image(), submission)


@check(points=1, needs="test_ami", docs="#names")
def test_again(build: Build, hidden: Hidden) -> None:
    """Each build makes a new AMI, and the earlier ones stay.

    - If you build twice, which part of the name differs?
    - A time that Packer computes makes the name unique. A time that you typed in doesn't.
    - Compute the time with `timestamp()`, down to the second, and don't use `force_deregister`.
    """
    first = built(build, hidden)
    first.let_the_second_pass()
    expect_second(first, build(inputs(hidden), nth=2))


@check(points=2, needs="test_ami", docs="#tags")
def test_tags(build: Build, hidden: Hidden, policy: Policy, submission: Files) -> None:
    """The AMI has the tags that our team requires.

    - Which argument of the source tags the AMI, and which tags does the task sheet list?
    - Keys of tags are case-sensitive, so `owner` and `Owner` are two tags.
    - Set `Owner`, `CostCenter` and `Commit` in `tags`, with values as on the task sheet.
    """
    expect_policy(policy.only("tags"), built(build, hidden).image(), submission)


@check(points=1, needs="test_tags", docs="#tags")
def test_commit(build: Build, hidden: Hidden, submission: Files) -> None:
    """The tag `Commit` has the value that `-var commit=...` gives.

    - Who knows the commit: the author of the template, or the pipeline that runs it?
    - The template gets the commit in the variable `commit`.
    - Set the tag to `var.commit`.
    """
    image = built(build, hidden).image()
    expect_tags(image.tags, {"Commit": commit(hidden)}, "The AMI", submission)


# --- what the checks stand on ---------------------------------------------------------------------


def commit(hidden: Hidden) -> str:
    """A commit that no template can hold already."""
    return hidden("commit")


def inputs(hidden: Hidden) -> dict[str, str]:
    """What our pipeline passes."""
    return {"commit": commit(hidden)}


def built(build: Build, hidden: Hidden) -> AccountEvidence:
    """The account after one build."""
    answer = build(inputs(hidden))
    answer.expect_success()
    return answer.account
