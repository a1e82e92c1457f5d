"""What a check gives to a learner's work: values that nobody can know, in the shapes of real ones.

A tame value lets wrong work pass: a name that is always in lower case hides a `lower()` too many,
one without a dollar sign hides a shell that expands it. Each shape holds a hidden part of at least
40 bits, and is the same on every machine with the course.
"""

from __future__ import annotations

from packerlab.hidden import Hidden as Values


class Hidden(Values):
    """Hidden values in the shapes of real ones. No message shows the hidden part."""

    def word(self, name: str) -> str:
        """Letters of both cases, digits and a hyphen, such as a name of an application."""
        return f"App-{self.mixed(name)}"

    def mixed(self, name: str) -> str:
        """Hexadecimal digits of both cases, as a commit may be written."""
        return f"C0ffee{_in_both_cases(self(name))}"

    def person(self, name: str) -> str:
        """A person's name, with a space, an apostrophe, an accent and a hyphen."""
        return f"Zoë O'Neil-{_in_both_cases(self(name))}"

    def version(self, name: str) -> str:
        """A version that is not any example's: three numbers and what stands behind a hyphen."""
        major, minor, patch = (self.number(f"{name} {part}", 2, 40) for part in ("a", "b", "c"))
        return f"{major}.{minor}.{patch}-RC.{_in_both_cases(self(name))}"

    def text(self, name: str) -> str:
        """A line with what a shell, JSON or `sed` would change if it were pasted into one."""
        return f'It\'s "$HOME" & 100% `x` \\1 / {_in_both_cases(self(name))}'

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number between two bounds, both included: beside another value, too few bits."""
        return low + int(self(name), 16) % (high - low + 1)


def _in_both_cases(digits: str) -> str:
    """Hexadecimal digits whose letters are in turn large and small."""
    return "".join(digit.upper() if number % 2 else digit for number, digit in enumerate(digits))


def near(right: str) -> list[str]:
    """Values that are not the right one, but look like it to a check that is too weak."""
    return ["", right.capitalize(), f" {right}", f"{right}il"]
