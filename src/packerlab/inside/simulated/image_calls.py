"""A region's images: who sees them, who shares them, and how they go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packerlab.inside.aws import ALIASES

from . import filters as matching
from .images import Fault
from .region import EBS_KEY
from .snapshot_calls import Snapshots

if TYPE_CHECKING:
    from .images import SimulatedAmi

OWNER = re.compile(rf"[0-9]{{12}}|self|{'|'.join(sorted(set(ALIASES.values())))}")


class Images(Snapshots):
    """Moto shows everybody's images to everybody."""

    def describe_images(
        self,
        ami_ids: list[str] | None = None,
        filters: dict[str, Any] | None = None,
        exec_users: list[str] | None = None,
        owners: list[str] | None = None,
    ) -> list[Any]:
        """Moto shows everybody's private images, and with ids it forgets filters and owners."""
        here = (image for account in self.accounts_here for image in account.own_kind())
        images = [image for image in here if image.is_visible_to(self.account_id)]
        if ami_ids:
            images = self._named(images, ami_ids)
        if owners:
            images = [image for image in images if self._is_owned(image, owners)]
        if exec_users:
            images = [image for image in images if self._may_be_run(image, exec_users)]
        return matching.kept(filters, images)

    def _named(self, images: list[SimulatedAmi], ami_ids: list[str]) -> list[SimulatedAmi]:
        """Those of the ids; one that is deregistered is no error, as moto knows, and is nothing."""
        known = {image.id for image in images} | set(self.deleted_amis)
        missing = [name for name in ami_ids if name not in known]
        if missing:
            many = len(missing) > 1
            text = f"The image id{'s' if many else ''} '[{', '.join(missing)}]'"
            raise Fault("InvalidAMIID.NotFound", f"{text} {'do' if many else 'does'} not exist")
        return [image for image in images if image.id in ami_ids]

    def _is_owned(self, image: SimulatedAmi, owners: list[str]) -> bool:
        for owner in owners:
            if not OWNER.fullmatch(owner):
                raise Fault("InvalidUserID.Malformed", f'Invalid user id: "{owner}"')
        numbers = [self.account_id if owner == "self" else owner for owner in owners]
        return image.owner_id in numbers or image.owner_alias in numbers

    def _may_be_run(self, image: SimulatedAmi, users: list[str]) -> bool:
        """Whether one of these has a permission of its own: `all` is everybody."""
        if "all" in users and image.is_public:
            return True
        numbers = [self.account_id if user == "self" else user for user in users]
        return any(entry.get("UserId") in numbers for entry in image.launch_permissions)

    def image(self, ami_id: str) -> SimulatedAmi:
        """One image that the account sees."""
        found: list[SimulatedAmi] = self.describe_images([ami_id])
        if not found:  # it is deregistered
            raise Fault("InvalidAMIID.Unavailable", f"The image ID '{ami_id}' is not available")
        return found[0]

    def own_image(self, ami_id: str) -> SimulatedAmi:
        """The image, which must be the account's own to be changed."""
        image = self.image(ami_id)
        if image.owner_id != self.account_id:
            raise Fault("AuthFailure", f"Not authorized for image:{ami_id}")
        return image

    def modify_image_attribute(
        self,
        ami_id: str,
        launch_permissions_to_add: list[dict[str, str]],
        launch_permissions_to_remove: list[dict[str, str]],
    ) -> None:
        """Moto shares what AWS would not: encrypted with its own key, public, disabled."""
        if launch_permissions_to_add:
            self._must_be_shareable(self.own_image(ami_id), launch_permissions_to_add)
        super().modify_image_attribute(
            ami_id, launch_permissions_to_add, launch_permissions_to_remove
        )

    def _must_be_shareable(self, image: SimulatedAmi, entries: list[dict[str, str]]) -> None:
        keys = image.keys()
        if image.state == "disabled":
            raise Fault("OperationNotPermitted", f"The AMI {image.id} is disabled.")
        if any(EBS_KEY in self.key_aliases(key) for key in keys):
            raise Fault(
                "InvalidParameter",
                "Snapshots encrypted with the AWS Managed CMK can't be shared. "
                "Specify another snapshot.",
            )
        if keys and {"Group": "all"} in entries:
            raise Fault(
                "UnsupportedOperation",
                "Encrypted snapshots can't be shared publicly. Specify another snapshot.",
            )

    def disable_image(self, ami_id: str) -> None:
        """Moto leaves its launch permissions."""
        image = self.own_image(ami_id)
        image.state = "disabled"
        image.launch_permissions.clear()

    def enable_image(self, ami_id: str) -> None:
        """Moto knows no owners."""
        self.own_image(ami_id).state = "available"

    def deregister_image(self, ami_id: str) -> None:
        """Moto knows neither owners nor deregistration protection."""
        if ami_id not in self.deleted_amis:
            image = self.own_image(ami_id)
            if image.deregistration_protection != "disabled":
                raise Fault(
                    "OperationNotPermitted",
                    f"The AMI {ami_id} can't be deregistered: "
                    "deregistration protection is enabled.",
                )
        super().deregister_image(ami_id)
