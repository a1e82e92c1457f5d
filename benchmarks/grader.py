"""Reports in an open sandbox, one for each line of input: `python -m benchmarks.grader COURSE LAB`.

A process of its own, for multiprocessing runs its main module anew in that of every report: it must
import next to nothing. It answers each line with the seconds of `grade()`, from its call to its
report.
"""

from __future__ import annotations

import sys
import time


def main() -> None:
    from contextlib import closing
    from pathlib import Path

    from packerlab import forkserver
    from packerlab.course import open_course
    from packerlab.grading.grade_one import grade
    from packerlab.sandbox import Sandbox, choose
    from packerlab.submissions.workspaces import read_workspace

    course, name = sys.argv[1:]
    lab = open_course(Path(course)).lab(name)
    backend = choose("bubblewrap", set(lab.needs), [], full_limits=True)
    workspace = read_workspace(lab.solution)
    with closing(Sandbox(backend, lab.limits, lab.needs)) as sandbox:
        for _ in sys.stdin:
            started = time.monotonic()
            report = grade(lab, workspace, sandbox, lab.limits, context=forkserver.context())
            seconds = time.monotonic() - started
            if not report.passed:
                sys.exit(f"{lab.slug}'s solution does not pass: {report}")
            print(seconds, flush=True)


if __name__ == "__main__":
    main()
