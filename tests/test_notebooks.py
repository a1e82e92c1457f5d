"""The notebooks: made from their pages, run in a real kernel, asking the real Packer."""

from __future__ import annotations

import ast
import html.parser
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from packerlab import notebook
from packerlab.lab import Limits
from packerlab.notebook import Account, Console, NotebookError
from scripts.notebooks import FOLDER, PAGES, cells_of, code, file_of, notebook_of
from tests.test_docs import transcript
from tests.toy import MESSAGE, SHELL
from tests.toy import ROOT as TOYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scripts.notebooks import Cell

ROOT = Path(__file__).parent.parent
VALUES, LIFE, LAB, LINEAGE, TIME, FLEET = PAGES
NAMES = [file_of(page).name for page in PAGES]


def run(cells: Iterable[Cell], folder: Path, *, course: Path = ROOT) -> list[Any]:
    """The code cells as they are after a run in a folder, errors and all."""
    plain = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    made = parsed(json.dumps(plain))
    client = NotebookClient(
        made, timeout=120, allow_errors=True, kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    client.execute(env={**os.environ, "PACKERLAB_COURSE": str(course), "TMPDIR": str(folder)})
    return [cell for cell in made.cells if cell.cell_type == "code"]


def parsed(text: str) -> Any:
    return nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def printed(cell: Any) -> str:
    """What a cell wrote, as one would read it."""
    text = "".join(each.text for each in cell.outputs if each.output_type == "stream")
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r", "")


def result(cell: Any, kind: str = "text/plain") -> str:
    (output,) = (each for each in cell.outputs if each.output_type == "execute_result")
    return str(output.data[kind])


def sentence(cell: Any) -> str:
    """The error that a cell shows: one sentence, and no traceback."""
    (output,) = cell.outputs
    assert output.output_type == "error", output
    assert output.ename == "NotebookError"
    (text,) = output.traceback
    assert text.startswith("error: ")
    return str(text)


class Elements(html.parser.HTMLParser):
    """The elements and the text of a report."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def outcomes(cell: Any) -> list[str]:
    return re.findall(r"<b>\S (\w+)</b>", result(cell, "text/html"))


# --- what lies in the repository ------------------------------------------------------------------


def test_each_notebook_has_its_page() -> None:
    assert sorted(file.name for file in (ROOT / FOLDER).glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("page", PAGES)
def test_a_notebook_is_as_it_is_made(page: str) -> None:
    text = file_of(page).read_text(encoding="utf-8")
    assert text == notebook_of(page), "run `make notebooks`"
    made = parsed(text)
    nbformat.validate(made)
    assert not [cell for cell in made.cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("page", PAGES)
def test_no_link_of_a_notebook_is_broken(page: str) -> None:
    text = "".join(source(cell) for cell in cells_of(page) if cell["cell_type"] == "markdown")
    assert "--8<--" not in text
    assert not re.search(r"\{ #[\w-]+ \}", text)
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert "://" in link or (ROOT / FOLDER / link).is_file(), link


# --- the tour of values ---------------------------------------------------------------------------

VALUE_OF: dict[str, list[Any]] = {
    'upper("done")': ["VERSION", 3, "DONE"],
    '"text"': ["text", 12, 0.5, True, None, ["a", 7, False], {"size": 8, "fast": True}],
    '"c"][0]': ["a", 8, 3],
    '"7" + 1': [8, False, True],
    "1 + 2 * 3": [7, 9, 3.5, 1, True],
    "image-${1 + 1}": ["image-2", "WEB server", "${this is no expression}"],
    '"${7} "': [7, "7 ", [1, 2]],
    "%{ endif }": ["large", "<web><db>"],
    "server = r": ["shop", 8, ["a", "b"], {"size": 20, "fast": False}],
    '"zones": ': ["shop", 16, ["x"], {"size": 40, "fast": True}],
    '"size": "3"': [3],
    "names = r": ["shop-dev", 8, False],
    '"local.live", variables': ["shop-prod", 64, True],
    "true ? 1 : 2": [1, "1"],
    "try([": ["none", False, 0],
    "regex_replace": ["web shop", "web-shop", "Web-Shop-", ["a", "b"], "a-b", "abc", "007"],
    "distinct": [
        True, ["a", "b", "c"], ["b", "a"], ["a", "b"], {"a": 1, "b": 3}, ["a", "b"], 5
    ],
    "timeadd": ["2024-01-31 09:30", "2024-02-01T21:30:00Z", "YEAR"],
    "base64encode": ['{"a":[true],"b":1}', 1, "aGVsbG8="],
    "range(6)": [["WEB", "DB"], {"web": 3, "db": 2}, [0, 2, 4], ["a=2", "b=1"]],
    "[*].port": [[80, 5432]],
    "uuidv4()": [False, True],
    "hunter-two": ["<sensitive>", "Authorization: <sensitive>", "HUNTER-TWO"],
}  # fmt: skip
"""What a cell of the tour gives, by what only this cell has in it."""

REASON_OF = {
    '"-1"': "a number is required",
    '"size": "large"': "a number is required",
    '"sise"': "Undefined -var variable",
    'console(server, "var.app")': "<unknown>",
    "today()": 'does not have an attribute named "day"',
    "tonumber": 'There is no function named "tonumber"',
    '"source.name"': "<unknown>",
    "build.Host": 'does not have an attribute named "Host"',
}


def with_solutions(page: str) -> list[Cell]:
    """The cells of the tour; after each exercise its solution is put in, and judged again."""
    cells: list[Cell] = []
    for cell in cells_of(page):
        solution = re.search(
            r"<details>.*?^```hcl\n(.*?)^```", source(cell), re.DOTALL | re.MULTILINE
        )
        if solution and cell["cell_type"] == "markdown":
            exercise, judge = cells[-2:]
            name = source(exercise).split(" = ")[0]
            cells += [code(f'{name} = r"""\n{solution[1]}"""'), {**judge}]
        cells.append(cell)
    return cells


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return run(with_solutions(VALUES), tmp_path_factory.mktemp("values"))


def holding(cells: list[Any], words: str) -> Any:
    found = [cell for cell in cells if words in cell.source]
    assert len(found) == 1, words
    return found[0]


def test_the_values_are_packers(values: list[Any]) -> None:
    for words, expected in VALUE_OF.items():
        found = ast.literal_eval(result(holding(values, words)))
        patterns = {"VERSION": r"1\.\d+\.\d+", "YEAR": r"20\d\d"}
        for value, wanted in zip(found, expected, strict=True):
            is_right = isinstance(wanted, str) and wanted in patterns
            assert re.fullmatch(patterns[wanted], value) if is_right else value == wanted, words
    assert printed(holding(values, "letter = r")) == "Dear Ada,\n  your image is ready.\n\n"


def test_what_packer_can_not_tell_is_a_sentence(values: list[Any]) -> None:
    for words, reason in REASON_OF.items():
        assert reason in sentence(holding(values, words))
    failed = [cell for cell in values if any(each.output_type == "error" for each in cell.outputs)]
    marked = [cell for cell in values if "raises-exception" in cell.metadata.get("tags", [])]
    assert failed == marked
    assert len(failed) == len(REASON_OF)


def test_the_exercises_are_open_and_can_be_solved(values: list[Any]) -> None:
    judges = [printed(cell) for cell in values if "✓ right" in cell.source]
    assert len(judges) == 6
    for before, after in zip(judges[::2], judges[1::2], strict=True):
        assert "✗ not yet" in before
        assert "✓" not in before
        assert "✓ right" in after
        assert "✗" not in after


def test_the_solutions_are_formatted(tmp_path: Path) -> None:
    solutions = re.findall(
        r"^```hcl\n(.*?)^```", (ROOT / VALUES).read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(solutions) == 3
    for number, solution in enumerate(solutions):
        (tmp_path / f"{number}.pkr.hcl").write_text(solution)
    subprocess.run(["packer", "fmt", "-check", "-diff", tmp_path], check=True)


def commands_are_as_shown(page: str, cells: list[Any]) -> None:
    """What a page shows of its commands' output is what the notebook's cells print."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    commands = [each for block in blocks for each in transcript(block)]
    ran = [cell for cell in cells if cell.source.startswith("!")]
    assert [f"!{command}" for command, _ in commands] == [cell.source for cell in ran]
    for cell, (_, shown) in zip(ran, commands, strict=True):
        lines = [line.rstrip() for line in printed(cell).splitlines()]
        for line in shown:
            pattern = re.escape(line).replace(r"\.\.\.", ".*")
            assert any(re.fullmatch(pattern, each) for each in lines), f"{cell.source}\n{line}"


def test_the_tours_commands_print_what_its_page_shows(values: list[Any]) -> None:
    commands_are_as_shown(VALUES, values)


# --- the life of a build --------------------------------------------------------------------------


def with_answers(page: str) -> list[Cell]:
    """The cells of a page; after each question its answer is put in, and judged again."""
    cells: list[Cell] = []
    for cell in cells_of(page):
        answer = re.search(r"<details>.*?^`(.*? = .*)`$", source(cell), re.DOTALL | re.MULTILINE)
        if answer:
            cells += [code(answer[1]), {**cells[-1]}]
        cells.append(cell)
    return cells


@pytest.fixture(scope="module")
def ready(instance_base: Path, tools_root: Path) -> bool:
    """Whether what an account needs is there."""
    return instance_base.is_dir() and tools_root.is_dir()


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, ready: bool) -> list[Any]:
    assert ready
    return run(with_answers(LIFE), tmp_path_factory.mktemp("life"))


