"""What the control plane asks of the supervisor: whose fault it is when that can't be done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from packerlab.inside.account import Account
from packerlab.inside.errors import AccountError

ASK = {"ask": 1, "do": "stop", "instance": "i-1"}


def account_whose_stop(raises: Exception, told: list[dict[str, Any]]) -> Account:
    """An account that has one machine, and no process for anything."""

    def stop(_ask: object, _machine: object) -> None:
        raise raises

    account = object.__new__(Account)
    account.__dict__ |= {
        "_machines": SimpleNamespace(machines={"i-1": object()}),
        "_control": SimpleNamespace(tell=told.append),
        "_asked": {},
        "_do_stop": stop,
    }
    return account


def test_what_the_machine_is_short_of_is_no_answer_to_the_learner() -> None:
    """It ends the account, and so the report as a fault, which is tried again."""
    told: list[dict[str, Any]] = []
    account = account_whose_stop(AccountError("The machine is short of something."), told)
    with pytest.raises(AccountError, match="short of something"):
        account._answer(ASK)
    assert told == []


@pytest.mark.parametrize(
    ("raises", "says"),
    [
        (OSError("ResourceLimitExceeded: too many"), "ResourceLimitExceeded: too many"),
        (KeyError("addresses"), "InternalError: KeyError"),
        (ValueError("embedded null byte"), "InternalError: ValueError: embedded null byte"),
    ],
)
def test_what_a_call_asked_for_is_answered(raises: Exception, says: str) -> None:
    told: list[dict[str, Any]] = []
    account_whose_stop(raises, told)._answer(ASK)
    (answer,) = told
    assert answer["answer"] == 1
    assert says in answer["error"]
