"""What a grader gives to one call of a verb: files, another account, environment variables.

Graders are trusted, but what they give may be made of what a learner handed in. So names and sizes
are checked here, and what can't be given raises ValueError: a fault of the grader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from packerlab.checks import fail
from packerlab.errors import RejectedError
from packerlab.submissions.archives import in_memory
from packerlab.submissions.reader import WORKSPACE, File, take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packerlab.submissions.reader import Files

MOST_ACCOUNT = 1_000_000
"""Bytes of JSON. An account tells all that is in it after each verb, within bounds."""

MOST_VARIABLES, LONGEST_VARIABLE = 100, 100_000
"""Within what Linux and bubblewrap start a program with."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Own(TypedDict, total=False):
    """`files` lie over the workspace, `account` over the lab's `account.toml`, `env` over the
    environment, each for one call alone.
    """

    files: Mapping[str, bytes]
    account: Mapping[str, Any]
    env: Mapping[str, str]


@dataclass(frozen=True)
class Given:
    """What one call is given. `account` is JSON: what differs from the lab's `account.toml`."""

    files: tuple[tuple[str, File], ...] = ()
    account: str = ""
    env: tuple[tuple[str, str], ...] = ()


NOTHING = Given()


def given(
    files: Mapping[str, bytes] | None = None,
    account: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
) -> Given:
    """What a call is given, checked and in a form that can be compared."""
    return Given(_files(files or {}), _account(account), _variables(env or {}))


def lay_over(workspace: Files, files: Files) -> Files:
    """A learner's workspace with a grader's `files` in it.

    The check fails where one of them has a file and the other a folder: the learner can rename it.
    """
    for theirs in workspace:
        for ours in files:
            if theirs.startswith(f"{ours}/") or ours.startswith(f"{theirs}/"):
                name = min(theirs, ours, key=len)  # the learner's own, or a folder of theirs
                fail(
                    f"This check needs the name `{name}` for files of its own. Give your file or "
                    "folder another name."
                )
    replaced = {name: workspace[name].executable for name in files.keys() & workspace.keys()}
    return workspace | {
        name: File(file.data, file.executable or replaced.get(name, False))
        for name, file in files.items()
    }


def _files(files: Mapping[str, bytes]) -> tuple[tuple[str, File], ...]:
    """As the reader takes a learner's files; a script that names its interpreter is executable."""
    entries = [
        in_memory(name, data, executable=data.startswith(b"#!")) for name, data in files.items()
    ]
    try:
        return tuple(sorted(take(entries, WORKSPACE).items()))
    except RejectedError as error:
        raise ValueError(f"files=: {error}") from None


def _account(account: Mapping[str, Any] | None) -> str:
    if account is None:
        return ""
    told = msgspec.json.encode(account, order="deterministic").decode()
    if len(told) > MOST_ACCOUNT:
        raise ValueError(f"account=: {len(told)} bytes as JSON; at most {MOST_ACCOUNT}.")
    return told


def _variables(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """A zero byte would end the value, and what follows it would be the sandbox's own options."""
    for name, value in env.items():
        if not NAME.fullmatch(name):
            raise ValueError(f"env=: {name!r} is no name of a variable.")
        if "\0" in value or len(value.encode()) > LONGEST_VARIABLE:
            raise ValueError(
                f"env=: {name} has a zero byte, or more than {LONGEST_VARIABLE} bytes."
            )
    if len(env) > MOST_VARIABLES:
        raise ValueError(f"env=: {len(env)} variables; at most {MOST_VARIABLES}.")
    return tuple(sorted(env.items()))
