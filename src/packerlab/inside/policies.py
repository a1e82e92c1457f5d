"""IAM policies: what a document allows, of which things, under which conditions.

One evaluator for the simulated account and for graders. It follows the IAM User Guide: "IAM JSON
policy elements", "Condition operators" and "Policy evaluation logic" for identity-based policies.
Documents may be hostile: their size is AWS's bound for a role, and matching takes linear time.
Standard library only: it runs in the sandbox.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Effect = Literal["Allow", "Deny", ""]

MOST_CHARACTERS = 10_240
"""Of one document, without its blanks: AWS's bound for all inline policies of a role."""

TOP = frozenset({"Version", "Id", "Statement"})
VERSIONS = ("2012-10-17", "2008-10-17")

ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
SID = re.compile("[A-Za-z0-9]*")


class PolicyError(ValueError):
    """A document that IAM would not take; the text says why."""


@dataclass(frozen=True)
class Request:
    """What somebody wants to do. `context` has the values of condition keys, in any case."""

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)

    def value(self, key: str) -> list[str] | None:
        """The values of a condition key, None where the request has none."""
        found = {name.lower(): value for name, value in self.context.items()}.get(key.lower())
        return [found] if isinstance(found, str) else found


@dataclass(frozen=True)
class Statement:
    """One statement, well-formed; `conditions` are (operator, key, values)."""

    effect: Effect
    actions: list[str]
    resources: list[str]
    conditions: list[tuple[str, str, list[str]]]
    all_actions_but: bool = False
    all_resources_but: bool = False

    def applies(self, request: Request) -> bool:
        """Whether it says anything of this request."""
        action = request.action.lower()
        named = any(like(pattern.lower(), action) for pattern in self.actions)
        meant = any(like(pattern, request.resource) for pattern in self.resources)
        return (
            named != self.all_actions_but
            and meant != self.all_resources_but
            and all(_holds(*condition, request) for condition in self.conditions)
        )


