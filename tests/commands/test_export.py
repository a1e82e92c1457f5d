"""What is exported is tried as far as it goes here: unpacked, run, and read back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from packerlab import cli
from packerlab.commands.start import lay_out
from packerlab.course import open_course
from packerlab.errors import BadInputError
from packerlab.exports.pipelines import PIPELINES
from packerlab.packer.versions import DEBIANS, version_of
from packerlab.sandbox.bubblewrap import Bubblewrap

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parent.parent.parent
LAB = "101_first_build"


def export(*words: str | Path) -> Result:
    result = CliRunner().invoke(cli.app, ["export", *map(str, words)])
    assert result.exit_code == 0, result.exception
    return result


def tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """The files, and which of them can be run."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in folder.rglob("*")
        if path.is_file()
    }


def unpack(zipped: Path, target: Path) -> None:
    """With the rights that unzip gives."""
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(target)
        for info in archive.infolist():
            (target / info.filename).chmod(info.external_attr >> 16 & 0o777)


def needs_bubblewrap() -> None:
    if reason := Bubblewrap([]).unavailable():
        pytest.skip(f"bubblewrap: {reason}")


@pytest.mark.parametrize("slug", [LAB, "208_ci_pipeline"])
def test_a_starter_is_what_start_lays_out(tmp_path: Path, slug: str) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "new" / "b.zip"
    assert export("starter", slug[:3], "-o", first).stderr == f"Wrote {first}.\n"
    os.utime(ROOT / "labs" / slug / "README.md")
    export("starter", slug, "-o", second)
    assert first.read_bytes() == second.read_bytes()
    unpack(first, tmp_path / "unpacked")
    lay_out(open_course(None).lab(slug), tmp_path / "started")
    assert tree(tmp_path / "unpacked" / slug) == tree(tmp_path / "started")


# --- gradescope -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def autograder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as Gradescope has it, once its image is made."""
    needs_bubblewrap()
    root = tmp_path_factory.mktemp("autograder")
    export("gradescope", "101", "-o", root / "upload.zip")
    unpack(root / "upload.zip", root / "source")
    (root / "upload.zip").unlink()
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "results").mkdir()
    # What setup.sh makes: here packerlab's libraries are there already, and only they.
    python = root / "source" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return root


def run_autograder(root: Path, submission: Path) -> subprocess.CompletedProcess[str]:
    for name in ("submission", "results"):
        shutil.rmtree(root / name, ignore_errors=True)
    (root / "results").mkdir()
    shutil.copytree(submission, root / "submission", symlinks=True)
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [root / "run_autograder"], cwd="/", env=plain, capture_output=True, text=True, check=False
    )


