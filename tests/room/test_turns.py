"""The line: learners take turns, whatever each of them hands in."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from packerlab.room.turns import HandIn, Turns


def line(*names: str) -> Turns:
    """A line of hand-ins such as `ada1`: a learner, and a lab of one digit."""
    turns = Turns()
    for number, name in enumerate(names):
        turns.put(HandIn(number, name[-1], name[:-1]))
    return turns


def taken(turns: Turns) -> str:
    handed = turns.take()
    assert handed
    return f"{handed.learner}{handed.slug}"


def graded(turns: Turns) -> list[str]:
    """What comes, one after the other."""
    found = []
    while len(turns):
        handed = turns.take()
        assert handed
        found.append(f"{handed.learner}{handed.slug}")
        turns.done(handed)
    return found


def test_learners_take_turns() -> None:
    turns = line("ada1", "ada2", "ada3", "ben1", "cy1", "cy2")
    assert graded(turns) == ["ada1", "ben1", "cy1", "ada2", "cy2", "ada3"]


def test_one_hand_in_of_a_learner_is_graded_at_a_time() -> None:
    """However many jobs there are, two endless builds of one learner hold one of them."""
    turns = line("ada1", "ada2", "ben1")
    assert [taken(turns), taken(turns)] == ["ada1", "ben1"]
    waiting = threading.Thread(target=lambda: found.append(taken(turns)))
    found: list[str] = []
    waiting.start()
    turns.done(HandIn(0, "1", "ada"))
    waiting.join(60)
    assert found == ["ada2"]


def test_a_newer_hand_in_takes_the_place_of_the_one_that_waits() -> None:
    turns = line("ada1", "ben1", "ada2")
    newer = HandIn(9, "1", "ada")
    assert turns.put(newer) == HandIn(0, "1", "ada")
    assert turns.take() == newer
    assert turns.put(HandIn(10, "1", "ada")) is None  # that one is being graded


def test_what_ran_out_of_time_is_tried_again_after_all_others() -> None:
    turns = line("ada1", "ben1", "ada2")
    handed = turns.take()
    assert handed
    assert turns.retry(handed)
    assert graded(turns) == ["ben1", "ada2", "ada1"]


def test_it_is_not_tried_again_where_a_newer_one_waits() -> None:
    turns = line("ada1")
    handed = turns.take()
    assert handed
    turns.put(HandIn(5, "1", "ada"))
    assert not turns.retry(handed)
    turns.done(handed)
    assert graded(turns) == ["ada1"]


def test_a_closed_line_lets_everybody_go() -> None:
    turns = Turns()
    waiting = threading.Thread(target=turns.take)
    waiting.start()
    turns.close()
    waiting.join(60)
    assert not waiting.is_alive()


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("123")), max_size=12), st.data())
def test_a_place_is_how_many_turns_come_before(
    names: list[tuple[str, str]], data: st.DataObject
) -> None:
    turns = line(*(learner + lab for learner, lab in names))
    for _ in range(data.draw(st.integers(0, 3))):
        if len(turns):
            handed = turns.take()
            assert handed
            turns.done(handed)
    said = {(name, lab): turns.place(name, lab) for name in "abcd" for lab in "123"}
    order = graded(turns)
    for (name, lab), place in said.items():
        assert place == (order.index(name + lab) + 1 if name + lab in order else None)


def test_what_is_graded_has_place_0() -> None:
    turns = line("ada1", "ada2", "ben1")
    turns.take()
    assert [turns.place("ada", "1"), turns.place("ben", "1"), turns.place("ada", "2")] == [0, 1, 2]
    assert turns.place("cy", "1") is None
