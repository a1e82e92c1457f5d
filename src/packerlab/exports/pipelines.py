"""A file for a CI that checks a learner's repository on every push: the lab is at its root."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packerlab.errors import BadInputError
from packerlab.learning.readiness import PREPARE, PROGRAMS, plugins_of
from packerlab.packer.versions import DEBIANS, version_of
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.lab import Lab

RESULT = "packerlab.xml"
UNSET = "set it to what pip installs packerlab from"
"""What a step says where nobody has set the variable PACKERLAB."""

GITHUB = """\
# Checks {title} on every push. Save this file as .github/workflows/packerlab.yml.
# {source_note}
name: packerlab

on: push

permissions:
  contents: read

env:
  PACKERLAB: {source}

jobs:
  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@34e114876b0b11c390a56381ad16ebd13914f8d5  # v4.3.1
      - uses: hashicorp/setup-packer@c3d53c525d422944e50ee27b840746d6522b08de  # v3.2.0
        with:
          version: 1.16.0
      # Ubuntu forbids what sandboxes are made of; this machine is thrown away after the job.
      - run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
      - run: sudo apt-get update
      - run: sudo apt-get install -y --no-install-recommends {packages}
      - run: pipx install "${{PACKERLAB:?{unset}}}"
{prepare}\
      - run: {check}
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02  # v4.6.2
        if: always()
        with:
          name: packerlab
          path: {result}
"""
GITLAB = """\
# Checks {title} on every push. Save this file as .gitlab-ci.yml.
# {source_note}
# The runner has to allow namespaces in its containers: `privileged = true` in its configuration.
check:
  image: debian:12
  timeout: 30 minutes
  variables:
    PIPX_BIN_DIR: /usr/local/bin
{source}\
  before_script:
    - apt-get update
    - apt-get install -y --no-install-recommends git packer {packages}
    - pipx install "${{PACKERLAB:?{unset}}}"
{prepare}\
  script:
    - {check}
  artifacts:
    when: always
    reports:
      junit: {result}
"""


def github(lab: Lab, source: str | None) -> str:
    """A workflow of GitHub Actions, with today's Packer."""
    plugins = [f"packer plugins install {plugin}" for plugin in plugins_of(lab)]
    return GITHUB.format(
        **_common(lab, source),
        source=json.dumps(source) if source else "${{ vars.PACKERLAB }}",
        prepare="".join(f"      - run: {step}\n" for step in (*plugins, *_prepare(lab))),
    )


def gitlab(lab: Lab, source: str | None) -> str:
    """A pipeline of GitLab's, with the Packer of Debian 12, which has its builders built in.

    Raises BadInputError for a lab that this Packer can't serve.
    """
    wanted = lab.manifest.packer
    if version_of(wanted) > DEBIANS:
        raise BadInputError(
            f"{lab.slug} needs Packer {wanted}, and the pipeline for GitLab has Debian's: "
            f"`packerlab export ci github {lab.number}` has today's."
        )
    return GITLAB.format(
        **_common(lab, source),
        source=f"    PACKERLAB: {json.dumps(source)}\n" if source else "",
        prepare="".join(f"    - {step}\n" for step in _prepare(lab)),
    )


PIPELINES: dict[str, Callable[[Lab, str | None], str]] = {"github": github, "gitlab": gitlab}


def _common(lab: Lab, source: str | None) -> dict[str, str]:
    programs = {package for need in lab.needs for package in PROGRAMS.get(need, {}).values()}
    note = "The variable PACKERLAB says what pip installs packerlab from."
    if not source:
        note = f"{note[:-1]}: set it for all repositories."
    return {
        "title": visible(lab.title),
        "source_note": note,
        "packages": " ".join(sorted({*programs, "pipx"} - {"packer"})),
        "unset": UNSET,
        "check": f"packerlab check . --lab {lab.slug} --format junit --output {RESULT}",
        "result": RESULT,
    }


def _prepare(lab: Lab) -> list[str]:
    """What a lab needs beside Packer is made before the check, and takes minutes."""
    return [PREPARE] if lab.needs - {"packer"} else []
