"""EC2's state as Packer meets it: moto's backend, with what it lacks or gets wrong.

A region is made of layers: `region`, `snapshot_calls`, `image_calls`, `instance_calls`,
`image_making`, `fleets`.
Every override says why it is there. What is not there is moto's as it stands.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from packerlab.inside.aws import ACCOUNT_ID, ALIASES, REGIONS

from .fleets import Fleets
from .images import ROOT_GB, Fault, SimulatedAmi, stamp

if TYPE_CHECKING:
    from .account import Account

ROOT_DISK = {"VolumeSize": ROOT_GB, "VolumeType": "gp3", "DeleteOnTermination": True}


class SimulatedEC2(Fleets):
    """One region's EC2, with what the lab prepared in it."""

    def __init__(self, account: Account, region_name: str, account_id: str) -> None:
        super().__init__(account, region_name, account_id)
        if not account.state.get("default_vpc", True):
            self._drop_default_vpc()
        for prepared in account.images():
            here = region_name in prepared.get("regions", REGIONS)
            if here and account.keeper(prepared["owner"]) == account_id:
                self._prepare_image(prepared)

    def _drop_default_vpc(self) -> None:
        for vpc in list(self.vpcs.values()):
            for subnet in self.describe_subnets(filters={"vpc-id": [vpc.id]}):
                self.delete_subnet(subnet.id)
            self.delete_vpc(vpc.id)

    def _prepare_image(self, prepared: dict[str, Any]) -> None:
        made = datetime.fromisoformat(prepared.get("created", "2024-05-01T00:00:00Z"))
        words = f"{self.region_name} {prepared['owner']} {prepared['name']} {made}"
        root = prepared.get("root_device", "/dev/sda1")
        architecture = prepared.get("architecture", "x86_64")
        image = SimulatedAmi(
            self,
            f"ami-0{hashlib.sha256(words.encode()).hexdigest()[:16]}",
            [{"DeviceName": root, "Ebs": ROOT_DISK}],
            name=prepared["name"],
            description=prepared.get("description", ""),
            owner_id=prepared["owner"],
            owner_alias=ALIASES.get(prepared["owner"]),
            public=prepared.get("public", True),
            virtualization_type="hvm",
            architecture=architecture,
            boot_mode="uefi" if architecture == "arm64" else "uefi-preferred",
            creation_date=made.astimezone(UTC).replace(tzinfo=None),
            root_device_name=root,
            tags=prepared.get("tags", {}),
        )
        image.login = prepared.get("login", "ubuntu")
        if "deprecated_at" in prepared:
            image.deprecation_time = stamp(datetime.fromisoformat(prepared["deprecated_at"]))
        if prepared.get("shared"):
            image.launch_permissions.append({"UserId": ACCOUNT_ID})
        self.keep(image)

    def do_resources_exist(self, resource_ids: list[str]) -> bool:
        """Moto tags instances and key pairs that there are not, and nobody else's snapshots."""
        for name in resource_ids:
            if name.startswith("i-"):
                self.get_instance(name)
            elif name.startswith("snap-"):
                self.seen_snapshots([name], {}, [], [])
            elif name.startswith("key-"):
                self._must_be_a_key_pair(name)
            else:
                super().do_resources_exist([name])
        return True

    def _must_be_a_key_pair(self, name: str) -> None:
        if name not in {pair.id for pair in self.key_pairs.values()}:
            raise Fault("InvalidKeyPair.NotFound", f"The key pair ID '{name}' does not exist")
