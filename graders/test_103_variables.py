"""Typed inputs and computed names: a template that makes any image, and refuses bad input."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from packerlab.grader import (
    Where,
    check,
    comes_again,
    fail,
    near,
    number_of_sources,
    time_formats,
)

if TYPE_CHECKING:
    from packerlab.grader import (
        Answer,
        Block,
        Build,
        Console,
        Expression,
        Files,
        Hidden,
        Template,
    )


RECORD = "out/image.json"
MANIFEST = "out/manifest.json"
PROD = "prod.pkrvars.hcl"

TYPES = {"app": "string", "env": "string", "disk_gb": "number", "api_token": "string"}
MUST_BE_GIVEN = ("app", "api_token")

PAUSE = "1100ms"
"""More than a second lies between record and manifest: a name that is made twice differs."""

LONGEST = timedelta(seconds=60)
"""How long a build may take, on the slowest of machines."""

LATEST = timedelta(seconds=900)
"""How long ago the build may have been, while the checks before this one ran."""

ONE_DIGIT, TWO_DIGITS = "2024-01-02T03:04:05Z", "2024-11-12T13:14:15Z"
"""Times whose month, day, hour, minute and second all have so many digits."""


@check(points=1, docs="#typed-inputs")
def test_inputs(template: Template) -> None:
    """The four inputs are declared, each with its type.

    - Which inputs does the task sheet list, and what type does each have?
    - A `variable` block with the input's name as its label declares an input.
    - The type goes into the block: `type = string` for text, `type = number` for a number.
    """
    for name, wanted in TYPES.items():
        block = template.variables.get(name)
        if block is None:
            declared = ", ".join(template.variables) or "no variables"
            fail(f"There is no variable `{name}`.", expected=f'variable "{name}"', found=declared)
        found = declared_type(block)
        if found != wanted:
            fail(
                f"The variable `{name}` is not declared as a {wanted}.",
                expected=f"type = {wanted}",
                found=f"type = {found}" if found else "no type",
                where=block.place("type"),
            )


@check(points=1, needs="test_inputs", docs="#must-be-given")
def test_must_be_given(template: Template) -> None:
    """Every build must be given `app` and `api_token`; the other two inputs have a default.

    - Run `packer build .` without any `-var`: which inputs does Packer ask for?
    - Packer asks for a variable only if it has no default and no file sets it.
    - Remove `default` from the blocks of `app` and `api_token`, and remove both names from files
      that end in `.auto.pkrvars.hcl`. `env` and `disk_gb` need a `default`.
    """
    for name in TYPES:
        block = template.variables[name]
        if name not in MUST_BE_GIVEN and "default" not in block.attributes:
            fail(f"`{name}` has no default, so every build has to set it.", where=block.where)
        if name in MUST_BE_GIVEN and "default" in block.attributes:
            fail(
                f"`{name}` has a default, so a build can start without it.",
                expected="no default",
                where=block.place("default"),
            )
        if name in MUST_BE_GIVEN and name in template.assigned:
            fail(f"A file that Packer loads by itself sets `{name}`, so nobody has to give it.")


@check(points=1, needs="test_inputs", docs="#inputs-in-use")
def test_record(build: Build, hidden: Hidden) -> None:
    """out/image.json has the app, env and disk_gb that the build was given.

    - Build with `-var app=chat -var disk_gb=99`. Which of the two values are in the record?
    - A hard-coded value is the same in every build. A reference to a variable has its value.
    - In the object, write `app = var.app` without quotes, and the other inputs in the same way.
    """
    given = full_inputs(hidden)
    record = record_of(build(given))
    expect_record(record, {"app": given["app"], "env": "stage", "disk_gb": float(given["disk_gb"])},
           "A build that is given app, env and disk_gb")  # fmt: skip


@check(points=1, needs="test_record", docs="#computed-once")
def test_computed_once(template: Template, build: Build, hidden: Hidden) -> None:
    """The manifest, written after the pause, has the same name as the record.

    - Build with the pause. Is the name in the record the same as the one in the manifest?
    - Packer evaluates an expression again in each place where you write it, and each time it is
      later.
    - Compute the name once, in a `locals` block, and refer to that local in the record and in
      `custom_data`.
    """
    expect_frame(template)
    given = full_inputs(hidden)
    answer = build(given)
    name = record_of(answer).get("name")
    if not name or not isinstance(name, str):
        fail(f"{RECORD} has no `name`.", expected="a text under the key `name`")
    data = manifest_of(answer).get("custom_data")
    later = data.get("name") if isinstance(data, dict) else None
    if later == name:
        return
    shown, shown_later = masked(name, hidden), masked(later, hidden)
    if later_time(name, later, f"{given['app']}-stage-"):
        fail(f"The name is computed twice: the one in {MANIFEST} has a later time.")
    if shown == shown_later:
        fail(f"The name in {MANIFEST} has a different time than the one in {RECORD}.")
    fail(
        f"The `name` in the custom_data of {MANIFEST} is not the one in {RECORD}.",
        expected=shown,
        found=shown_later,
    )


@check(points=1, needs="test_computed_once", docs="#computed-names")
def test_name(template: Template, build: Build, console: Console, hidden: Hidden) -> None:
    """The name consists of app, env and the UTC time at which the build began.

    - Which parts does the name have, in which order, and how many digits are at the end?
    - `timestamp()` returns the current time in UTC, and `formatdate` formats a time.
    - `formatdate` takes a format and a time. In the format, `YYYY` is the year, `MM` the month and
      `DD` the day; `hh`, `mm` and `ss` are hours, minutes and seconds.
    """
    given = full_inputs(hidden)
    answer = build(given)
    formats = time_formats(template, everything(template))
    for words in formats:
        if loses_a_digit(console, words):
            fail(
                "The time in the name does not always have 14 digits.",
                expected="two digits for each part, such as 07",
                found=words,
            )
    name = record_of(answer)["name"]
    stamp = stamp_of(name, f"{given['app']}-stage-")
    if stamp is None:
        fail(
            "The name does not have the required form.",
            expected="<app>-stage- and 14 digits: year, month, day, hour, minute, second",
            found=masked(name, hidden),
        )
    if name == record_of(build({**given, "pause": "0s"})).get("name"):
        fail(
            "A build a second later has the same name: the time is hard-coded, or has no seconds.",
            found=masked(name, hidden),
        )
    for words in formats:
        if comes_again(console, [words]) == "half day":
            fail(
                "The hour in the name starts again at noon.",
                expected="an hour from 00 to 23",
                found=words,
            )
    written = build_time(answer)
    longest = LONGEST if written else LATEST
    passed = (written or datetime.now(UTC)) - stamp
    if not timedelta(seconds=1) <= passed <= longest:
        fail(
            "The digits in the name are not the UTC time at which the build began.",
            expected="year, month, day, hour, minute, second",
            found="a different time",
        )


@check(points=2, needs="test_record", docs="#validation")
def test_bad_values(template: Template, build: Build, hidden: Hidden) -> None:
    """A bad env or disk_gb stops the build with a message of yours; good ones are accepted.

    - Build with `-var env=qa`, then with `-var disk_gb=7`: what does Packer say?
    - A `validation` block in a variable has a `condition` and an `error_message`.
    - The condition of `env` must be true for exactly the three names (`contains` looks for a value
      in a list), and the condition of `disk_gb` for 8 and more.
    """
    build({**inputs(hidden), "env": "prod", "disk_gb": "8"}).expect_success()
    bad = {
        "env": ["qa", *near("dev"), "x\nprod", f"prod-{hidden('env')}", f"{hidden('env')}-dev"],
        "disk_gb": ["7.5", "0", "-20"],
    }
    for name, values in bad.items():
        for value in values:
            answer = build({**inputs(hidden), name: value})
            expect_refusal(template, name, value, answer)


@check(points=2, needs="test_record", docs="#secrets")
def test_secret(
    template: Template, submission: Files, build: Build, console: Console, hidden: Hidden
) -> None:
    """Only a digest of api_token leaves the build: no log, artifact or values file has the token.

    - Who can read the build's log, the record, and the files in the repository?
    - `sensitive` hides a value in what Packer prints, and nowhere else. The record needs something
      that identifies the token, but from which nobody can compute it.
    - Set `sensitive = true` in the variable. `sha256` returns the digest of a text, and `substr` a
      part of it, starting at position 0.
    """
    given = full_inputs(hidden)
    answer = build(given)
    record = record_of(answer)
    expect_no_token(answer, hidden)
    digest = hashlib.sha256(given["api_token"].encode()).hexdigest()
    expect_record(record, {"token_id": digest[:8]}, "A build that is given api_token")
    expect_no_digest(answer, digest)
    if console(["var.api_token"], given) != ["<sensitive>"]:
        fail(
            "Packer prints the token: ask `packer console` for `var.api_token`.",
            expected="<sensitive>",
            found="the token",
            where=template.variables["api_token"].where,
        )
    names = list(template.locals)
    values = console([f"local.{name}" for name in names], given) if names else []
    for name, value in zip(names, values, strict=True):
        if letters(token(hidden)) in letters(json.dumps(value)):
            fail(
                f"Packer prints the token, in another form: ask `packer console` for local.{name}.",
                expected="no local that contains the token",
                where=template.locals[name][1],
            )
    for name, text in values_files(submission):
        if found := re.search(r'"api_token"\s*:|^[ \t]*api_token[ \t]*=', text, re.MULTILINE):
            where = Where(name, text.count("\n", 0, found.end()) + 1)
            fail(f"{name} sets api_token.", expected="no api_token", where=where)


@check(points=1, needs="test_record", docs="#where-values-come-from")
def test_value_files(template: Template, submission: Files, build: Build, hidden: Hidden) -> None:
    """Your values files set what the task sheet says, and -var overrides both.

    - Which file does Packer load by itself, and which one only if you name it?
    - Packer loads `*.auto.pkrvars.hcl` by itself, and any other values file only with `-var-file`.
      `-var-file` overrides the files that Packer loads by itself, and `-var` overrides both.
    - A values file has lines such as `name = value`, and no `variable` blocks. Set `disk_gb` in a
      file such as `team.auto.pkrvars.hcl`, and `env` and `disk_gb` in `prod.pkrvars.hcl`.
    """
    given = inputs(hidden)
    expect_record(
        record_of(build(given)), {"env": "dev", "disk_gb": 24}, "A build without -var-file"
    )
    if "disk_gb" not in template.assigned:
        fail("No file that Packer loads by itself sets disk_gb.", expected="disk_gb = 24")
    if PROD not in submission:
        names = ", ".join(sorted(name for name in submission if ".pkrvars." in name))
        fail(f"There is no {PROD}.", expected=PROD, found=names or "no variable files")
    file = [f"-var-file={PROD}"]
    named = f"A build with -var-file={PROD}"
    expect_record(record_of(build(given, file)), {"env": "prod", "disk_gb": 64}, named)
    own = disk(hidden)
    forced = build({**given, "disk_gb": own}, file)
    expect_record(
        record_of(forced), {"env": "prod", "disk_gb": float(own)}, f"{named} -var disk_gb={own}"
    )


# --- what the checks stand on ---------------------------------------------------------------------


def inputs(hidden: Hidden) -> dict[str, str]:
    """What must be given, with values that no template can hold already; and no pause."""
    return {"app": app(hidden), "api_token": token(hidden), "pause": "0s"}


def app(hidden: Hidden) -> str:
    """A name with capitals, a hyphen and a dot, none of which a template may change."""
    return f"{hidden.word('app')}.js"


def token(hidden: Hidden) -> str:
    """A secret of two halves: each is looked for, so that no part of it leaks.

    The digest differs if a template changes the case, the dot or the hyphen between them.
    """
    return ".Key-".join(halves(hidden))


def halves(hidden: Hidden) -> list[str]:
    return [hidden.secret("api_token"), hidden.secret("the token's other half")]


def full_inputs(hidden: Hidden) -> dict[str, str]:
    """A value for each input, and the pause."""
    return {**inputs(hidden), "env": "stage", "disk_gb": disk(hidden), "pause": PAUSE}


def disk(hidden: Hidden) -> str:
    """A size that is good, with a fraction, and no other number of the task sheet."""
    return f"{hidden.number('disk', 100, 999)}.5"


def declared_type(block: Block) -> str:
    """The type in a variable's block, as Packer's documentation writes it; in JSON it is a text."""
    kind = block.attributes.get("type")
    if kind is None:
        return ""
    word = kind.references[0] if kind.kind == "reference" else (str(kind.value or "another"),)
    return ".".join(word)


def record_of(answer: Answer) -> dict[str, Any]:
    """The JSON object that a build has written."""
    answer.expect_success()
    record = answer.files.json(RECORD)
    if not isinstance(record, dict):
        fail(f"{RECORD} is not a JSON object.", found=json.dumps(record))
    return record


def manifest_of(answer: Answer) -> dict[str, Any]:
    """The manifest's last entry, which is this build's."""
    entries = answer.files.manifest(MANIFEST)
    if not entries:
        fail(f"{MANIFEST} lists no build.")
    return entries[-1]


def build_time(answer: Answer) -> datetime | None:
    """When the manifest was written, by the clock that the template's times come from.

    With `strip_time`, Packer does not write it.
    """
    seconds = manifest_of(answer).get("build_time", 0)
    if not isinstance(seconds, int) or not 0 <= seconds < 2**32:
        fail(f"{MANIFEST} has no valid `build_time`, so Packer did not write it.")
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def expect_record(record: dict[str, Any], wanted: dict[str, str | float], what: str) -> None:
    """The record has these values, numbers as numbers."""
    for name, value in wanted.items():
        found = record.get(name)
        if type(found) is not type(value) or found != value:
            fail(
                f"{what} writes the wrong `{name}` to {RECORD}.",
                expected=json.dumps(value),
                found=json.dumps(found) if name in record else f"no key `{name}`",
            )


def expect_frame(template: Template) -> None:
    """The starter's parts are there: one source, so nothing else writes files, and the pause."""
    started = [number_of_sources(template, block) for block in template.builds]
    if None in started or sum(filter(None, started)) != 1:
        fail(
            "The build does not have exactly one source, named in `sources` or in a `source` "
            "block inside the build.",
            expected="the starter's one source",
        )
    waits = any(mentions_pause(block) for block in template.builds)
    if not has_pause(template) or not (waits or mentions_in_locals(template)):
        fail(
            "The pause, which stands for the minutes of a real build, is gone.",
            expected='provisioner "breakpoint" with the `pause_before` of the starter',
        )


