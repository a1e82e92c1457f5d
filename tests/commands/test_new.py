"""`packerlab new`: the smallest lab that `verify` accepts, and a team's own course."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hatch_build import travels
from packerlab.course import Course
from packerlab.proving.verify import verify
from packerlab.sandbox import choose
from tests.toy import cli

EXAMPLE = Path(__file__).parents[2] / "examples" / "course"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "course" / "labs").mkdir(parents=True)
    return tmp_path / "course"


@pytest.mark.parametrize(
    ("slug", "track"), [("105_a", "beginner"), ("205_b_c", "intermediate"), ("305_d", "production")]
)
def test_every_file_is_where_the_slug_says(course: Path, slug: str, track: str) -> None:
    done = cli("new", slug, "--course", course)
    assert done.returncode == 0
    lab = Course(course).lab(slug)
    assert lab.track == track
    for path in (lab.path / "README.md", lab.starter, lab.solution, lab.grader, lab.page):
        assert path.exists()
    assert 'docs="#result"' in lab.grader.read_text()
    assert done.stdout.endswith(f"Next: packerlab verify {slug} --course {course}\n")


@pytest.mark.parametrize("slug", ["", "x", "105", "105-a", "905_a", "105_A", "../105_a", "105_a/b"])
def test_what_is_no_slug_makes_nothing(course: Path, slug: str) -> None:
    done = cli("new", slug, "--course", course)
    assert done.returncode == 2
    assert "is no slug" in done.stderr
    assert list((course / "labs").iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a disk read-only")
def test_a_course_that_can_t_be_written(course: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(course)], check=True)
    try:
        (course / "labs").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(course)], check=True)
        done = cli("new", "105_a", "--course", course)
    finally:
        subprocess.run(["umount", str(course)], check=True)
    assert done.returncode == 2
    assert "can't be written: Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr


# --- a course of one's own ------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    assert cli("new", "--course", tmp_path / "own").returncode == 0
    return tmp_path / "own"


def files_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if "__pycache__" not in path.parts
    }


def test_a_course_is_the_example_with_a_secret_of_its_own(own: Path, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    done = cli("new", "--course", tmp_path / "a b")
    assert done.stdout.endswith(f"Next: packerlab verify --course '{tmp_path / 'a b'}'\n")
    made, other = files_of(own), files_of(tmp_path / "a b")
    one, another = made.pop("secret"), other.pop("secret")
    assert (len(one), len(another), one != another) == (32, 32, True)
    assert (own / "secret").stat().st_mode & 0o777 == 0o600
    assert made == other == files_of(EXAMPLE)
    assert {".gitignore", ".github/workflows/course.yml"} <= made.keys()


def test_a_course_is_not_mixed_with_anything(own: Path, tmp_path: Path) -> None:
    before = files_of(own)
    done = cli("new", "--course", own)
    assert (done.returncode, done.stderr) == (
        2, f"error: {own} exists already; name another folder.\n",
    )  # fmt: skip
    assert files_of(own) == before
    (tmp_path / "file").touch()
    assert "exists already" in cli("new", "--course", tmp_path / "file").stderr
    below = cli("new", "--course", tmp_path / "file" / "below")
    assert (below.returncode, "can't be written: Not a directory" in below.stderr) == (2, True)


def test_a_lab_or_a_folder_must_be_named(own: Path) -> None:
    done = cli("new")
    assert done.returncode == 2
    assert "Name a lab, as in `packerlab new 105_first_ami`, or a new folder" in done.stderr
    assert cli("new", "211_more", "--course", own).returncode == 0
    assert [lab.slug for lab in Course(own).labs()] == ["110_our_images", "211_more"]


def test_git_is_not_given_what_learners_must_not_have(own: Path) -> None:
    for name in ("signing.key", "gradebook/reports/a.json", "submissions/a.zip"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).touch()
    subprocess.run(["git", "init", "--quiet", own], check=True)
    asked = ["git", "-C", str(own), "ls-files", "--others", "--exclude-standard"]
    given = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    assert sorted(given) == sorted(files_of(EXAMPLE))


@pytest.mark.usefixtures("instance_base")
def test_its_lab_holds_by_the_course_s_rules(own: Path) -> None:
    """Four answers of twenty, with the solution's region made one that the rules don't have."""
    lab = Course(own).lab("110")
    backend = choose("bubblewrap", set(lab.needs), [own], full_limits=False)
    some = ["starter", "solution", "accept/script", "reject/lower_case_key"]
    assert verify(lab, backend, only=some, jobs=2, on_graded=print).problems == []
    rules = own / "class.toml"
    rules.write_text(rules.read_text().replace('"eu-central-1", ', ""))
    proof = verify(Course(own).lab("110"), backend, only=["solution"], on_graded=print)
    assert len(proof.problems) == 1
    assert "graded 9/10; test_region failed" in proof.problems[0]


def test_its_site_includes_the_task_and_loads_nothing(own: Path) -> None:
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    subprocess.run(words, cwd=own, check=True)
    (page,) = (own / "site").rglob("110_our_images/index.html")
    text = page.read_text(encoding="utf-8")
    assert "labweb-20261130-142500" in text
    anchors = re.findall(r'docs="#([\w-]+)"', Course(own).lab("110").grader.read_text())
    assert all(f'id="{anchor}"' in text for anchor in anchors)
    loads = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:)?//', text)
    assert loads == []


def test_its_workflow_proves_it(own: Path) -> None:
    text = (own / ".github/workflows/course.yml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    *prepares, proves = [step["run"] for step in jobs["verify"]["steps"] if "run" in step]
    assert proves == "packerlab verify --course ."
    exported = cli("export", "ci", "github", "110", "--course", own).stdout
    told = yaml.safe_load(exported)["jobs"]["check"]["steps"]
    assert prepares == [step["run"] for step in told if "run" in step][:-1]
    assert set(re.findall(r"uses: (\S+)", text)) < set(re.findall(r"uses: (\S+)", exported))


def test_the_wheel_has_all_of_it() -> None:
    root = EXAMPLE.parents[1]
    assert all(travels((EXAMPLE / name).relative_to(root)) for name in files_of(EXAMPLE))
    assert not travels(Path("labs/101_first_build/variants/reject.toml"))
    assert not travels(Path("examples/course/graders/__pycache__/a.pyc"))
