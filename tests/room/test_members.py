"""Who joins a room: a name is one person's, and a token is all that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.room.members import LONGEST_NAME, Members, NotAdmittedError, folded

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_is_its_owner_s_also_after_a_restart(tmp_path: Path) -> None:
    tokens = {name: Members(tmp_path).join(name) for name in ("Ada", "Zo\u00eb B.", "\u5c71\u7530")}
    again = Members(tmp_path)
    found = {name: again.of(token) for name, token in tokens.items()}
    assert {name: member.name for name, member in found.items() if member} == {
        name: name for name in tokens
    }
    assert again.of("") is again.of("x" * 24) is None
    kept = "".join(file.read_text() for file in tmp_path.iterdir())
    assert not any(token in kept for token in tokens.values())


@pytest.mark.parametrize(
    "wanted", ["Ada", "ada", " ADA ", "A d a", "Ad\u00e1", "A-d.a", "\uff21da"]
)
def test_nobody_takes_another_s_name(tmp_path: Path, wanted: str) -> None:
    members = Members(tmp_path)
    members.join("Ada")
    with pytest.raises(NotAdmittedError, match=r"already|letter"):
        members.join(wanted)
    assert [each.name for each in members.all()] == ["Ada"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "Type your name"),
        ("  ", "Type your name"),
        ("../../etc/passwd", "begins with a letter"),
        ("a/b", "begins with a letter"),
        (".hidden", "begins with a letter"),
        ("=cmd|' /C calc'!A0", "begins with a letter"),
        ("<script>alert(1)</script>", "begins with a letter"),
        ("Ada\x1b[2J", "begins with a letter"),
        ("Ada\u202egnp", "begins with a letter"),
        ("A\u0430", "one script"),
        ("x" * (LONGEST_NAME + 1), "at most"),
        ("x" * 1_000_000, "at most"),
    ],
)
def test_a_name_is_one(tmp_path: Path, wanted: str, said: str) -> None:
    with pytest.raises(NotAdmittedError, match=said):
        Members(tmp_path).join(wanted)
    assert list(tmp_path.iterdir()) == []


def test_a_removed_file_is_a_removed_member(tmp_path: Path) -> None:
    members = Members(tmp_path)
    impostor = members.join("Ada")
    (tmp_path / "Ada.json").unlink()
    assert members.of(impostor) is None
    token = members.join("Ada")
    assert members.of(impostor) is None
    assert members.of(token)


def test_a_room_fills_up(tmp_path: Path) -> None:
    members = Members(tmp_path, most=3)
    for name in ("Ada", "Ben", "Cy"):
        members.join(name)
    with pytest.raises(NotAdmittedError, match="full"):
        members.join("Di")


def test_what_is_no_member_s_file_is_passed_over(tmp_path: Path) -> None:
    token = Members(tmp_path).join("Ada")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / ".Ben.json.01234567").write_text("{}")
    members = Members(tmp_path)
    assert members.of(token)
    assert len(members.all()) == 1
    assert not (tmp_path / ".Ben.json.01234567").exists()


def test_a_gradebook_s_key_leads_back_to_the_name(tmp_path: Path) -> None:
    members = Members(tmp_path)
    long = "\u5c71" * LONGEST_NAME
    members.join(long)
    (member,) = members.all()
    assert members.name(member.key) == long
    assert members.has(member.key)
    assert members.name("Nobody%20here") == "Nobody here"
    assert not members.has("Nobody%20here")


def test_folded() -> None:
    assert folded("Zo\u00eb O'Hara") == folded("zoe\u0308 ohara")