def has_pause(template: Template) -> bool:
    """Whether a breakpoint waits as long as something tells it to."""
    return any(
        "pause_before" in body.attributes and body.attributes["pause_before"].references
        for component in template.components()
        if component.name == "provisioner.breakpoint"
        for body in component.bodies
    )


def mentions_pause(block: Block) -> bool:
    """Whether a block, or one inside it, asks for `var.pause`."""
    own = any(PAUSE_PATH in value.references for value in block.attributes.values())
    return own or any(mentions_pause(inner) for inner in block.blocks)


def mentions_in_locals(template: Template) -> bool:
    return any(PAUSE_PATH in value.references for value, _ in template.locals.values())


PAUSE_PATH = ("var", "pause")


def stamp_of(name: str, start: str) -> datetime | None:
    """The time at the end of a name that begins as it should."""
    digits = name.removeprefix(start)
    if not name.startswith(start) or not re.fullmatch(r"[0-9]{14}", digits):
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def loses_a_digit(console: Console, words: str) -> bool:
    """Whether a format of digits is shorter at some times: with `s`, the seconds are 7 and not 07.

    The names of months and days have any length.
    """
    if not re.fullmatch("[YMDhms]{1,40}", words):
        return False
    asked = [f'formatdate("{words}", "{time}")' for time in (ONE_DIGIT, TWO_DIGITS)]
    return len({len(answer) for answer in console(asked)}) > 1


