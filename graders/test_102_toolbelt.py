"""The toolbelt: fmt, validate, inspect and console, each on a template that needs it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NoReturn

from packerlab.grader import (
    Where,
    check,
    checksum_lines,
    expect,
    fail,
    json_of,
    referred_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.grader import Answer, Block, Build, Files, Fmt, Hidden, Template, Validate


CARD = "out/card.txt"
NOTES = "out/notes.txt"
ANSWERS = "answers.json"
QUESTIONS = ["builds", "image_name", "fingerprint"]
CANDIDATE = "3.0-RC1"
"""The release that the third question is about."""

NOBODY = "nobody"
"""The starter's owner."""

DIGITS = 12
"""The length of a fingerprint."""

WORD = re.compile(r"\w+")


@check(points=2, docs="#validate")
def test_card(template: Template, validate: Validate, build: Build) -> None:
    """`packer validate .` has no complaint, and `packer build .` makes out/card.txt.

    - Which files does Packer read as a template? A .txt file is not one of them.
    - Ask `packer validate .` after each change: its complaints name file, line and reason.
    - Two words are misspelt: the name of a local, and the name of an argument. The first one's true
      name is declared in `locals`; for the second, Packer suggests one.
    """
    if not template.builds:
        fail(
            "There is no `build` block in this folder's .pkr.hcl files: the one from the chat is "
            "not part of the template yet.",
            expected="a `build` block",
            found="no `build` block",
        )
    validate().expect_success()
    answer = build()
    answer.expect_success()
    missing = [key for key in ("image", "release") if key not in card_of(answer)]
    if missing:
        fail(
            f"{CARD} does not have the starter's two lines.",
            expected="a line `image=` and a line `release=`",
            found=f"no line `{missing[0]}=`",
        )


@check(points=1, needs="test_card", docs="#console")
def test_image_name(build: Build, hidden: Hidden) -> None:
    """The card names the image after the owner and the release that `-var` gives.

    - Give another release with `-var`: does the card's `image` change?
    - Ask `packer console .` for each local in turn: which one is not what you expect?
    - Anything in quotes is text. Write a reference to a variable without quotes, or inside `${` and
      `}` in a string.
    """
    given = inputs(hidden)
    card = card_of(told(build, hidden))
    if card.get("image") != name_of(**given):
        fail(
            "The image's name does not come from the owner and the release that are given.",
            expected="web-OWNER-RELEASE, in lower case, a hyphen for each dot in the release",
            found=steady(card.get("image", "no line `image=`"), given),
        )
    if card.get("release") != given["release"]:
        fail(
            "The card's line `release=` is not the release that is given.",
            expected=f"release={given['release']}",
            found=steady(f"release={card.get('release', '')}", given),
        )


@check(points=1, needs="test_card", docs="#inspect")
def test_notes(build: Build, hidden: Hidden) -> None:
    """The same build makes out/notes.txt, which names the image as the card does.

    - The template describes two files. How many does a build make?
    - Under `sources:`, `packer inspect .` lists what a build builds, and nothing else.
    - A source that no build names is never built: add its reference to the list in `sources`.
    """
    answer = told(build, hidden)
    notes = answer.files.text(NOTES)
    name = card_of(answer).get("image")
    if not name or not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", notes):
        found = steady(notes, inputs(hidden))
        fail(f"{NOTES} does not name the image as {CARD} does.", found=found)


@check(points=1, needs="test_card", docs="#what-validate-does-not-prove")
def test_checksums(build: Build, hidden: Hidden) -> None:
    """The card and the notes each have a SHA-256 checksum next to them, in NAME.txt.sha256.

    - Which files are in out/ next to the card? Compare what the notes and the card each have.
    - By default, the post-processor `checksum` computes an MD5 checksum.
    - Keep the `checksum` block from the chat with its `output`. Set the argument that `packer
      validate .` suggested to a list that contains only sha256.
    """
    files = told(build, hidden).files
    for name in (CARD, NOTES):
        if name not in files:
            continue
        message = f"{name}.sha256 is not one line with the SHA-256 checksum of that file."
        of = name.rpartition("/")[2]
        found = checksum_lines(files, f"{name}.sha256", name)
        expect(found, [f"its SHA-256 checksum of {of}"], message, no="an empty file")


