"""Images and their block devices, as EC2 keeps them; moto's have one disk of 15 GB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.core.exceptions import ServiceException
from moto.ec2.models.amis import Ami

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend

ROOT_GB = 8


class Fault(ServiceException):
    """An error that EC2 answers with: a code and a message."""


class SimulatedAmi(Ami):
    """An AMI with the block devices it was made with; moto's own always have one disk of 15 GB."""

    def __init__(
        self, backend: EC2Backend, ami_id: str, devices: list[dict[str, Any]], **known: Any
    ) -> None:
        self.devices: list[dict[str, Any]] = []
        zone = f"{backend.region_name}a"
        super().__init__(
            backend, ami_id, root_device_type="ebs", region_name=zone, hypervisor="xen", **known
        )
        del backend.snapshots[self.ebs_snapshot.id]
        self.login = "ubuntu"
        self.source_image: str | None = None
        self.source_image_region: str | None = None
        self.parent: SimulatedAmi | None = None
        """The image of the instance that it, or what it is a copy of, was made from."""
        self.ena_support = True
        self.sriov_net_support: str | None = "simple"
        self.imds_support: str | None = None
        self.deprecation_time: str | None = None
        self.deregistration_protection = "disabled"
        self.state_reason: dict[str, str] | None = None
        description = f"Created by CreateImage({self.instance_id}) for {ami_id}"
        if copied := known.get("source_ami"):
            description = f"Copied for DestinationAmi {ami_id} from SourceAmi {copied.id}"
        for device in devices:
            self.devices.append(_frozen(backend, device, description, self))

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        return self.devices

    @property
    def public(self) -> bool:
        return self.is_public

    @property
    def source_image_id(self) -> str | None:
        return self.source_image

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """Filters that moto refuses, or compares with what is no text."""
        own = {
            "source-image-id": self.source_image,
            "source-image-region": self.source_image_region,
            "is-public": self.is_public,
            "ena-support": self.ena_support,
            "creation-date": self.creation_date,
        }
        if filter_name in own:
            return own[filter_name]
        if filter_name.startswith("block-device-mapping."):
            key = {"volume-type": "VolumeType", "volume-size": "VolumeSize",
                   "snapshot-id": "SnapshotId"}.get(filter_name.partition(".")[2])  # fmt: skip
            return [str(device.get("Ebs", {}).get(key)) for device in self.devices]
        return super().get_filter_value(filter_name, method_name)

    def snapshots(self) -> list[str]:
        return [d["Ebs"]["SnapshotId"] for d in self.devices if "Ebs" in d]

    def keys(self) -> set[str]:
        """The keys that its disks are encrypted with."""
        return {d["Ebs"]["KmsKeyId"] for d in self.devices if d.get("Ebs", {}).get("Encrypted")}

    def must_be_plain(self) -> None:
        """See that no disk is encrypted: a copy can't take that away, and EC2 says so if asked."""
        for ebs in (device["Ebs"] for device in self.devices if "Ebs" in device):
            if ebs.get("Encrypted"):
                raise Fault(
                    "InvalidRequest",
                    f"Snapshot {ebs['SnapshotId']} is encrypted. Creating an unencrypted copy "
                    "from an encrypted snapshot is not supported.",
                )

    def is_visible_to(self, account_id: str) -> bool:
        shared = {"UserId": account_id} in self.launch_permissions
        return self.owner_id == account_id or self.is_public or shared

    def is_deprecated(self) -> bool:
        return bool(self.deprecation_time) and str(self.deprecation_time) < stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A moment as EC2 writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"


def _frozen(
    backend: EC2Backend, device: dict[str, Any], description: str, image: SimulatedAmi
) -> dict[str, Any]:
    """A device of an image: what was asked, and a snapshot of it."""
    if "Ebs" not in device:
        return device
    ebs = dict(device["Ebs"])
    zone = f"{backend.region_name}a"
    volume = backend.create_volume(**wanted_volume(ebs), zone_name=zone)
    snapshot = backend.create_snapshot(volume.id, description, image.owner_id, from_ami=image.id)
    snapshot.kms_key_id = volume.kms_key_id
    del backend.volumes[volume.id]
    ebs["SnapshotId"] = snapshot.id
    ebs["Encrypted"] = bool(volume.encrypted)
    ebs["Iops"], ebs["KmsKeyId"] = volume.iops, volume.kms_key_id
    return {"DeviceName": device["DeviceName"], "Ebs": ebs}


def wanted_volume(ebs: dict[str, Any]) -> dict[str, Any]:
    """What `create_volume` wants to know of a block device."""
    return {
        "size": int(ebs.get("VolumeSize") or ROOT_GB),
        "encrypted": bool(ebs.get("Encrypted")),
        "kms_key_id": ebs.get("KmsKeyId"),
        "volume_type": ebs.get("VolumeType") or "gp2",
        "iops": ebs.get("Iops"),
        "throughput": ebs.get("Throughput"),
    }


def merged(devices: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An image's devices with a request's changes, as EC2 merges them, by device name."""
    result = {device["DeviceName"]: device for device in devices}
    for change in changes:
        name = change.get("DeviceName")
        if not name:
            text = "The request must contain the parameter deviceName"
            raise Fault("MissingParameter", text)
        if "NoDevice" in change and change["NoDevice"] is not None:
            result.pop(name, None)
        elif change.get("VirtualName"):
            result[name] = {"DeviceName": name, "VirtualName": change["VirtualName"]}
        else:
            asked = {
                key: value for key, value in change.get("Ebs", {}).items() if value is not None
            }
            old = dict(result.get(name, {}).get("Ebs", {"VolumeType": "gp2"}))
            if asked.get("VolumeType", old.get("VolumeType")) != old.get("VolumeType"):
                old.pop("Iops", None)  # these belong to the type
                old.pop("Throughput", None)
            result[name] = {"DeviceName": name, "Ebs": old | asked}
    return list(result.values())


def without_snapshot(device: dict[str, Any]) -> dict[str, Any]:
    """The device to be made anew: a snapshot of its own."""
    if "Ebs" not in device:
        return device
    ebs = {key: value for key, value in device["Ebs"].items() if key != "SnapshotId"}
    return {"DeviceName": device["DeviceName"], "Ebs": ebs}
