from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from packerlab.errors import BAD_INPUT, BadInputError
from packerlab.lab import Limits, Manifest, digest_files, load_lab, load_toml

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab

SLUG = "101_first_build"
MANIFEST = {
    "format": "1",
    "title": '"Your first artifact"',
    "minutes": "15",
    "packer": '">=1.6.6"',
    "needs": '["packer"]',
    "components": '["source.file", "post-processor.manifest"]',
    "outputs": '["out"]',
    "after": "[]",
    "deadline_s": "60",
    "cpu_s": "30",
    "memory_mb": "1024",
    "disk_mb": "64",
}


def write_manifest(path: Path, **changes: str | None) -> Path:
    keys = {**MANIFEST, **changes}
    lines = [f"{key} = {value}\n" for key, value in keys.items() if value is not None]
    path.write_text("".join(lines))
    return path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with one lab, all of whose files are there."""
    lab = tmp_path / "labs" / SLUG
    for name in ("README.md", "starter/main.pkr.hcl", "starter/a/b", "solution/main.pkr.hcl"):
        (lab / name).parent.mkdir(parents=True, exist_ok=True)
        (lab / name).write_text(name)
    write_manifest(lab / "lab.toml")
    (tmp_path / "graders").mkdir()
    (tmp_path / "graders" / f"test_{SLUG}.py").write_text("grader")
    return tmp_path


def test_a_slug_gives_every_path(course: Path) -> None:
    lab = load_lab(course, SLUG)
    assert (lab.number, lab.track, lab.slug) == ("101", "beginner", SLUG)
    assert lab.path == course / "labs/101_first_build"
    assert lab.grader == course / "graders/test_101_first_build.py"
    assert lab.page == course / "docs/beginner/101_first_build.md"
    assert lab.starter == lab.path / "starter"
    assert lab.solution == lab.path / "solution"
    assert lab.limits == Limits(60, 30, 1024, 64)
    assert lab.manifest.components == ["source.file", "post-processor.manifest"]


@pytest.mark.parametrize(
    ("slug", "track"),
    [("101_a", "beginner"), ("251_a", "intermediate"), ("390_a", "production")],
)
def test_the_first_digit_is_the_track(tmp_path: Path, slug: str, track: str) -> None:
    (tmp_path / "labs" / slug).mkdir(parents=True)
    write_manifest(tmp_path / "labs" / slug / "lab.toml")
    lab = load_lab(tmp_path, slug)
    assert (lab.track, lab.page.parent.name) == (track, track)


# --- lab.toml ---


@pytest.mark.parametrize("key", MANIFEST)
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    path = write_manifest(tmp_path / "lab.toml", **{key: None})
    with pytest.raises(BadInputError) as caught:
        load_toml(path, Manifest)
    assert str(caught.value) == f"{path}: Object missing required field `{key}`."


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    path = write_manifest(tmp_path / "lab.toml", minuets="15")
    with pytest.raises(BadInputError) as caught:
        load_toml(path, Manifest)
    assert str(caught.value) == f"{path}: Object contains unknown field `minuets`."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "2"),
        ("format", '"1"'),
        ("title", '""'),
        ("title", f'"{"a" * 61}"'),
        ("minutes", "0"),
        ("minutes", "1.5"),
        ("minutes", "true"),
        ("packer", '"1.6.6"'),
        ("packer", '">=1"'),
        ("needs", '"packer"'),
        ("needs", '["internet"]'),
        ("components", '["shell-local"]'),
        ("components", '["provisioner.*"]'),
        ("components", "[1]"),
        ("outputs", '["/out"]'),
        ("outputs", '["../out"]'),
        ("outputs", '["out/../../etc"]'),
        ("outputs", '["out/"]'),
        ("outputs", '["out//a"]'),
        ("outputs", '["./out"]'),
        ("outputs", '[""]'),
        ("after", "{}"),
        ("deadline_s", "0"),
        ("deadline_s", "901"),
        ("cpu_s", "-1"),
        ("memory_mb", "15"),
        ("disk_mb", "8193"),
    ],
)
def test_an_ill_typed_key_is_named(tmp_path: Path, key: str, value: str) -> None:
    path = write_manifest(tmp_path / "lab.toml", **{key: value})
    with pytest.raises(BadInputError) as caught:
        load_toml(path, Manifest)
    assert str(caught.value).startswith(f"{path}: key `{key}")
    assert caught.value.exit_code == BAD_INPUT


@pytest.mark.parametrize("value", ['["out"]', '["out/deep/a.txt", "packer-manifest.json"]', "[]"])
def test_outputs_are_relative_names(tmp_path: Path, value: str) -> None:
    load_toml(write_manifest(tmp_path / "lab.toml", outputs=value), Manifest)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"format = =\n", "not valid TOML: .*line 1"),
        (b"format = 1\nformat = 1\n", "not valid TOML"),
        (b"title = '\xff'", "not valid TOML: .*utf-8"),
        (None, "there is no such file"),
    ],
)
def test_what_is_no_toml_is_said(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "lab.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInputError, match=says) as caught:
        load_toml(path, Manifest)
    assert str(path) in str(caught.value)


def test_what_can_t_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="can't be read: Is a directory"):
        load_toml(tmp_path, Manifest)


# --- digests ---


def digests(course: Path) -> tuple[str, str]:
    lab: Lab = load_lab(course, SLUG)
    return lab.digest, lab.grader_digest


@pytest.mark.parametrize(
    "name", ["lab.toml", "README.md", "starter/main.pkr.hcl", "starter/a/b", "starter/new"]
)
def test_the_digest_changes_with_what_a_learner_is_given(course: Path, name: str) -> None:
    before = digests(course)
    file = course / "labs" / SLUG / name
    file.write_text((file.read_text() if file.exists() else "") + "# changed\n")
    after = digests(course)
    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize("name", ["solution/main.pkr.hcl", "variants/reject.toml"])
def test_the_digest_is_the_same_whatever_else_changes(course: Path, name: str) -> None:
    before = digests(course)
    file = course / "labs" / SLUG / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("changed")
    assert digests(course) == before


def test_the_grader_has_its_own_digest(course: Path) -> None:
    before = digests(course)
    (course / "graders" / f"test_{SLUG}.py").write_text("another")
    after = digests(course)
    assert (after[0], after[1] != before[1]) == (before[0], True)


def test_a_digest_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for root, names in ((one, "ab"), (other, "ba")):
        root.mkdir()
        for name in names:
            (root / name).write_text(name)
    whole = digest_files(one, [one / "a", one / "b"])
    assert whole == digest_files(other, [other / "b", other / "a", other / "not there"])
    assert whole != digest_files(one, [one / "a"])
    (one / "b").rename(one / "c")
    assert whole != digest_files(one, [one / "a", one / "c"])
    assert whole.startswith("sha256:")


def test_a_secret_is_not_shown(course: Path) -> None:
    lab: Any = load_lab(course, SLUG, b"canary")
    assert lab.secret == b"canary"
    assert "canary" not in repr(lab)
