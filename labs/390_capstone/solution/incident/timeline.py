"""Shows the times in out/postmortem.json beside those of a good night: python3 incident/timeline.py

Both count from the moment at which production had a bad image.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

GOOD = {"began": 0, "safe": 7, "contained": 9, "over": 32}
"""From the solution, on a small machine. All builds together take most of it."""

WIDTH = 50


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


try:
    notes = json.loads(Path("out/postmortem.json").read_text())
    yours = {key: moment(notes[key]) - moment(notes["began"]) for key in GOOD if key in notes}
except (OSError, ValueError, KeyError) as error:
    sys.exit(f"timeline: out/postmortem.json can't be read: {error!r}")

longest = max(*GOOD.values(), *yours.values(), 1)
for told, times in (("a good night", GOOD), ("yours", yours)):
    print(told)
    for key in GOOD:
        at = times.get(key)
        line = "not written down" if at is None else f"{'-' * round(at / longest * WIDTH)}o {at:.0f} s"
        print(f"  {key:10}{line}")