def read(text: str) -> list[Statement]:
    """A document's statements. Raises PolicyError."""
    if len("".join(text.split())) > MOST_CHARACTERS:
        raise PolicyError(f"A policy has at most {MOST_CHARACTERS} characters, without blanks.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise PolicyError("The policy is not JSON.") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyError("The policy has no Statement.")
    if unknown := sorted(document.keys() - TOP):
        raise PolicyError(f"A policy has no element {unknown[0]!r}.")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise PolicyError(f"The Version of a policy is {VERSIONS[0]}: it names IAM's language.")
    found = document["Statement"]
    listed = found if isinstance(found, list) else [found]
    statements = [_statement(each) for each in listed]
    names = [each["Sid"] for each in listed if each.get("Sid")]
    if again := [name for name in names if names.count(name) > 1]:
        raise PolicyError(f"Two statements have the Sid {again[0]!r}.")
    return statements


def decide(statements: Iterable[Statement], request: Request) -> Effect:
    """`Deny` if any statement denies it, else `Allow` if one allows it, else nothing."""
    effects = {statement.effect for statement in statements if statement.applies(request)}
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else ""


def _statement(found: Any) -> Statement:
    if not isinstance(found, dict):
        raise PolicyError("A Statement is not an object.")
    if unknown := sorted(found.keys() - ELEMENTS):
        raise PolicyError(f"A Statement has no element {unknown[0]!r}.")
    if not SID.fullmatch(str(found.get("Sid", ""))):
        raise PolicyError("A Sid has letters and digits, and nothing else.")
    if found.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("The Effect of a Statement is Allow or Deny.")
    return Statement(
        found["Effect"],
        _either(found, "Action", lambda text: ":" in text, "names no service"),
        _either(found, "Resource", lambda text: text.startswith("arn:"), "is neither an ARN nor *"),
        _conditions(found.get("Condition", {})),
        all_actions_but="NotAction" in found,
        all_resources_but="NotResource" in found,
    )


def _either(
    found: dict[str, Any], name: str, is_one: Callable[[str], bool], wrong: str
) -> list[str]:
    """The patterns of an element that a statement has, or of the one that negates it."""
    if (name in found) == (f"Not{name}" in found):
        raise PolicyError(f"A Statement has either {name} or Not{name}.")
    texts = _texts(found.get(name, found.get(f"Not{name}")), name)
    for text in texts:
        if text != "*" and not is_one(text):
            raise PolicyError(f"The {name} {text!r} {wrong}.")
    return texts


def _texts(found: Any, name: str) -> list[str]:
    listed = found if isinstance(found, list) else [found]
    if not listed or not all(isinstance(each, str) for each in listed):
        raise PolicyError(f"{name} is a text or a list of texts.")
    return listed


def _conditions(found: Any) -> list[tuple[str, str, list[str]]]:
    if not isinstance(found, dict) or not all(isinstance(keys, dict) for keys in found.values()):
        raise PolicyError("A Condition has operators, and these have keys.")
    conditions = []
    for operator, keys in found.items():
        if _OPERATOR.sub("", operator) not in _OPERATORS:
            raise PolicyError(f"There is no condition operator {operator!r} here.")
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            conditions.append((operator, key, [_plain(value) for value in listed]))
    return conditions


def _plain(value: Any) -> str:
    """JSON's numbers and truths are texts in a policy, too."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise PolicyError("The values of a Condition are texts.")


# --- conditions ---

_OPERATOR = re.compile(r"^(ForAllValues:|ForAnyValue:)|IfExists$")


def like(pattern: str, text: str) -> bool:
    """Whether `pattern` stands for the text: `*` for any characters, `?` for any one.

    What is between two stars is found where it comes first, which is as good as any place.
    """
    first, *others = pattern.split("*")
    if not others:
        return bool(_part(first).fullmatch(text))
    begins = _part(first).match(text)
    if not begins:
        return False
    at = begins.end()
    for part in others[:-1]:
        found = _part(part).search(text, at)
        if not found:
            return False
        at = found.end()
    return len(text) - len(others[-1]) >= at and bool(
        _part(others[-1]).fullmatch(text, len(text) - len(others[-1]))
    )


def _part(text: str) -> re.Pattern[str]:
    return re.compile("".join("." if each == "?" else re.escape(each) for each in text), re.DOTALL)


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compared(wanted: str, value: str) -> bool:
        try:
            return test(float(value), float(wanted))
        except ValueError:
            return False

    return compared


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: value == wanted,
    "StringEqualsIgnoreCase": lambda wanted, value: value.lower() == wanted.lower(),
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": lambda wanted, value: value.lower() == wanted.lower(),
    "NumericEquals": _number(lambda value, wanted: value == wanted),
    "NumericLessThan": _number(lambda value, wanted: value < wanted),
    "NumericLessThanEquals": _number(lambda value, wanted: value <= wanted),
    "NumericGreaterThan": _number(lambda value, wanted: value > wanted),
    "NumericGreaterThanEquals": _number(lambda value, wanted: value >= wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}
_OPERATORS = _TESTS.keys() | _NEGATED | {"Null"}


def _holds(operator: str, key: str, wanted: list[str], request: Request) -> bool:
    """Whether a condition is met; what a request does not have meets only what is negated."""
    values = request.value(key)
    base = _OPERATOR.sub("", operator)
    if base == "Null":
        return (values is None) == (wanted[:1] == ["true"])
    if not values:
        return (
            operator.startswith("ForAllValues:")
            or operator.endswith("IfExists")
            or (base in _NEGATED and not operator.startswith("ForAnyValue:"))
        )
    met = [_meets(base, wanted, value) for value in values]
    return any(met) if operator.startswith("ForAnyValue:") else all(met)


def _meets(base: str, wanted: list[str], value: str) -> bool:
    """Of several wanted values one is enough; of several unwanted ones none may be there."""
    test = _TESTS[_NEGATED.get(base, base)]
    return any(test(each, value) for each in wanted) != (base in _NEGATED)