@check(points=1, needs="test_card", docs="#fmt")
def test_formatted(submission: Files, fmt: Fmt) -> None:
    """`packer fmt` would change nothing in the template.

    - How would Packer itself format this template? It has a command for that.
    - `packer fmt -check -diff .` shows what it would change, and changes nothing.
    - Run `packer fmt .` in the folder after your last change. If your editor still shows the old
      text, load the file again before you save.
    """
    if not any(name.endswith(".hcl") and "/" not in name for name in submission):
        return  # it leaves JSON alone, and before 1.7 it takes a folder of JSON for a mistake
    answer = fmt()
    if answer.exit != 0 or answer.output.strip():
        first = answer.output.strip().partition("\n")[0]
        fail(
            "`packer fmt` would change a file.",
            expected="no file to change",
            found=first if first.endswith(".hcl") else answer.error[0],
        )


@check(points=1, docs="#answers")
def test_answers(submission: Files) -> None:
    """answers.json is JSON and has an answer to each of the three questions.

    - Is there a value after each of the three keys?
    - Write lists in [ ] and texts in double quotes, with a comma between any two items.
    - `builds` is a list of texts, as in ["a.b"]; the other two answers are texts, as in "a".
    """
    answers = answers_of(submission)
    for question in QUESTIONS:
        if not answers.get(question):
            fail(f"`{question}` in {ANSWERS} has no answer.", where=Where(ANSWERS, 1))
    if not is_list_of_texts(answers["builds"]):
        fail(f"`builds` in {ANSWERS} is not a list of texts.", where=Where(ANSWERS, 1))
    for question in QUESTIONS[1:]:
        if not isinstance(answers[question], str):
            fail(f"`{question}` in {ANSWERS} is not a text.", where=Where(ANSWERS, 1))


@check(points=1, needs=["test_notes", "test_answers"], docs="#inspect")
def test_builds_answer(template: Template, submission: Files) -> None:
    """`builds` in answers.json lists what your template builds, as `packer inspect .` does.

    - Ask again, now that the template is repaired.
    - `packer inspect .` lists variables, locals and builds; the names are listed under `sources:`.
    - Each name is a source's type, a dot and its label: copy all of them, as texts in a list.
    """
    answer = answers_of(submission)["builds"]
    names = [name.strip() for name in answer]
    for prefix in (f"{title}." for title in titles(template)):
        names = [name.removeprefix(prefix) if name.count(".") > 1 else name for name in names]
    made = {pair for block in template.builds for pair in built(template, block)}
    labels, given = {label for label, _ in made}, {name for _, name in made}
    names = [name if name in labels | given else referred_source(name) for name in names]
    listed = set(names) == labels != given or sorted(names) == sorted(given)
    if not listed:
        fail(
            "`builds` does not list what your template builds.",
            expected=f"{len(given)} of the form TYPE.LABEL",
            found=", ".join(answer),
            where=Where(ANSWERS, 1),
        )


@check(points=2, needs=["test_image_name", "test_answers"], docs="#console")
def test_console_answers(build: Build, submission: Files) -> None:
    """`image_name` and `fingerprint` in answers.json are those of your template and your owner.

    - Both answers depend on your owner, and `fingerprint` on another release too. Have you changed
      the template since you asked the console?
    - `packer console` accepts `-var release=...`. It evaluates locals, and also functions that are
      applied to them.
    - `echo 'EXPRESSION' | packer console -var NAME=VALUE .` prints what an expression would be with
      another value. The task sheet names the functions; apply them to a local.
    """
    answers = answers_of(submission)
    card = card_of(build())
    name = card["image"]
    if name == name_of(NOBODY, card["release"]):
        fail(
            "The owner is still the starter's.",
            expected="a name of your own",
            found=NOBODY,
        )
    if answers["image_name"].strip() != name:
        fail(
            "`image_name` is not the name that your template gives to the image now.",
            expected="what the console says in your folder",
            found=answers["image_name"],
            where=Where(ANSWERS, 1),
        )
    candidate = card_of(build({"release": CANDIDATE}))["image"]
    if answers["fingerprint"].strip() != fingerprint(candidate):
        fail(
            explained(answers["fingerprint"].strip(), name, candidate),
            expected=f"{DIGITS} hexadecimal digits, as the console says in your folder",
            found=answers["fingerprint"],
            where=Where(ANSWERS, 1),
        )


