"""A region's instances: where they are placed, their disks, and the machines behind them."""

from __future__ import annotations

import ipaddress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import tables  # isort: skip  before all else of moto's EC2
from moto.ec2.exceptions import InvalidKeyPairNameError
from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

from . import launches
from .account import LISTENS_S, MOST_EVER, MOST_LIVE
from .ids import RESOLVED
from .image_calls import Images
from .images import Fault, merged, wanted_volume

if TYPE_CHECKING:
    from moto.core.types import Base64EncodedString
    from moto.ec2.models.instances import Instance, Reservation

    from .images import SimulatedAmi

VCPUS = 2
KEPT_ADDRESSES = 4
"""A subnet's first addresses are EC2's own."""


class Instances(Images):
    """Launching, starting and stopping are the supervisor's; calls wait."""

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
        image = self._launchable(image_id or template.get("ImageId", ""), kwargs)
        asked = kwargs.pop("block_device_mappings", template.get("BlockDeviceMappings", []))
        devices = [self._keyed(device) for device in merged(image.devices, asked)]
        launches.check_devices(devices, partial(self._size_of, image))
        self._check_groups(security_group_names)
        self._check_quota(count)
        whole: Reservation | None = None
        for _ in range(count):
            made = self._reserved(image, devices, user_data, security_group_names, kwargs)
            if whole:
                whole.instances += made.instances
                del self.reservations[made.id]
            whole = whole or made
            self._boot(made.instances[0], image)
        if not whole:
            raise Fault("InvalidParameterValue", "Nothing was asked for.")
        return whole

    def stand(
        self,
        image: SimulatedAmi,
        kind: str,
        tags: dict[str, str],
        key_name: str | None,
        groups: list[str],
    ) -> Instance:
        """An instance that was there before: no machine is started for it."""
        kwargs = {
            "instance_type": kind,
            "is_instance_type_default": True,
            "region_name": self.region_name,
            "associate_public_ip": None,
            "key_name": key_name,
            "tags": {"instance": tags},
        }
        [instance] = self._reserved(image, image.devices, None, groups, kwargs).instances
        self.account.without_machine.add(instance.id)
        return instance

    def _reserved(
        self,
        image: SimulatedAmi,
        devices: list[dict[str, Any]],
        user_data: Base64EncodedString | None,
        groups: list[str],
        kwargs: dict[str, Any],
    ) -> Reservation:
        """One instance, as moto has it, with its disks."""
        placed = {**kwargs, **self._place(kwargs), "block_device_mappings": []}
        made = super().run_instances(image.id, 1, user_data, groups, **placed)
        instance: Any = made.instances[0]
        instance.ena_support = image.ena_support
        self._attach(instance, devices, kwargs.get("tags", {}))
        return made

    def _template(self, named: dict[str, Any] | None) -> dict[str, Any]:
        data: dict[str, Any] = self._get_template_from_args(named).data if named else {}
        return data

    def _launchable(self, named: str, kwargs: dict[str, Any]) -> SimulatedAmi:
        """The image, where all that a launch names exists."""
        if not named:
            raise Fault("MissingParameter", "The request must contain the parameter ImageId")
        image = self.image(self.resolved(named))
        if image.state != "available":
            raise Fault("InvalidAMIID.Unavailable", f"The image ID '{image.id}' is not available")
        if not kwargs.get("is_instance_type_default"):
            launches.check_type(kwargs["instance_type"], image, self.region_name)
        key_name = kwargs.get("key_name")
        if key_name and key_name not in self.key_pairs:
            raise InvalidKeyPairNameError({key_name})
        if kwargs.get("placement"):
            tables.offered(self.region_name, "availability-zone")
        return image

    def resolved(self, named: str) -> str:
        """The id of an image, also where a parameter has it; moto takes only ids."""
        if not named.startswith(RESOLVED):
            return named
        name = named.removeprefix(RESOLVED)
        parameter = ssm_backends[self.account_id][self.region_name].get_parameter(name)
        if not parameter:
            raise Fault("InvalidParameterValue", f"The SSM parameter '{name}' does not exist.")
        return str(parameter.value)

    def _keyed(self, device: dict[str, Any]) -> dict[str, Any]:
        """The device, with its key by its one full name."""
        key = device.get("Ebs", {}).get("KmsKeyId")
        return (
            {**device, "Ebs": {**device["Ebs"], "KmsKeyId": self.key_arn(key)}} if key else device
        )

    def _size_of(self, image: SimulatedAmi, snapshot_id: str) -> int:
        """Who may launch an image may use its snapshots for that, though nobody shared them."""
        for ebs in (device.get("Ebs", {}) for device in image.devices):
            if ebs.get("SnapshotId") == snapshot_id:
                return int(ebs["VolumeSize"])
        [snapshot] = self.seen_snapshots([snapshot_id], {}, [], [])
        return int(snapshot.volume_size)

    def _check_groups(self, names: list[str]) -> None:
        """Moto stumbles over a name that no group has."""
        for name in names:
            if not self.get_security_group_by_name_or_id(name):
                vpc = self.default_vpc.id if self.default_vpc else ""
                text = f"The security group '{name}' does not exist in default VPC '{vpc}'"
                raise Fault("InvalidGroup.NotFound", text)

    def _check_quota(self, count: int) -> None:
        """Today's EC2 counts vCPUs; a lab's quota counts instances of the usual two."""
        account = self.account
        live = [
            sum(instance.state != "terminated" for instance in region.all_instances())
            for number in account.numbers
            for region in ec2_backends[number].values()
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
            disk = self.create_volume(
                **wanted_volume(ebs), zone_name=instance.availability_zone or ""
            )
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
                key=_authorized(pair) if pair else "",
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
        """TerminateInstances answers when the machine is gone. Then its groups know it no more."""
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.state != "terminated" and not instance.disable_api_termination:
                self.demand("terminate", instance=instance.id)
        changes = super().terminate_instances(instance_ids)
        for instance, _ in changes:
            _in_groups(instance, [])
        for request in self.spot_instance_requests.values():
            if request.instance.state == "terminated":
                request.state = "closed"
        return changes

    def modify_instance_security_groups(
        self, instance_id: str, new_group_id_list: list[str]
    ) -> Instance:
        """Moto leaves the interfaces in the groups of before, and takes a group that is not."""
        for name in new_group_id_list:
            if not self.get_security_group_from_id(name):
                text = f"The security group '{name}' does not exist"
                raise Fault("InvalidGroup.NotFound", text)
        instance = super().modify_instance_security_groups(instance_id, new_group_id_list)
        _in_groups(instance, instance.security_groups)
        return instance

    def guest_is(self, instance: Instance, state: str) -> bool:
        """The guest rebooted or powered itself off; whether it is to be terminated for that."""
        if state == "running" and instance.state != "terminated":
            instance.reboot()
        elif state == "stopped" and instance.state == "running":
            instance.stop()
            return bool(instance.instance_initiated_shutdown_behavior == "terminate")
        return False


def _authorized(pair: Any) -> str:
    """The line in `authorized_keys`: EC2 ends it with the key pair's name."""
    return " ".join([*pair.public_key.split()[:2], *pair.key_name.split()])


def _addresses(instance: Instance) -> list[str]:
    return [address for address in (instance.public_ip, instance.private_ip) if address]


def _in_groups(instance: Any, groups: list[Any]) -> None:
    """Put an instance and its interfaces into these groups alone."""
    instance.security_groups = groups
    for nic in instance.nics.values():
        nic._group_set = list(groups)  # noqa: SLF001  it has no other door


def _must_not_be(instance: Instance, state: str) -> None:
    if instance.state == state:
        raise Fault(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be changed.",
        )