TEMPORARY = ["key pair", "security group", "instance", "volumes"]
SAVED = ["snapshots", "AMI"]


def ends(text: str) -> dict[str, str]:
    """How each thing of a build ended, as its cell says it in words."""
    found = re.findall(r"^([\w ]+): (?:made .*, )?(none|stays|removed)", text, re.MULTILINE)
    return dict(found)


def test_what_stays_and_what_goes(life: list[Any]) -> None:
    good, failed, aborted = (
        result(holding(life, f"{name} = account.build")) for name in ("good", "failed", "aborted")
    )
    assert good.startswith("Exit code 0.\nLeft over: nothing.\n")
    assert ends(good) == dict.fromkeys(TEMPORARY, "removed") | dict.fromkeys(SAVED, "stays")
    assert failed.startswith("Exit code 1: Script exited with non-zero exit status: 3.")
    assert "\nLeft over: nothing.\n" in failed
    assert ends(failed) == dict.fromkeys(TEMPORARY, "removed") | dict.fromkeys(SAVED, "none")
    assert "\nLeft over: a key pair, a security group, an instance (running).\n" in aborted
    assert ends(aborted) == dict.fromkeys(TEMPORARY, "stays") | dict.fromkeys(SAVED, "none")


def test_a_build_s_calls_can_be_asked(life: list[Any]) -> None:
    image = ast.literal_eval(result(holding(life, "image = good.account.image()")))
    assert image == ("web-1", {"Name": "web"}, "1.1", [])
    tagged = ast.literal_eval(result(holding(life, "for call in good.calls if")))
    assert "RunInstances" in tagged


