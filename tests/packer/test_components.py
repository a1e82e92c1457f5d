"""What a lab allows, and what forged lines in `packer inspect`'s list can't hide."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.checks import Failure
from packerlab.errors import RejectedError
from packerlab.hcl.parsing import parse_trusted
from packerlab.lab import Lab, Manifest
from packerlab.packer.answers import Answer
from packerlab.packer.components import inspected_components, refuse_foreign_components
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from packerlab.hcl.template import Template


class Build(NamedTuple):
    """What Packer prints of a build: (type, name) of each item, names free text."""

    name: str = ""
    description: str = ""
    sources: tuple[tuple[str, str], ...] = (("file", "motd"),)
    provisioners: tuple[tuple[str, str], ...] = ()
    chains: tuple[tuple[tuple[str, str], ...], ...] = ()

    def components(self) -> set[str]:
        sections = {
            "source": self.sources,
            "provisioner": self.provisioners,
            "post-processor": [item for chain in self.chains for item in chain],
        }
        return {f"{kind}.{item[0]}" for kind, items in sections.items() for item in items}


def printed(builds: list[Build]) -> str:
    """What `printBuilds` of Packer 1.6.6 and 1.16.0 writes."""
    out = "> builds:\n"
    for number, build in enumerate(builds):
        out += f"\n  > {build.name or f'<unnamed build {number}>'}:\n"
        if build.description:
            out += f"\n  > Description: {build.description}\n"
        out += "\n    sources:\n"
        out += (
            "".join(f"\n      {item(*each)}\n" for each in build.sources) or "\n      <no source>\n"
        )
        out += "\n    provisioners:\n\n"
        out += (
            "".join(f"      {item(*each)}\n" for each in build.provisioners)
            or "      <no provisioner>\n"
        )
        out += "\n    post-processors:\n"
        for place, chain in enumerate(build.chains):
            out += f"\n      {place}:\n" + "".join(f"        {item(*each)}\n" for each in chain)
        out += "" if build.chains else "\n      <no post-processor>\n"
    return out


def item(kind: str, name: str) -> str:
    return f"{kind}.{name}" if name else kind


def answer(text: str, code: int = 0) -> Answer:
    """The answer in which Packer says a text, as one machine-readable line."""
    escaped = text.replace(",", "%!(PACKER_COMMA)").replace("\n", "\\n").replace("\r", "\\r")
    before = "1600000000,,ui,say,> input-variables:\\n\\n\n1600000000,,version,1.6.6\n"
    return Answer("packer inspect", code, f"{before}1600000000,,ui,say,{escaped}\n")


PLAIN = Build(
    name="a.b c",
    description="Makes it.",
    sources=(("file", "motd"), ("null", "n")),
    provisioners=(("shell-local", ""), ("file", "x.y z")),
    chains=((("manifest", ""), ("checksum", "sums")), (), (("compress", ""),)),
)


@pytest.mark.parametrize("builds", [[], [PLAIN], [Build(), PLAIN, Build(sources=())]])
def test_the_list_is_read(builds: list[Build]) -> None:
    expected = {name for build in builds for name in build.components()}
    assert inspected_components(answer(printed(builds)), len(builds)) == expected


def test_a_build_that_packer_leaves_out_is_no_forgery() -> None:
    assert inspected_components(answer(printed([PLAIN])), 2) == PLAIN.components()


def test_no_list_is_no_answer() -> None:
    assert inspected_components(Answer("inspect", 0, ""), 1) is None
    assert inspected_components(answer("> nothing:\n"), 1) is None


LINES = [
    "    sources:",
    "    provisioners:",
    "    post-processors:",
    "  > another:",
    "> builds:",
    "      <no source>",
    "      <no provisioner>",
    "      <no post-processor>",
    "      0:",
    "      file.motd",
    "      shell-local",
    "        manifest",
    "",
    "x",
]
FREE = st.one_of(
    st.just(""),
    st.text(max_size=5),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=9).map("\n".join),
    st.lists(st.sampled_from([*LINES, "\u2028    sources:", "\r", "\\n"]), max_size=9).map(
        lambda lines: "x\n" + "\n".join(lines) + "\n"
    ),
)
ITEMS = st.lists(
    st.tuples(st.sampled_from(["file", "shell-local", "manifest", "null"]), FREE), max_size=3
).map(tuple)
BUILDS = st.lists(
    st.builds(
        Build,
        name=FREE,
        description=FREE,
        sources=ITEMS,
        provisioners=ITEMS,
        chains=st.lists(ITEMS, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
)


@given(builds=BUILDS)
def test_forged_lines_hide_nothing(builds: list[Build]) -> None:
    """Whatever names and descriptions hold: what is there is read, or nothing is."""
    found = inspected_components(answer(printed(builds)), len(builds))
    real = {name for build in builds for name in build.components()}
    assert found is None or real <= found


def test_a_whole_forged_cycle_of_sections_is_seen() -> None:
    """The names of two provisioners that would make the one between them a source."""
    build = Build(
        provisioners=(
            ("shell-local", "x\n    post-processors:\n  > y:\n    sources:"),
            ("file", ""),
            ("shell-local", "x\n    provisioners:"),
        )
    )
    assert inspected_components(answer(printed([build])), 1) is None


# --- what a lab allows ---

MANIFEST = {
    "format": 1,
    "title": "A lab",
    "minutes": 5,
    "packer": ">=1.6.6",
    "needs": ["packer"],
    "components": ["source.file", "post-processor.manifest"],
    "outputs": ["out"],
    "after": [],
    "deadline_s": 60,
    "cpu_s": 20,
    "memory_mb": 400,
    "disk_mb": 32,
}
HERE = Path(__file__).parents[1]
LAB = Lab("101_lab", HERE, HERE, HERE, msgspec.convert(MANIFEST, Manifest))


def template(inside: str = "") -> Template:
    text = f'source "file" "motd" {{\n}}\n\nbuild {{\n  {inside}\n}}\n'
    return parse_trusted({"main.pkr.hcl": File(text.encode())})


def refusal(read: Template, inspected: Answer) -> str:
    with pytest.raises(RejectedError) as caught:
        refuse_foreign_components(LAB, read, inspected, (1, 6, 6))
    return str(caught.value)


def test_what_the_lab_names_is_allowed() -> None:
    chains = ((("manifest", ""),),)
    inspected = answer(printed([Build(chains=chains)]))
    refuse_foreign_components(LAB, template('post-processor "manifest" {\n}'), inspected, (1, 6, 6))


def test_what_our_reader_sees_is_named_with_its_place() -> None:
    assert refusal(template('provisioner "shell-local" {\n}'), answer(printed([Build()]))) == (
        "this lab does not use the provisioner `shell-local` (main.pkr.hcl:5); "
        "it is done with post-processor.manifest, source.file."
    )


def test_what_packer_alone_lists_is_named_too() -> None:
    inspected = answer(printed([Build(provisioners=(("shell-local", "x"),))]))
    assert refusal(template(), inspected) == (
        "this lab does not use the provisioner `shell-local` (`packer inspect` lists it); "
        "it is done with post-processor.manifest, source.file."
    )


def test_a_lab_may_have_no_templates() -> None:
    scripts = dataclasses.replace(
        LAB, manifest=msgspec.structs.replace(LAB.manifest, components=[])
    )
    with pytest.raises(
        RejectedError, match=r"source `file` \(main.pkr.hcl:1\); it has no templates"
    ):
        refuse_foreign_components(scripts, template(), answer(printed([Build()])), (1, 6, 6))


def test_computed_labels_are_to_be_written_out() -> None:
    inside = 'dynamic "provisioner" {\n    labels = [local.kind]\n  }'
    assert refusal(template(inside), answer(printed([Build()]))) == (
        'write out the labels of `dynamic "provisioner"`: here they are computed (main.pkr.hcl:5).'
    )


def test_a_list_that_misleads_is_refused() -> None:
    inspected = answer(printed([Build(name="x\n    sources:\n")]))
    assert "line breaks that mislead" in refusal(template(), inspected)


def test_a_name_can_t_write_on_a_terminal() -> None:
    inside = 'provisioner "\\u001b[31m\\u202ered" {\n}'
    said = refusal(template(inside), answer(printed([Build()])))
    assert said.isprintable()


def test_an_inspect_that_fails_is_the_learner_s() -> None:
    with pytest.raises(Failure, match="`packer inspect` fails"):
        refuse_foreign_components(LAB, template(), answer("", code=1), (1, 6, 6))
