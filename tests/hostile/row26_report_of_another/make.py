from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import MESSAGE, solution, written

if TYPE_CHECKING:
    from pathlib import Path


REPORT = b"""{
 "format": 1, "lab": "901_message", "status": "graded", "reason": "", "complete": true,
 "score": 10, "max_score": 10, "checks": [],
 "run": {"learner": "row26_report_of_another", "attempt": 99, "sandbox": "bubblewrap"}
}
"""


def make(folder: Path) -> Path:
    right = solution(MESSAGE)
    wrong = right["main.pkr.hcl"].replace(b"${var.name}", b"zz_good")
    names = (f"reports/901_message/{folder.name}/99.json", "99.json", ".lock", "gradebook.json")
    return written(folder, {**right, **dict.fromkeys(names, REPORT), "main.pkr.hcl": wrong})