def results(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((root / "results" / "results.json").read_text())
    return read


def test_an_autograder_writes_the_results_of_a_submission(autograder: Path) -> None:
    done = run_autograder(autograder, ROOT / "labs" / LAB / "solution")
    assert done.returncode == 0, done.stderr
    passed = results(autograder)
    assert passed["score"] == sum(test["max_score"] for test in passed["tests"]) == 10
    assert {test["status"] for test in passed["tests"]} == {"passed"}


def test_a_submission_that_is_no_workspace_is_rejected_and_no_fault(
    autograder: Path, tmp_path: Path
) -> None:
    (tmp_path / "essay.txt").write_text("I did not manage.\n")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert run_autograder(autograder, tmp_path).returncode == 0
    refused = results(autograder)
    assert refused["score"] == 0
    assert refused["output"]


def test_nothing_is_scored_where_the_machine_is_at_fault(autograder: Path) -> None:
    packer = autograder / "source" / "packer" / "packer"
    packer.rename(packer.with_name("away"))
    try:
        done = run_autograder(autograder, ROOT / "labs" / LAB / "solution")
    finally:
        packer.with_name("away").rename(packer)
    assert done.returncode == 3
    assert "PACKERLAB_PACKER" in done.stderr
    assert not (autograder / "results" / "results.json").exists()


def test_an_autograder_has_no_solution_and_the_versions_of_this_machine(autograder: Path) -> None:
    source = autograder / "source"
    names = tree(source)
    assert not [name for name in names if "solution" in name.partition("labs/")[2]]
    assert not [name for name in names if name.startswith("course/labs/") and LAB not in name]
    for script in ("setup.sh", "run_autograder"):
        assert names[script][1]
        subprocess.run(["sh", "-n", source / script], check=True)
    pins = dict(line.split("==") for line in (source / "requirements.txt").read_text().split())
    assert {name: metadata.version(name) for name in pins} == pins
    assert {"msgspec", "python-hcl2", "pytest", "jinja2", "boto3"} <= pins.keys()
    assert "jupyterlab" not in pins


def test_what_a_lab_needs_more_than_packer_is_not_promised() -> None:
    result = CliRunner().invoke(cli.app, ["export", "gradescope", "105"])
    assert "needs account, which a container of Gradescope's can't offer" in str(result.exception)


# --- CI -------------------------------------------------------------------------------------------


def github_steps(text: str) -> list[str]:
    steps = yaml.safe_load(text)["jobs"]["check"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab_steps(text: str) -> list[str]:
    job = yaml.safe_load(text)["check"]
    return [*job["before_script"], *job["script"]]


STEPS = {"github": github_steps, "gitlab": gitlab_steps}


def goes_here(step: str) -> bool:
    """Installing changes a machine, and needs a network; all that is left is run."""
    return not re.match(r"(sudo|apt-get|pipx|packer plugins|packerlab sandbox) ", step)


@pytest.mark.parametrize(
    ("system", "work", "code"), [("github", "solution", 0), ("gitlab", "starter", 1)]
)
def test_a_push_is_checked(tmp_path: Path, system: str, work: str, code: int) -> None:
    needs_bubblewrap()
    shutil.copytree(ROOT / "labs" / LAB / work, tmp_path, dirs_exist_ok=True)
    file = {"github": ".github/workflows/packerlab.yml", "gitlab": ".gitlab-ci.yml"}[system]
    export("ci", system, "101", "-o", tmp_path / file)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    steps = [step for step in STEPS[system]((tmp_path / file).read_text()) if goes_here(step)]
    assert len(steps) == 1
    done = subprocess.run(
        ["bash", "-e", "-c", steps[0]], cwd=tmp_path, env={**os.environ, "PATH": path}, check=False
    )
    assert done.returncode == code
    (suite,) = ET.fromstring((tmp_path / "packerlab.xml").read_text())  # noqa: S314  (our own)
    assert (int(suite.attrib["failures"]) > 0) == (code > 0)


@pytest.mark.parametrize("system", PIPELINES)
def test_what_a_lab_needs_is_made_before_the_check(system: str) -> None:
    steps = STEPS[system](export("ci", system, "105").stdout)
    assert "mmdebstrap" in " ".join(steps)
    assert steps[-2:] == [
        "packerlab sandbox build",
        "packerlab check . --lab 105_first_ami --format junit --output packerlab.xml",
    ]
    assert any("plugins install" in step for step in steps) == (system == "github")


@pytest.mark.parametrize("system", PIPELINES)
def test_each_lab_has_a_file_that_checks_it(system: str) -> None:
    for lab in open_course(None).labs():
        if system == "gitlab" and version_of(lab.manifest.packer) > DEBIANS:
            continue
        steps = STEPS[system](PIPELINES[system](lab, None))
        assert steps[-1].startswith(f"packerlab check . --lab {lab.slug} ")


def test_a_lab_for_a_newer_packer_has_no_pipeline_with_debian_s() -> None:
    lab = open_course(None).lab("308")
    assert any(
        "plugins install" in step for step in STEPS["github"](PIPELINES["github"](lab, None))
    )
    with pytest.raises(
        BadInputError, match=r"needs Packer >=1\.16, .* `packerlab export ci github"
    ):
        PIPELINES["gitlab"](lab, None)


@pytest.mark.parametrize("system", PIPELINES)
def test_where_packerlab_comes_from_is_said_or_asked_for(system: str) -> None:
    (step,) = (
        step.replace("pipx", "echo")
        for step in STEPS[system](export("ci", system, "101").stdout)
        if step.startswith("pipx")
    )
    unset = subprocess.run(["bash", "-ec", step], capture_output=True, text=True, check=False)
    assert unset.returncode == 1
    assert "PACKERLAB: set it to what pip installs packerlab from" in unset.stderr
    source = 'git+https://example.org/a"b.git@v1'
    told = yaml.safe_load(export("ci", system, "101", "--from", source).stdout)
    variables = told["env"] if system == "github" else told["check"]["variables"]
    assert variables["PACKERLAB"] == source


def test_actions_are_pinned_by_commit() -> None:
    used = re.findall(r"uses: (\S+)", export("ci", "github", "101").stdout)
    assert len(used) == 3
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ci", "jenkins", "101"], "There is no CI `jenkins`: it is github or gitlab."),
        (["starter", "999"], "There is no lab `999`"),
        (["starter", "101", "-o", "/dev/null/x.zip"], "/dev/null/x.zip can't be written: "),
    ],
)
def test_what_can_t_be_exported_is_one_sentence(words: list[str], says: str) -> None:
    assert str(CliRunner().invoke(cli.app, ["export", *words]).exception).startswith(says)
