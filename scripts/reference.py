"""Make the page on packerlab's Python interface from its docstrings: `make docs`.

The names below are what a program of yours may use; a test says that the page is up to date.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "python.md"

NAMES = [
    "course.open_course", "course.Course", "lab.Lab", "lab.Limits",
    "submissions.read_workspace", "submissions.Submission",
    "sandbox.choose", "sandbox.base.Sandbox", "grading.grade",
    "report.Report", "report.Check", "report.Where", "report.Run", "report.Digests",
    "report.encode", "report.decode",
    "gradebook.read_gradebook", "gradebook.Gradebook",
    "notebook.Account",
]  # fmt: skip

HEAD = """\
# From Python

What the commands do, a program can do: a check in your own tool, a class graded by a script, a
chart of a gradebook. This page is made from the docstrings; what stands here stays as it is while
format 1 does.

One submission, graded:

```python title="grade_one.py"
from contextlib import closing
from pathlib import Path

from packerlab.course import open_course
from packerlab.grading import grade
from packerlab.sandbox import Sandbox, choose
from packerlab.submissions import read_workspace

course = open_course(None)
lab = course.lab("101")
backend = choose("auto", set(lab.manifest.needs), [course.root], full_limits=False)
with closing(Sandbox(backend, lab.limits, lab.needs)) as sandbox:
    report = grade(lab, read_workspace(Path("submissions/ada")), sandbox, lab.limits)
print(f"{report.score} of {report.max_score}")
```

```console
$ python grade_one.py
10 of 10
```

A gradebook, read:

```python title="read_book.py"
from pathlib import Path

from packerlab.gradebook import read_gradebook

for report in read_gradebook(Path("gradebook")).latest():
    print(report.run.learner, report.verdict, report.score)
```

```console
$ packerlab grade submissions --lab 101 --out gradebook
...
$ python read_book.py
ada passed 10
ben failed 0
```
"""


def page() -> str:
    return HEAD + "".join(section(name) for name in NAMES)


def section(path: str) -> str:
    """A name's heading, how it is called, and what its docstring says; for a class, its parts."""
    module_name, _, own = path.rpartition(".")
    thing = getattr(importlib.import_module(f"packerlab.{module_name}"), own)
    parts = [f"\n## `{own}` {{ #{own.lower()} }}\n", f"`packerlab.{module_name}.{own}`\n"]
    if inspect.isclass(thing):
        parts += [doc(thing), *fields(thing)]
        for name, method in inspect.getmembers(thing, inspect.isfunction):
            if not name.startswith("_"):
                parts += [signature(method), doc(method)]
    else:
        parts += [signature(thing), doc(thing)]
    return "\n".join(parts)


def signature(function: object) -> str:
    name = getattr(function, "__name__", "")
    shown = re.sub(r"'([^']*)'", r"\1", f"{name}{inspect.signature(function)}")  # type: ignore[arg-type]
    return f"```python\n{shown.replace('(self, ', '(').replace('(self)', '()')}\n```\n"


def fields(thing: type) -> list[str]:
    """A struct's fields with their types, as a table."""
    if not hasattr(thing, "__struct_fields__") and not hasattr(thing, "__dataclass_fields__"):
        return []
    annotations = inspect.get_annotations(thing)
    rows = [f"| `{name}` | `{kind}` |" for name, kind in annotations.items()]
    return ["| field | type |\n|---|---|\n" + "\n".join(rows) + "\n"]


def doc(thing: object) -> str:
    return f"{inspect.getdoc(thing) or ''}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
