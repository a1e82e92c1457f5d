"""A region's snapshots: whose they are, and who may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import filters as matching
from .images import Fault
from .region import EBS_KEY, Region

if TYPE_CHECKING:
    from .images import SimulatedAmi


class Snapshots(Region):
    """Moto knows no owners of snapshots."""

    def seen_snapshots(
        self,
        names: list[str],
        filters: matching.Filters,
        owners: list[str],
        restorers: list[str],
    ) -> list[Any]:
        """DescribeSnapshots: the account's own, public ones, and those shared with it."""
        everybody = [each for here in self.accounts_here for each in here.snapshots.values()]
        found = [each for each in everybody if self._is_seen(each)]
        missing = [name for name in names if name not in {each.id for each in found}]
        if missing:
            raise Fault("InvalidSnapshot.NotFound", f"The snapshot '{missing[0]}' does not exist.")
        if names:
            found = [each for each in found if each.id in names]
        if owners:
            numbers = self._numbers(owners)
            found = [each for each in found if each.owner_id in numbers]
        if restorers:
            numbers = self._numbers(restorers)
            found = [each for each in found if numbers & self._may_restore(each)]
        return matching.kept(filters, found)

    def _is_seen(self, snapshot: Any) -> bool:
        """A published image's own snapshots are seen by everybody, as Canonical's and Amazon's."""
        image = self.ever(snapshot.from_ami)
        published = bool(image and image.is_public and image.owner_id not in self.account.numbers)
        return published or bool({self.account_id, "all"} & self._may_restore(snapshot))

    def _may_restore(self, snapshot: Any) -> set[str]:
        users: set[str] = snapshot.create_volume_permission_userids
        groups: set[str] = snapshot.create_volume_permission_groups
        return {snapshot.owner_id} | users | groups

    def must_read(self, image: SimulatedAmi) -> None:
        """See that the account may read an image's disks, which to launch it nobody must."""
        seen = {snapshot.id for snapshot in self.seen_snapshots([], {}, [], [])}
        if not seen.issuperset(image.snapshots()):
            text = "You do not have permission to access the storage of this ami"
            raise Fault("InvalidRequest", text)

    def _numbers(self, people: list[str]) -> set[str]:
        return {self.account_id if each == "self" else each for each in people}

    def own_snapshot(self, snapshot_id: str) -> Any:
        """A snapshot that is the account's own, to be changed."""
        [snapshot] = self.seen_snapshots([snapshot_id], {}, [], [])
        if snapshot.owner_id != self.account_id:
            raise Fault("AuthFailure", f"Not authorized for snapshot:{snapshot_id}")
        return snapshot

    def delete_snapshot(self, snapshot_id: str) -> Any:
        """Moto knows no owners."""
        self.own_snapshot(snapshot_id)
        return super().delete_snapshot(snapshot_id)

    def share_snapshot(self, snapshot_id: str, users: list[str], groups: list[str]) -> None:
        """Moto shares what AWS would not."""
        snapshot = self.own_snapshot(snapshot_id)
        if not users and not groups:
            return
        if snapshot.encrypted and EBS_KEY in self.key_aliases(snapshot.kms_key_id):
            raise Fault(
                "OperationNotPermitted",
                "Encrypted snapshots with EBS default key cannot be shared",
            )
        if snapshot.encrypted and groups:
            raise Fault(
                "OperationNotPermitted",
                "Encrypted snapshots cannot be shared with the group 'all'",
            )
        self.add_create_volume_permission(snapshot_id, users, groups)

    def unshare_snapshot(self, snapshot_id: str, users: list[str], groups: list[str]) -> None:
        """Moto knows no owners."""
        self.own_snapshot(snapshot_id)
        self.remove_create_volume_permission(snapshot_id, users, groups)
