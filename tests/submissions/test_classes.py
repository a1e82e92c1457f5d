"""Who handed in what: a class never collapses into one learner, and nobody speaks for another."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import BadInputError, RejectedError
from packerlab.submissions.classes import handed_in
from packerlab.submissions.leftovers import MARKER
from packerlab.submissions.reader import File, entries_of
from packerlab.submissions.workspaces import find_workspaces, why_none
from tests.packing import write_tree, write_zip

if TYPE_CHECKING:
    from packerlab.submissions.classes import Handed

MARK = File(b'format = 1\nlab = "101_a"\n')
WORK = {MARKER: MARK, "main.pkr.hcl": File(b"x")}
TEMPLATE = {"main.pkr.hcl": File(b"x")}
LAB = Course(Path(__file__).parents[2]).lab("101")
NESTED = Course(Path(__file__).parents[2]).lab("201")


def of(*learners: str, work: dict[str, File] = WORK) -> dict[str, File]:
    """A class's files: a workspace in a folder for each."""
    return {f"{learner}/{name}": file for learner in learners for name, file in work.items()}


def zipped(files: dict[str, File]) -> File:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, file in files.items():
            archive.writestr(name, file.data)
    return File(stream.getvalue())


def learners(*paths: Path) -> list[str]:
    return [handed.learner for handed in handed_in(list(paths), None).handed]


def workspaces(handed: Handed) -> list[str]:
    return find_workspaces(handed.entries(), any_template=False).folders


def test_a_folder_of_submissions_is_who_handed_in(tmp_path: Path) -> None:
    write_tree(tmp_path, {"zoe/a": File(b""), "ada.zip": File(b""), ".git/a": File(b"")})
    found = handed_in([tmp_path], None)
    assert [(each.learner, each.refusal) for each in found.handed] == [("ada", ""), ("zoe", "")]
    assert found.passed_over == [".git"]


def test_a_single_submission_is_its_own_learner(tmp_path: Path) -> None:
    marked = write_tree(tmp_path / "ada", {MARKER: MARK, "b": File(b"")})
    lone = write_tree(tmp_path / "zoe", {"a.pkr.hcl": File(b"")})
    packed = write_zip(tmp_path / "eve.zip")
    assert learners(marked, packed) == ["ada", "eve"]
    assert [each.learner for each in handed_in([lone], LAB).handed] == ["zoe"]
    assert learners(lone) == ["a"]


def test_what_a_platform_and_systems_add_is_nobody_s(tmp_path: Path) -> None:
    left = ["grades.csv", "Thumbs.db", "desktop.ini", "._ada.zip", "ada.kept-1/a", MARKER]
    write_tree(tmp_path, of("ada") | {name: File(b"") for name in left})
    found = handed_in([tmp_path], None)
    assert [each.learner for each in found.handed] == ["ada"]
    assert found.passed_over == sorted(name.partition("/")[0] for name in left)


# --- a class is a class, whatever lies among its entries ---


