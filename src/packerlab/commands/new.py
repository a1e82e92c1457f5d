"""`packerlab new`: the files of a lab that is yet to be written, or of a team's own course."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from packerlab.commands.options import CourseOption

SECRET_BYTES = 32
MANIFEST = """\
format = 1
title = "{title}"
minutes = 20
packer = ">=1.6.6"
needs = ["packer"]
components = ["source.file"]
outputs = ["out"]
after = []
deadline_s = 60
cpu_s = 20
memory_mb = 1024
disk_mb = 64
"""
SHEET = """\
What the learner is to deliver, in two sentences.

Done when:

- [ ] the build writes `out/result.txt`
"""
STARTER = """\
# Declare a source and a build here.
"""
SOLUTION = """\
source "file" "result" {
  content = "done\\n"
  target  = "out/result.txt"
}

build {
  sources = ["source.file.result"]
}
"""
GRADER = '''\
from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, expect

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=10, docs="#result")
def test_result(build: Build) -> None:
    """The build writes out/result.txt.

    - Which block says what is built?
    - A `build` block names its sources.
    - Which argument of the source is the path of the file?
    """
    answer = build()
    answer.expect_success()
    text = answer.files.text("out/result.txt")
    expect(text, "done\\n", "out/result.txt has another text.")
'''
PAGE = """\
# {title}

--8<-- "labs/{slug}/README.md"

## The result {{ #result }}

What `test_result` is about.
"""


def new(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="[LAB]",
            help="The lab's slug, such as 105_first_ami; without it, DIR becomes a course.",
            show_default=False,
        ),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Lay out a new lab, or a course of your own in a new folder."""
    if slug is None:
        lay_out_course(course)
    else:
        lay_out_lab(slug, course)


def lay_out_lab(slug: str, course: Path | None) -> None:
    """Write the smallest lab that `verify` accepts."""
    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.lab import SLUG, TRACKS

    root = open_course(course).root
    if not SLUG.fullmatch(slug) or slug[0] not in TRACKS:
        raise BadInputError(f"{slug} is no slug: three digits, _ and [a-z0-9_], as 105_first_ami.")
    if (root / "labs" / slug).exists():
        raise BadInputError(f"{root / 'labs' / slug} exists already.")
    title = slug[4:].replace("_", " ").capitalize()
    track = TRACKS[slug[0]]
    lab = root / "labs" / slug
    files = {
        lab / "lab.toml": MANIFEST.format(title=title),
        lab / "README.md": SHEET,
        lab / "starter" / "main.pkr.hcl": STARTER,
        lab / "solution" / "main.pkr.hcl": SOLUTION,
        root / "graders" / f"test_{slug}.py": GRADER,
        root / "docs" / track / f"{slug}.md": PAGE.format(slug=slug, title=title),
    }
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BadInputError(f"{path} can't be written: {error.strerror}.") from None
        print(path)
    elsewhere = f" --course {shlex.quote(str(course))}" if course else ""
    print(f"\nNext: packerlab verify {slug}{elsewhere}")


def lay_out_course(folder: Path | None) -> None:
    """Copy the example of a team's own course, and give it a secret."""
    from packerlab.commands.start import refuse_used
    from packerlab.course import default_root
    from packerlab.errors import BadInputError

    if folder is None:
        raise BadInputError(
            "Name a lab, as in `packerlab new 105_first_ami`, "
            "or a new folder for your own course: `packerlab new --course DIR`."
        )
    refuse_used(folder)
    try:
        shutil.copytree(
            default_root() / "examples" / "course",
            folder,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
        secret = os.open(folder / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(secret, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or "some files could not be copied"
        raise BadInputError(f"{folder} can't be written: {reason}.") from None
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(path)
    print(f"\nNext: packerlab verify --course {shlex.quote(str(folder))}")
