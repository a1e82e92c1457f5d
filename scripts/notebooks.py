#!/usr/bin/env python
"""Make the notebooks from their pages: `make notebooks`.

A page is Markdown that reads well by itself. Of its fenced blocks, these become cells that run: one
of `python`, as it stands; one of `hcl` with a title, as a file; each command of a `console` block.
The task sheet that a lab's page includes is followed by cells for the answer. All else is text.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.course.pages import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
FOLDER = "notebooks"
PAGES = [
    "notebooks/values.md",
    "notebooks/build_life.md",
    "docs/beginner/103_variables.md",
    "notebooks/lineage.md",
    "notebooks/build_time.md",
    "notebooks/fleet.md",
]

Cell = dict[str, Any]

PYTHON = r'^```python(?: tags="(?P<tag>[\w-]+)")?\n(?P<python>.*?)^```\n'
FILE = r'^```hcl title="(?P<file>[^"]+)"\n(?P<hcl>.*?)^```\n'
CONSOLE = r"^```console\n(?P<console>.*?)^```\n"
TASK = r'^--8<-- "labs/(?P<lab>\w+)/README\.md"\n'
RUNS = re.compile(f"{PYTHON}|{FILE}|{CONSOLE}|{TASK}", re.MULTILINE | re.DOTALL)

DETAILS = re.compile(
    r"<details>\n<summary>(?P<title>.*?)</summary>\n\n(?P<text>.*?)\n</details>\n", re.DOTALL
)
"""What a page folds up: an answer."""
LATER = "*{title} stands at the end of this notebook.*\n"
ABOUT = """\
This notebook is [the page]({page}) of the same name, with its examples ready to run: Shift and
Enter run a cell. They run Packer on your machine, as you would in a terminal. What you write
for the task runs in packerlab's sandbox alone.
"""
ANSWER = """\
### Your answer

Here you need no command of the task sheet: each of your files is a cell. The one below is the
starter's. Change it, run it, and read what the checks say. For another file, add a cell that names
it in its first line, such as `%%packerlab {number} more.pkr.hcl`. The files of all cells that you
ran are checked together; after a restart of the kernel, run them all again.
"""


def cells_of(page: str) -> Iterator[Cell]:
    """The cells of a page, without ids."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = list(RUNS.finditer(text))
    folders = sorted({posixpath.dirname(block["file"]) for block in blocks if block["file"]})
    done = 0
    for block in blocks:
        yield from prose(text[done : block.start()], page)
        done = block.end()
        if block["python"]:
            yield code(block["python"], block["tag"])
        elif block["console"]:
            yield from map(code, commands(block["console"]))
        elif block["lab"]:
            yield from task(block["lab"], page)
        else:
            if folders:
                yield empty_folder(folders)
            folders = []
            yield code(f"%%writefile {block['file']}\n{block['hcl']}")
    yield from prose(text[done:], page)


def answers_last(cells: list[Cell]) -> Iterator[Cell]:
    """The cells, with what gives an answer away at the end, below its exercise's heading."""
    heading = ""
    answers = []
    for cell in cells:
        if cell["cell_type"] != "markdown":
            yield cell
            continue
        text = "".join(cell["source"]) + "\n"
        headings = re.findall(r"^#+ (.+)", DETAILS.sub("", text), re.MULTILINE)
        answers += [(heading, found["text"]) for found in DETAILS.finditer(text)]
        heading = headings[-1] if headings else heading
        left = DETAILS.sub(lambda found: LATER.format(title=found["title"]), text)
        yield {**cell, "source": lines(left)}
    if answers:
        yield {"cell_type": "markdown", "metadata": {}, "source": ["## Answers"]}
    for title, text in answers:
        yield {"cell_type": "markdown", "metadata": {}, "source": lines(f"### {title}\n\n{text}")}


def prose(text: str, page: str) -> Iterator[Cell]:
    """Text as cells, one for each heading."""
    for part in re.split(r"^(?=## )", text, flags=re.MULTILINE):
        if part.strip():
            yield markdown(part, page)
        if part.startswith("# ") and not page.startswith(FOLDER):
            yield markdown(ABOUT.format(page=posixpath.basename(page)), page)


def empty_folder(folders: list[str]) -> Cell:
    """What the examples' files need; run again, it is a new one."""
    named = " ".join(folder for folder in folders if folder)
    return code(f"import tempfile\n\n%cd {{tempfile.mkdtemp()}}\n%mkdir {named}")


def commands(text: str) -> Iterator[str]:
    for command in re.findall(r"^\$ (.*)", text, re.MULTILINE):
        if re.search(r"[{$]", command):
            raise ValueError(f"IPython would put values of its own into: {command}")
        yield f"!{command}"


def task(slug: str, page: str) -> Iterator[Cell]:
    """The task sheet, and the starter's template, ready to be changed and checked."""
    lab = ROOT / "labs" / slug
    yield markdown((lab / "README.md").read_text(encoding="utf-8"), page)
    yield markdown(ANSWER.format(number=slug[:3]), page)
    yield code("%load_ext packerlab.notebook")
    starter = (lab / "starter" / "main.pkr.hcl").read_text(encoding="utf-8")
    yield code(f"%%packerlab {slug[:3]}\n{starter}")


def markdown(text: str, page: str) -> Cell:
    """Text without what only the site understands; its links lead on from the notebook."""

    def link(found: re.Match[str]) -> str:
        target = posixpath.join(posixpath.dirname(page), found[1]) if found[1] else page
        return f"]({posixpath.relpath(target, FOLDER)}{found[2] or ''})"

    text = re.sub(r"\]\((?![a-z]+:)([^)#\s]*)(#[\w-]+)?\)", link, text)
    return {"cell_type": "markdown", "metadata": {}, "source": lines(plain(text))}


def code(text: str, tag: str | None = None) -> Cell:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [tag]} if tag else {},
        "outputs": [],
        "source": lines(text),
    }


def lines(text: str) -> list[str]:
    return text.strip("\n").splitlines(keepends=True)


def notebook_of(page: str) -> str:
    """The notebook of a page, in format 4.5. A cell's id is its place, so that it is stable."""
    cells = [
        {**cell, "id": f"cell-{number}"}
        for number, cell in enumerate(answers_last(list(cells_of(page))), 1)
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def file_of(page: str) -> Path:
    return ROOT / FOLDER / f"{Path(page).stem}.ipynb"


if __name__ == "__main__":
    for each in PAGES:
        file_of(each).write_text(notebook_of(each), encoding="utf-8")
