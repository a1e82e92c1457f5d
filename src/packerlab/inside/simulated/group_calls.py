"""A region's security groups: what uses them, and what a rule may say."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from .images import Fault
from .region import Region

if TYPE_CHECKING:
    from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

    Rules = tuple[list[SecurityGroupRule], SecurityGroup]

PROTOCOLS = frozenset({"tcp", "udp", "icmp", "icmpv6", "all", "-1"})
WITH_PORTS = frozenset({"tcp", "udp", "6", "17"})
PORTS = range(-1, 65_536)


class Groups(Region):
    """Moto deletes groups that are in use, and takes any rule."""

    def create_security_group(
        self, name: str, description: str, vpc_id: str | None = None, *args: Any, **more: Any
    ) -> SecurityGroup:
        """Moto makes groups in networks that there are not."""
        if not vpc_id and not self.default_vpc:
            raise Fault("VPCIdNotSpecified", "No default VPC for this user")
        if vpc_id and vpc_id not in self.vpcs:
            raise Fault("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
        if name.startswith("sg-"):
            text = "Group names may not be in the format sg-*"
            raise Fault("InvalidParameterValue", f"Value ({name}) for parameter GroupName: {text}")
        return super().create_security_group(name, description, vpc_id, *args, **more)

    def must_be_unused(self, name_or_id: str) -> None:
        """Stop who deletes the default group, or one that instances hold on to: moto does."""
        group = self.get_security_group_by_name_or_id(name_or_id)
        if group and group.name == "default":
            raise Fault(
                "CannotDelete",
                f'the specified group: "{group.id}" name: "default" cannot be deleted by a user',
            )
        if group and any(group.id in _groups_of(each) for each in self.all_instances()):
            raise Fault("DependencyViolation", f"resource {group.id} has a dependent object")

    def authorize_security_group_ingress(
        self,
        group_name_or_id: str,
        ip_protocol: str,
        from_port: str,
        to_port: str,
        ip_ranges: list[Any],
        *args: Any,
        **more: Any,
    ) -> Rules:
        _check_rule(ip_protocol, (from_port, to_port), ip_ranges)
        return super().authorize_security_group_ingress(
            group_name_or_id, ip_protocol, from_port, to_port, ip_ranges, *args, **more
        )

    def authorize_security_group_egress(
        self,
        group_name_or_id: str,
        ip_protocol: str,
        from_port: str,
        to_port: str,
        ip_ranges: list[Any],
        *args: Any,
        **more: Any,
    ) -> Rules:
        _check_rule(ip_protocol, (from_port, to_port), ip_ranges)
        return super().authorize_security_group_egress(
            group_name_or_id, ip_protocol, from_port, to_port, ip_ranges, *args, **more
        )


def _groups_of(instance: Any) -> set[str]:
    """The groups that an instance holds on to: one that has ended lets go of them."""
    if instance.state == "terminated":
        return set()
    return {group.id for nic in instance.nics.values() for group in nic.group_set if group}


def _check_rule(protocol: Any, ports: tuple[Any, Any], ranges: Any) -> None:
    name = str(protocol).lower()
    if name not in PROTOCOLS and not name.isdigit():
        text = f"Invalid value '{protocol}' for IP protocol. Unknown protocol."
        raise Fault("InvalidParameterValue", text)
    for port in ports if name in WITH_PORTS else ():
        if port is not None and int(port) not in PORTS:
            raise Fault("InvalidParameterValue", f"TCP/UDP port ({port}) out of range")
    for each in ranges if isinstance(ranges, list) else []:
        written = each.get("CidrIp", each.get("CidrIpv6")) if isinstance(each, dict) else each
        try:
            ipaddress.ip_network(str(written), strict=False)
        except ValueError:
            text = f"CIDR block {written} is malformed"
            raise Fault("InvalidParameterValue", text) from None
