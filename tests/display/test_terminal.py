"""What a learner sees: plain sentences, whatever a report holds."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import msgspec
import pytest
from rich.console import Console

from packerlab.display.terminal import console, show_check, show_verdict
from packerlab.report import Check, Run, Where, conclude

if TYPE_CHECKING:
    from packerlab.report import Outcome, Report


def check(outcome: Outcome = "failed", **more: object) -> Check:
    given = {"name": "test_it", "title": "It does.", "points": 0, "max_points": 2, **more}
    return Check(outcome=outcome, **given)  # type: ignore[arg-type]


FAILED = check(
    message="out/motd.txt holds something else.",
    expected="a",
    found="b",
    where=Where("main.pkr.hcl", 3, 7),
    hints=["The first.", "The second."],
    docs="beginner/101_first_build#part",
)


def shown(
    subject: Check | Report, *, titles: dict[str, str] | None = None, colour: bool = False
) -> str:
    text = io.StringIO()
    out = Console(
        file=text, markup=False, highlight=False, emoji=False, width=200, force_terminal=colour
    )
    if isinstance(subject, Check):
        show_check(out, subject, titles or {})
    else:
        show_verdict(out, subject)
    return text.getvalue()


def test_a_failed_check_says_all_that_helps() -> None:
    assert [line.strip() for line in shown(FAILED).splitlines()] == [
        "\N{BALLOT X} It does. (0/2)",
        "main.pkr.hcl:3:7: out/motd.txt holds something else.",
        "expected: a",
        "found:    b",
        "hint:     The first.",
        "read:     packerlab read beginner/101_first_build#part",
    ]


def test_other_outcomes_say_less() -> None:
    assert shown(check("passed", points=2)).splitlines() == ["\N{CHECK MARK} It does. (2/2)"]
    blocked = shown(check("blocked", blocked_by="test_first"), titles={"test_first": "It is."})
    assert [line.strip() for line in blocked.splitlines()][1:] == ["after: It is."]
    assert len(shown(check("blocked")).splitlines()) == 1
    incapable = shown(check("incapable", message="This lab needs Packer >=1.7."))
    assert "This lab needs Packer >=1.7." in incapable
    assert "hint" not in incapable


HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x9b31m[bold]x[/bold] [link=http://x]y[/link] :smile: \u202eover\x00"
)


@pytest.mark.parametrize("colour", [True, False])
def test_no_text_acts_on_the_terminal(*, colour: bool) -> None:
    hostile = check(
        title=HOSTILE,
        message=HOSTILE,
        expected=HOSTILE,
        found=HOSTILE,
        where=Where("main.pkr.hcl", 1),
        hints=[HOSTILE],
        docs=HOSTILE,
    )
    report = conclude("101_lab", [hostile], "fault", HOSTILE)
    for text in (shown(hostile, colour=colour), shown(report, colour=colour)):
        for acting in ("\x1b]", "\x1b[2J", "\x9b", "\x07", "\u202e", "\x00"):
            assert acting not in text
        assert "[bold]x[/bold]" in text
        assert ":smile:" in text


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (conclude("101_lab", [check("passed", points=2)]), "2 of 2 points in 0.0 s, Packer unkn"),
        (conclude("101_lab", [FAILED], "timeout", "more than 4 s in all."), "timeout: more than"),
        (conclude("101_lab", [FAILED], "rejected", "a link."), "rejected: a link."),
        (conclude("101_lab", [], "fault", "it broke."), "no score in 0.0 s"),
        (
            conclude(
                "101_lab",
                [
                    check("passed", points=2),
                    check("failed", max_points=3),
                    check("incapable", name="test_new", max_points=4),
                    check("blocked", name="test_newer", max_points=1, blocked_by="test_new"),
                ],
            ),
            "no score (2 of 5 points; 5 more can't be judged here) in 0.0 s",
        ),
    ],
)
def test_the_verdict_has_the_score_or_the_reason(report: Report, words: str) -> None:
    assert words in shown(report)


def test_the_verdict_names_packer_and_sandbox() -> None:
    run = Run(sandbox="bubblewrap", packer="1.16.0", seconds=1.25)
    report = msgspec.structs.replace(conclude("101_lab", []), run=run)
    assert "in 1.2 s, Packer 1.16.0, bubblewrap sandbox" in shown(report)


def test_lines_are_not_broken_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show_check(console(), check(message="word " * 60), {})
    assert max(map(len, capsys.readouterr().out.splitlines())) > 290


@pytest.mark.parametrize(("variable", "coloured"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_colours_follow_the_environment(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    *,
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(variable, "1")
    show_check(console(), FAILED, {})
    assert ("\x1b[" in capsys.readouterr().out) == coloured
