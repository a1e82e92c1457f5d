"""`class.toml`: what is right is read, and what is wrong is said with its line and a way out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from packerlab.course.rules import (
    MAX_BYTES,
    TABLES,
    WANTED,
    Attempts,
    LabRules,
    Late,
    Rules,
    read_rules,
)
from packerlab.errors import BadInputError
from packerlab.policy import Policy

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
format = 1
title = "Images, autumn"
roster = "roster.csv"
deadline = 2026-11-30T23:59:00+01:00

[late]
percent_a_day = 10
at_most = 50
grace_minutes = 15

[attempts]
counts = "best"
at_most = 3

[labs.101_first_build]
weight = 2

[labs.105_first_ami]
deadline = 2026-12-07T23:59:00+01:00
times = "worksheet.csv"

[policy]
name = "[a-z]+-[0-9]{8}"
regions = ["eu-central-1"]
components = ["source.amazon-ebs", "provisioner.shell"]

[policy.tags]
Owner = "team-.+"
"""


def read(folder: Path, text: str | bytes) -> Rules:
    file = folder / "class.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rules(file).rules


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(BadInputError) as caught:
        read(folder, text)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < len(str(folder)) + 600
    return said.removeprefix(f"{folder}/")


def test_the_whole_of_it(tmp_path: Path) -> None:
    rules = read(tmp_path, WHOLE)
    zone = timezone(timedelta(hours=1))
    assert (rules.title, rules.roster) == ("Images, autumn", "roster.csv")
    assert rules.deadline_of("101_first_build") == datetime(2026, 11, 30, 23, 59, tzinfo=zone)
    assert rules.deadline_of("105_first_ami") == datetime(2026, 12, 7, 23, 59, tzinfo=zone)
    assert (rules.late, rules.attempts) == (Late(10, 50, 15), Attempts("best", 3))
    assert rules.labs["101_first_build"] == LabRules(weight=2)
    assert rules.files() == ["roster.csv", "worksheet.csv"]
    assert rules.policy.tags == {"Owner": "team-.+"}


@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_the_least_of_it(tmp_path: Path, before: str) -> None:
    assert read(tmp_path, f"{before}format = 1\r\n") == Rules(1)


def test_the_digest_is_the_policy_s_alone(tmp_path: Path) -> None:
    assert Policy().digest == ""
    assert read(tmp_path, "format = 1").policy.digest == ""
    whole = read(tmp_path, WHOLE).policy.digest
    assert read(tmp_path, WHOLE.replace("autumn", "spring")).policy.digest == whole
    assert read(tmp_path, WHOLE.replace("team-", "unit-")).policy.digest != whole


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ("format = 1\n", "", 1, "`format` is missing: write `format = 1`"),
        ("format = 1", "format = 2", 1, "write `format = 1`"),
        ("title", "titel", 2, "`titel` is no key here: the top of the file may have format, title"),
        ("roster.csv", "../roster.csv", 3, "name a file in the same folder"),
        ("+01:00\n\n[late]", "\n\n[late]", 4, "write a time with its zone, such as 2026-11-30T"),
        ("T23:59:00+01:00\n\n[late]", "\n\n[late]", 4, "write a time with its zone"),
        ("[late]", "[latte]", 6, "`latte` is no key here"),
        ("percent_a_day", "percent", 7, "[late] may have percent_a_day, at_most, grace_minutes"),
        ("at_most = 50", "at_most = 101", 8, "`late.at_most`"),
        ("grace_minutes = 15", "grace_minutes = nan", 9, "write a whole number from 0"),
        ('"best"', '"first"', 12, 'write "latest" or "best"'),
        ("at_most = 3", "at_most = 0", 13, "write a whole number, 1 or more"),
        ("labs.101_first_build", "labs.101", 15, "`101` is no lab's slug"),
        ("weight = 2", "weight = -1", 16, "`labs.101_first_build.weight`"),
        ("weight = 2", "wait = 2", 16, "[labs.101_first_build] may have weight, deadline, times"),
        ("[labs.105_first_ami]\n", '[labs."1 05"]\n', 18, "is no lab's slug"),
        ("worksheet.csv", "a/b.csv", 20, "`labs.105_first_ami.times`"),
        ("[a-z]+-[0-9]{8}", "[a-z", 23, "`name` is no regular expression"),
        ('["eu-central-1"]', '"eu-central-1"', 24, "write a list of regions"),
        ("source.amazon-ebs", "amazon-ebs", 25, "write a list of components"),
        ('"team-.+"', '"(team"', 28, "`tags.Owner` is no regular expression"),
        ("[policy.tags]\nOwner = ", "tags = ", 27, "write a table `[policy.tags]`"),
        ('Owner = "team-.+"', "Owner = 1", 27, "write a table `[policy.tags]`"),
        ('Owner = "', '"" = "', 27, "write a table `[policy.tags]`"),
        ("[policy]", "[policy", 22, "not valid TOML"),
        ("[policy.tags]", "[late]", 27, "not valid TOML"),
        ('title = "Images, autumn"', 'title = "Images', 2, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, was: str, becomes: str, line: int, said: str
) -> None:
    assert was in WHOLE
    told = refusal(tmp_path, WHOLE.replace(was, becomes, 1))
    assert told.startswith(f"class.toml:{line}: "), told
    assert said in told


def test_every_key_has_its_way_out() -> None:
    keys = {
        f"{table}.{name}".lstrip(".")
        for table, kind in TABLES.items()
        for name in kind.__struct_fields__
    }
    assert keys == set(WANTED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 20_000, "nested too deeply"),
        ("format = 1\n[late]\npercent_a_day = " + "{a = " * 9_000, "nested too deeply"),
        ("x." * 20_000 + "x = 1", "class.toml:1: "),
        ("format = " + "9" * 20_000, "class.toml"),
        ('format = 1\ntitle = "\\u001b[2J\ud800"', "class.toml:2: "),
        (b'format = 1\ntitle = "\xff"', "class.toml:2: not UTF-8"),
        (b"\0", "class.toml:1: not valid TOML"),
        (b"#" * (MAX_BYTES + 1), "has more than 64000 bytes"),
    ],
)
def test_a_hostile_one_is_bounded(tmp_path: Path, text: str | bytes, said: str) -> None:
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    assert said in refusal(tmp_path, data)


@pytest.mark.parametrize("kind", ["folder", "missing"])
def test_it_must_be_a_file(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "class.toml").mkdir()
    with pytest.raises(BadInputError, match=r"is no regular file|there is no such file"):
        read_rules(tmp_path / "class.toml")