@pytest.mark.parametrize("loose", [MARKER, "eve.pkr.hcl", "eve.pkr.json"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_loose_file_makes_no_workspace_of_a_class(
    tmp_path: Path, loose: str, packed: bool
) -> None:
    plain = WORK if loose == MARKER else TEMPLATE
    files = {"ada.zip": zipped(plain)} if packed else of("ada", work=plain)
    write_tree(tmp_path, files | {loose: MARK})
    found = [each.learner for each in handed_in([tmp_path], LAB).handed]
    assert found == (["ada"] if loose == MARKER else ["ada", "eve"])


def test_a_planted_workspace_does_not_swallow_a_class(tmp_path: Path) -> None:
    write_tree(tmp_path, of("ada", "ben") | WORK)
    assert learners(tmp_path) == ["ada", "ben", "main"]


def test_folders_that_the_lab_itself_has_are_a_workspace_s(tmp_path: Path) -> None:
    files = TEMPLATE | {"dev/main.pkr.hcl": File(b"x"), "labweb.tar": File(b"")}
    work = write_tree(tmp_path / "ada", files)
    assert [each.learner for each in handed_in([work], NESTED).handed] == ["ada"]
    marked = write_tree(tmp_path / "ben", files | {MARKER: MARK})
    assert learners(marked) == ["ben"]


def test_nobody_s_folder_speaks_for_another(tmp_path: Path) -> None:
    """A shell's `class/*` hands over entries; one without a marker is no class among them."""
    write_tree(tmp_path, of("alice", "eve/alice"))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "grades.csv").touch()
    (tmp_path / "fred").symlink_to(tmp_path / "alice")
    found = handed_in(sorted(tmp_path.iterdir()), None).handed
    assert [(each.learner, each.refusal) for each in found] == [
        ("alice", ""),
        ("eve", ""),
        ("fred", ""),
        ("gone", ""),
    ]
    assert workspaces(found[1]) == ["alice"]
    for link in found[2:]:
        with pytest.raises(RejectedError, match="is a link"):
            link.entries()


def test_folders_that_could_be_learners_or_classes_are_asked_about(tmp_path: Path) -> None:
    write_tree(tmp_path, of("alice/work", "eve/alice"))
    with pytest.raises(BadInputError, match="they could be learners or classes"):
        handed_in(sorted(tmp_path.iterdir()), None)
    assert learners(tmp_path) == ["alice", "eve"]


def test_two_classes_are_graded_at_once(tmp_path: Path) -> None:
    write_tree(tmp_path, of("1/ada", "2/ben") | {"notes.txt": File(b"")})
    assert learners(tmp_path / "1", tmp_path / "2") == ["ada", "ben"]


def test_workspaces_in_folders_of_their_labs_are_one_learner_s(tmp_path: Path) -> None:
    write_tree(tmp_path, of("ada/101_first_build", "ada/102_toolbelt", "eve/ada"))
    write_zip(tmp_path / "cy.zip", of("cy/101_first_build", "cy/102_toolbelt"))
    assert learners(tmp_path / "ada") == ["ada"]
    assert learners(tmp_path / "ada", tmp_path / "eve") == ["ada", "eve"]
    assert learners(tmp_path / "cy.zip") == ["cy"]


# --- a class as one archive ---


@pytest.mark.parametrize("wrapper", ["", "class/", "export/week 1/"])
def test_a_class_may_be_one_archive(tmp_path: Path, wrapper: str) -> None:
    files = of("ada") | {"ben.zip": zipped(WORK), "grades.csv": File(b"")}
    path = write_zip(tmp_path / "class.zip", {f"{wrapper}{n}": file for n, file in files.items()})
    found = handed_in([path], None)
    assert [each.learner for each in found.handed] == ["ada", "ben"]
    assert [workspaces(each) for each in found.handed] == [[""], [""]]
    assert found.passed_over == ["grades.csv"]


@pytest.mark.parametrize("inner", [WORK, of("101_a"), {"homework/101_a.zip": zipped(WORK)}])
def test_an_archive_of_one_workspace_is_one_learner_s(
    tmp_path: Path, inner: dict[str, File]
) -> None:
    assert learners(write_zip(tmp_path / "ada.zip", inner)) == ["ada"]


@pytest.mark.parametrize("packed", [False, True])
def test_moodle_s_export(tmp_path: Path, packed: bool) -> None:
    jane, zoe = "Jane Doe_123_assignsubmission_file_", "Zo\u00eb_124_assignsubmission_file_"
    files = {f"{jane}/lab1.zip": zipped(of("101_a")), f"{zoe}/101_a/{MARKER}": MARK}
    files |= {f"{jane}/onlinetext.html": File(b""), "grades.csv": File(b"")}
    path = (
        write_zip(tmp_path / "export.zip", files) if packed else write_tree(tmp_path / "e", files)
    )
    found = handed_in([path], None).handed
    assert [(each.learner, each.name) for each in found] == [
        ("Jane%20Doe_123", "Jane Doe"),
        ("Zo%C3%AB_124", "Zo\u00eb"),
    ]
    assert [workspaces(each) for each in found] == [["lab1.zip/101_a"], ["101_a"]]


def test_canvas_s_export(tmp_path: Path) -> None:
    """A learner may have handed in several files, and one that can't be taken in harms none."""
    files = {
        "adalovelace_11_501_lab1.zip": zipped(WORK),
        "adalovelace_11_502_essay.docx": File(b""),
        "bensmith_LATE_12_503_main.pkr.hcl": File(b"x"),
    }
    found = handed_in([write_tree(tmp_path, files)], LAB).handed
    assert [each.learner for each in found] == ["adalovelace_11", "bensmith_12"]
    assert workspaces(found[0]) == ["lab1.zip"]
    assert [entry.name for entry in found[1].entries()] == ["main.pkr.hcl"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        ["adalovelace_11_501_main.pkr.hcl", "bensmith_LATE_12_503_main-1.pkr.hcl"],
        ["Ada L_11_assignsubmission_file_a.pkr.hcl", "Zoë_12_assignsubmission_file_b.pkr.json"],
    ],
)
def test_an_export_of_templates_alone_is_a_class(
    tmp_path: Path, names: list[str], packed: bool
) -> None:
    """Templates without a folder are one learner's, but not where a platform named each."""
    files = {name: File(b"x") for name in (*names, "README.txt", "grades.csv")}
    write = write_zip if packed else write_tree
    found = handed_in([write(tmp_path / "export.zip", files)], LAB).handed
    assert [each.learner.rpartition("_")[2] for each in found] == ["11", "12"]
    assert [len(each.entries()) for each in found] == [1, 1]


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_alone_in_a_folder_is_no_learner_s(tmp_path: Path, packed: bool) -> None:
    """Else all of the class's work would be one learner's attempts."""
    files = {f"Ada_{n}_assignsubmission_file_/main.pkr.hcl": File(b"x") for n in (11, 12)}
    write_tree(tmp_path / "1", {"grades.csv": File(b"")})
    if packed:
        write_zip(tmp_path / "1/export", files).rename(tmp_path / "1/export.zip")
    else:
        write_tree(tmp_path / "1/export.zip", files)
    with pytest.raises(BadInputError, match=r"platform exported.*: name export\.zip itself"):
        handed_in([tmp_path / "1"], LAB)
    assert len(handed_in([tmp_path / "1/export.zip"], LAB).handed) == 2


