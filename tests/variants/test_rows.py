"""Rows of `accept.toml` and `reject.toml`: what each of their keys makes of the solution."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import BadInputError
from packerlab.submissions.reader import entries_of
from packerlab.submissions.workspaces import submission
from packerlab.variants.rows import KINDS, answer, find, lay_out, rows
from tests.toy import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab

SOLUTION: dict[str, str] = {
    "main.pkr.hcl": 'source "file" "a" {\n  content = "one"\n  target  = "out/a"\n}\n',
    "values.pkrvars.hcl": 'name = "one"\n',
    "tool.sh": "#!/bin/sh\n",
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    shutil.copytree(ROOT / "labs" / "101_message", tmp_path / "labs" / "101_message")
    lab = Course(tmp_path).lab("101")
    for folder in (lab.solution, lab.path / "variants"):
        folder.mkdir()
    for name, text in SOLUTION.items():
        (lab.solution / name).write_text(text)
    (lab.solution / "picture.bin").write_bytes(b"\xff\xfe")
    (lab.solution / "tool.sh").chmod(0o755)
    return lab


def tables(lab: Lab, reject: str = "", accept: str = "") -> None:
    (lab.path / "variants" / "reject.toml").write_text(reject)
    (lab.path / "variants" / "accept.toml").write_text(accept)


def changed(lab: Lab, keys: str) -> dict[str, str]:
    """What a row with these keys has in place of the solution's files."""
    tables(lab, accept=f'[row]\nwhy = "x"\n{keys}\n')
    files = answer(find(lab, "row")).files
    del files["picture.bin"]
    texts = {name: file.data.decode() for name, file in files.items()}
    return {name: text for name, text in texts.items() if text != SOLUTION.get(name)}


def test_an_edit_changes_the_one_file_that_it_fits(lab: Lab) -> None:
    assert changed(lab, "replace = { 'content = \"one\"' = 'content = \"two\"' }") == {
        "main.pkr.hcl": SOLUTION["main.pkr.hcl"].replace("one", "two")
    }
    assert changed(lab, "diff = '''\n-name = \"one\"\n+name = \"two\"\n'''") == {
        "values.pkrvars.hcl": 'name = "two"\n'
    }
    assert changed(lab, "replace = { sh = 'bash' }") == {"tool.sh": "#!/bin/bash\n"}
    assert answer(find(lab, "row")).files["tool.sh"].executable


def test_files_come_whole_or_go(lab: Lab) -> None:
    keys = "delete = [\"tool.sh\"]\n[row.files]\n'values.pkrvars.hcl' = '''\nname = 1\n'''"
    assert changed(lab, keys) == {"values.pkrvars.hcl": "name = 1\n"}
    assert "tool.sh" not in answer(find(lab, "row")).files
    assert "picture.bin" in answer(find(lab, "row")).files


def test_an_edit_does_not_reach_a_file_that_comes_whole_or_goes(lab: Lab) -> None:
    for keys in ('delete = ["tool.sh"]', "files = { 'tool.sh' = 'x' }"):
        with pytest.raises(
            BadInputError, match=r"accept\.toml:1 \[row\]: the solution has no `sh`"
        ):
            changed(lab, f"{keys}\nreplace = {{ sh = 'bash' }}")


def test_a_folder_has_what_no_edit_can_say(lab: Lab) -> None:
    folder = lab.path / "variants" / "accept" / "row"
    (folder / "out").mkdir(parents=True)
    (folder / "tool.sh").write_text("#!/bin/sh\r\n", newline="")
    assert changed(lab, "") == {"tool.sh": "#!/bin/sh\r\n"}
    (folder / "out" / "a").symlink_to("../tool.sh")
    tables(lab, accept='[row]\nwhy = "x"\n')
    assert answer(find(lab, "row")).refusal == "out/a is a link; only regular files are read."


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("delete = ['nothing']", "accept.toml:2 [row]: the solution has no nothing to delete."),
        ("replace = { one = 'two' }", "the solution has `one` 2 times, in main.pkr.hcl:2, values."),
        ("", "accept.toml:2 [row]: nothing of the solution is changed."),
        ("replace = { sh = 'sh' }", "nothing of the solution is changed."),
        ("replace = { '' = 'x' }", "accept.toml:2 [row]: `replace` has no words to find."),
        ("edit = 'x'", "accept.toml:2 [row]: Object contains unknown field `edit`"),
        ("why = 'y'", "accept.toml: not valid TOML"),
        (
            "packer = 'oldest'",
            "[row]: `packer` is no range of versions, such as `>=1.7` or `<1.7`.",
        ),
        ("fails = ['test_source']", "a right answer has no `status`, `fails` or `says`"),
        (
            "packer = '>=1.6'\n[Row-2]\nwhy = 'x'",
            "accept.toml:5 [Row-2]: a row's name has only a-z, 0-9 and _.",
        ),
    ],
)
def test_a_row_is_checked(lab: Lab, keys: str, words: str) -> None:
    tables(lab, accept=f'# a comment\n[row]\nwhy = "x"\n{keys}\n')
    with pytest.raises(BadInputError) as caught:
        [answer(row) for row in list(rows(lab, "accept"))]
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("", "Object missing required field `why`"),
        ('why = ""', "key `why`"),
        ('why = "x"', "nothing here is wrong: give the checks that it `fails`, or its `status`"),
        ('why = "x"\nstatus = "refused"', "key `status`"),
    ],
)
def test_a_wrong_answer_says_how_it_is_wrong(lab: Lab, row: str, words: str) -> None:
    tables(lab, reject=f"[row]\n{row}\n")
    with pytest.raises(BadInputError, match=r"reject\.toml:1 \[row\]") as caught:
        list(rows(lab, "reject"))
    assert words in str(caught.value)


def test_a_row_is_found_by_its_name(lab: Lab) -> None:
    row = '[{}]\nwhy = "x"\nstatus = "timeout"\n'
    tables(lab, reject=row.format("same") + row.format("other"), accept='[same]\nwhy = "x"\n')
    assert find(lab, "other").answer == find(lab, "reject/other").answer == "reject/other"
    assert find(lab, "accept/same").answer == "accept/same"
    with pytest.raises(BadInputError, match="101_message has accept/same and reject/same: say whi"):
        find(lab, "same")
    with pytest.raises(BadInputError, match="101_message has no variant `none` in accept"):
        find(lab, "none")


def test_what_is_laid_out_is_what_is_graded(tmp_path: Path) -> None:
    """All variants of our own course, the ones that the reader refuses among them."""
    laid_out = 0
    for own in Course(ROOT.parent.parent).labs():
        for row in (row for kind in KINDS for row in rows(own, kind)):
            target = tmp_path / own.slug / row.answer
            target.mkdir(parents=True)
            lay_out(row, target)
            graded = answer(row)
            if not graded.refusal:
                assert submission(entries_of(target)).digest == graded.digest, target
            laid_out += 1
    assert laid_out > 500


def test_no_file_is_laid_out_elsewhere(lab: Lab, tmp_path: Path) -> None:
    tables(lab, accept="[row]\nwhy = 'x'\nfiles = { '../../out' = 'x' }\n")
    (tmp_path / "new").mkdir()
    with pytest.raises(BadInputError, match=r"\.\./\.\./out is outside of the workspace"):
        lay_out(find(lab, "row"), tmp_path / "new")
    assert answer(find(lab, "row")).refusal.startswith("../../out: a name must stay inside")
