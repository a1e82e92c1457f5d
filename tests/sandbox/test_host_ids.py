from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.errors import MachineError
from packerlab.sandbox import host_ids

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_ids, "LOCKS", tmp_path / "ids")


def test_no_range_is_leased_twice_until_it_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_ids, "SLOTS", 3)
    leases = [host_ids.lease() for _ in range(3)]
    firsts = sorted(lease.first for lease in leases)
    assert firsts == [host_ids.LOCKED + slot * host_ids.WIDTH for slot in range(3)]
    with pytest.raises(MachineError, match="All 3 ranges of host ids are in use"):
        host_ids.lease()
    leases[1].release()
    assert host_ids.lease().first == leases[1].first


def test_the_ranges_of_root_and_of_an_engine_are_apart_and_no_user_s() -> None:
    named = dict(host_ids.names())
    whole = host_ids.SLOTS * host_ids.WIDTH
    assert len(named) == host_ids.SLOTS
    assert min(named.values()) >= host_ids.LOCKED + whole
    assert max(named.values()) + host_ids.WIDTH < 2**31
