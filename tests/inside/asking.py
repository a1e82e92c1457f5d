"""Tables of requests and answers: what a call says, put to the control plane by AWS's own SDK."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]

from tests.inside.control_plane import UBUNTU

if TYPE_CHECKING:
    from tests.inside.control_plane import Botocore

NAME = re.compile(r"\{(\w[\w./\[\]-]*)\}")


def launch(**more: Any) -> dict[str, Any]:
    """The parameters of a launch that is like any other, but for these."""
    usual = {"ImageId": f"{{{UBUNTU}}}", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return usual | more


@dataclass
class Ask:
    """A request, what of its answer is looked at (a JMESPath), and what that is.

    `{name}` in a request stands for the id of the thing of that name. Of an `Error`, the beginning
    of `Code: message` is enough.
    """

    call: str
    parameters: dict[str, Any]
    query: str
    answer: Any

    def __str__(self) -> str:
        return f"{self.call}-{self.answer}"[:60]


@dataclass
class Asker:
    """Somebody who asks: as whom, in which region, and the names that they know."""

    aws: Botocore
    names: dict[str, str] = field(default_factory=dict)
    region: str = "us-east-1"
    who: dict[str, str] = field(default_factory=dict)

    def call(self, call: str, **parameters: Any) -> dict[str, Any]:
        return self.aws.call(call, self.region, **self.who, **self._filled(parameters))

    def check(self, ask: Ask) -> None:
        said = self.call(ask.call, **ask.parameters)
        if ask.query == "Error":
            assert said.get("Error", said).startswith(self._filled(ask.answer)), said
        else:
            assert "Error" not in said, said
            found = jmespath.search(ask.query, said)
            assert found == self._filled(ask.answer), (ask, found)

    def learn_images(self) -> None:
        """Know every image by its name."""
        for image in self.call("ec2.describe_images", IncludeDeprecated=True)["Images"]:
            self.names[image["Name"]] = image["ImageId"]

    def _filled(self, value: Any) -> Any:
        match value:
            case str():
                return NAME.sub(lambda found: self.names.get(found[1], found[0]), value)
            case list():
                return [self._filled(each) for each in value]
            case dict():
                return {key: self._filled(each) for key, each in value.items()}
            case _:
                return value


def only(**filters: str | list[str]) -> list[dict[str, Any]]:
    """Filters as the SDK takes them: `tag__Name` is `tag:Name`, `owner_id` is `owner-id`."""
    return [
        {
            "Name": name.replace("__", ":").replace("_", "-"),
            "Values": [values] if isinstance(values, str) else values,
        }
        for name, values in filters.items()
    ]
