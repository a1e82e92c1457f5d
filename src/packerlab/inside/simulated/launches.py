"""What EC2 refuses of a launch before anything starts: moto would carry all of it out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import tables
from .images import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from .images import SimulatedAmi

GRAVITON = re.compile(r"(a1|[a-z]+[0-9]+g[a-z]*)\.")
DEVICE = re.compile(r"(?!/dev/sda$)(/dev/)?(sd|xvd)[a-z]{1,2}[0-9]{0,2}")
VOLUMES = {
    "standard": frozenset[str](),
    "gp2": frozenset[str](),
    "gp3": frozenset({"Iops", "Throughput"}),
    "io1": frozenset({"Iops"}),
    "io2": frozenset({"Iops"}),
    "st1": frozenset[str](),
    "sc1": frozenset[str](),
}
"""The types of volumes, and what can be asked of each."""
NEEDS_IOPS = ("io1", "io2")


def check_type(kind: str, image: SimulatedAmi, region: str) -> None:
    """An instance type of this region, for the image's architecture."""
    if kind not in {offering["InstanceType"] for offering in tables.offered(region)}:
        raise Fault("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    architecture = "arm64" if GRAVITON.match(kind) else "x86_64"
    if architecture != image.architecture:
        raise Fault(
            "InvalidParameterValue",
            f"The architecture '{architecture}' of the specified instance type does not match the "
            f"architecture '{image.architecture}' of the specified AMI. Specify an instance type "
            "and an AMI that have matching architectures, and try again. You can use "
            "'describe-instance-types' or 'describe-images' to discover the architecture of the "
            "instance type or AMI.",
        )


def check_devices(devices: list[dict[str, Any]], size_of: Callable[[str], int]) -> None:
    """Disks that can be made; `size_of` has the gigabytes of a snapshot."""
    for device in devices:
        name = device["DeviceName"]
        if not DEVICE.fullmatch(name):
            raise Fault("InvalidBlockDeviceMapping", f"Invalid device name {name}")
        if "Ebs" in device:
            check_volume(device["Ebs"])
            _check_size(device["Ebs"], size_of)


def check_volume(ebs: dict[str, Any]) -> None:
    """A type of volume that there is, and what goes with it."""
    kind = ebs.get("VolumeType") or "gp2"
    if kind not in VOLUMES:
        raise Fault("InvalidParameterValue", f"Invalid value '{kind}' for VolumeType.")
    for asked in ("Iops", "Throughput"):
        if ebs.get(asked) and asked not in VOLUMES[kind]:
            raise Fault(
                "InvalidParameterCombination",
                f"The parameter {asked.lower()} is not supported for {kind} volumes.",
            )
    if kind in NEEDS_IOPS and not ebs.get("Iops"):
        raise Fault("MissingParameter", f"The parameter iops must be specified for {kind} volumes.")


def _check_size(ebs: dict[str, Any], size_of: Callable[[str], int]) -> None:
    size, snapshot = ebs.get("VolumeSize"), ebs.get("SnapshotId")
    if not size and not snapshot:
        text = "The request must contain the parameter size or snapshotId"
        raise Fault("MissingParameter", text)
    least = size_of(snapshot) if snapshot else 0
    if size and int(size) < least:
        raise Fault(
            "InvalidBlockDeviceMapping",
            f"Volume of size {size}GB is smaller than snapshot '{snapshot}', "
            f"expect size >= {least}GB",
        )