def test_the_questions_are_open_and_can_be_answered(life: list[Any]) -> None:
    judges = [printed(cell) for cell in life if "✓ right" in cell.source]
    assert [said.split()[0] for said in judges] == ["✗", "✓"] * 3
    assert not [cell for cell in life if any(each.output_type == "error" for each in cell.outputs)]


def test_a_build_is_a_picture_and_a_table(life: list[Any]) -> None:
    shown = result(holding(life, "good = account.build"), "text/html")
    picture = Elements(shown)
    assert {"svg", "title", "desc", "table"} <= picture.tags
    assert not picture.attributes & {"id", "href", "src", "class"}
    words = result(holding(life, "good = account.build")).splitlines()[2:]
    assert ". ".join(words) in picture.text
    row = r"<td>(\d+)</td><td>(\w+)</td><td>([\w, ]*)</td><td>user/learner</td><td></td>"
    calls = re.findall(row, shown)
    assert [int(number) for number, _, _ in calls] == list(range(1, len(calls) + 1))
    about = {action: things for _, action, things in calls}
    assert about["RunInstances"] == ", ".join(TEMPORARY)
    assert about["CreateImage"] == ", ".join(["instance", "volumes", *SAVED])
    assert shown.count("<circle") == sum(max(1, len(things.split(", "))) for _, _, things in calls)
    assert shown.count(">provisioning<") == 1
    assert shown.count(">stays<") == 2