def later_time(name: str, other: object, start: str) -> bool:
    """Whether another name has the same form, and a later time in it."""
    first = stamp_of(name, start)
    then = stamp_of(other, start) if isinstance(other, str) else None
    return bool(first and then and then > first)


def everything(template: Template) -> list[Expression]:
    """The values of all arguments."""
    found: list[Expression] = []
    blocks = list(template.blocks)
    while blocks:
        block = blocks.pop()
        found += block.attributes.values()
        blocks += block.blocks
    return found


def expect_no_token(answer: Answer, hidden: Hidden) -> None:
    """No half of the token is in what the build said and made, whatever it was made to look like.

    A file that has the letters of it with others between them has it, too.
    """
    for half in halves(hidden):
        if found := answer.places(half, "workspace"):
            fail("The token leaks.", expected="only its digest", found=", ".join(found[:4]))
        if answer.places(half, "output"):
            fail("Packer prints the token while it builds.", expected="no part of the token")
        for name in answer.files.names():
            if half in letters(answer.files.bytes(name).decode(errors="replace")):
                fail("The token leaks.", expected="only its digest", found=name)


def expect_no_digest(answer: Answer, digest: str) -> None:
    for name in answer.files.names():
        if digest[:16].encode() in answer.files.bytes(name).lower():
            fail(f"{name} has more of the token's digest than its first 8 digits.")


