"""EC2's calls that moto lacks, or answers in a way that Packer or a learner would stumble over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import launches, tables  # isort: skip  before all else of moto's EC2
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter

from packerlab.inside.aws import REGIONS

from . import filters as matching
from .images import Fault, stamp

if TYPE_CHECKING:
    from .ec2 import SimulatedEC2
    from .filters import Filters

TYPES_A_PAGE = 100
"""EC2's own bound, which also keeps an answer short of a second."""


class OfferedRegion(dict[str, str]):
    """A region as DescribeRegions tells it: its keys are also its filters."""

    def __init__(self, name: str) -> None:
        endpoint = f"ec2.{name}.amazonaws.com"
        super().__init__(RegionName=name, Endpoint=endpoint, OptInStatus="opt-in-not-required")

    def get_filter_value(self, name: str) -> str:
        return self[name.title().replace("-", "")]


class Handlers(EC2Response):
    """One method for each call, named as moto finds it. Shapes are botocore's."""

    @property
    def here(self) -> SimulatedEC2:
        backend: SimulatedEC2 = self.ec2_backend
        return backend

    def _filters(self) -> Filters:
        wanted: Any = self._filters_from_querystring()
        return dict(wanted)

    # Images

    def create_image(self) -> ActionResult:
        """Every `run_tags` sends snapshot tags along, which moto does not implement."""
        self.error_on_dryrun()
        return ActionResult(
            {"ImageId": self.here.freeze_image(self.params["InstanceId"], self.params).id}
        )

    def copy_image(self) -> ActionResult:
        """`encrypt_boot`, `kms_key_id`, `region_kms_key_ids` and `ami_regions`."""
        self.error_on_dryrun()
        return ActionResult({"ImageId": self.here.copy(self.params).id})

    def register_image(self) -> ActionResult:
        """Moto would make an image of nothing."""
        raise Fault("UnsupportedOperation", "This account makes images of instances only.")

    def describe_images(self) -> ActionResult:
        """Deprecated images are shown to their owner, or on request; disabled ones on request."""
        images = self.here.describe_images(
            ami_ids=self._get_param("ImageIds", []),
            filters=self._filters_from_querystring(),
            exec_users=self._get_param("ExecutableUsers", []),
            owners=self._get_param("Owners", []),
        )
        if not self._get_param("IncludeDeprecated") and not self._get_param("ImageIds"):
            account = self.current_account
            images = [i for i in images if i.owner_id == account or not i.is_deprecated()]
        if not self._get_param("IncludeDisabled"):
            images = [i for i in images if i.state != "disabled"]
        return ActionResult({"Images": images})

    def describe_image_attribute(self) -> Any:
        """Moto tells everybody of every image, a private one too."""
        self.here.own_image(self._get_param("ImageId"))
        return super().describe_image_attribute()

    def modify_image_attribute(self) -> ActionResult:
        """Moto drops `ami_description`, `imds_support`, and all organizations but the first."""
        image = self.here.own_image(self._get_param("ImageId"))
        self.error_on_dryrun()
        if self._get_param("Description"):
            image.description = self._get_param("Description")["Value"]
        if self._get_param("ImdsSupport"):
            image.imds_support = self._get_param("ImdsSupport")["Value"]
        image.product_codes |= set(self._get_param("ProductCodes", []))
        change = self._get_param("LaunchPermission", {})
        simple = [
            {key: value}
            for key, name in (
                ("Group", "UserGroups"),
                ("UserId", "UserIds"),
                ("OrganizationArn", "OrganizationArns"),
                ("OrganizationalUnitArn", "OrganizationalUnitArns"),
            )
            for value in self._get_param(name, [])
        ]
        operation = self._get_param("OperationType")
        self.here.modify_image_attribute(
            image.id,
            change.get("Add", []) + (simple if operation == "add" else []),
            change.get("Remove", []) + (simple if operation == "remove" else []),
        )
        return EmptyResult()

    def enable_image_deprecation(self) -> ActionResult:
        """For `deprecate_at`."""
        image = self.here.own_image(self._get_param("ImageId"))
        moment = self._get_param("DeprecateAt")
        image.deprecation_time = stamp(moment.replace(second=0))
        return ActionResult({"Return": True})

    def disable_image_deprecation(self) -> ActionResult:
        self.here.own_image(self._get_param("ImageId")).deprecation_time = None
        return ActionResult({"Return": True})

    def enable_image_deregistration_protection(self) -> ActionResult:
        """For `deregistration_protection`."""
        image = self.here.own_image(self._get_param("ImageId"))
        with_cooldown = self._get_param("WithCooldown", False)
        how = "enabled-with-cooldown" if with_cooldown else "enabled-without-cooldown"
        image.deregistration_protection = how
        return ActionResult({"Return": how})

    def disable_image_deregistration_protection(self) -> ActionResult:
        """With a cooldown, protection lasts another day: longer than any lab."""
        image = self.here.own_image(self._get_param("ImageId"))
        if image.deregistration_protection == "enabled-without-cooldown":
            image.deregistration_protection = "disabled"
        return ActionResult({"Return": image.deregistration_protection})

    def enable_fast_launch(self) -> ActionResult:
        """`fast_launch`: EC2 does that for Windows only, and there are no Windows images here."""
        image = self.here.own_image(self._get_param("ImageId"))
        raise Fault(
            "InvalidParameter",
            f"Fast launch is supported for Windows AMIs only: {image.id} is not.",
        )

    def deregister_image(self) -> ActionResult:
        """Moto knows no `DeleteAssociatedSnapshots`."""
        self.error_on_dryrun()
        name = self._get_param("ImageId")
        gone = next((image for image in self.here.own_kind() if image.id == name), None)
        self.here.deregister_image(name)
        results = []
        if gone and self._get_param("DeleteAssociatedSnapshots"):
            for snapshot in gone.snapshots():
                self.here.delete_snapshot(snapshot)
                results.append({"SnapshotId": snapshot, "ReturnCode": "success"})
        return ActionResult({"Return": True, "DeleteSnapshotResults": results})

    # Snapshots

    def describe_snapshots(self) -> ActionResult:
        """Moto knows neither owners nor who may restore them."""
        snapshots = self.here.seen_snapshots(
            self._get_param("SnapshotIds", []),
            self._filters(),
            self._get_param("OwnerIds", []),
            self._get_param("RestorableByUserIds", []),
        )
        return ActionResult({"Snapshots": snapshots})

    def modify_snapshot_attribute(self) -> ActionResult:
        """`snapshot_users`: Packer sends a structure, moto reads the older flat form alone."""
        self.error_on_dryrun()
        name = self._get_param("SnapshotId")
        change = self._get_param("CreateVolumePermission", {})
        operation = self._get_param("OperationType")
        flat = [{"UserId": user} for user in self._get_param("UserIds", [])]
        flat += [{"Group": group} for group in self._get_param("GroupNames", [])]
        for key, apply in (
            ("Add", self.here.share_snapshot),
            ("Remove", self.here.unshare_snapshot),
        ):
            entries = change.get(key, []) + (flat if operation == key.lower() else [])
            users = [entry["UserId"] for entry in entries if "UserId" in entry]
            groups = [entry["Group"] for entry in entries if "Group" in entry]
            apply(name, users, sorted(set(groups)))
        return EmptyResult()

    def create_volume(self) -> ActionResult:
        """Moto makes volumes of any type."""
        asked = ("VolumeType", "Iops", "Throughput")
        launches.check_volume({key: self._get_param(key) for key in asked})
        return super().create_volume()

    # Instances

    def create_launch_template_version(self) -> ActionResult:
        """Moto stumbles where no template is named."""
        if not self._get_param("LaunchTemplateName") and not self._get_param("LaunchTemplateId"):
            text = "Either a launch template ID or a launch template name must be provided."
            raise Fault("MissingParameter", text)
        return super().create_launch_template_version()

    def describe_launch_template_versions(self) -> ActionResult:
        """`ResolveAlias`, which moto does not implement."""
        answer: Any = super().describe_launch_template_versions().result
        for version in answer["LaunchTemplateVersions"] if self._get_param("ResolveAlias") else []:
            data = version["LaunchTemplateData"]
            if data.get("ImageId"):
                image = self.here.resolved(data["ImageId"])
                version["LaunchTemplateData"] = {**data, "ImageId": image}
        return ActionResult(answer)

    def _parse_block_device_mapping(self) -> list[dict[str, Any]]:
        """As it was sent: moto drops throughput, and demands a size that an image may give."""
        mappings: list[dict[str, Any]] = self._get_param("BlockDeviceMappings", [])
        return mappings

    def run_instances(self) -> ActionResult:
        """Moto has IAM's words for a profile that there is not."""
        try:
            return super().run_instances()
        except ServiceException as error:
            if error.code != "NoSuchEntity":
                raise
        given = "arn" if self._get_param("IamInstanceProfile.Arn") else "name"
        value = self._get_param(f"IamInstanceProfile.{given.title()}")
        raise Fault(
            "InvalidParameterValue",
            f"Value ({value}) for parameter iamInstanceProfile.{given} is invalid. "
            f"Invalid IAM Instance Profile {'ARN' if given == 'arn' else 'name'}",
        )

    def terminate_instances(self) -> ActionResult:
        """Moto's handler loads auto scaling and load balancers to tell them."""
        self.error_on_dryrun()
        changed = self.here.terminate_instances(self._get_param("InstanceIds", []))
        return ActionResult(
            {
                "TerminatingInstances": [
                    {
                        "InstanceId": instance.id,
                        "CurrentState": {"Code": 32, "Name": "shutting-down"},
                        "PreviousState": previous,
                    }
                    for instance, previous in changed
                ]
            }
        )

    def modify_instance_attribute(self) -> ActionResult:
        """`ena_support` and `sriov_support`, which moto does not implement."""
        instance: Any = self.here.get_instance(self._get_param("InstanceId"))
        if self._get_param("EnaSupport.Value") is not None:
            instance.ena_support = self._get_param("EnaSupport.Value")
            return EmptyResult()
        if self._get_param("SriovNetSupport.Value") is not None:
            instance.sriov_net_support = self._get_param("SriovNetSupport.Value")
            return EmptyResult()
        return super().modify_instance_attribute()

    def get_console_output(self) -> ActionResult:
        """Moto shows the same made-up lines for every instance."""
        instance = self.here.get_instance(self._get_param("InstanceId"))
        text = self.here.demand("console", instance=instance.id).get("text", "")
        output = Base64EncodedString.from_raw_string(text)
        return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})

    def create_fleet(self) -> ActionResult:
        """For `spot_price`: moto loses most of what the launch template says."""
        self.error_on_dryrun()
        if self._get_param("Type") != "instant":
            raise Fault("UnsupportedOperation", "This account has instant fleets only.")
        return ActionResult(self.here.fleet(self.params))

    # Regions and instance types

    def describe_regions(self) -> ActionResult:
        """Moto adds those of other partitions, which no ordinary account has."""
        wanted = self._get_param("RegionNames", []) or REGIONS
        unknown = [name for name in wanted if name not in REGIONS]
        if unknown:
            raise Fault("InvalidParameterValue", f"Invalid region: {', '.join(unknown)}")
        found = matching.kept(self._filters(), [OfferedRegion(name) for name in wanted])
        return ActionResult({"Regions": found})

    def describe_instance_types(self) -> ActionResult:
        """From the table that was not read at import."""
        named = self._get_param("InstanceTypes", [])
        offered = {offering["InstanceType"] for offering in tables.offered(self.region)}
        unknown = [name for name in named if name not in offered]
        if unknown:
            raise Fault(
                "InvalidInstanceType",
                f"The following supplied instance types do not exist: [{', '.join(unknown)}]",
            )
        types = [t for t in tables.all_types() if t.name in (set(named) or offered)]
        types = generic_filter(self._filters_from_querystring(), types)
        token = self._get_param("NextToken", "0")
        start = int(token) if token.isdigit() else 0
        end = start + min(self._get_param("MaxResults", TYPES_A_PAGE), TYPES_A_PAGE)
        following = str(end) if end < len(types) else None
        return ActionResult({"InstanceTypes": types[start:end], "NextToken": following})

    def describe_instance_type_offerings(self) -> ActionResult:
        """From the tables that were not read at import."""
        tables.offered(self.region, self._get_param("LocationType") or "region")
        return super().describe_instance_type_offerings()