LOGIN = '  ssh_username  = "ubuntu"\n'
DISK = 'device_name = "/dev/sdb"\nvolume_size = 4\nvolume_type = "gp2"\n'
GO_ON: dict[str, dict[str, list[str]]] = {
    'ssh_username = "admin"\nssh_timeout = "5s"\n': {"instance": ["removed"], "AMI": ["none"]},
    LOGIN + 'ami_regions = ["eu-west-1"]\n': {"AMI": ["stays", "stays"]},
    LOGIN + "encrypt_boot = true\n": {
        "snapshots": ["removed", "stays"],
        "AMI": ["removed", "stays"],
    },
    LOGIN + f"launch_block_device_mappings {{\n{DISK}}}\n": {
        "volumes": ["stays"],
        "AMI": ["stays"],
    },
}
"""The changes that the notebook ends with, and how the things of each kind end then."""


@pytest.fixture(scope="module")
def account(ready: bool) -> Account:
    assert ready
    return Account()


def template_of_the_life() -> str:
    text = (ROOT / LIFE).read_text(encoding="utf-8")
    (template,) = re.findall(r'^web = r"""\n(.*?)^"""', text, re.DOTALL | re.MULTILINE)
    return str(template)


@pytest.mark.parametrize("change", GO_ON)
def test_the_changes_show_what_they_promise(account: Account, change: str) -> None:
    built = account.build(template_of_the_life().replace(LOGIN, change))
    for kind, wanted in GO_ON[change].items():
        found = re.findall(rf"^{kind}: (?:made .*, )?(\w+)", repr(built), re.MULTILINE)
        assert found == wanted, repr(built)
    waiting = "waiting for SSH" if "admin" in change else "provisioning"
    assert f">{waiting}</text>" in built._repr_html_()


def test_its_template_is_formatted(tmp_path: Path) -> None:
    (tmp_path / "main.pkr.hcl").write_text(template_of_the_life())
    subprocess.run(["packer", "fmt", "-check", "-diff", tmp_path], check=True)


@pytest.mark.usefixtures("ready")
def test_a_build_has_bounds_and_the_next_one_is_fresh() -> None:
    account = Account()
    fill = """
      source "null" "a" { communicator = "none" }
      build {
        sources = ["null.a"]
        provisioner "shell-local" { inline = ["head -c 200M /dev/zero > full; sleep 60"] }
      }
    """
    with pytest.raises(NotebookError, match=r"^Packer was stopped: more than 128 MB of disk"):
        account.build(fill)
    built = account.build(fill.replace("head -c 200M /dev/zero > full; sleep 60", "true"))
    assert repr(built).startswith("Exit code 0.\nLeft over: nothing.\nkey pair: none\n")
    assert "<svg" not in built._repr_html_()
    sandbox = account._sandbox
    assert sandbox._running
    del account
    assert sandbox._running is None


def test_what_makes_no_sense_is_packers_complaint(account: Account) -> None:
    built = account.build(f"variable {MARKUP} {{{{{{")
    assert built.answer.exit == 1
    assert MARKUP.split("<")[1] not in Elements(built._repr_html_()).tags
    assert "script" not in Elements(built._repr_html_()).tags


