"""The parameters in which publishers name their newest images: `/aws/service/...`.

Moto has Amazon's of some day, with ids of images that this account does not hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.ssm.models import Parameter, ParameterDict

from packerlab.inside.aws import ALIASES, CANONICAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PUBLIC = "/aws/service/"
INFRASTRUCTURE = "/aws/service/global-infrastructure"
UBUNTU = re.compile(
    r"ubuntu(?P<minimal>-minimal)?/images/hvm-ssd(?P<disk>-gp3)?/ubuntu-(?P<code>[a-z]+)-"
    r"(?P<number>\d\d\.\d\d)-(?P<machine>amd64|arm64)-(?:server|minimal)-(?P<serial>\d{8}(?:\.\d+)?)"
)
AMAZON_2023 = re.compile(
    r"al2023-ami-(?P<minimal>minimal-)?2023[.\d]*-kernel-(?P<kernel>6\.\d+)-(?P<machine>\w+)"
)
AMAZON_2 = re.compile(
    r"(?P<head>amzn2-ami-(?:\w+-)*?(?:kernel-[.\d]+-)?hvm)-2\.0[.\d]+-(?P<tail>.+)"
)
DEFAULT_KERNEL = "6.1"


def _of_ubuntu(name: str) -> Iterator[str]:
    found = UBUNTU.fullmatch(name)
    if not found:
        return
    flavour = f"server{found['minimal'] or ''}"
    disk = "ebs-gp3" if found["disk"] else "ebs-gp2"
    for series in (found["number"], found["code"]):
        for serial in ("current", found["serial"]):
            place = f"{PUBLIC}canonical/ubuntu/{flavour}/{series}/stable/{serial}"
            yield f"{place}/{found['machine']}/hvm/{disk}/ami-id"


def _of_amazon(name: str) -> Iterator[str]:
    latest = f"{PUBLIC}ami-amazon-linux-latest"
    if found := AMAZON_2023.fullmatch(name):
        kernels = [f"kernel-{found['kernel']}"]
        kernels += ["kernel-default"] if found["kernel"] == DEFAULT_KERNEL else []
        for kernel in kernels:
            yield f"{latest}/al2023-ami-{found['minimal'] or ''}{kernel}-{found['machine']}"
    elif found := AMAZON_2.fullmatch(name):
        yield f"{latest}/{found['head']}-{found['tail']}"


def _published(images: Iterable[Any]) -> dict[str, Any]:
    """The names of parameters, and the newest image of each."""
    newest: dict[str, Any] = {}
    for image in sorted(images, key=lambda image: image.creation_date):
        names = _of_ubuntu(image.name) if image.owner_id == CANONICAL else iter(())
        if ALIASES.get(image.owner_id) == "amazon":
            names = _of_amazon(image.name)
        newest |= dict.fromkeys(names, image)
    return newest


class PublicParameters(ParameterDict):
    """A region's parameters, with those of the images that are published in it."""

    def __init__(self, account_id: str, region: str, images: Callable[[], list[Any]]) -> None:
        super().__init__(account_id, region)
        self._images = images
        self._loaded = False

    def _check_loading_status(self, key: str) -> None:
        """Moto calls this before it looks for a name, or for a path."""
        if key and key.startswith(INFRASTRUCTURE):
            super()._check_loading_status(key)
        elif key and key.startswith(PUBLIC) and not self._loaded:
            self._loaded = True
            for name, image in _published(self._images()).items():
                dict.setdefault(self, name, []).append(self._parameter(name, image))

    def _parameter(self, name: str, image: Any) -> Parameter:
        return Parameter(  # type: ignore[abstract]
            account_id=self.account_id,
            name=name,
            value=image.id,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=image.creation_date,
            version=1,
            data_type="aws:ec2:image",
        )