def test_a_platform_s_name_among_others_is_a_name(tmp_path: Path) -> None:
    write_tree(tmp_path, of("alice_11", "alice_11_501_a"))
    assert learners(tmp_path) == ["alice_11", "alice_11_501_a"]


# --- names that can't be told apart ---


def test_names_that_collide_are_refused_each(tmp_path: Path) -> None:
    write_tree(tmp_path / "1", {"ada/a": File(b""), "ada.zip": File(b""), "zoe/a": File(b"")})
    write_tree(tmp_path / "2", {"ADA.tar": File(b""), "eve/a": File(b"")})
    (tmp_path / "3").mkdir()
    found = handed_in([tmp_path / "1", tmp_path / "2"], None).handed
    assert [(handed.learner, bool(handed.refusal)) for handed in found] == [
        ("ada", True),
        ("ada", True),
        ("zoe", False),
        ("ADA", True),
        ("eve", False),
    ]


def test_one_name_composed_in_two_ways_is_one(tmp_path: Path) -> None:
    write_tree(tmp_path, {"Zo\u00eb/a": File(b""), "Zoe\u0308.zip": File(b"")})
    assert [bool(each.refusal) for each in handed_in([tmp_path], None).handed] == [True, True]


def test_a_path_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no such file or folder"):
        handed_in([tmp_path / "none"], None)


def test_a_folder_that_can_t_be_listed_is_bad_input(commoner: Path) -> None:
    (commoner / "closed").mkdir(mode=0)
    with pytest.raises(BadInputError, match="can't be read: Permission denied"):
        handed_in([commoner / "closed"], None)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"work.7z": File(b"7z")}, "work.7z is an archive that can't be opened: pack it"),
        ({"a/WORK.RAR": File(b"Rar!")}, "a/WORK.RAR is an archive that can't be opened"),
        (
            {"a.zip": zipped({"b.zip": zipped({"c.zip": zipped(WORK)})})},
            "a.zip/b.zip/c.zip lies too deep to be opened: pack the work once, as a .zip.",
        ),
        ({"__MACOSX/._work.zip": File(b"")}, "there is no workspace in it"),
        ({"a.zip": zipped({"essay.txt": File(b"")})}, "there is no workspace in it"),
    ],
)
def test_what_can_t_be_opened_is_said(tmp_path: Path, files: dict[str, File], said: str) -> None:
    found = find_workspaces(entries_of(write_zip(tmp_path / "ada.zip", files)), any_template=True)
    assert found.folders == []
    assert why_none(found.entries, any_template=True).startswith(said)
