"""The hostile set on every row: each case ends with the verdict that is right, and harms nobody."""

from __future__ import annotations

import contextlib
import csv
import html.parser
import io
import json
import re
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from rich.console import Console

from packerlab.display import terminal
from packerlab.errors import RejectedError
from packerlab.report import Run, encode
from packerlab.sandbox import BACKENDS
from packerlab.submissions.workspaces import read_workspace
from packerlab.text import clean
from packerlab.writers.csv_rows import FORMULA
from tests.hostile.cases import all_cases
from tests.hostile.crowd import COMMAND, NEIGHBOURS, PLAIN, gather, grade
from tests.hostile.making import MESSAGE, NOT_IN_PLAIN, marker, solution, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.report import Check, Report
    from tests.hostile.crowd import Crowd, Graded

pytestmark = pytest.mark.alone

ROWS = tuple(BACKENDS)
CASES = {case.name: case.verdict for case in all_cases()}
LABS = NEIGHBOURS | {name: verdict.lab for name, verdict in CASES.items()}
THREATS = {*range(1, 16), *range(18, 31)}
"""The rows of the threat table that a submission can try by itself."""

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "main", "section", "div",
    "h1", "h2", "h3", "p", "b", "bdi", "code", "span", "ol", "ul", "li", "dl", "dt", "dd", "wbr",
    "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "br",
    "svg", "rect", "line", "text",
}  # fmt: skip


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    return gather(tmp_path_factory.mktemp("hostile"), all_cases(), NEIGHBOURS)


@pytest.fixture(scope="module")
def on(request: pytest.FixtureRequest, crowd: Crowd) -> Callable[[str], Graded]:
    """The class as it was graded on a row, once."""

    @cache
    def graded(row: str) -> Graded:
        if row == "bubblewrap":
            images = request.getfixturevalue("container_images").parent
            return grade(crowd, row, b"", [request.getfixturevalue("instance_base"), images])
        return grade(crowd, row, request.getfixturevalue("built_image"), [])

    return graded


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def graded(row: str, on: Callable[[str], Graded]) -> Graded:
    return on(row)


def is_graded(name: str, row: str) -> bool:
    """Whether a case, or a neighbour of the cases, is for this row."""
    return row != PLAIN or LABS[name] not in NOT_IN_PLAIN


def failed(report: Report) -> list[Check]:
    return [check for check in report.checks if check.outcome == "failed"]


def said(report: Report) -> str:
    """All that a report says of what went wrong."""
    parts = [report.reason]
    for check in failed(report):
        place = f"{check.where.file}:{check.where.line}" if check.where else ""
        parts += [place, check.message, check.expected, check.found]
    return "\n".join(parts)


# --- verdicts -------------------------------------------------------------------------------------


def test_the_set_is_whole() -> None:
    rows = {int(name[3:5]) for name in CASES}
    assert rows >= THREATS
    assert len(CASES) >= 34
    assert all(verdict.why.endswith(".") for verdict in CASES.values())
    assert all(not verdict.fails or verdict.status == "graded" for verdict in CASES.values())


@pytest.mark.parametrize(
    ("name", "row"),
    [(name, row) for row in ROWS for name in CASES if is_graded(name, row)],
    indirect=["row"],
)
def test_verdict(name: str, crowd: Crowd, graded: Graded) -> None:
    verdict = CASES[name]
    report = graded.reports[crowd.learners[name]]
    assert report.status == verdict.status, said(report)
    assert [check.name for check in failed(report)] == verdict.fails, said(report)
    assert {c.name for c in report.checks if c.outcome == "passed"}.issuperset(verdict.passes)
    assert verdict.says in said(report)
    if report.status == "graded":
        assert report.passed == (not verdict.fails)
    if report.status == "rejected":
        assert report.reason
        assert report.score == 0


def test_the_command_ends_well(row: str, graded: Graded) -> None:
    assert graded.exit == 0, graded.said.decode(errors="replace")
    assert len(graded.reports) == sum(is_graded(name, row) for name in LABS)


def test_the_neighbours_are_unharmed(row: str, graded: Graded) -> None:
    assert all(graded.reports[name].passed for name in NEIGHBOURS if is_graded(name, row))


def test_a_report_is_of_its_own_submission(crowd: Crowd, graded: Graded) -> None:
    digests = [report.digests.submission for report in graded.reports.values()]
    forged = graded.reports[crowd.learners["row26_report_of_another"]]
    assert forged.digests.submission != graded.reports["zz_good"].digests.submission
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in digests)


def test_every_row_says_the_same(crowd: Crowd, on: Callable[[str], Graded], graded: Graded) -> None:
    first = on(ROWS[0])
    varying = {crowd.learners[name] for name, verdict in CASES.items() if verdict.varies}
    for learner in graded.reports.keys() - varying:
        one, other = first.reports[learner], graded.reports[learner]
        if one.run.packer == other.run.packer:
            assert comparable(one) == comparable(other)


def comparable(report: Report) -> str:
    """What must be equal: all but the run, and the digest of a Packer that may have plugins."""
    digests = msgspec.structs.replace(report.digests, packer="")
    return encode(msgspec.structs.replace(report, run=Run(), digests=digests)).decode()


