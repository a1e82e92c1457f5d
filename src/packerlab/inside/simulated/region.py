"""One region of one account: what its images, disks and instances need of each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.core.exceptions import ServiceException
from moto.ec2.models import EC2Backend, ec2_backends
from moto.kms.models import kms_backends

from .account import AskError
from .images import Fault, SimulatedAmi

if TYPE_CHECKING:
    from moto.kms.models import KmsBackend

    from .account import Account

ASK_ERROR = re.compile(r"([A-Z][A-Za-z]+)(?:: (.*))?", re.DOTALL)
EBS_KEY = "alias/aws/ebs"
"""The key that AWS manages for disks: nobody can share what it encrypts."""


class Region(EC2Backend):
    """Moto's backend, with what is behind it: the account, its neighbours, the supervisor."""

    def __init__(self, account: Account, region_name: str, account_id: str) -> None:
        self.account = account
        self.amis_ever: dict[str, SimulatedAmi] = {}
        super().__init__(region_name, account_id)
        account.regions[account_id, region_name] = self

    def _load_amis(self) -> None:
        """Moto's thousands of images would make each DescribeImages slow."""

    @property
    def accounts_here(self) -> list[Region]:
        """The same region of every account: the learner's is the first."""
        found: list[Any] = [
            self.account.regions.get((number, self.region_name))
            or ec2_backends[number][self.region_name]
            for number in self.account.numbers
        ]
        return found

    def own_kind(self) -> list[SimulatedAmi]:
        """The images that are kept here, all of which are ours and not moto's."""
        return [image for image in self.amis.values() if isinstance(image, SimulatedAmi)]

    def ever(self, image_id: str | None) -> SimulatedAmi | None:
        """An image that exists, or did, no matter who owns it."""
        known = (here.amis_ever.get(image_id or "") for here in self.accounts_here)
        return next((image for image in known if image), None)

    def demand(self, do: str, at_most_s: float | None = None, **what: Any) -> dict[str, Any]:
        """Ask the supervisor; what it can't do is the call's error."""
        if what.get("instance") in self.account.without_machine:
            return {}
        try:
            return self.account.ask(do, at_most_s, **what)
        except AskError as error:
            known = ASK_ERROR.fullmatch(str(error))
            code, text = (known[1], known[2]) if known else ("InternalError", str(error))
            raise Fault(code, text or code) from None

    def key_arn(self, name: str) -> str:
        """The key that an id, an alias or either's ARN names in this region."""
        region, owner = self.region_name, self.account_id
        if name.startswith("arn:"):
            region, owner = [*name.split(":"), "", "", ""][3:5]
        unknown = Fault("InvalidKmsKey.NotFound", f"The KMS key {name} does not exist.")
        if region != self.region_name or owner not in self.account.numbers:
            raise unknown
        if name.endswith(EBS_KEY):
            self._create_default_encryption_key()
        try:
            arn: str = self._keys(owner).describe_key(name).arn
        except (ServiceException, AttributeError):  # what moto does with an unknown alias
            raise unknown from None
        return arn

    def _create_default_encryption_key(self) -> str:
        """Moto says of it that the customer manages it."""
        arn = super()._create_default_encryption_key()
        self._keys("").describe_key(EBS_KEY).key_manager = "AWS"
        return arn

    def key_aliases(self, arn: str | None) -> list[str]:
        """The names by which people know a key."""
        _, _, _, _, owner, name = (arn or ":::::").split(":", 5)
        key = self._keys(owner).keys.get(name.removeprefix("key/"))
        return sorted(key.aliases) if key else []

    def _keys(self, owner: str) -> KmsBackend:
        """The keys of an account that acts here, or this one's own."""
        number = owner if owner in self.account.numbers else self.account_id
        return kms_backends[number][self.region_name]
