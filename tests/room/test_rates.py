"""How often somebody may do something."""

from __future__ import annotations

from packerlab.room.rates import MOST_KEYS, Rate, neighbourhood


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_few_at_once_and_then_one_at_a_time() -> None:
    clock = Clock()
    rate = Rate(3, 10, clock)
    assert [rate.wait("a") for _ in range(4)] == [0, 0, 0, 10]
    assert rate.wait("b") == 0
    clock.now += 10
    assert [rate.wait("a") for _ in range(2)] == [0, 10]
    clock.now += 1000
    assert [rate.wait("a") for _ in range(4)] == [0, 0, 0, 10]


def test_looking_is_free() -> None:
    rate = Rate(1, 10, Clock())
    assert [rate.wait("a", count=False) for _ in range(3)] == [0, 0, 0]
    assert rate.wait("a") == 0
    assert rate.wait("a", count=False) == 10


def test_many_keys_take_bounded_memory() -> None:
    clock = Clock()
    rate = Rate(1, 10, clock)
    for number in range(3 * MOST_KEYS):
        rate.wait(str(number))
        assert len(rate._full_at) <= MOST_KEYS
    assert rate.wait(str(3 * MOST_KEYS - 1)) == 10


def test_a_client_is_an_address_or_its_network() -> None:
    assert neighbourhood("192.0.2.7") == neighbourhood("::ffff:192.0.2.7") == "192.0.2.7"
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ff:2") == "2001:db8::/64"
    assert neighbourhood("fe80::1%eth0") == "fe80::/64"
    assert neighbourhood("") == ""
