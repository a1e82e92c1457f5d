"""The mutants of a solution: each is the solution with one small change, made by a rule."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from packerlab.hcl.syntax import terminals
from packerlab.mutation.hcl_rules import expressions, hcl_cuts
from packerlab.mutation.lines import line_cuts
from packerlab.source import Source, SourceError
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.mutation.hcl_rules import Known
    from packerlab.submissions.reader import Files
    from packerlab.variants.edits import Cut

HCL, JSON = (".pkr.hcl", ".pkrvars.hcl"), (".json",)
PROSE = (".md", ".log")
"""What only people read."""

BEFORE_JSON = "_ = "
"""With this before it, JSON is an argument of HCL."""


class Mutant(NamedTuple):
    """One change of a solution. `old` are the lines that it changes, `new` what they become."""

    rule: str
    file: str
    line: int
    number: int
    old: str
    new: str
    files: Files

    @property
    def name(self) -> str:
        """The rule and the place, and a number where the rule changes the line in several ways."""
        number = f"#{self.number}" if self.number > 1 else ""
        return f"{self.rule} {self.file}:{self.line}{number}"


def mutants(files: Files, known: Known) -> Iterator[Mutant]:
    """All mutants that differ from the solution and from each other, in the order of the text.

    Left out is what is no template any more, and what differs in its form alone.
    """
    seen = {_meaning(files)}
    count: Counter[tuple[str, str, int]] = Counter()
    for name in sorted(files):
        if name.endswith(PROSE):
            continue
        text = files[name].data.decode()
        cuts = sorted(_cuts(name, text, known), key=lambda each: (each[1].start, each[1].end))
        for rule, cut in [*cuts, ("drop-file", None)]:
            changed = _changed(files, name, cut)
            meaning = _meaning(changed)
            if not meaning or meaning in seen:
                continue
            seen.add(meaning)
            line = text.count("\n", 0, cut.start) + 1 if cut else 1
            count[(rule, name, line)] += 1
            old, new = _lines(text, cut) if cut else (text, "")
            yield Mutant(rule, name, line, count[(rule, name, line)], old, new, changed)


def computed(files: Files) -> list[str]:
    """The expressions of a solution whose values the rules may want to know."""
    found: dict[str, None] = {}
    for name, file in sorted(files.items()):
        if name.endswith(HCL):
            found |= dict.fromkeys(expressions(Source(file.data.decode())))
    return list(found)


def _cuts(name: str, text: str, known: Known) -> Iterator[tuple[str, Cut]]:
    if name.endswith(HCL):
        yield from hcl_cuts(Source(text), known)
    elif name.endswith(JSON):
        ahead = len(BEFORE_JSON)
        for rule, cut in hcl_cuts(Source(BEFORE_JSON + text), known):
            if cut.start >= ahead:
                yield rule, cut._replace(start=cut.start - ahead, end=cut.end - ahead)
    else:
        yield from line_cuts(text, script=name.endswith(".sh") or text.startswith("#!"))


def _changed(files: Files, name: str, cut: Cut | None) -> Files:
    """The solution with a stretch cut out, or without a file."""
    if cut is None:
        return {other: file for other, file in files.items() if other != name}
    text = files[name].data.decode()
    data = (text[: cut.start] + cut.new + text[cut.end :]).encode()
    return files | {name: File(data, files[name].executable)}


def _lines(text: str, cut: Cut) -> tuple[str, str]:
    """The lines that a cut touches, before and after."""
    begin = text.rfind("\n", 0, cut.start) + 1
    end = text.find("\n", max(cut.end, cut.start + 1) - 1)
    end = len(text) if end < 0 else end
    return text[begin:end], text[begin : cut.start] + cut.new + text[cut.end : max(end, cut.end)]


# --- what a workspace means -----------------------------------------------------------------------


def _meaning(files: Files) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A workspace without what is form alone; nothing where its HCL is none."""
    try:
        return tuple((name, _words(name, file.data.decode())) for name, file in files.items())
    except SourceError:
        return ()


def _words(name: str, text: str) -> tuple[str, ...]:
    """What a file says: a template's tokens without line breaks, any other file as it is."""
    if not name.endswith(HCL):
        return (text,)
    source = Source(text)
    return tuple(text[token.start : token.end] for token in terminals(source))
