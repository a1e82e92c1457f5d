"""What a lab prepared in a region: images, and what somebody left there. Ids are always the same.

Moto makes its ids of one source of chance. While something is prepared, that has a seed.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.moto_api._internal import mock_random

from packerlab.inside.aws import ACCOUNT_ID, ALIASES, HOME, REGIONS
from packerlab.inside.references import MADE, dated, filled, image_id, moment

from .images import ROOT_GB, SimulatedAmi, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from .fleets import Fleets

DISK = {"VolumeSize": ROOT_GB, "VolumeType": "gp3", "DeleteOnTermination": True}
MORE_DEVICES = ("/dev/sdf", "/dev/sdg", "/dev/sdh")
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
"""Of prepared key pairs. It is made of the numbers from 0 to 31: nobody has its private half."""


def prepare(here: Fleets) -> None:
    """Make what the state names for this region and this account."""
    account = here.account
    made = []
    for image in account.images():
        if here.region_name in image.get("regions", REGIONS) and (
            account.keeper(image["owner"]) == here.account_id
        ):
            with _reproducible(f"{here.region_name} {image}"):
                made.append((_image(here, image), image))
    for kept, image in made:  # a tag may name an image that comes later
        kept.add_tags(_tags(here, image))
    if here.account_id != ACCOUNT_ID:
        return
    for kind, make in MAKERS.items():
        for number, thing in enumerate(account.state.get(kind, [])):
            there = image_ids(here).keys() >= {*_images_of(thing)}
            if there and thing.get("region", HOME) == here.region_name:
                with _reproducible(f"{kind} {number} {here.region_name}"):
                    make(here, thing)


def image_ids(here: Fleets) -> dict[str, str]:
    """The ids of a region's images by their names; of two of one name, the learner's own."""
    images = sorted(here.own_kind(), key=lambda image: image.owner_id == here.account_id)
    return {str(image.name): image.id for image in images}


def _images_of(thing: dict[str, Any]) -> list[str]:
    """The names of the images that something prepared is of: none, one or several."""
    named = thing.get("image", [])
    return [named] if isinstance(named, str) else named


@contextmanager
def _reproducible(words: str) -> Iterator[None]:
    before = mock_random.getstate()
    mock_random.seed(words)
    try:
        yield
    finally:
        mock_random.setstate(before)


def _moment(here: Fleets, written: str | None) -> datetime:
    """As moto keeps it: without a zone."""
    found = moment(written, here.account.opened) if written else here.account.opened
    return found.astimezone(UTC).replace(tzinfo=None)


def _tags(here: Fleets, thing: dict[str, Any]) -> dict[str, str]:
    """Its tags, but for those that name an image that is not in this region."""
    ids, tags = image_ids(here), {}
    for key, value in thing.get("tags", {}).items():
        with suppress(KeyError):
            tags[key] = dated(filled(value, ids), here.account.opened)
    return tags


def _image(here: Fleets, prepared: dict[str, Any]) -> SimulatedAmi:
    written = prepared.get("created", MADE)
    root = prepared.get("root_device", "/dev/sda1")
    devices = [root, *MORE_DEVICES][: prepared.get("disks", 1)]
    architecture = prepared.get("architecture", "x86_64")
    image = SimulatedAmi(
        here,
        image_id(here.region_name, prepared["owner"], prepared["name"], written),
        [{"DeviceName": device, "Ebs": DISK} for device in devices],
        name=prepared["name"],
        description=prepared.get("description", ""),
        owner_id=prepared["owner"],
        owner_alias=ALIASES.get(prepared["owner"]),
        public=prepared.get("public", True),
        virtualization_type="hvm",
        architecture=architecture,
        boot_mode="uefi" if architecture == "arm64" else "uefi-preferred",
        creation_date=_moment(here, written),
        root_device_name=root,
    )
    for snapshot in image.snapshots():
        here.snapshots[snapshot].start_time = image.creation_date
    image.login = prepared.get("login", "ubuntu")
    image.state = prepared.get("state", "available")
    if prepared.get("protected"):
        image.deregistration_protection = "enabled-without-cooldown"
    if "deprecated_at" in prepared:
        image.deprecation_time = stamp(moment(prepared["deprecated_at"], here.account.opened))
    shared_with = [ACCOUNT_ID] if prepared.get("shared") else prepared.get("shared_with", [])
    image.launch_permissions += [{"UserId": number} for number in shared_with]
    here.keep(image)
    return image


def _instance(here: Fleets, prepared: dict[str, Any]) -> None:
    image: Any = here.amis[image_ids(here)[prepared["image"]]]
    tags = {"Name": prepared["name"], **_tags(here, prepared)}
    key_name, groups = prepared.get("key_pair"), prepared.get("security_groups", [])
    instance: Any = here.stand(image, prepared.get("type", "t3.micro"), tags, key_name, groups)
    instance.launch_time = _moment(here, prepared.get("created"))
    match prepared.get("state"):
        case "stopped":
            instance.stop()
        case "terminated":
            instance.terminate()


def _volume(here: Fleets, prepared: dict[str, Any]) -> None:
    volume = here.create_volume(prepared.get("size_gb", ROOT_GB), f"{here.region_name}a")
    volume.create_time = _moment(here, prepared.get("created"))
    volume.add_tags(_tags(here, prepared))


def _snapshot(here: Fleets, prepared: dict[str, Any]) -> None:
    volume = here.create_volume(prepared.get("size_gb", ROOT_GB), f"{here.region_name}a")
    snapshot = here.create_snapshot(volume.id, prepared.get("description", ""), here.account_id)
    del here.volumes[volume.id]
    snapshot.start_time = _moment(here, prepared.get("created"))
    snapshot.add_tags(_tags(here, prepared))


def _key_pair(here: Fleets, prepared: dict[str, Any]) -> None:
    tags = _tags(here, prepared)
    pair = here.import_key_pair(prepared["name"], PUBLIC_KEY.encode(), tags)
    pair.create_time = _moment(here, prepared.get("created"))


def _security_group(here: Fleets, prepared: dict[str, Any]) -> None:
    words, tags = prepared.get("description", "prepared"), _tags(here, prepared)
    here.create_security_group(prepared["name"], words, tags=tags)


def _launch_template(here: Fleets, prepared: dict[str, Any]) -> None:
    ids, kind = image_ids(here), prepared.get("type", "t3.micro")
    first, *later = [{"ImageId": ids[name], "InstanceType": kind} for name in _images_of(prepared)]
    tags = {"launch-template": _tags(here, prepared)}
    template = here.create_launch_template(prepared["name"], "", first, tags)
    for data in later:
        template.create_version(data, "")
    template.create_time = _moment(here, prepared.get("created"))


MAKERS = {
    "volume": _volume,
    "snapshot": _snapshot,
    "key_pair": _key_pair,
    "security_group": _security_group,
    "launch_template": _launch_template,
    "instance": _instance,
}
