"""Instant fleets, which is how Packer asks for spot instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.core.utils import utcnow
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import convert_tag_spec, random_fleet_id, random_spot_request_id

from .image_making import Making

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance


class SpotRequest(TaggedEC2Resource):
    """Why a spot instance runs."""

    def __init__(self, backend: Fleets, instance: Instance) -> None:
        self.ec2_backend = backend
        self.id = self.spot_instance_request_id = random_spot_request_id()
        self.instance = instance
        self.instance_id = instance.id
        self.state = "active"
        self.type = "one-time"
        self.status = {"Code": "fulfilled", "Message": "Your spot request is fulfilled."}
        self.create_time = utcnow()


class Fleets(Making):
    """Moto's fleets lose the template's disks, groups and profile."""

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
