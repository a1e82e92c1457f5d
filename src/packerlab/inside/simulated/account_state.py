"""The evidence: what an account holds that its learner made or changed, as plain JSON.

    images            id name region owner state description architecture root_device created public
                      shared_with [account ids] shared_with_organizations [ARNs] source_image
                      source_region source_name source_owner (of the image that its instance was
                      launched from, also for a copy) source_instance login deprecated_at
                      deregistration_protection
                      imds_support boot_mode ena_support sriov_net_support tags {}
                      block_devices [{device snapshot size_gb type iops throughput encrypted kms_key
                      kms_aliases [] delete_on_termination}, or {device virtual_name}]
    snapshots         id region image owner created description size_gb encrypted kms_key
                      kms_aliases [] shared_with [] public tags {}
    instances         id region owner image image_name image_owner state (also terminated) type
                      launched key_name
                      public_address
                      private_address subnet security_groups [ids] metadata_options {}
                      instance_profile user_data (base64) spot ena_support shutdown_behavior
                      volumes [ids] tags {}
    volumes           id region state size_gb type iops throughput encrypted kms_key instance
                      tags {}
    key_pairs         id name region type imported tags {}
    security_groups   id name region vpc description tags {}
                      rules [{direction protocol from_port to_port source (a CIDR or a group's id)}]
    launch_templates  id name region tags {} default_version
                      versions [{version description image type data {}}]
    parameters        id (its ARN) name region type value (as it was put) data_type version tags {}
                      history [{version value labels []}]
    spot_requests     id region instance state tags {}
    roles             id name arn instance_profiles [names] policies {name: document}

    calls             service action region principal (ARN) status error (code or "") seconds
                      parameters (flat EC2 query parameters, or the JSON body)
    calls_left_out    how many calls were beyond the journal's bounds
    posts             path body seconds: what hooks.example.com was sent

Of what was prepared, only what changed is reported: with `"prepared": true`, as it is now; where
it is gone, as it was, with `"state": "gone"`. An id is unique in its list.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .public_parameters import PUBLIC

if TYPE_CHECKING:
    from .ec2 import SimulatedEC2
    from .images import SimulatedAmi

Entries = list[dict[str, Any]]
KINDS = (
    "images",
    "snapshots",
    "instances",
    "volumes",
    "key_pairs",
    "security_groups",
    "launch_templates",
    "spot_requests",
    "parameters",
)


def changed(before: dict[str, Entries], now: dict[str, Entries]) -> dict[str, Entries]:
    """What is in `now` and was not in `before`, is other than it was, or is gone."""
    return {kind: _changed(before[kind], now[kind]) for kind in now}


def _changed(before: Entries, now: Entries) -> Entries:
    old = {entry["id"]: entry for entry in before}
    ids = {entry["id"] for entry in now}
    return [
        *(entry for entry in now if entry["id"] not in old),
        *({**entry, "prepared": True} for entry in now if entry != old.get(entry["id"], entry)),
        *({**entry, "prepared": True, "state": "gone"} for entry in before
          if entry["id"] not in ids),
    ]  # fmt: skip


def region(backend: SimulatedEC2) -> dict[str, Entries]:
    """All that a region holds."""
    return {
        "images": [_image(backend, image) for image in backend.own_kind()],
        "snapshots": [_snapshot(backend, snapshot) for snapshot in backend.snapshots.values()],
        "instances": [_instance(backend, instance) for instance in backend.all_instances()],
        "volumes": [_volume(backend, disk) for disk in backend.volumes.values()],
        "key_pairs": [_key_pair(backend, pair) for pair in backend.key_pairs.values()],
        "security_groups": [
            _security_group(backend, group)
            for groups in backend.groups.values()
            for group in groups.values()
        ],
        "launch_templates": [
            _launch_template(backend, template) for template in backend.launch_templates.values()
        ],
        "spot_requests": [
            {
                "id": request.id,
                "region": backend.region_name,
                "instance": request.instance_id,
                "state": request.state,
                "tags": _tags(backend, request.id),
            }
            for request in backend.spot_instance_requests.values()
        ],
    }


def _tags(backend: SimulatedEC2, name: str) -> dict[str, str]:
    return dict(backend.tags.get(name, {}))


def _shared(permissions: Entries, *keys: str) -> list[str]:
    return [entry[key] for entry in permissions for key in keys if key in entry]


def _image(backend: SimulatedEC2, image: SimulatedAmi) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "region": backend.region_name,
        "owner": image.owner_id,
        "state": image.state,
        "description": image.description or "",
        "architecture": image.architecture,
        "root_device": image.root_device_name,
        "created": f"{image.creation_date:%Y-%m-%dT%H:%M:%SZ}",
        "public": image.is_public,
        "shared_with": _shared(image.launch_permissions, "UserId"),
        "shared_with_organizations": _shared(
            image.launch_permissions, "OrganizationArn", "OrganizationalUnitArn"
        ),
        "source_image": image.source_image,
        "source_region": image.source_image_region,
        "source_name": image.parent.name if image.parent else "",
        "source_owner": image.parent.owner_id if image.parent else "",
        "source_instance": image.instance_id,
        "login": image.login,
        "deprecated_at": image.deprecation_time,
        "deregistration_protection": image.deregistration_protection,
        "imds_support": image.imds_support,
        "boot_mode": image.boot_mode,
        "ena_support": image.ena_support,
        "sriov_net_support": image.sriov_net_support,
        "block_devices": [_device(backend, device) for device in image.devices],
        "tags": _tags(backend, image.id),
    }


def _device(backend: SimulatedEC2, device: dict[str, Any]) -> dict[str, Any]:
    if "Ebs" not in device:
        return {"device": device["DeviceName"], "virtual_name": device.get("VirtualName")}
    ebs = device["Ebs"]
    return {
        "device": device["DeviceName"],
        "snapshot": ebs.get("SnapshotId"),
        "size_gb": int(ebs.get("VolumeSize") or 0),
        "type": ebs.get("VolumeType"),
        "iops": ebs.get("Iops"),
        "throughput": ebs.get("Throughput"),
        "encrypted": bool(ebs.get("Encrypted")),
        "kms_key": ebs.get("KmsKeyId"),
        "kms_aliases": backend.key_aliases(ebs.get("KmsKeyId")),
        "delete_on_termination": bool(ebs.get("DeleteOnTermination")),
    }


def _snapshot(backend: SimulatedEC2, snapshot: Any) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "region": backend.region_name,
        "image": snapshot.from_ami,
        "owner": snapshot.owner_id,
        "created": f"{snapshot.start_time:%Y-%m-%dT%H:%M:%SZ}",
        "description": snapshot.description or "",
        "size_gb": int(snapshot.volume_size),
        "encrypted": bool(snapshot.encrypted),
        "kms_key": snapshot.kms_key_id,
        "kms_aliases": backend.key_aliases(snapshot.kms_key_id),
        "shared_with": sorted(snapshot.create_volume_permission_userids),
        "public": "all" in snapshot.create_volume_permission_groups,
        "tags": _tags(backend, snapshot.id),
    }


def _instance(backend: SimulatedEC2, instance: Any) -> dict[str, Any]:
    options = instance.metadata_options
    image = backend.ever(instance.image_id)
    return {
        "id": instance.id,
        "region": backend.region_name,
        "owner": instance.owner_id,
        "image": instance.image_id,
        "image_name": image.name if image else "",
        "image_owner": image.owner_id if image else "",
        "state": instance.state,
        "type": instance.instance_type,
        "launched": f"{instance.launch_time:%Y-%m-%dT%H:%M:%SZ}",
        "key_name": instance.key_name,
        "public_address": instance.public_ip,
        "private_address": instance.private_ip,
        "subnet": instance.subnet_id,
        "security_groups": sorted({group.id for nic in instance.nics.values()
                                   for group in nic.group_set if group}),
        "metadata_options": {
            "http_tokens": options.http_tokens,
            "http_endpoint": options.http_endpoint,
            "http_put_response_hop_limit": options.http_put_response_hop_limit,
            "instance_metadata_tags": options.instance_metadata_tags,
        },
        "instance_profile": (instance.iam_instance_profile or {}).get("Arn"),
        "user_data": str(instance.user_data or ""),
        "spot": instance.lifecycle == "spot",
        "ena_support": instance.ena_support,
        "shutdown_behavior": instance.instance_initiated_shutdown_behavior,
        "volumes": [block.volume_id for _, block in instance.get_block_device_mapping],
        "tags": _tags(backend, instance.id),
    }  # fmt: skip


def _volume(backend: SimulatedEC2, disk: Any) -> dict[str, Any]:
    return {
        "id": disk.id,
        "region": backend.region_name,
        "state": disk.status,
        "size_gb": int(disk.size),
        "type": disk.volume_type,
        "iops": disk.iops,
        "throughput": disk.throughput,
        "encrypted": bool(disk.encrypted),
        "kms_key": disk.kms_key_id,
        "instance": disk.attachment.instance.id if disk.attachment else None,
        "tags": _tags(backend, disk.id),
    }


def _key_pair(backend: SimulatedEC2, pair: Any) -> dict[str, Any]:
    return {
        "id": pair.id,
        "name": pair.key_name,
        "region": backend.region_name,
        "type": pair.key_type,
        "imported": not pair.material,
        "tags": _tags(backend, pair.id),
    }


def _security_group(backend: SimulatedEC2, group: Any) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "region": backend.region_name,
        "vpc": group.vpc_id,
        "description": group.description,
        "rules": [
            *(_rule("in", rule) for rule in group.ingress_rules),
            *(_rule("out", rule) for rule in group.egress_rules),
        ],
        "tags": _tags(backend, group.id),
    }


def _rule(direction: str, rule: Any) -> dict[str, Any]:
    return {
        "direction": direction,
        "protocol": str(rule.ip_protocol),
        "from_port": rule.from_port,
        "to_port": rule.to_port,
        "source": rule.cidr_ipv4 or rule.cidr_ipv6 or rule.source_group.get("GroupId", ""),
    }


def _launch_template(backend: SimulatedEC2, template: Any) -> dict[str, Any]:
    return {
        "id": template.id,
        "name": template.name,
        "region": backend.region_name,
        "default_version": template.default_version_number,
        "versions": [
            {
                "version": version.number,
                "description": version.description or "",
                "image": version.image_id,
                "type": version.instance_type,
                "data": json.loads(json.dumps(version.data, default=str)),
            }
            for version in template.versions
        ],
        "tags": _tags(backend, template.id),
    }


def parameters(ssm: Any) -> Entries:
    """The parameters of a region, but not those of publishers."""
    return [
        _parameter(ssm, history)
        for name, history in ssm._parameters.items()  # noqa: SLF001  it has no other door
        if history and not name.startswith(PUBLIC)
    ]


def _parameter(ssm: Any, history: list[Any]) -> dict[str, Any]:
    last = history[-1]
    told = last.response_object(region=ssm.region_name)
    return {
        "id": told["ARN"],
        "name": last.name,
        "region": ssm.region_name,
        "type": last.parameter_type,
        "value": last.decrypt(last.value),
        "data_type": last.data_type,
        "version": last.version,
        "history": [
            {
                "version": each.version,
                "value": each.decrypt(each.value),
                "labels": list(each.labels),
            }
            for each in history
        ],
        "tags": dict(ssm.list_tags_for_resource("Parameter", last.name)),
    }


def roles(iam: Any) -> Entries:
    """The roles of an account, with what they may do."""
    return [
        {
            "id": role.id,
            "name": role.name,
            "arn": role.arn,
            "instance_profiles": [
                profile.name for profile in iam.instance_profiles.values() if role in profile.roles
            ],
            "policies": dict(role.policies),
        }
        for role in iam.roles.values()
    ]
