"""`make bench-peers`: what other graders cost, and which forgeries they hold, beside ours.

Each is used as its own documentation has it, with a check of one greeting. It prints two tables and
writes peers.json. With a folder as its argument, it keeps the environments there for the next run.
Root on Linux, for the control groups that count CPU time.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.check50 import Check50
from benchmarks.peers.costs import costs, of_the_box
from benchmarks.peers.environments import CannotInstallError
from benchmarks.peers.forgeries import FORGERIES
from benchmarks.peers.gradescope import Gradescope
from benchmarks.peers.nbgrader import Nbgrader
from benchmarks.peers.otter import Otter
from benchmarks.peers.ours import Packerlab, PackerlabStatic
from benchmarks.peers.rig import rig
from benchmarks.peers.scoreboard import control, verdicts

if TYPE_CHECKING:
    from benchmarks.peers.costs import Costs
    from benchmarks.peers.forgeries import Forgery
    from benchmarks.peers.rig import Rig

GRADERS = (PackerlabStatic(), Packerlab(), Check50(), Gradescope(), Nbgrader(), Otter())
WARM = 0.09
"""CPU seconds that one more static submission may cost."""

Board = dict[str, dict[str, list[str]]]


def main(environments: Path, scratch: Path) -> int:
    """The exit code says whether our figure is met and every forgery is held here."""
    rigs, absent = [], {}
    for grader in GRADERS:
        say(f"{grader.name}: install")
        try:
            rigs.append(rig(grader, environments, scratch))
        except CannotInstallError as error:
            absent[grader.name] = str(error)
    say("CPU time")
    box = of_the_box(scratch)
    figures = costs(rigs)
    board: Board = {forgery.name: {} for forgery in FORGERIES}
    forgeable = [each for each in rigs if not isinstance(each.grader, PackerlabStatic)]
    for each in forgeable:
        say(f"{each.grader.name}: forgeries")
        control(each)
        for forgery in FORGERIES:
            board[forgery.name][each.grader.name] = verdicts(each, forgery)
    print(*cost_table(rigs, figures), "", *forgery_table(forgeable, board), sep="\n")
    print(f"\nThe box around the other graders costs {box:.3f} CPU s each time.")
    for name, reason in absent.items():
        print(f"\n{name} can't be installed on Python {platform.python_version()}: {reason}")
    write(box, figures, board, absent)
    ours = {verdict for row in board.values() for verdict in row[Packerlab.name]}
    return 0 if figures[PackerlabStatic.name].warm <= WARM and ours == {"held"} else 1


def cost_table(rigs: list[Rig], figures: dict[str, Costs]) -> list[str]:
    lines = ["| grader | its check | isolation | cold | warm |", "|---|---|---|--:|--:|"]
    for each in rigs:
        grader, cost = each.grader, figures[each.grader.name]
        name = " ".join([*grader.requires] or [grader.name])
        words = (name, grader.check, grader.isolation, f"{cost.cold:.2f}", f"{cost.warm:.2f}")
        lines.append(f"| {' | '.join(words)} |")
    return lines


def forgery_table(rigs: list[Rig], board: Board) -> list[str]:
    names = [each.grader.name for each in rigs]
    lines = [f"| row | forgery | {' | '.join(names)} |", f"|--:|---|{'---|' * len(names)}"]
    lines += [forgery_row(forgery, [board[forgery.name][name] for name in names])
              for forgery in FORGERIES]  # fmt: skip
    return lines


def forgery_row(forgery: Forgery, found: list[list[str]]) -> str:
    """Two words where both ways were tried and differ: apart, and in one place."""
    cells = [" / ".join(dict.fromkeys(each)) for each in found]
    return f"| {forgery.row} | {forgery.says} | {' | '.join(cells)} |"


def write(box: float, figures: dict[str, Costs], board: Board, absent: dict[str, str]) -> None:
    whole = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "versions": {grader.name: grader.requires for grader in GRADERS},
        "box_cpu_seconds": box,
        "cpu_seconds": {name: cost._asdict() for name, cost in figures.items()},
        "forgeries": board,
        "absent": absent,
    }
    Path("peers.json").write_text(json.dumps(whole, indent=1) + "\n")


def say(words: str) -> None:
    print(f"... {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="packerlab-peers-") as folder:
        kept = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(folder, "environments")
        code = main(kept, Path(folder, "places"))
    sys.exit(code)