def test_another_labs_marker(tmp_path: Path) -> None:
    """With --lab, what was made for another lab is not graded as this one."""
    written(tmp_path / "class" / "eve", solution(MESSAGE) | {".packerlab.toml": marker("902_x")})
    course = Path(__file__).parent / "hostile_course"
    words = ["grade", "class", "--out", "book", "--lab", MESSAGE, "--course", str(course), "--json"]
    ran = subprocess.run(
        [str(COMMAND), *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout)["rejected"] == 1
    report = json.loads((tmp_path / f"book/reports/{MESSAGE}/eve/1.json").read_text())
    assert report["reason"] == "its marker names another lab."


# --- what an attack leaves ------------------------------------------------------------------------


def test_nothing_is_left_behind(graded: Graded) -> None:
    assert graded.left == []


def test_nothing_came_out(crowd: Crowd, graded: Graded) -> None:
    assert graded.reports
    assert crowd.visitors == []
    assert not (crowd.base / "pwned").exists()
    assert [*crowd.base.glob("**/*row06_escaped*"), *Path("/tmp").glob("*row06_escaped*")] == []


def test_what_was_handed_in_is_as_it_was(crowd: Crowd, on: Callable[[str], Graded]) -> None:
    before = crowd.tree()
    on(ROWS[0])
    assert crowd.tree() == before


def test_the_planted_module_is_live(crowd: Crowd) -> None:
    """The trap would close: a Python that starts in the class's folder without `-P` runs it."""
    subprocess.run([sys.executable, "-c", "import selectors"], cwd=crowd.folder, check=False)
    (crowd.base / "pwned").unlink()


def test_no_byte_holds_a_canary(crowd: Crowd, graded: Graded) -> None:
    texts = [graded.said, *exports(graded).values()]
    handed_in: list[bytes] = []
    for folder in (graded.book, graded.own):
        for path in folder.rglob("*"):
            if path.is_file():
                kept = path.is_relative_to(graded.book / "submissions")
                (handed_in if kept else texts).append(path.read_bytes())
    whole = b"\0".join(texts)
    assert b"zz_good" in whole
    for canary in crowd.canaries:
        assert canary.encode() not in whole
    # What learners handed in is kept as it is: it has the canary of the neighbour who did, alone.
    work = b"\0".join(handed_in)
    assert len([canary for canary in crowd.canaries if canary.encode() in work]) == 1


def test_a_swap_while_it_is_read(tmp_path: Path) -> None:
    """A name that is a file when it is listed and a link when it is opened gives nothing away."""
    (tmp_path / "canary.txt").write_text("canary")
    folder = written(tmp_path / "eve", solution())
    (folder / "notes.txt").write_text("harmless")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (tmp_path / "link").symlink_to(tmp_path / "canary.txt")
            (tmp_path / "link").rename(folder / "notes.txt")
            (tmp_path / "file").write_text("harmless")
            (tmp_path / "file").rename(folder / "notes.txt")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(1_000):
            with contextlib.suppress(RejectedError):
                assert read_workspace(folder).files["notes.txt"].data == b"harmless"
    finally:
        done.set()
        swapper.join()


# --- what people look at --------------------------------------------------------------------------


@cache
def _exported(book: Path, form: str) -> bytes:
    words = [str(COMMAND), "report", str(book), *(["--format", form] if form else [])]
    return subprocess.run(words, capture_output=True, check=True).stdout


def exports(graded: Graded) -> dict[str, bytes]:
    return {form: _exported(graded.book, form) for form in ("", "html", "csv", "json")}


def assert_shows_only_text(data: bytes) -> None:
    text = data.decode()
    assert clean(text, len(text)) == text


def test_no_output_acts_on_a_terminal(graded: Graded) -> None:
    for data in (graded.said, *exports(graded).values()):
        assert_shows_only_text(data.replace(b"\r\n", b"\n"))
    for path in graded.book.rglob("*.json"):
        assert_shows_only_text(path.read_bytes())


def test_no_output_commands_a_workflow(graded: Graded) -> None:
    lines = (graded.said + exports(graded)[""]).decode().splitlines()
    assert [line for line in lines if line.lstrip().startswith("::")] == []


def test_a_check_on_a_terminal_is_text_and_our_colours(graded: Graded) -> None:
    shown = io.StringIO()
    out = Console(
        file=shown, force_terminal=True, markup=False, highlight=False, emoji=False, width=100
    )
    for report in graded.reports.values():
        for check in report.checks:
            terminal.show_check(out, check, {})
        terminal.show_verdict(out, report)
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())
    assert clean(text, len(text)) == text
    assert "[bold green]passed[/bold green]" in "".join(text.split("\n"))


class _Page(html.parser.HTMLParser):
    """Notes what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_no_element_of_the_page_is_a_learners(graded: Graded) -> None:
    page = _Page()
    page.feed(exports(graded)["html"].decode())
    assert page.elements <= ELEMENTS
    assert not {name for name, _ in page.attributes if name.startswith("on") or name == "src"}
    assert {value[:1] for name, value in page.attributes if name == "href"} <= {"#"}
    text = "".join(page.text)
    assert "<script>alert(1)</script>" in text
    assert "<img src=x onerror=alert(1)>" in text


def test_no_cell_is_a_formula(graded: Graded) -> None:
    rows = list(csv.reader(io.StringIO(exports(graded)["csv"].decode(), newline="")))
    assert len(rows) == len(graded.reports) + 1
    parts = [part for row in rows for cell in row for part in re.split("[;\\t\\r\\n]", cell)]
    assert [part for part in parts if part.startswith(FORMULA)] == []
    assert any(cell.startswith("'=1+1;cmd is a link") for row in rows for cell in row)


def test_the_json_is_what_was_saved(graded: Graded) -> None:
    exported = json.loads(exports(graded)["json"])
    saved = [json.loads(encode(report)) for report in graded.reports.values()]
    assert sorted(exported, key=str) == sorted(saved, key=str)
