"""No regular expression of ours takes more than linear time, whatever a learner's text is."""

from __future__ import annotations

import ast
import importlib
import re
import signal
from contextlib import contextmanager
from pathlib import Path
from re import _parser
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
LONG = 100_000
"""A quadratic search in so many characters takes many seconds, a linear one milliseconds."""

AT_MOST_S = 1.0
ENDS = ("", "\0", "\n\0", "a", "9", " ", "-")
"""What a run is followed by, so that what comes after it fails as late as it can."""

TRUSTED = {
    "src/packerlab/course/pages.py": "pages of the course",
    "src/packerlab/display/terminal.py": "pages of the course",
    "src/packerlab/commands/read.py": "pages of the course",
    "src/packerlab/proving/verify.py": "pages of the course",
}


class Pattern(NamedTuple):
    """A regular expression as it stands in a module, and whether it is only held to a beginning."""

    place: str
    text: str | bytes
    flags: int = 0
    anchored: bool = False


def patterns() -> list[Pattern]:
    """Every literal that is given to a function of `re`, in the package and in graders."""
    found = []
    for path in sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "graders").glob("*.py")]):
        name = str(path.relative_to(ROOT))
        if name not in TRUSTED:
            found += [pattern for pattern in _of_module(name, path.read_text()) if pattern]
    return found


def _of_module(name: str, source: str) -> Iterator[Pattern | None]:
    tree = ast.parse(source)
    uses: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            uses.setdefault(ast.unparse(node.value), set()).add(node.attr)
    named = {
        id(node.value): uses.get(ast.unparse(node.targets[0]), set())
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            function = ast.unparse(node.func).removeprefix("re.")
            used = named.get(id(node), set()) if function == "compile" else {function}
            anchored = bool(used) and used <= {"match", "fullmatch"}
            yield _pattern(f"{name}:{node.lineno}", node, anchored=anchored)


def _pattern(place: str, call: ast.Call, *, anchored: bool) -> Pattern | None:
    """Names within a literal (`rf"{_WORD}"`) are those of its module."""
    if not call.args or ast.unparse(call.func) in ("re.escape", "re.Pattern", "re.Match"):
        return None
    module = place.partition(":")[0].removeprefix("src/").removesuffix(".py").replace("/", ".")
    names: dict[str, Any] = {"re": re}
    if isinstance(call.args[0], ast.JoinedStr):
        names |= vars(importlib.import_module(module))
    words = [*call.args[1:], *(word.value for word in call.keywords)]
    flags = [ast.unparse(word) for word in words if ast.unparse(word).startswith("re.")]
    try:
        text = eval(ast.unparse(call.args[0]), names)  # noqa: S307  (our own source)
        return Pattern(place, text, eval(" | ".join(flags) or "0", names), anchored)  # noqa: S307
    except NameError:
        return None  # made of a value at run time


PATTERNS = patterns()


def pumps(pattern: Pattern) -> Iterator[str]:
    """Texts with a run of what each repetition takes, after what leads to it."""
    text = pattern.text
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    parsed = _parser.parse(text, pattern.flags & ~re.ASCII)
    for lead, body in _runs(parsed.data, ""):
        for unit in {body, lead + body}:
            run = unit * (LONG // max(len(unit), 1))
            for end in ENDS:
                yield lead + run + end


def _runs(items: list[Any], lead: str) -> Iterator[tuple[str, str]]:
    """For each repetition without a bound: a text that leads to it, and one that it takes."""
    for code, value in items:
        name = str(code)
        if name.endswith("REPEAT"):
            _, most, inside = value
            if most > 100:
                for sample in _samples(inside.data):
                    yield lead, sample
            yield from _runs(inside.data, lead)
        elif name == "SUBPATTERN":
            yield from _runs(value[3].data, lead)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _runs(branch.data, lead)
        lead += _sample([(code, value)])


def _samples(items: list[Any]) -> set[str]:
    """Several texts that a pattern may match, where it begins with a choice."""
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return {_sample(branch.data) for branch in items[0][1][1]}
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        return _samples(items[0][1][3].data)
    return {_sample(items, char) for char in "a9 "} | {_sample(items)}


def _sample(items: list[Any], wanted: str = "a") -> str:
    """A text that a pattern may match."""
    text = ""
    for code, value in items:
        name = str(code)
        if name == "LITERAL":
            text += chr(value)
        elif name in ("IN", "NOT_LITERAL", "ANY"):
            text += _char(code, value, wanted)
        elif name.endswith("REPEAT"):
            text += _sample(value[2].data, wanted) * max(value[0], 1)
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            text += _sample(value[3].data if name == "SUBPATTERN" else value.data, wanted)
        elif name == "BRANCH":
            text += _sample(value[1][0].data, wanted)
    return text


def _char(code: Any, value: Any, wanted: str) -> str:
    """A character of a class, if possible the wanted one."""
    single = re.compile(_as_class(code, value), re.DOTALL)
    others = (chr(number) for number in range(1, 0x250))
    return next((char for char in (wanted, "a", "9", " ", *others) if single.fullmatch(char)), "a")


def _as_class(code: Any, value: Any) -> str:
    name = str(code)
    if name == "ANY":
        return "."
    if name == "NOT_LITERAL":
        return f"[^{re.escape(chr(value))}]"
    parts = ""
    for kind, item in value:
        if str(kind) == "NEGATE":
            parts += "^"
        elif str(kind) == "LITERAL":
            parts += re.escape(chr(item))
        elif str(kind) == "RANGE":
            parts += f"{re.escape(chr(item[0]))}-{re.escape(chr(item[1]))}"
        else:
            parts += {"WORD": r"\w", "SPACE": r"\s", "DIGIT": r"\d", "NOT_SPACE": r"\S",
                      "NOT_WORD": r"\W", "NOT_DIGIT": r"\D"}[str(item)[9:]]  # fmt: skip
    return f"[{parts}]"


@contextmanager
def bound() -> Iterator[None]:
    """End what uses more CPU time than anything linear does."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, AT_MOST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def is_linear(pattern: Pattern) -> bool:
    compiled: re.Pattern[Any] = re.compile(pattern.text, pattern.flags)
    for pump in pumps(pattern):
        text: Any = pump if isinstance(pattern.text, str) else pump.encode("latin-1", "replace")
        try:
            with bound():
                if pattern.anchored:
                    compiled.fullmatch(text)
                else:
                    compiled.sub(text[:0], text)
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize("pattern", PATTERNS, ids=[pattern.place for pattern in PATTERNS])
def test_a_search_takes_linear_time(pattern: Pattern) -> None:
    assert is_linear(pattern), pattern


@pytest.mark.parametrize(
    "text",
    [
        r"[\w:.+-]*\d[\w:.+-]*",
        r"\w*\d",
        r"\s*(\w+)\s*=\s*(.*?)\s*$",
        r"(a [\w ]{1,40}: )\[([^\]]*)\]",
        r"([0-9]+\.?[0-9]*)(h|m)",
        r"(a|b|ab)*c",
        r"(\w+\s?)*$",
    ],
)
def test_what_is_not_linear_is_found(text: str) -> None:
    assert not is_linear(Pattern("here", text))


def test_patterns_are_found() -> None:
    assert len(PATTERNS) > 60
