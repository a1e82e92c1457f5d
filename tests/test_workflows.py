"""The workflows that pages show do what they say: each step is run, as far as it goes here."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from packerlab.packer.versions import NATIVE_PLUGINS, version_of
from tests.test_docs import blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/concepts/pipelines.md"
COMMIT = "4f2a9c18b0d3e7a64f2a9c18b0d3e7a64f2a9c18"
GITHUB, GITLAB = ".github/workflows/image.yml", ".gitlab-ci.yml"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the files of the page."""
    for block in blocks(PAGE):
        if block.title:
            file = tmp_path / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
    return tmp_path


def workflow(checkout: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((checkout / name).read_text(encoding="utf-8"))
    return loaded


def github_steps(checkout: Path, job: str) -> list[int]:
    """The exit codes of a job's steps."""
    steps = workflow(checkout, GITHUB)["jobs"][job]["steps"]
    return [
        run(as_github(step["run"]), checkout, {k: as_github(v) for k, v in step["env"].items()})
        for step in ({"env": {}, **step} for step in steps)
        if "run" in step and goes_here(step["run"])
    ]


def as_github(text: str) -> str:
    """What GitHub writes into a step before its shell sees it."""
    return text.replace("${{ github.sha }}", COMMIT)


def gitlab_steps(checkout: Path, job: str) -> list[int]:
    lines = workflow(checkout, GITLAB)[job]["script"]
    return [run(line, checkout, {"CI_COMMIT_SHA": COMMIT}) for line in lines if goes_here(line)]


def run(script: str, folder: Path, environment: dict[str, str]) -> int:
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env={**os.environ, **environment}, check=False
    ).returncode


def goes_here(script: str) -> bool:
    """Debian's Packer has no `init`, as the page says."""
    if not script.startswith("packer init"):
        return True
    said = subprocess.run(["packer", "version"], capture_output=True, text=True, check=True)
    return version_of(said.stdout) >= NATIVE_PLUGINS


Steps = Callable[["Path", str], list[int]]


@pytest.mark.parametrize("steps", [github_steps, gitlab_steps])
def test_a_good_commit_passes_and_leaves_its_record(checkout: Path, steps: Steps) -> None:
    assert set(steps(checkout, "check")) == {0}
    assert set(steps(checkout, "build")) == {0}
    assert COMMIT in (checkout / "image/out/image.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("steps", [github_steps, gitlab_steps])
@pytest.mark.parametrize("spoilt", ["answer=42\n", "odd {\n}\n"])
def test_a_bad_commit_is_stopped(checkout: Path, steps: Steps, spoilt: str) -> None:
    (checkout / "image/odd.pkr.hcl").write_text(f"locals {{\n{spoilt}}}\n", encoding="utf-8")
    assert any(steps(checkout, "check"))
    assert any(steps(checkout, "build"))
    assert not (checkout / "image/out").exists()


def test_actions_are_pinned_by_commit(checkout: Path) -> None:
    jobs = workflow(checkout, GITHUB)["jobs"].values()
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
