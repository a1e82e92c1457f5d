"""Find words that read as translated, in what people read: `make lint`.

    python scripts/words.py [FILE...]

It reads pages and task sheets outside their code blocks, and the comments and texts of programs. A
finding is a place to say it plainly; a text without findings is not yet a good one.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent


class Word(NamedTuple):
    """What not to write, what instead, and why."""

    pattern: str
    instead: str
    why: str


WORDS = [
    Word(r"mend(s|ed|ing)?", "fix", "nobody mends software"),
    Word(r"who(m|so)?ever", "anyone who", "it is formal, and often the wrong case"),
    Word(r"holes?", "vulnerability", "the field's word says what kind of hole"),
    Word(r"belongs? into", "belongs in", "belonging is no movement"),
    Word(r"(is|are|was|were) told", "Packer reports, the log says", "say who tells whom"),
    Word(r"(is|are|was|were) content", "accepts, succeeds", "programs have no feelings"),
    Word(r"(does not|doesn't|will not|won't) do[.;]", "is not enough", "it is not English"),
    Word(r"without (further|more) words", "by default", "it is a riddle"),
    Word(r"how it looks like", "what it looks like, how it looks", "it mixes the two"),
]
FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2$", re.MULTILINE | re.DOTALL)
PROSE = (".md",)
PROGRAMS = (".py",)
READ = (*PROSE, *PROGRAMS, ".css", ".html", ".js", ".sh", ".toml")
SELF = ("scripts/words.py", "tests/test_words.py")


def files() -> Iterator[Path]:
    """What is written by hand: the answers of variants are learners' texts."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name.endswith(READ) and "/variants/" not in name and name not in SELF:
            yield ROOT / name


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """What people read in a file, piece by piece, and the line where each begins."""
    if file.suffix in PROGRAMS:
        with file.open("rb") as stream:
            for token in tokenize.tokenize(stream.readline):
                if token.type in (tokenize.COMMENT, tokenize.STRING):
                    yield token.start[0], token.string
        return
    text = file.read_text(encoding="utf-8")
    if file.suffix in PROSE:
        text = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    yield 1, text


def findings(file: Path) -> Iterator[str]:
    """A sentence for each word that is found in a file."""
    for start, text in texts(file):
        for word in WORDS:
            pattern = word.pattern.replace(" ", r"\s+")  # over the ends of lines
            for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE):
                line = start + text[: found.start()].count("\n")
                said = " ".join(found[0].split())
                yield f"{file}:{line}: {said!r}: write {word.instead}, for {word.why}"


def main(named: list[str]) -> int:
    """Print what is found; 1 where there is something."""
    found = [each for file in (map(Path, named) if named else files()) for each in findings(file)]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
