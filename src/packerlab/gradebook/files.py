"""Where each thing lies in a gradebook's folder, and how one file of it is read."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from packerlab import report
from packerlab.errors import BadInputError
from packerlab.gradebook import overrides
from packerlab.lab import SLUG
from packerlab.submissions.bundles import SUFFIX
from packerlab.text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.gradebook.overrides import Override
    from packerlab.report import Report

REPORTS = "reports"
WORK = "submissions"
OVERRIDES = "overrides"
CLASS = "class"
"""The folder with a copy of the class's rules."""
UNKNOWN = "unknown"
"""The folder for reports whose lab can't be told."""

_DIGEST = re.compile("sha256:([0-9a-f]{64})")
_CHECK = re.compile("[A-Za-z_][A-Za-z0-9_]{0,199}")
_LEARNER = re.compile(r"[A-Za-z0-9_%-][A-Za-z0-9._%-]*")
_LONGEST = 200
"""Characters of a learner's folder name; percent-encoded names outgrow what file systems take."""


def learner_folder(slug: str, learner: str) -> str:
    """The folder of a learner's files on a lab, below the one of their kind."""
    if not _LEARNER.fullmatch(learner):
        raise BadInputError(f"`{visible(learner)}` is not a learner's name in a gradebook.")
    if len(learner) > _LONGEST:
        # No learner's name has a `~`, so this can't be another learner's folder.
        learner = f"{learner[:150]}~{hashlib.sha256(learner.encode()).hexdigest()[:32]}"
    return f"{_lab_folder(slug)}/{learner}"


def work_file(slug: str, digest: str) -> str:
    """The file of what has this digest, in the gradebook; empty for what is no digest."""
    found = _DIGEST.fullmatch(digest)
    return f"{WORK}/{_lab_folder(slug)}/{found[1]}{SUFFIX}" if found else ""


def override_file(check: str) -> str:
    if not _CHECK.fullmatch(check):
        raise BadInputError(f"`{visible(check)}` is not a check's name.")
    return f"{check}.json"


def saved(folder: Path) -> list[Path]:
    """The report files of one learner on one lab, the oldest first."""
    files = [file for file in folder.glob("*.json") if re.fullmatch("[0-9]+", file.stem)]
    return sorted(files, key=lambda file: int(file.stem))


def read_report(file: Path) -> Report:
    """The report in a file of a gradebook. Raises BadInputError where it is none."""
    try:
        return report.decode(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"{file} is not a whole report ({why(error)}): delete it, and grade again."
        ) from None


def read_override(file: Path) -> Override:
    """The points by hand in a file of a gradebook. Raises BadInputError where they are none."""
    try:
        return overrides.decode(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"{file} is no override ({why(error)}): delete it, and give the points again."
        ) from None


def why(error: Exception) -> str:
    """Why a file can't be read, for a sentence."""
    return str(error.strerror) if isinstance(error, OSError) else visible(str(error))


def _lab_folder(slug: str) -> str:
    """What is no lab's name is in one folder with all whose lab can't be told."""
    return slug if SLUG.fullmatch(slug) else UNKNOWN
