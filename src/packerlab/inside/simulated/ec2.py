"""EC2's state as Packer meets it: moto's backend, with what it lacks or gets wrong.

Every override says why it is there. What is not here is moto's as it stands.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import tables  # isort: skip  before all else of moto's EC2
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.ec2.exceptions import InvalidAMIIdError, InvalidKeyPairNameError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import convert_tag_spec, random_ami_id, random_fleet_id, random_spot_request_id
from moto.kms.models import kms_backends

from packerlab.inside.aws import ACCOUNT_ID, AMAZON_OWNERS, REGIONS

from .account import (
    LISTENS_S,
    MOST_EVER,
    MOST_IMAGES,
    MOST_LIVE,
    AskError,
)
from .images import ROOT_GB, Fault, SimulatedAmi, merged, stamp, wanted_volume, without_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.core.types import Base64EncodedString
    from moto.ec2.models.instances import Instance, Reservation

    from .account import Account

AMI_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
ASK_ERROR = re.compile(r"([A-Z][A-Za-z]+)(?:: (.*))?", re.DOTALL)
VCPUS = 2
ROOT_DISK = {"VolumeSize": ROOT_GB, "VolumeType": "gp3", "DeleteOnTermination": True}
KEPT_ADDRESSES = 4
"""A subnet's first addresses are EC2's own."""


class SpotRequest(TaggedEC2Resource):
    """Why a spot instance runs."""

    def __init__(self, backend: SimulatedEC2, instance: Instance) -> None:
        self.ec2_backend = backend
        self.id = self.spot_instance_request_id = random_spot_request_id()
        self.instance = instance
        self.instance_id = instance.id
        self.state = "active"
        self.type = "one-time"
        self.status = {"Code": "fulfilled", "Message": "Your spot request is fulfilled."}
        self.create_time = utcnow()


class SimulatedEC2(EC2Backend):
    """One region's EC2. Launching, stopping and freezing are the supervisor's; calls wait."""

    def __init__(self, account: Account, region_name: str, account_id: str) -> None:
        self.account = account
        self.amis_ever: dict[str, SimulatedAmi] = {}
        super().__init__(region_name, account_id)
        if not account.state.get("default_vpc", True):
            self._drop_default_vpc()
        for prepared in account.images():
            if region_name in prepared.get("regions", REGIONS):
                self._prepare_image(prepared)

    def _load_amis(self) -> None:
        """Moto's thousands of images would make each DescribeImages slow."""

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
            owner_alias="amazon" if prepared["owner"] in AMAZON_OWNERS else None,
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

    # Images

    def describe_images(
        self,
        ami_ids: list[str] | None = None,
        filters: dict[str, Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Any]:
        """Moto shows other owners' private images to everybody."""
        found: list[Any] = super().describe_images(ami_ids, filters, exec_users, owners)
        visible = [image for image in found if image.is_visible()]
        if ami_ids and not visible:
            raise InvalidAMIIdError(ami_ids)
        return visible

    def own_kind(self) -> list[SimulatedAmi]:
        """The region's images, all of which are ours and not moto's."""
        return [image for image in self.amis.values() if isinstance(image, SimulatedAmi)]

    def own_image(self, ami_id: str) -> SimulatedAmi:
        """The image, which must be the account's own to be changed."""
        image: SimulatedAmi = self.describe_images([ami_id])[0]
        if image.owner_id != ACCOUNT_ID:
            raise Fault("AuthFailure", f"Not authorized for image:{ami_id}")
        return image

    def _add_image(
        self, ami_id: str, name: str, devices: list[dict[str, Any]], **known: Any
    ) -> SimulatedAmi:
        if not AMI_NAME.fullmatch(name or ""):
            raise Fault(
                "InvalidAMIName.Malformed",
                "AMI names must be between 3 and 128 characters long, and may contain letters, "
                "numbers, '(', ')', '.', '-', '/' and '_'",
            )
        own = [image for image in self.amis.values() if image.owner_id == ACCOUNT_ID]
        for image in own:
            if image.name == name:
                raise Fault(
                    "InvalidAMIName.Duplicate",
                    f"AMI name {name} is already in use by AMI {image.id}",
                )
        total = sum(
            image.owner_id == ACCOUNT_ID
            for region in ec2_backends[ACCOUNT_ID].values()
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
        source: SimulatedAmi = self.amis_ever[instance.image_id]
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
        origin: Any = ec2_backends[ACCOUNT_ID][source_region]
        source: SimulatedAmi = origin.describe_images([asked["SourceImageId"]])[0]
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

    def key_arn(self, name: str) -> str:
        """The key that an id, an alias or either's ARN names in this region."""
        try:
            arn: str = kms_backends[ACCOUNT_ID][self.region_name].describe_key(name).arn
        except (ServiceException, AttributeError):  # what moto does with an unknown alias
            raise Fault("InvalidKmsKey.NotFound", f"The KMS key {name} does not exist.") from None
        return arn

    def _tag_image(self, image: SimulatedAmi, tags: dict[str, dict[str, str]]) -> None:
        image.add_tags(tags.get("image", {}))
        for snapshot in image.snapshots():
            self.create_tags([snapshot], tags.get("snapshot", {}))

    def deregister_image(self, ami_id: str) -> None:
        """Moto knows neither owners nor deregistration protection."""
        if ami_id in self.amis and self.own_image(ami_id).deregistration_protection != "disabled":
            raise Fault(
                "OperationNotPermitted",
                f"The AMI {ami_id} can't be deregistered: deregistration protection is enabled.",
            )
        super().deregister_image(ami_id)

    def own_snapshot(self, snapshot_id: str) -> None:
        """See that a snapshot is the account's own, to be changed."""
        if self.get_snapshot(snapshot_id).owner_id != ACCOUNT_ID:
            raise Fault("AuthFailure", f"Not authorized for snapshot:{snapshot_id}")

    def delete_snapshot(self, snapshot_id: str) -> Any:
        """Moto knows no owners."""
        self.own_snapshot(snapshot_id)
        return super().delete_snapshot(snapshot_id)

    # Instances

    def run_instances(
        self,
        image_id: str,
        count: int,
        user_data: Base64EncodedString | None,
        security_group_names: list[str],
        **kwargs: Any,
    ) -> Reservation:
        """Moto checks nothing, gives the disks moto's sizes, and starts no machine."""
        template = self._template(kwargs.get("launch_template"))
        image = self._launchable(image_id or template.get("ImageId", ""), count, kwargs)
        asked = kwargs.pop("block_device_mappings", template.get("BlockDeviceMappings", []))
        devices = merged(image.devices, asked)
        whole: Reservation | None = None
        for _ in range(count):
            placed = {**kwargs, **self._place(kwargs), "block_device_mappings": []}
            made = super().run_instances(image.id, 1, user_data, security_group_names, **placed)
            instance: Any = made.instances[0]
            instance.ena_support = image.ena_support
            self._attach(instance, devices, kwargs.get("tags", {}))
            if whole:
                whole.instances.append(instance)
                del self.reservations[made.id]
            whole = whole or made
            self._boot(instance, image)
        if not whole:
            raise Fault("InvalidParameterValue", "Nothing was asked for.")
        return whole

    def _template(self, named: dict[str, Any] | None) -> dict[str, Any]:
        data: dict[str, Any] = self._get_template_from_args(named).data if named else {}
        return data

    def _launchable(self, image_id: str, count: int, kwargs: dict[str, Any]) -> SimulatedAmi:
        """The image, where all that a launch names exists and the quotas allow it."""
        image: SimulatedAmi = self.describe_images([image_id])[0]
        if image.state != "available":
            raise Fault("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available")
        offered = {offering["InstanceType"] for offering in tables.offered(self.region_name)}
        kind = kwargs.get("instance_type")
        if kind and kind not in offered and not kwargs.get("is_instance_type_default"):
            raise Fault("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
        key_name = kwargs.get("key_name")
        if key_name and key_name not in self.key_pairs:
            raise InvalidKeyPairNameError({key_name})
        if kwargs.get("placement"):
            tables.offered(self.region_name, "availability-zone")
        self._check_quota(count)
        return image

    def _check_quota(self, count: int) -> None:
        """Today's EC2 counts vCPUs; a lab's quota counts instances of the usual two."""
        account = self.account
        live = [
            sum(instance.state != "terminated" for instance in region.all_instances())
            for region in ec2_backends[ACCOUNT_ID].values()
        ]
        here = sum(instance.state != "terminated" for instance in self.all_instances())
        quota = account.quota("instances", MOST_LIVE)
        if here + count > quota or sum(live) + count > MOST_LIVE:
            raise Fault(
                "VcpuLimitExceeded",
                "You have requested more vCPU capacity than your current vCPU limit of "
                f"{quota * VCPUS} allows for the instance bucket that the specified instance type "
                "belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request "
                "an adjustment to this limit.",
            )
        if account.launched + count > MOST_EVER:
            raise Fault("InstanceLimitExceeded", f"This account ran {MOST_EVER} instances.")
        account.launched += count

    def _place(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """A subnet and an address where none is asked: moto would think of EC2-Classic.

        All default VPCs have the same addresses, but here all regions share one network.
        """
        nics = kwargs.get("nics") or []
        in_nics = (nic["SubnetId"] for nic in nics if "SubnetId" in nic)
        named = kwargs.get("subnet_id") or next(in_nics, "")
        subnet = self.get_subnet(named) if named else self._default_subnet(kwargs.get("placement"))
        place: dict[str, Any] = {}
        if not named and not nics:
            place["subnet_id"] = subnet.id
        if not kwargs.get("private_ip"):
            hosts = islice(ipaddress.ip_network(subnet.cidr_block).hosts(), KEPT_ADDRESSES, None)
            place["private_ip"] = next(str(h) for h in hosts if self.account.claim(str(h)))
        return place

    def _default_subnet(self, zone: str | None) -> Any:
        subnets = self.get_default_subnets()
        if not subnets:
            raise Fault(
                "VPCIdNotSpecified",
                "No default VPC for this user. GroupName is only supported for EC2-Classic and "
                "default VPC.",
            )
        return subnets.get(zone or "") or subnets[min(subnets)]

    def _attach(
        self, instance: Instance, devices: list[dict[str, Any]], tags: dict[str, Any]
    ) -> None:
        """The instance's disks: moto drops iops and throughput, and the image's own devices."""
        for device in devices:
            if "Ebs" not in device:
                continue
            ebs = device["Ebs"]
            asked = wanted_volume(ebs)
            if asked["kms_key_id"]:
                asked["kms_key_id"] = self.key_arn(asked["kms_key_id"])
            disk = self.create_volume(**asked, zone_name=instance.availability_zone or "")
            disk.snapshot_id = ebs.get("SnapshotId")
            disk.add_tags(tags.get("volume", {}))
            self.attach_volume(
                disk.id,
                instance.id,
                device["DeviceName"],
                bool(ebs.get("DeleteOnTermination", True)),
            )

    def devices_of(self, instance: Instance) -> list[dict[str, Any]]:
        """The instance's disks as a block device mapping."""
        devices = []
        for name, block in instance.get_block_device_mapping:
            disk = self.get_volume(block.volume_id)
            ebs = {
                "VolumeSize": disk.size,
                "VolumeType": disk.volume_type,
                "Iops": disk.iops,
                "Throughput": disk.throughput,
                "Encrypted": bool(disk.encrypted),
                "KmsKeyId": disk.kms_key_id,
                "DeleteOnTermination": block.delete_on_termination,
                "SnapshotId": disk.snapshot_id,
            }
            kept = {key: value for key, value in ebs.items() if value is not None}
            devices.append({"DeviceName": name, "Ebs": kept})
        return devices

    def _boot(self, instance: Instance, image: SimulatedAmi) -> None:
        """Have the machine started; an instance that does not start is as if never launched."""
        self._new_public_address(instance)
        pair = self.key_pairs.get(instance.key_name or "")
        instance.instance_state.name, instance.instance_state.code = "pending", 0
        try:
            self.demand(
                "launch",
                at_most_s=LISTENS_S,
                instance=instance.id,
                image=image.id,
                login=image.login,
                addresses=_addresses(instance),
                key=pair.public_key.strip() if pair else "",
                user_data=str(instance.user_data or ""),
            )
        except Fault:
            instance.terminate()
            raise
        instance.instance_state.name, instance.instance_state.code = "running", 16

    def _new_public_address(self, instance: Instance) -> None:
        """Moto's random addresses may repeat."""
        for nic in instance.nics.values():
            if nic.public_ip and nic.public_ip_auto_assign:
                nic.public_ip = self.account.public_address()

    def stop_instances(self, instance_ids: list[str]) -> Any:
        """StopInstances answers when the machine is dead."""
        for instance in self.get_multi_instances_by_id(instance_ids):
            _must_not_be(instance, "terminated")
            if instance.state == "running" and not instance.disable_api_stop:
                self.demand("stop", instance=instance.id)
        return super().stop_instances(instance_ids)

    def start_instances(self, instance_ids: list[str]) -> Any:
        """StartInstances answers when sshd listens or should, at a new public address."""
        for instance in self.get_multi_instances_by_id(instance_ids):
            _must_not_be(instance, "terminated")
        stopped = [i for i in self.get_multi_instances_by_id(instance_ids) if i.state == "stopped"]
        changes = super().start_instances(instance_ids)
        for instance in stopped:
            self._new_public_address(instance)
            addresses = _addresses(instance)
            self.demand("start", at_most_s=LISTENS_S, instance=instance.id, addresses=addresses)
        return changes

    def reboot_instances(self, instance_ids: list[str]) -> list[Instance]:
        for instance in self.get_multi_instances_by_id(instance_ids):
            _must_not_be(instance, "terminated")
            self.demand("reboot", instance=instance.id)
        return super().reboot_instances(instance_ids)

    def terminate_instances(self, instance_ids: list[str]) -> Any:
        """TerminateInstances answers when the machine is gone."""
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.state != "terminated" and not instance.disable_api_termination:
                self.demand("terminate", instance=instance.id)
        changes = super().terminate_instances(instance_ids)
        for request in self.spot_instance_requests.values():
            if request.instance.state == "terminated":
                request.state = "closed"
        return changes

    def demand(self, do: str, at_most_s: float | None = None, **what: Any) -> dict[str, Any]:
        """Ask the supervisor; what it can't do is the call's error."""
        try:
            return self.account.ask(do, at_most_s, **what)
        except AskError as error:
            known = ASK_ERROR.fullmatch(str(error))
            code, text = (known[1], known[2]) if known else ("InternalError", str(error))
            raise Fault(code, text or code) from None

    def fleet(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CreateFleet of type instant: moto loses the template's disks, groups and profile."""
        config = asked["LaunchTemplateConfigs"][0]
        named = config["LaunchTemplateSpecification"]
        data = self._template(named) | (config.get("Overrides") or [{}])[0]
        tags = convert_tag_spec(data.get("TagSpecifications", []))
        reservation = self.run_instances(
            data["ImageId"],
            int(asked["TargetCapacitySpecification"]["TotalTargetCapacity"]),
            data.get("UserData"),
            [],
            instance_type=data.get("InstanceType", "t3.micro"),
            is_instance_type_default="InstanceType" not in data,
            launch_template=named,
            security_group_ids=data.get("SecurityGroupIds", []),
            nics=data.get("NetworkInterfaces", []),
            key_name=data.get("KeyName"),
            placement=data.get("Placement", {}).get("AvailabilityZone"),
            metadata_options=data.get("MetadataOptions", {}),
            region_name=self.region_name,
            associate_public_ip=None,
            tags=tags,
            lifecycle="spot",
        )
        instances: list[Any] = reservation.instances
        requests: dict[str, Any] = self.spot_instance_requests
        for instance in instances:
            request = SpotRequest(self, instance)
            request.add_tags(tags.get("spot-instances-request", {}))
            instance.spot_instance_request_id = request.id
            requests[request.id] = request
        profile = data.get("IamInstanceProfile", {})
        if profile.get("Name"):
            for instance in reservation.instances:
                self.associate_iam_instance_profile(instance.id, profile["Name"])
        return {
            "FleetId": random_fleet_id(),
            "Instances": [
                {
                    "Lifecycle": "spot",
                    "InstanceIds": [instance.id for instance in reservation.instances],
                    "InstanceType": reservation.instances[0].instance_type,
                }
            ],
        }

    def guest_is(self, instance: Instance, state: str) -> bool:
        """The guest rebooted or powered itself off; whether it is to be terminated for that."""
        if state == "running" and instance.state != "terminated":
            instance.reboot()
        elif state == "stopped" and instance.state == "running":
            instance.stop()
            return bool(instance.instance_initiated_shutdown_behavior == "terminate")
        return False


def _addresses(instance: Instance) -> list[str]:
    return [address for address in (instance.public_ip, instance.private_ip) if address]


def _must_not_be(instance: Instance, state: str) -> None:
    if instance.state == state:
        raise Fault(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be changed.",
        )
