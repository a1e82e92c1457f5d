"""Moto's tables of instance types and images: a second of work at import, and hardly ever needed.

Import this before anything else of moto's EC2. The tables of built-in images stay empty: an
account has the images of its state. Those of instance types are read when they are first asked.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

import boto3
from moto.utilities import utils

_READING = threading.Lock()


def _import_without_tables() -> None:
    """Have moto imported: it reads its tables meanwhile, and botocore's of regions three times."""
    read, session = utils.load_resource, boto3.Session
    utils.load_resource = _nothing
    boto3.Session = functools.cache(session)
    try:
        import moto.ec2.models.amis
        import moto.ec2.models.instance_types  # noqa: F401
    finally:
        utils.load_resource = read
        boto3.Session = session


def _nothing(resource: str) -> Any:
    return {} if resource.endswith("instance_types.json") else []


_import_without_tables()

from moto.ec2.models import instance_types  # noqa: E402


def offered(region: str, place: str = "region") -> list[dict[str, str]]:
    """What instance types a region has, put where moto looks for them."""
    offerings: dict[str, list[dict[str, str]]] = instance_types.INSTANCE_TYPE_OFFERINGS[place]
    with _READING:
        if not offerings.get(region):
            path = f"ec2/resources/instance_type_offerings/{place}/{region}.json"
            offerings[region] = [
                {**offering, "LocationType": place} for offering in utils.load_resource(path)
            ]
    return offerings[region]


def all_types() -> list[instance_types.InstanceType]:
    """Every instance type there is, with all that moto knows of it."""
    with _READING:
        if not instance_types.INSTANCE_TYPES:
            table = utils.load_resource("ec2/resources/instance_types.json")
            instance_types.INSTANCE_TYPES.update(table)
    return [instance_types.InstanceType(name) for name in instance_types.INSTANCE_TYPES]
