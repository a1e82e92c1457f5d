"""The page for instructors: its room opens as it says, and its learner's commands work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.test_docs import ROOT, blocks
from tests.waiting import until

PAGE = "docs/instructors/workshop.md"


def test_the_page_is_what_happens(tmp_path: Path) -> None:
    texts = [block.text for block in blocks(PAGE) if block.kind == "text"]
    (learner,) = (block.text for block in blocks(PAGE) if block.kind == "sh")
    opening = next(text for text in texts if text.startswith("packerlab serve"))
    shown = texts[texts.index(opening) + 1].splitlines()
    solution = ROOT / "labs" / "101_first_build" / "solution" / "main.pkr.hcl"
    shutil.copy(solution, tmp_path / "main.pkr.hcl")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
    room = subprocess.Popen(
        [*opening.split(), "--port", "0", "--weak-limits"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert room.stdout
        said = [room.stdout.readline().rstrip() for _ in shown]
        for line, printed in zip(shown, said, strict=True):
            pattern = re.escape(line).replace(r"\.\.\.", ".*").replace("8443", "[0-9]+")
            assert re.fullmatch(pattern, printed), printed
        environment |= {"room": said[0].split()[-1], "code": said[1].split()[-1]}
        *joined_and_handed_in, standing = learner.strip().splitlines()
        token_kept = "\n".join([*joined_and_handed_in, "echo $token > token"])
        done = shell(token_kept, tmp_path, environment)
        assert done == "Taken in: 101 · Your first artifact.\n"
        environment["token"] = (tmp_path / "token").read_text().strip()

        def report() -> dict[str, int] | None:
            found: dict[str, int] | None = json.loads(shell(standing, tmp_path, environment))[
                "report"
            ]
            return found

        graded = until(report, "it is graded", 0.5)
        assert graded
        assert graded["score"] == graded["max_score"]
    finally:
        room.terminate()
        room.communicate()
    afterwards = next(text for text in texts if text.startswith("packerlab report"))
    shell(afterwards, tmp_path, environment)
    assert b"Ada" in (tmp_path / "workshop.html").read_bytes()


def shell(text: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["/bin/sh", "-ec", text], cwd=folder, env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