def test_without_an_account_there_is_a_sentence(tmp_path: Path) -> None:
    folders = {"PACKERLAB_CACHE": str(tmp_path / "cache"), "PACKERLAB_STATE": str(tmp_path)}
    asked = "from packerlab.notebook import Account; Account()"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, **folders},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.rstrip().endswith(
        "`packerlab sandbox build` makes ready what a simulated account needs, once."
    )


# --- which image came from which ------------------------------------------------------------------


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory, ready: bool) -> list[Any]:
    assert ready
    return run(with_answers(LINEAGE), tmp_path_factory.mktemp("lineage"))


def test_the_graph_is_that_of_the_account(lineage: list[Any]) -> None:
    drawn = [
        Elements(result(cell, "text/html"))
        for cell in lineage
        if cell.source.rstrip().endswith(")") and "draw(below" in cell.source
    ]
    assert all({"svg", "title", "desc"} <= each.tags for each in drawn)
    first, new, _, _, again = (each.text for each in drawn)
    old = [f"{name} is made from base-a1" for name in ("web-a1", "db-a1")]
    assert all(edge in text for text in (first, new, again) for edge in old)
    assert "base-b2 is made from Ubuntu" in new
    assert "web-b2" not in new
    assert "web-b2 is made from base-b2" in again


def test_the_manifest_has_an_entry_for_each_build(lineage: list[Any]) -> None:
    *entries, last = printed(holding(lineage, "    print(entry[")).splitlines()
    assert [line.split()[0] for line in entries] == ["base", "web", "db"]
    assert last.split()[-1] == entries[-1].split()[-1]


def test_what_is_stale_is_orange(lineage: list[Any]) -> None:
    before, after = (
        result(cell, "text/html").count("#f9a825")
        for cell in lineage
        if "marked=stale" in cell.source
    )
    assert (before, after) == (0, 2)


# --- where build time goes ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def times(tmp_path_factory: pytest.TempPathFactory, ready: bool) -> list[Any]:
    assert ready
    return run(with_answers(TIME), tmp_path_factory.mktemp("times"))


def test_the_phases_of_a_build_are_measured(times: list[Any]) -> None:
    phases = ast.literal_eval(result(holding(times, "first = phases(alone)")))
    assert list(phases) == [
        "questions", "start and log in", "lists", "tools", "app", "save", "clean up"
    ]  # fmt: skip
    assert phases["tools"] >= 4
    assert all(seconds >= 0 for seconds in phases.values())
    told = Elements(result(holding(times, "second, third ="), "text/html")).text
    on_base = told.partition("web on base: ")[2].partition(".</desc")[0]
    assert "app" in on_base
    assert "tools" not in on_base.partition("clean up")[0]


def test_builds_wait_at_the_same_time(times: list[Any]) -> None:
    (one_by_one, made), (at_once, made_too) = ast.literal_eval(
        result(holding(times, "one_by_one, at_once ="))
    )
    assert (made, made_too) == (3, 3)
    assert one_by_one >= 12
    assert at_once < one_by_one


def test_the_longest_silence_is_that_of_the_slow_step(times: list[Any]) -> None:
    longest, *_ = printed(holding(times, "in silences(")).splitlines()
    assert int(longest.split()[0]) >= 3
    assert "@ tools" in longest


# --- how old the fleet is -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, ready: bool) -> list[Any]:
    assert ready
    return run(with_answers(FLEET), tmp_path_factory.mktemp("fleet"))


def test_the_fleet_is_that_of_the_lab(fleet: list[Any]) -> None:
    counted, today = printed(holding(fleet, "print(len(images)")).splitlines()
    assert counted == "12 images, 4 machines"
    assert ast.literal_eval(today)["web"] == "5a7e24"


