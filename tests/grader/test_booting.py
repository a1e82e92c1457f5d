"""Machines that are started from an image, and looked at from outside."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from packerlab.errors import MachineError
from packerlab.evidence.account import Image
from packerlab.evidence.disk import Disk
from packerlab.grader import boot
from packerlab.leaks import Leaks
from packerlab.packer.answers import Answer
from packerlab.packer.environment import ask_version
from packerlab.packer.verbs import Packer
from packerlab.sandbox.box import Box
from tests.sandbox.test_account import STATE
from tests.sandbox.test_tools import LIMITS, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MADE = """
cat >/tmp/data <<'END'
#!/bin/sh
apt-get update && apt-get install -y labweb && systemctl enable labweb
printf 'address = 0.0.0.0\\ngreeting = Good morning\\n' >/etc/labweb/app.conf
echo it is set up
END
image=$(aws ec2 describe-images --owners 099720109477 --query 'Images[0].ImageId' --output text)
id=$(aws ec2 run-instances --image-id "$image" --user-data file:///tmp/data \
    --query 'Instances[0].InstanceId' --output text)
until aws ec2 get-console-output --instance-id "$id" --output text | grep -q 'it is set up'; do
    sleep 0.2
done
aws ec2 create-image --instance-id "$id" --name mine
aws ec2 terminate-instances --instance-ids "$id"
"""


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Iterator[Callable[..., Answer]]:
    """A learner's program beside an account."""
    with closing(opened(request, "bubblewrap", "packer", "account", "tools")) as sandbox:
        box = Box(sandbox.channel(), LIMITS)
        packer = Packer(box, {}, ask_version(box), [], STATE)
        yield packer.script
        packer.leave()


def test_a_machine_is_seen_as_it_is_from_outside(run: Callable[..., Answer]) -> None:
    made = run(["/bin/sh", "-c", MADE])
    one, other = boot(run, made, made.account.image(), 8080)
    assert one.error == other.error == ""
    assert one.lets_in == other.lets_in == ("own",)
    assert one.page == other.page == "Good morning\n"
    assert len(one.host_keys) == len(other.host_keys) == 2
    assert not one.host_keys & other.host_keys


def test_an_image_that_is_not_there_is_told(run: Callable[..., Answer]) -> None:
    before = run(["true"])
    (seen,) = boot(run, before, image("ami-00000000000000000"), 8080, machines=1)
    assert seen.error == "InvalidAMIID.NotFound"
    assert (seen.lets_in, seen.page) == ((), "")


def test_a_program_that_tells_nothing_is_a_fault() -> None:
    said = Answer("run", 1, "Traceback: it has failed")
    with pytest.raises(MachineError, match="it has failed"):
        boot(lambda *_, **__: said, said, image("ami-1"), 8080)


def image(name: str) -> Image:
    about = {"region": "eu-central-1", "id": name, "login": "ubuntu"}
    return Image(about, Disk("the image", [], lambda _: []), Leaks())
