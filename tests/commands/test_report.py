from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from packerlab.commands.report import report
from packerlab.errors import BAD_INPUT, BadInputError
from packerlab.gradebook import open_gradebook
from packerlab.report import Check, Run, conclude
from packerlab.writers import FILLERS, WRITERS

if TYPE_CHECKING:
    from typer.testing import Result

LAB = "101_first_build"
TITLE = "It [bold]builds[/bold] :smile:."
ON_A_TERMINAL = "import typer; from packerlab.commands.report import report; typer.run(report)"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A gradebook of two learners, one of whom tried twice and failed."""
    path = tmp_path / "book"
    with open_gradebook(path, "bubblewrap") as opened:
        for learner, attempt, outcome in (
            ("a", 1, "failed"),
            ("b", 1, "passed"),
            ("b", 2, "failed"),
        ):
            check = Check("test_it", TITLE, outcome, 0, 2)  # type: ignore[arg-type]
            run = Run(learner=f"learner-{learner}", attempt=attempt)
            opened.save(msgspec.structs.replace(conclude(LAB, [check]), run=run))
    return path


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "80"})


def test_it_says_where_somebody_else_could_have_written(book: Path) -> None:
    assert "note:" not in run(book).stderr
    book.chmod(0o777)
    assert f"note: Other users could write to {book}" in run(book).stderr


def refusal(*arguments: str | Path) -> str:
    error = run(*arguments).exception
    assert isinstance(error, BadInputError)
    assert error.exit_code == BAD_INPUT
    return str(error)


@pytest.mark.parametrize("form", ["", "pdf", "HTML"])
def test_another_format_is_refused_with_those_that_there_are(book: Path, form: str) -> None:
    said = refusal(book, "-f", form)
    assert said.startswith(f"There is no format `{form}`: it is html, csv")
    assert all(name in said for name in WRITERS)


def test_without_a_format_there_is_a_summary(book: Path) -> None:
    result = run(book)
    assert result.exit_code == 0
    assert LAB in result.stdout
    assert "2: 2 failed" in result.stdout
    assert f"{TITLE} (100 %)" in " ".join(result.stdout.split())


def test_an_empty_gradebook_says_so(tmp_path: Path) -> None:
    with open_gradebook(tmp_path, None):
        pass
    assert run(tmp_path).stdout == "There are no reports in this gradebook yet.\n"
    assert run(tmp_path, "-f", "json").stdout == "[]\n"


def test_json_goes_to_standard_output(book: Path) -> None:
    reports = json.loads(run(book, "--format", "json").stdout)
    assert [(each["run"]["learner"], each["run"]["attempt"]) for each in reports] == [
        ("learner-a", 1),
        ("learner-b", 2),
    ]


def test_csv_goes_to_standard_output(book: Path) -> None:
    data = run(book, "-f", "csv").stdout_bytes
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert [row["failed_checks"] for row in rows] == ["test_it", "test_it"]
    assert data.count(b"\r\n") == 3


@pytest.mark.parametrize("form", WRITERS)
def test_a_file_gets_the_same_bytes(book: Path, tmp_path: Path, form: str) -> None:
    file = tmp_path / "out"
    written = run(book, "-f", form, "-o", file)
    assert (written.stdout, written.stderr) == ("", f"Wrote {file}.\n")
    assert file.read_bytes() == run(book, "-f", form).stdout_bytes


def test_html_to_a_terminal_becomes_a_file(book: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, str(book), "-f", "html"]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=True)
    os.close(theirs)
    os.close(ours)
    assert done.stderr == f"Wrote {book / 'report.html'}.\n"
    assert (book / "report.html").read_bytes() == run(book, "-f", "html").stdout_bytes


def test_a_file_needs_a_format(book: Path, tmp_path: Path) -> None:
    assert "-o needs a format" in refusal(book, "-o", tmp_path / "out")


def test_a_file_that_cannot_be_written_is_named(book: Path, tmp_path: Path) -> None:
    missing = tmp_path / "no" / "out"
    assert refusal(book, "-f", "csv", "-o", missing).startswith(f"{missing} can't be written: No")


def test_pages_go_into_a_folder_of_their_own(book: Path, tmp_path: Path) -> None:
    folder = tmp_path / "class" / "pages"
    written = run(book, "-f", "pages", "-o", folder)
    assert (written.stdout, written.exit_code) == ("", 0)
    assert written.stderr == f"Wrote 3 files into {folder}; index.html is for you.\n"
    found = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.html"))
    assert found == ["index.html", "learners/learner-a.html", "learners/learner-b.html"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert refusal(book, "-f", "pages", "-o", folder).startswith(f"{folder} is not empty")
    assert "add -o and its name" in refusal(book, "-f", "pages")
    file = folder / "index.html"
    assert "can't be written" in refusal(book, "-f", "pages", "-o", file)


def test_what_is_no_file_is_written_to_and_not_replaced(book: Path) -> None:
    assert run(book, "-f", "csv", "-o", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_the_summary_says_what_stands_out(tmp_path: Path) -> None:
    with open_gradebook(tmp_path / "book", "bubblewrap") as opened:
        for number in range(3):
            hard = Check("test_a", "It is hard.", "failed", 0, 2, found="x")
            easy = Check("test_b", "It is easy.", "passed", 2, 2)
            found = conclude(LAB, [hard, easy])
            opened.save(msgspec.structs.replace(found, run=Run(learner=f"l{number}")))
    assert run(tmp_path / "book").stdout.splitlines()[-3:] == [
        "101: nobody passes: It is hard.",
        "101: everybody passes 1 of 2 checks",
        "101: the commonest wrong answer, 3 times, is `x` to: It is hard.",
    ]


@pytest.mark.parametrize("form", [[], *(["-f", form] for form in WRITERS)])
def test_what_is_no_gradebook_is_named(tmp_path: Path, form: list[str]) -> None:
    assert refusal(tmp_path, *form).startswith(f"{tmp_path} is not a gradebook")


@pytest.mark.parametrize("form", [[], *(["-f", form] for form in WRITERS)])
def test_a_corrupt_report_is_named_and_leaves_the_file_alone(
    book: Path, tmp_path: Path, form: list[str]
) -> None:
    corrupt = book / "reports" / LAB / "learner-b" / "2.json"
    corrupt.write_bytes(corrupt.read_bytes()[:50])
    file = tmp_path / "out"
    file.write_text("of yesterday")
    output = ["-o", str(file)] if form else []
    assert refusal(book, *form, *output).startswith(f"{corrupt} is not a whole report")
    assert file.read_text() == "of yesterday"


# --- a platform's file, filled --------------------------------------------------------------------

EXPORT = "Student,ID,SIS User ID,Lab 101 (7),Quiz (8)\n    Points Possible,,,4,\n"


def test_an_export_is_filled(book: Path, tmp_path: Path) -> None:
    export, filled = tmp_path / "export.csv", tmp_path / "filled.csv"
    export.write_text(f"{EXPORT}A,1,learner-a,,3\nC,3,learner-c,,\n")
    result = run(book, "-f", "canvas", "--fill", export, "-o", filled)
    assert result.exit_code == 0
    assert filled.read_text() == export.read_text().replace("learner-a,,", "learner-a,0,")
    assert result.stderr.splitlines() == [
        "note: learner-b is not in export.csv: left out.",
        "note: `Lab 101 (7)`: 1 filled, of 2 in the gradebook.",
        "note: `Lab 101 (7)` is worth 4, the lab 2: the scores are scaled.",
        f"Wrote {filled}.",
    ]
    same = run(book, "-f", "canvas", "--fill", export, "--column", "lab", "--lab", "101")
    assert same.stdout_bytes == filled.read_bytes()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["-f", "canvas"], "--format canvas fills in a file that you export from there: name it"),
        (["-f", "moodle"], "--format moodle fills in a file"),
        (["-f", "csv", "--fill", "x.csv"], "--fill goes with --format canvas or moodle."),
        (["--column", "x"], "--column goes with --format canvas or moodle."),
        (["-f", "canvas", "--fill", "no.csv"], "no.csv can't be read: No such file"),
        (["--lab", "999"], "There is no lab `999`"),
    ],
)
def test_options_that_don_t_go_together_are_refused(
    book: Path, options: list[str], says: str
) -> None:
    assert refusal(book, *options).startswith(says)


def test_one_lab_s_reports_can_be_chosen(book: Path) -> None:
    assert len(json.loads(run(book, "-f", "json", "--lab", "101").stdout)) == 2
    assert json.loads(run(book, "-f", "json", "--lab", "102").stdout) == []
    assert "no reports" in run(book, "--lab", "102").stdout


@pytest.mark.parametrize("form", [*WRITERS, *FILLERS])
def test_who_has_no_score_is_said(book: Path, tmp_path: Path, form: str) -> None:
    with open_gradebook(book, None) as opened:
        fault = conclude(LAB, [], "fault", "the sandbox broke.")
        opened.save(msgspec.structs.replace(fault, run=Run(learner="Zo%C3%AB")))
    export = tmp_path / "export.csv"
    export.write_text("Student,ID,ID number,101\nA,1,learner-a,\n")
    fill = ["--fill", str(export)] if form in FILLERS else []
    said = run(book, "-f", form, *fill).stderr
    name = "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"
    assert f"note: {name} (Zo%C3%AB), {LAB}: No score (fault): the sandbox broke.\n" in said


def test_nothing_heavy_is_imported_for_the_help() -> None:
    code = "import sys, packerlab.commands.report; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert {"jinja2", "msgspec", "filelock", "rich.table"}.isdisjoint(modules)
