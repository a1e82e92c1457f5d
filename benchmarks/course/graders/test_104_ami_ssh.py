from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=1)
def test_motd(build: Build) -> None:
    """The build leaves one AMI with a message of the day."""
    text = build().account.image().disk.text("/etc/motd")
    if text != "Built by Packer.\n":
        fail("The message is another one.", expected="Built by Packer.", found=text)
