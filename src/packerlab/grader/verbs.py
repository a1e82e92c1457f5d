"""The fixtures' types, and from where a learner's own script is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packerlab.packer.answers import Answer
    from packerlab.packer.session import Varied


class Build(Protocol):
    """`build({"name": value}, ["-only=..."], nth=1)`: a build from the submitted bytes.

    Equal calls run once. `nth=2` builds again, on what the first build left. `files=`, `account=`,
    `env=` and `after=` are of this call alone; see `Varied`.
    """

    def __call__(
        self,
        variables: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        nth: int = 1,
        **varied: Unpack[Varied],
    ) -> Answer: ...


class Validate(Protocol):
    """`validate({"name": value})`: `packer validate`."""

    def __call__(
        self,
        variables: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        **varied: Unpack[Varied],
    ) -> Answer: ...


class Fmt(Protocol):
    """`fmt()`: `packer fmt -check -diff`."""

    def __call__(self) -> Answer: ...


class Console(Protocol):
    """`console(["local.a", "upper(var.b)"], {"b": "x"})`: the values, in one run."""

    def __call__(
        self,
        expressions: list[str],
        variables: Mapping[str, str] | None = None,
        **varied: Unpack[Varied],
    ) -> list[Any]: ...


class Run(Protocol):
    """`run(["/bin/sh", "ci.sh"], nth=1)`: a learner's own program, in the workspace."""

    def __call__(self, argv: list[str], nth: int = 1, **varied: Unpack[Varied]) -> Answer: ...


def elsewhere(script: str, *words: str) -> dict[str, list[str]]:
    """A learner's script as it is called from other folders, by where that is in words.

    By its full path, by a relative one, and in a path with a space; each time without the variables
    in which a shell remembers folders, so that `$0` alone tells where the script lies.
    """
    calls = {
        "from /tmp": f'cd /tmp && exec {_BARE} sh /workspace/{script} "$@"',
        "from the folder above": f'cd / && exec {_BARE} sh workspace/{script} "$@"',
        "from a path with a space": (
            'ln -s /workspace "/tmp/my lab" && cd /tmp && '
            f'exec {_BARE} sh "/tmp/my lab/{script}" "$@"'
        ),
    }
    return {told: ["/bin/sh", "-c", call, "sh", *words] for told, call in calls.items()}


_BARE = "env -u OLDPWD -u PWD"
