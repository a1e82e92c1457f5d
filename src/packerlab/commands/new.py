"""`packerlab new LAB`: the files of a lab that is yet to be written."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from packerlab.commands.options import CourseOption

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
    slug: Annotated[str, typer.Argument(metavar="LAB", help="The slug, such as 105_first_ami.")],
    course: CourseOption = None,
) -> None:
    """Lay out a new lab: the smallest that `verify` accepts."""
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