def test_the_chart_says_what_is_wrong_with_each_image(fleet: list[Any]) -> None:
    """As the lab's own example does, of which a bar shows one reason; a bastion has no bar."""
    drawn = [
        Elements(result(cell, "text/html"))
        for cell in fleet
        if re.search(r"^chart\(.*\)$", cell.source, re.MULTILINE)
    ]
    assert all({"svg", "title", "desc"} <= each.tags for each in drawn)
    ages, _, before, after = (each.text for each in drawn)
    assert "web-31: 20 days · runs on web-b. " in ages
    example = json.loads((ROOT / "labs/304_drift_and_lineage/starter/example.json").read_text())
    for each in example:
        if each["why"] != "stale-image":
            reason = each["why"].replace("-", " ")
            assert re.search(rf"{each['name']}: \d+ days · {reason}\b", before), each
    assert len(re.findall(r": \d+ days · (?!runs)", before)) == len(example) - 3 + 1  # base-10
    assert "web-36" not in before
    assert "web-36: 0 days." in after
    assert "web-31: 20 days · old base · runs on web-b" in after


# --- notebooks with builds in accounts ------------------------------------------------------------


@pytest.mark.parametrize("name", ["lineage", "times", "fleet"])
def test_their_questions_are_open_and_can_be_answered(
    name: str, request: pytest.FixtureRequest
) -> None:
    cells = request.getfixturevalue(name)
    judges = [printed(cell) for cell in cells if "✓ right" in cell.source]
    assert [said.split()[0] for said in judges] == ["✗", "✓"] * 2
    assert not [cell for cell in cells if any(each.output_type == "error" for each in cell.outputs)]


