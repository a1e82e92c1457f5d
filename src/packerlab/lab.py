"""A lab: a folder of data, its `lab.toml`, and the paths that its slug gives it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from packerlab.errors import BadInputError
from packerlab.policy import Component, Policy  # noqa: TC001  (msgspec reads the annotations)

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
SLUG = re.compile(r"[0-9]{3}_[a-z0-9_]+")
TRACKS = {"1": "beginner", "2": "intermediate", "3": "production"}

Seconds = Annotated[int, msgspec.Meta(ge=1, le=900)]
Megabytes = Annotated[int, msgspec.Meta(ge=16, le=8192)]
Output = Annotated[
    str, msgspec.Meta(pattern="^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")
]
Capability = Annotated[str, msgspec.Meta(pattern="^(packer|account|containers|tools|machines)$")]


_NO_POLICY = Policy()


def track_of(slug: str) -> str:
    """The level that a slug's first digit stands for, which is also its page's folder."""
    return TRACKS.get(slug[0], "production")


class Limits(msgspec.Struct, frozen=True):
    """Bounds on one report: seconds of wall clock and of CPU, megabytes of memory and of disk."""

    deadline_s: int
    cpu_s: int
    memory_mb: int
    disk_mb: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lab.toml`; every key is required."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=600)]
    packer: Annotated[str, msgspec.Meta(pattern=r"^>=\d+\.\d+(\.\d+)?$")]
    needs: list[Capability]
    components: list[Component]
    outputs: list[Output]
    after: list[str]
    deadline_s: Seconds
    cpu_s: Seconds
    memory_mb: Megabytes
    disk_mb: Megabytes


def load_toml(path: Path, kind: type[T]) -> T:
    """Read a TOML file into a struct; a missing, unknown or ill-typed key names file and key."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: not valid TOML: {error}.") from None
    return typed(tables, kind, str(path))


def typed(table: object, kind: type[T], place: str) -> T:
    """A TOML table as a struct; `place` is where the table stands, for messages."""
    try:
        return msgspec.convert(table, kind, dec_hook=_own)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{place}: {_at_key(str(error))}.") from None


def _own(kind: type[Any], value: object) -> Any:
    """A value of a type that TOML does not have: the type knows how it is written."""
    return kind.of(value)


def _at_key(message: str) -> str:
    """`Expected ... - at `$.minutes`` reads better with the key first."""
    text, _, path = message.partition(" - at `$.")
    return f"key `{path.rstrip('`')}`: {text}" if path else text


@dataclass(frozen=True)
class Lab:
    """One lab of a course. `path` is its folder, `grader` and `page` the files its slug names."""

    slug: str
    path: Path
    grader: Path
    page: Path
    manifest: Manifest
    secret: bytes = field(default=b"", repr=False)
    policy: Policy = _NO_POLICY

    @property
    def number(self) -> str:
        return self.slug[:3]

    @property
    def title(self) -> str:
        """How people see it named: with its number, which is what they type."""
        return f"{self.number} · {self.manifest.title}"

    @property
    def track(self) -> str:
        return track_of(self.slug)

    @property
    def starter(self) -> Path:
        return self.path / "starter"

    @property
    def solution(self) -> Path:
        return self.path / "solution"

    @property
    def task(self) -> Path:
        """The task sheet, of which every workspace gets a copy."""
        return self.path / "README.md"

    @property
    def debrief(self) -> Path:
        """What a learner reads after passing; a lab may have none."""
        return self.path / "DEBRIEF.md"

    @property
    def account(self) -> Path:
        """What its simulated account holds at the start; only where it needs one."""
        return self.path / "account.toml"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset(self.manifest.needs)

    @property
    def limits(self) -> Limits:
        manifest = self.manifest
        return Limits(manifest.deadline_s, manifest.cpu_s, manifest.memory_mb, manifest.disk_mb)

    @cached_property
    def digest(self) -> str:
        """Over what a learner is given and graded by: manifest, task sheet and starter."""
        names = ("lab.toml", "account.toml", "README.md")
        files = [*(self.path / name for name in names), *_files(self.starter)]
        return digest_files(self.path, files)

    @cached_property
    def grader_digest(self) -> str:
        return digest_files(self.grader.parent, [self.grader])

    @cached_property
    def policy_digest(self) -> str:
        """Over a class's own rules for images; empty where the grader doesn't ask for them."""
        asks = self.grader.is_file() and b"policy" in self.grader.read_bytes()
        return self.policy.digest if asks else ""


def load_lab(course: Path, slug: str, secret: bytes = b"", policy: Policy = _NO_POLICY) -> Lab:
    """Load the lab `slug` of the course at `course`, whose hidden inputs come from `secret`."""
    path = course / "labs" / slug
    track = track_of(slug)
    manifest = load_toml(path / "lab.toml", Manifest)
    if "containers" in manifest.needs and {"account", "tools"} & set(manifest.needs):
        raise BadInputError(
            f"{path / 'lab.toml'}: key `needs`: containers go with neither an account nor tools."
        )
    return Lab(
        slug=slug,
        path=path,
        grader=course / "graders" / f"test_{slug}.py",
        page=course / "docs" / track / f"{slug}.md",
        manifest=manifest,
        secret=secret,
        policy=policy,
    )


def digest_files(root: Path, files: list[Path]) -> str:
    """sha256 over the sorted relative names and contents of files that are ours."""
    whole = hashlib.sha256()
    for file in sorted(files):
        if file.is_file():
            name = file.relative_to(root).as_posix()
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            whole.update(f"{name}\0{content}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
