"""How images are made, of an instance or of another image."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.ec2.models import ec2_backends
from moto.ec2.utils import convert_tag_spec, random_ami_id

from packerlab.inside.aws import REGIONS

from .account import MOST_IMAGES
from .images import Fault, SimulatedAmi, merged, without_snapshot
from .instance_calls import Instances

if TYPE_CHECKING:
    from collections.abc import Iterator

AMI_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")


class Making(Instances):
    """Freezing and copying disks is the supervisor's; calls wait."""

    def _add_image(
        self, ami_id: str, name: str, devices: list[dict[str, Any]], **known: Any
    ) -> SimulatedAmi:
        if not AMI_NAME.fullmatch(name or ""):
            raise Fault(
                "InvalidAMIName.Malformed",
                "AMI names must be between 3 and 128 characters long, and may contain letters, "
                "numbers, '(', ')', '.', '-', '/' and '_'",
            )
        own = [image for image in self.amis.values() if image.owner_id == self.account_id]
        for image in own:
            if image.name == name:
                raise Fault(
                    "InvalidAMIName.Duplicate",
                    f"AMI name {name} is already in use by AMI {image.id}",
                )
        total = sum(
            image.owner_id == number
            for number in self.account.numbers
            for region in ec2_backends[number].values()
            for image in region.amis.values()
        )
        if total >= MOST_IMAGES or len(own) >= self.account.quota("images", MOST_IMAGES):
            raise Fault("ResourceLimitExceeded", "You have reached your quota of AMIs.")
        return SimulatedAmi(self, ami_id, devices, name=name, **known)

    def freeze_image(self, instance_id: str, asked: dict[str, Any]) -> SimulatedAmi:
        """CreateImage: moto has no tags for the snapshots, and forgets the block devices."""
        instance = self.get_instance(instance_id)
        if instance.state not in {"running", "stopped"}:
            raise Fault(
                "IncorrectState", f"Instance '{instance_id}' is not in state 'running' or 'stopped'"
            )
        source = self.ever(instance.image_id)
        if not source:
            raise Fault("InvalidAMIID.NotFound", f"The image of {instance_id} does not exist")
        devices = merged(self.devices_of(instance), asked.get("BlockDeviceMappings", []))
        image = self._add_image(
            random_ami_id(),
            asked["Name"],
            [without_snapshot(device) for device in devices],
            description=asked.get("Description", ""),
            instance=instance,
            root_device_name=source.root_device_name,
            boot_mode=source.boot_mode,
        )
        image.login, image.source_image = source.login, source.id
        image.source_image_region, image.parent = self.region_name, source
        image.ena_support = getattr(instance, "ena_support", source.ena_support)
        self._tag_image(image, convert_tag_spec(asked.get("TagSpecifications", [])))
        with self._kept(image):
            if instance_id in self.account.without_machine:
                self.demand("copy", source=source.id, image=image.id)
            else:
                self.demand("image", instance=instance_id, image=image.id)
        return image

    def keep(self, image: SimulatedAmi) -> None:
        self.amis[image.id] = self.amis_ever[image.id] = image

    @contextmanager
    def _kept(self, image: SimulatedAmi) -> Iterator[None]:
        """Its name is taken before others have their turn; it is gone where its disk can't be."""
        self.keep(image)
        try:
            yield
        except Fault:
            del self.amis[image.id], self.amis_ever[image.id]
            for snapshot in image.snapshots():
                del self.snapshots[snapshot]
            raise

    def copy(self, asked: dict[str, Any]) -> SimulatedAmi:
        """CopyImage: moto forgets encryption, keys and tags, and asks nobody to copy the disk."""
        source_region = asked["SourceRegion"]
        if source_region not in REGIONS:
            raise Fault("InvalidRequest", f"The source region {source_region} is not available.")
        origin: Any = ec2_backends[self.account_id][source_region]
        source: SimulatedAmi = origin.image(asked["SourceImageId"])
        origin.must_read(source)
        if asked.get("Encrypted") is False:
            source.must_be_plain()
        encrypt = bool(asked.get("Encrypted")) or bool(asked.get("KmsKeyId"))
        key = self.key_arn(asked["KmsKeyId"]) if asked.get("KmsKeyId") else None
        image = self._add_image(
            random_ami_id(),
            asked["Name"],
            [self._copied(device, encrypt, key) for device in source.devices],
            description=asked.get("Description") or source.description,
            source_ami=source,
            root_device_name=source.root_device_name,
            boot_mode=source.boot_mode,
        )
        image.login, image.source_image = source.login, source.id
        image.source_image_region, image.parent = source_region, source.parent or source
        image.ena_support, image.imds_support = source.ena_support, source.imds_support
        tags = convert_tag_spec(asked.get("TagSpecifications", []))
        if asked.get("CopyImageTags"):
            tags["image"] = dict(origin.tags.get(source.id, {})) | tags.get("image", {})
        self._tag_image(image, tags)
        with self._kept(image):
            self.demand("copy", source=source.id, image=image.id)
        return image

    @staticmethod
    def _copied(device: dict[str, Any], encrypt: bool, key: str | None) -> dict[str, Any]:
        """A copied device: once encrypted, a disk stays so, with a key of its new region."""
        fresh = without_snapshot(device)
        if "Ebs" in fresh:
            encrypted = encrypt or fresh["Ebs"].get("Encrypted", False)
            fresh["Ebs"] |= {"Encrypted": encrypted, "KmsKeyId": key if encrypted else None}
        return fresh

    def _tag_image(self, image: SimulatedAmi, tags: dict[str, dict[str, str]]) -> None:
        image.add_tags(tags.get("image", {}))
        for snapshot in image.snapshots():
            self.create_tags([snapshot], tags.get("snapshot", {}))