@pytest.mark.parametrize("page", [LINEAGE, TIME, FLEET])
def test_their_templates_are_formatted(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (template,) = re.findall(r'^\w+ = r"""\n(.*?)^"""', text, re.DOTALL | re.MULTILINE)
    (tmp_path / "main.pkr.hcl").write_text(template)
    subprocess.run(["packer", "fmt", "-check", "-diff", tmp_path], check=True)


def test_a_build_goes_on_after_the_last_one_alone(account: Account) -> None:
    template = 'source "null" "a" { communicator = "none" }\nbuild { sources = ["null.a"] }'
    first = account.build(template)
    second = account.build(template, after=first)
    with pytest.raises(NotebookError, match=r"^A build can only come after the last one\.$"):
        account.build(template, after=first)
    with pytest.raises(NotebookError, match=r"^The build left no manifest\.json"):
        _ = second.manifest


def test_an_account_is_asked_as_the_last_build_left_it(account: Account) -> None:
    template = 'source "null" "a" { communicator = "none" }\nbuild { sources = ["null.a"] }'
    first = account.build(template)
    name = ["ssm", "put-parameter", "--name", "/a", "--type", "String", "--value", "b"]
    assert account.aws(*name)["Version"] == 1
    assert account.aws("ssm", "get-parameter", "--name", "/a")["Parameter"]["Value"] == "b"
    with pytest.raises(NotebookError, match=r"^`aws` fails: An error occurred \(Parameter"):
        account.aws(*name)
    with pytest.raises(NotebookError, match=r"^`aws` fails: argument operation: "):
        account.aws("ssm", "nothing")
    account.build(template, after=first)
    assert account.aws("ssm", "get-parameters-by-path", "--path", "/")["Parameters"]
    assert account.aws("ssm", "delete-parameter", "--name", "/a") is None
    account.aws(*name)
    account.build(template)
    assert not account.aws("ssm", "get-parameters-by-path", "--path", "/")["Parameters"]


def test_a_lab_without_an_account_is_a_sentence() -> None:
    with pytest.raises(NotebookError, match=r"^The lab 101_first_build has no account\.$"):
        Account(lab="101")


# --- a lab's page ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The lab's notebook, and below it the cells of one who solves it file by file."""
    solution = ROOT / "labs" / "103_variables" / "solution"
    files = sorted(solution.iterdir(), key=lambda file: file.name == "main.pkr.hcl")
    solved = [code(f"%%packerlab 103 {file.name}\n{file.read_text()}") for file in files]
    score = code("_.report.score, _.report.passed")
    return run([*cells_of(LAB), *solved, score], tmp_path_factory.mktemp("lab"))


def test_the_labs_commands_print_what_its_page_shows(lab: list[Any]) -> None:
    commands_are_as_shown(LAB, lab)


def test_the_starter_does_not_pass(lab: list[Any]) -> None:
    cell = holding(lab, "It works, for one image")
    assert outcomes(cell) == ["failed", *["blocked"] * 7]
    shown = Elements(result(cell, "text/html")).text
    assert "There is no variable `app`." in shown
    assert "0 of 10 points" in shown
    assert "from cells: main.pkr.hcl" in shown
    assert "Hint 3" in shown


def test_the_text_is_what_check_prints(lab: list[Any], tmp_path: Path) -> None:
    starter = ROOT / "labs" / "103_variables" / "starter"
    script = Path(sys.executable).with_name("packerlab")
    words = [str(script), "check", str(starter), "--lab", "103"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = [done.stdout, result(holding(lab, "It works, for one image"))]
    said, shown = (re.sub(r"in [0-9.]+ s,", "in N s,", text) for text in told)
    assert said.rstrip() == shown


def test_the_cells_of_a_lab_are_one_workspace(lab: list[Any]) -> None:
    *_, last, score = lab
    assert outcomes(last) == ["passed"] * 8
    shown = Elements(result(last, "text/html")).text
    assert "from cells: main.pkr.hcl, prod.pkrvars.hcl, team.auto.pkrvars.hcl, var" in shown
    assert result(score) == "(10, True)"


# --- cells that mean harm, or are wrong -----------------------------------------------------------

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Cells that tell what they try in their names, run in one kernel."""
    folder = tmp_path_factory.mktemp("others")
    (folder / "canary").write_text("sings")
    shell = f"touch {folder}/escaped out/escaped; cat {folder}/canary; id; exit 1"
    step = SHELL[SHELL.index("  provisioner") : SHELL.rindex("}")].replace("PROGRAM", shell)
    tried = {
        "load": "%load_ext packerlab.notebook",
        "folder": "%%writefile json.py\nopen('imported', 'w')\nraise SystemExit('mine')",
        "passes": f"%%packerlab 101\n{MESSAGE}",
        "not allowed": f"%%packerlab message\n{MESSAGE.rstrip()[:-1]}{step}}}\n",
        "allowed": "%%packerlab 112\n" + SHELL.replace("PROGRAM", shell),
        "markup": "%%packerlab 101\n" + MESSAGE.replace("Hello", MARKUP),
        "broken": "%%packerlab 101\nvariable {{{",
        "no lab": "%%packerlab\nx",
        "three words": "%%packerlab 101 a b\nx",
        "unknown lab": "%%packerlab <script>\nx",
        "outside": "%%packerlab 101 ../../escaped\nx",
        "a plugin": "%%packerlab 101 packer-builder-file\n#!/bin/sh",
        "too long": "%%packerlab 101 long.pkr.hcl\n" + "#" * 200_000,
        "still works": f"%%packerlab 101\n{MESSAGE}",
        "canary": "from packerlab.notebook import Console\n"
        f"Console()('', 'can(file(\"{folder}/canary\"))')",
        "no packer": "import os\nos.environ['PACKERLAB_PACKER'] = '/nowhere'\nConsole()('', '1')",
        "no packer to check": f"%%packerlab 101\n{MESSAGE}",
        "what is there": "sorted(os.listdir())",
    }
    ran = run([code(text) for text in tried.values()], folder, course=TOYS)
    return dict(zip(tried, ran, strict=True))


def test_a_program_stays_in_the_sandbox(others: dict[str, Any]) -> None:
    assert "does not use the provisioner `shell-local`" in result(others["not allowed"])
    assert outcomes(others["not allowed"])[-1] == "rejected"
    assert outcomes(others["allowed"]) == ["failed", "passed", "blocked", "passed"]
    assert "sings" not in result(others["allowed"])
    assert ast.literal_eval(result(others["canary"])) == [False]


def test_nothing_is_left_or_imported(others: dict[str, Any]) -> None:
    """A file in the notebook's folder does not become a part of the grading."""
    assert outcomes(others["passes"]) == ["passed"] * 4
    assert ast.literal_eval(result(others["what is there"])) == ["canary", "json.py"]


def test_what_a_learner_writes_is_shown_as_text(others: dict[str, Any]) -> None:
    shown = Elements(result(others["markup"], "text/html"))
    assert MARKUP in shown.text
    assert shown.tags <= {"ul", "li", "b", "div", "code", "details", "summary", "span"}
    assert shown.attributes == {"style"}


def test_a_syntax_error_has_its_place(others: dict[str, Any]) -> None:
    assert "main.pkr.hcl:1" in Elements(result(others["broken"], "text/html")).text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no lab", "%%packerlab LAB [FILE]"),
        ("three words", "%%packerlab LAB [FILE]"),
        ("unknown lab", "error: There is no lab `<script>`: `packerlab labs` lists them."),
        (
            "outside",
            "error: ../../escaped: a name must stay inside its folder; names are relative.",
        ),
        ("a plugin", "packer-builder-file: Packer would take this for a plugin"),
        ("too long", "error: more than 128000 bytes of HCL; the largest file is"),
        ("no packer", "/nowhere"),
        ("no packer to check", "/nowhere"),
    ],
)
def test_wrong_use_is_one_sentence(others: dict[str, Any], name: str, words: str) -> None:
    assert words in sentence(others[name])