def letters(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return re.sub("[^0-9a-z]", "", text.lower())


def values_files(submission: Files) -> list[tuple[str, str]]:
    """The values files in any folder, as texts in which comments of several lines are blank."""
    suffixes = (".pkrvars.hcl", ".pkrvars.json")
    return [(name, COMMENT.sub(emptied, file.data.decode(errors="replace")))
            for name, file in sorted(submission.items()) if name.endswith(suffixes)]  # fmt: skip


COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)


def emptied(comment: re.Match[str]) -> str:
    """As many lines as a comment has."""
    return "\n" * comment[0].count("\n")


def expect_refusal(template: Template, name: str, value: str, answer: Answer) -> None:
    """A bad value stops the build before anything is made, in the learner's own words."""
    block = template.variables[name]
    rules = block.all("validation")
    where = rules[0].where if rules else block.where
    said = f"-var {name}={value}"
    if answer.exit == 0 or answer.files.names():
        fail(f"A build with `{said}` is not refused.", expected="no build", where=where)
    messages = [template.attribute(rule, "error_message") for rule in rules]
    texts = [" ".join(text.split()) for text in messages if isinstance(text, str)]
    shown = " ".join(answer.text.split())
    if not any(text in shown for text in texts):
        fail(
            f"A build with `{said}` stops, but not with an `error_message` of `{name}`.",
            expected=" or ".join(texts) or "a `validation` block with an `error_message`",
            found=answer.error[0],
            where=where,
        )


def masked(name: object, hidden: Hidden) -> str:
    """A name for a message, without what changes from build to build."""
    if not isinstance(name, str):
        return "no name"
    return re.sub("[0-9]", "#", name.replace(app(hidden), "<app>"))
