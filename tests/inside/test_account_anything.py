"""Random calls to a simulated account; by hand for longer, see `tests.inside.fuzz_account`."""

from __future__ import annotations

import subprocess
import sys


def test_random_calls_are_answered_and_what_they_leave_is_told() -> None:
    """In a process of its own: moto's state is one for each process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.inside.fuzz_account", "--calls", "250", "--seconds", "4"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "can't be told" not in done.stdout
