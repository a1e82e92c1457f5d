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
    patterns = [_pattern(each) for each in wanted]
    return any(pattern.match(text) for text in _texts(instance_value) for pattern in patterns)


def _matches(obj: Any, _filter: str, filter_value: Any) -> bool:
    return _fits(obj.get_filter_value(_filter), filter_value)


utils.is_filter_matching = _matches
utils.instance_value_in_filter_values = _fits
utils.simple_aws_filter_to_re = _regex


def check(_action: str, fields: dict[str, str]) -> None:
    """Stop a request with more filters, or longer ones, than EC2 would look at."""
    values = [value for name, value in fields.items() if VALUE.fullmatch(name)]
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