def test_what_is_refused_is_forgotten(others: dict[str, Any]) -> None:
    assert outcomes(others["still works"]) == ["passed"] * 4
    assert "from cells: main.pkr.hcl" in result(others["still works"], "text/html")


# --- the console ----------------------------------------------------------------------------------

HEAVY = "length([for a in range(1024) : [for b in range(1024) : [for c in range(9) : c]]])"


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Console]:
    """A console with so many seconds for a question."""

    def make(seconds: int) -> Console:
        limits = Limits(deadline_s=seconds, cpu_s=60, memory_mb=2048, disk_mb=64)
        monkeypatch.setattr(notebook, "LIMITS", limits)
        return Console()

    return make


def test_a_question_has_bounds(limited: Callable[[int], Console]) -> None:
    console = limited(1)
    with pytest.raises(NotebookError, match=r"^Packer was stopped: more than 1 s in all\.$"):
        console("", HEAVY)


def test_after_an_interruption_the_next_question_has_its_own_answer(
    limited: Callable[[int], Console],
) -> None:
    console = limited(60)
    assert console("", "1") == [1]
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            console("", HEAVY)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert console("", "2") == [2]


def test_the_sandbox_ends_with_its_console() -> None:
    console = Console()
    assert console("", "1") == [1]
    sandbox = console._sandbox
    assert sandbox._running
    del console
    assert sandbox._running is None


def test_it_is_there_without_jupyter() -> None:
    asked = "import sys, packerlab.notebook; print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_unknown_course_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKERLAB_COURSE", "/nowhere")
    with pytest.raises(NotebookError, match="is not a course"):
        Console()


# --- its page -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ready")
def test_the_pages_examples_run(tmp_path: Path) -> None:
    loaded, checked, asked, built, fleet = run(cells_of("docs/notebooks.md"), tmp_path)
    assert loaded.outputs == []
    assert outcomes(checked)[:2] == ["passed", "failed"]
    assert ast.literal_eval(result(asked)) == [40, "20 GB"]
    assert result(built).startswith("Exit code 0.\nLeft over: nothing.\n")
    assert ast.literal_eval(result(fleet)) == ["base-8", "base-9", "base-arm-3"]