# --- the card -------------------------------------------------------------------------------------


def inputs(hidden: Hidden) -> dict[str, str]:
    """The variables of the task sheet, with values that no template can hold already."""
    return {"owner": f"Ops_East No.{hidden('owner')}", "release": f"X.{hidden('release')}.Y-RC"}


def told(build: Build, hidden: Hidden) -> Answer:
    """What a build with the hidden owner and release leaves."""
    answer = build(inputs(hidden))
    answer.expect_success()
    return answer


def card_of(answer: Answer) -> dict[str, str]:
    """The lines of the card, by what stands before the `=`: one for each name."""
    found: dict[str, list[str]] = {}
    for line in answer.files.text(CARD).splitlines():
        key, _, value = line.partition("=")
        found.setdefault(key, []).append(value.rstrip())
    for key, values in found.items():
        expect(len(values), 1, f"{CARD} has more than one line `{key}=`.")
    return {key: values[0] for key, values in found.items()}


def name_of(owner: str, release: str) -> str:
    """The image's name, as the task sheet has it."""
    return f"web-{owner}-{release.replace('.', '-')}".lower()


def steady(text: str, given: dict[str, str]) -> str:
    """A learner's text for a message: of words with digits, which may be times, those given."""
    known = set(WORD.findall(" ".join(given.values()).lower()))

    def one(word: re.Match[str]) -> str:
        changes = re.search("[0-9]", word[0]) and word[0].lower() not in known
        return "#" if changes else word[0]

    return WORD.sub(one, text)


# --- the answers ----------------------------------------------------------------------------------


def answers_of(files: Files) -> dict[str, Any]:
    """The learner's answers, however their editor encodes JSON."""
    if ANSWERS not in files:
        fail(f"There is no {ANSWERS}.", expected=ANSWERS)
    answers = json_of(ANSWERS, files[ANSWERS].data)
    if not isinstance(answers, dict):
        fail(f"{ANSWERS} is not a JSON object.", expected="{ ... }", where=Where(ANSWERS, 1))
    return answers


def is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def titles(template: Template) -> list[str]:
    """The names that builds have, which Packer puts before those of their sources."""
    names = [template.attribute(block, "name") for block in template.builds]
    return [name for name in names if isinstance(name, str)]


def built(template: Template, build: Block) -> list[tuple[str, str]]:
    """What a build builds: `type.label`, and `type.name` where the build gives another name.

    Packer before 1.7 inspects the label, later ones the name: both are right.
    """
    listed = template.listed_sources(build)
    if listed is None or "" in listed:
        fail_computed(build)
    pairs = [(name, name) for name in listed]
    for label, block in sources_inside(template, build):
        name = template.attribute(block, "name") or label.partition(".")[2]
        if not isinstance(name, str):
            fail_computed(build)
        pairs.append((label, f"{label.partition('.')[0]}.{name}"))
    return pairs


def sources_inside(template: Template, build: Block) -> Iterator[tuple[str, Block]]:
    """(`type.label`, block) of the sources inside a build, those of `dynamic` blocks included."""
    for block in build.all("source"):
        yield referred_source(".".join(block.labels)), block
    for block in build.all("dynamic"):
        labels = template.attribute(block, "labels")
        if block.labels == ["source"] and is_list_of_texts(labels):
            for content in block.all("content"):
                yield referred_source(".".join(labels)), content


def fail_computed(build: Block) -> NoReturn:
    fail(
        "The names of what this build builds are computed; write them out.",
        expected="names in `sources`, or `source` blocks",
        where=build.place("sources"),
    )


def fingerprint(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:DIGITS]


def explained(answer: str, name: str, candidate: str) -> str:
    """What a wrong fingerprint is of, where that can be told."""
    if answer == fingerprint(name):
        return f"`fingerprint` is of the image's name as it is now, not as release {CANDIDATE}."
    if answer in (fingerprint(f"{name}\n"), fingerprint(f"{candidate}\n")):
        return "`fingerprint` is of a name with a line break at its end."
    if answer.startswith(fingerprint(candidate)):
        return f"`fingerprint` has more than {DIGITS} characters."
    return f"`fingerprint` is not that of the image's name as release {CANDIDATE}."
