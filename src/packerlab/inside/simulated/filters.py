"""Filters as EC2 applies them, in place of moto's.

Moto wants all of several values where EC2 wants any of them, takes brackets in a name for a set of
characters, and compares an instance's values without wildcards.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.core.utils import get_service_model
from moto.ec2 import utils

from .errors import DeniedError
from .images import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

Filters = dict[str, list[str]]

MOST_VALUES = 200
"""EC2's own bound for one call."""

LONGEST = 512
"""No value that EC2 holds is longer. A pattern of a megabyte would be slow to compile."""

LISTED = re.compile(r"(?:<li> ?<p>|[Yy]ou can also use|or) ?<code>([\w.-]+)")
"""A filter of the documentation's list, and the other names that it mentions for one."""

CAMEL = re.compile(r"([a-z])([A-Z])")
"""EC2's older names, such as `isDefault`, which Packer's documentation uses."""

OF_INSTANCES = {
    "client-token": "client_token",
    "ebs-optimized": "ebs_optimized",
    "ena-support": "ena_support",
    "hypervisor": "hypervisor",
    "iam-instance-profile.arn": "iam_instance_profile.Arn",
    "instance-lifecycle": "lifecycle",
    "instance-state-code": "state_code",
    "launch-index": "ami_launch_index",
    "launch-time": "launch_time",
    "metadata-options.http-endpoint": "metadata_options.http_endpoint",
    "metadata-options.http-tokens": "metadata_options.http_tokens",
    "root-device-name": "root_device_name",
    "root-device-type": "root_device_type",
    "virtualization-type": "virtualization_type",
}
"""Filters of DescribeInstances that moto lacks, and the property that each is about."""

LOOKED_AT = {
    "DescribeAvailabilityZones": {"region-name", "state", "zone-id", "zone-name", "zone-type"},
    "DescribeInstanceStatus": {"instance-state-code", "instance-state-name"},
    "DescribeLaunchTemplateVersions": set[str](),
}
"""The filters that moto looks at, of calls where it passes over all others."""

NAME = re.compile(r"Filter\.\d+\.Name")
VALUE = re.compile(r"Filter\.\d+\.Value\.\d+")
SPECIAL = re.compile(r"\\([*?\\])|\[")


def _regex(filter_string: str) -> str:
    """`*` and `?` match; a backslash takes that from them. Its time is linear in the value."""
    return translate(SPECIAL.sub(lambda found: f"[{found[1] or '['}]", filter_string))


@functools.lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(_regex(wanted))


def _texts(value: Any) -> Iterable[str]:
    """A property as the texts that a filter may compare."""
    match value:
        case None:
            return []
        case bool():
            return [str(value).lower()]
        case datetime():
            return [stamp(value if value.tzinfo else value.replace(tzinfo=UTC))]
        case list() | tuple() | set() | frozenset() | dict():
            return [text for each in value for text in _texts(each)]
        case _:
            return [str(value)]


def _fits(instance_value: Any, filter_values: Any) -> bool:
    """Whether a property, or any of its values, is one of the wanted."""
    wanted = [filter_values] if isinstance(filter_values, str) else filter_values
    patterns = [_pattern(each) for each in wanted if each is not None]
    return any(pattern.match(text) for text in _texts(instance_value) for pattern in patterns)


def _matches(obj: Any, _filter: str, filter_value: Any) -> bool:
    return _fits(obj.get_filter_value(_filter), filter_value)


def teach_moto() -> None:
    """Have moto compare so, wherever it filters, and know more of an instance."""
    utils.is_filter_matching = _matches
    utils.instance_value_in_filter_values = _fits
    utils.simple_aws_filter_to_re = _regex
    utils.filter_dict_attribute_mapping |= OF_INSTANCES


def named(fields: dict[str, str]) -> list[str]:
    """The names of a request's filters."""
    return [value for name, value in fields.items() if NAME.fullmatch(name)]


@functools.lru_cache(maxsize=64)
def documented(action: str) -> frozenset[str]:
    """The filters that EC2's documentation lists for a call."""
    shape = get_service_model("ec2").operation_model(action).input_shape
    members = shape.members if shape else {}
    listed = members.get("Filters", members.get("Filter"))
    return frozenset(LISTED.findall(listed.documentation) if listed else [])


def check(action: str, fields: dict[str, str]) -> None:
    """Stop a request with filters that EC2 would refuse, or that moto would pass over."""
    _check_bounds([value for name, value in fields.items() if VALUE.fullmatch(name)])
    known = documented(action)
    for name in named(fields):
        general = "tag" if name.startswith("tag:") else CAMEL.sub(_with_dash, name)
        if known and not {general, name} & {*known, "tag-value"}:
            text = f"The filter '{name}' is invalid"
            raise DeniedError("InvalidParameterValue", text, 400)
        if general not in LOOKED_AT.get(action, {general}):
            raise unknown([name])


def _with_dash(found: re.Match[str]) -> str:
    return f"{found[1]}-{found[2].lower()}"


def unknown(names: list[str]) -> DeniedError:
    """The account's own words: it says what it lacks, and does not call it wrong."""
    text = f"The simulated account does not know the filter {' or '.join(names)}."
    return DeniedError("UnsupportedOperation", text, 400)


def _check_bounds(values: list[str]) -> None:
    if len(values) > MOST_VALUES:
        raise DeniedError(
            "FilterLimitExceeded",
            f"The maximum number of filter values specified on a single call is {MOST_VALUES}.",
            400,
        )
    if any(len(value) > LONGEST for value in values):
        raise DeniedError("InvalidParameterValue", "The value of a filter is too long.", 400)


def kept(filters: Filters | None, things: list[Any]) -> list[Any]:
    """Those that fit all filters."""
    found: list[Any] = utils.generic_filter(filters or {}, things)
    return found
