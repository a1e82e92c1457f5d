"""EC2's state as Packer meets it: moto's backend, with what it lacks or gets wrong.

A region is made of layers: `region`, `snapshot_calls`, `image_calls`, `instance_calls`,
`image_making`, `fleets`.
Every override says why it is there. What is not there is moto's as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fleets import Fleets
from .images import Fault
from .prepared import prepare

if TYPE_CHECKING:
    from .account import Account


class SimulatedEC2(Fleets):
    """One region's EC2, with what the lab prepared in it."""

    def __init__(self, account: Account, region_name: str, account_id: str) -> None:
        super().__init__(account, region_name, account_id)
        if not account.state.get("default_vpc", True):
            self._drop_default_vpc()
        prepare(self)

    def _drop_default_vpc(self) -> None:
        for vpc in list(self.vpcs.values()):
            for subnet in self.describe_subnets(filters={"vpc-id": [vpc.id]}):
                self.delete_subnet(subnet.id)
            self.delete_vpc(vpc.id)

    def do_resources_exist(self, resource_ids: list[str]) -> bool:
        """Moto tags instances and key pairs that there are not, and nobody else's snapshots."""
        for name in resource_ids:
            if name.startswith("i-"):
                self.get_instance(name)
            elif name.startswith("snap-"):
                self.seen_snapshots([name], {}, [], [])
            elif name.startswith("key-"):
                self._must_be_a_key_pair(name)
            else:
                super().do_resources_exist([name])
        return True

    def _must_be_a_key_pair(self, name: str) -> None:
        if name not in {pair.id for pair in self.key_pairs.values()}:
            raise Fault("InvalidKeyPair.NotFound", f"The key pair ID '{name}' does not exist")
