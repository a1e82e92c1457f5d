from __future__ import annotations

import random
import time

from packerlab.similarity.pairs import COMMON_COUNT, LEAST, MOST_COMMON, compare

OWN = range(1_000, 2_000)


def work(*statements: int) -> frozenset[int]:
    return frozenset(statements)


def honest(seed: int, count: int = 20) -> frozenset[int]:
    """What somebody wrote by themselves."""
    return frozenset(random.Random(seed).sample(range(10**9), count))  # noqa: S311


def test_nothing_is_alike_where_everybody_works_alone() -> None:
    assert compare([honest(seed) for seed in range(30)]) == ([], 0)
    assert compare([]) == ([], 0)


def test_a_copy_that_was_changed_a_little_is_found() -> None:
    original = honest(1)
    changed = frozenset([*sorted(original)[:16], 1, 2, 3])
    (found,) = compare([honest(0), original, honest(2), changed]).alike
    assert (found.members, found.sides) == ((1, 3), (1, 3))
    assert (len(found.shared), found.own, found.percent) == (16, 19, 84)


def test_equal_works_are_one_group_however_many_there_are() -> None:
    copies = [honest(1)] * 40
    (found,) = compare([*copies, *(honest(seed) for seed in range(2, 20))]).alike
    assert found.members == tuple(range(40))
    assert found.sides == (0, 1)


def test_what_says_too_little_is_passed_over() -> None:
    small = work(*range(LEAST - 1))
    assert compare([small, small, honest(1), honest(2)]) == ([], 2)
    assert compare([work(), work(), work()]) == ([], 3)


def test_what_many_wrote_is_the_lab_s() -> None:
    usual = frozenset(range(10))
    works = [usual | honest(seed, 8) for seed in range(COMMON_COUNT + 1)]
    assert compare(works).alike == []
    assert len(compare(works[:2]).alike) == 0  # ten of eighteen is too little
    assert len(compare([usual | honest(1, 4), usual | honest(2, 4)]).alike) == 1


def test_sharing_less_than_most_of_the_smaller_is_nothing() -> None:
    shared = frozenset(range(LEAST))
    assert compare([shared | honest(1, 10), shared | honest(2, 10)]).alike == []
    assert len(compare([shared | honest(1, 3), shared | honest(2, 30)]).alike) == 1


def test_time_grows_with_the_class_and_not_with_its_square() -> None:
    """Also where every statement is as common as one may be."""
    took = []
    for count in (1_000, 4_000):
        chance = random.Random(0)  # noqa: S311
        wide = count * 20 // MOST_COMMON
        works = [frozenset(chance.sample(range(wide), 20)) for _ in range(count)]
        began = time.process_time()
        compare(works)
        took.append(time.process_time() - began)
    assert took[1] < 10 * took[0] + 1
