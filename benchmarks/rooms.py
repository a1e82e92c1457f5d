"""A workshop: thirty learners hand in five times each, hostile ones beside them."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.classes import BENCH_COURSE, PACKERLAB
from packerlab.gradebook import read_gradebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.report import Report

LEARNERS, HAND_INS, HOSTILE = 30, 5, 3
POLL_S = 0.5
RIGHT = (Path(BENCH_COURSE) / "labs" / "101_static" / "solution" / "main.pkr.hcl").read_text()


def room(folder: Path, note: Callable[[str, float], None]) -> None:
    """Seconds from a hand-in's turn to its verdict, and from handing in to seeing it.

    Every hand-in must be graded once, and every hostile one be refused.
    """
    with opened(folder / "book") as (url, code), ThreadPoolExecutor(LEARNERS + HOSTILE) as pool:
        hostile = [pool.submit(attack, url, code, number) for number in range(HOSTILE)]
        learners = [pool.submit(learn, url, code, number) for number in range(LEARNERS)]
        waited = [seconds for learner in learners for seconds in learner.result()]
        statuses = {status for each in hostile for status in each.result()}
    reports = list(read_gradebook(folder / "book").reports())
    once = {(report.run.learner, report.digests.submission) for report in reports}
    if not len(reports) == len(once) == LEARNERS * HAND_INS or not all(map(passed, reports)):
        raise RuntimeError(f"{len(reports)} reports on {len(once)} hand-ins")
    if statuses != {422}:
        raise RuntimeError(f"hostile hand-ins were answered with {statuses}")
    for seconds in waited:
        note("room_seconds", seconds)
    for report in reports:
        note("room_verdict", report.run.seconds)


def passed(report: Report) -> bool:
    return report.passed


@contextlib.contextmanager
def opened(out: Path) -> Iterator[tuple[str, str]]:
    """The real command with two jobs: where the room is, and its code."""
    words = [PACKERLAB, "serve", "--course", BENCH_COURSE, "--lab", "101", "--out", str(out),
             "--port", "0", "--jobs", "2", "--sandbox", "bubblewrap"]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = ""
    while "your wall" not in said:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the room does not open: {said}")
        said += line
    try:
        yield found(r"open at (\S+)", said), found(r"code: +(\S+)", said)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def found(pattern: str, text: str) -> str:
    return re.findall(pattern, text)[0]  # type: ignore[no-any-return]


def joined(client: httpx.Client, name: str, code: str) -> None:
    token = client.post("/join", data={"name": name, "code": code}).text.strip()
    client.headers["authorization"] = f"Bearer {token}"


def learn(url: str, code: str, number: int) -> list[float]:
    """Hand in five times, each time after the verdict on the last; the seconds of each."""
    seconds = []
    with httpx.Client(base_url=url, timeout=60) as client:
        joined(client, f"Learner {number}", code)
        for turn in range(HAND_INS):
            started = time.monotonic()
            work = packed(f"# {number} {turn}\n{RIGHT}")
            client.put("/labs/101/work.zip", content=work).raise_for_status()
            while client.get("/labs/101/standing").json()["place"] is not None:
                time.sleep(POLL_S)
            seconds.append(time.monotonic() - started)
    return seconds


def attack(url: str, code: str, number: int) -> list[int]:
    """Bombs, names that escape, and what is no archive; how each is answered."""
    bomb, escape = packed("", {"zeros.bin": "0" * 50_000_000}), packed("", {"../../x": "x"})
    with httpx.Client(base_url=url, timeout=60) as client:
        joined(client, f"Mallory {number}", code)
        put = client.put
        return [
            put("/labs/101/work.zip", content=work).status_code for work in (bomb, escape, b"PK")
        ]


def packed(template: str, more: dict[str, str] | None = None) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ({"main.pkr.hcl": template} | (more or {})).items():
            archive.writestr(name, text)
    return data.getvalue()
