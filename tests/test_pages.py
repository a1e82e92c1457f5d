"""Pages as text: what the terminal, the proof and the notebooks need of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab import pages

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
# The Page

--8<-- "labs/101_lab/README.md"

## Sources & more

One.

### With an id { #given }

not a # heading

## The last { #last }

Two.
"""


def test_ids_are_those_of_the_site() -> None:
    anchors = [heading.anchor for heading in pages.headings(PAGE)]
    assert anchors == ["the-page", "sources-more", "given", "last"]


def test_a_section_ends_before_a_heading_that_is_not_below_it() -> None:
    section = pages.section(PAGE, "sources-more")
    assert section is not None
    assert section.startswith("## Sources & more\n")
    assert section.endswith("not a # heading\n\n")
    assert pages.section(PAGE, "last") == "## The last { #last }\n\nTwo.\n"
    assert pages.section(PAGE, "elsewhere") is None


def test_what_is_included(tmp_path: Path) -> None:
    sheet = tmp_path / "labs/101_lab/README.md"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("The task.\n")
    whole = pages.included(PAGE + '--8<-- "docs/drawing.svg"\n', tmp_path)
    assert whole.startswith("# The Page\n\nThe task.\n\n## Sources")
    assert whole.endswith("Two.\n")


def test_plain_markdown() -> None:
    plain = pages.plain(PAGE)
    assert "### With an id\n" in plain
    assert "8<" not in plain


def test_a_box_is_a_quotation() -> None:
    page = """\
Facts.
{ .facts }

!!! warning "Trap: a `name`"

    One.

    ```text
    two
    ```

=== "Debian"
    ??? note

        Three.

<figure markdown="0">
--8<-- "docs/drawing.svg"
</figure>
??? success "Debrief"

    --8<-- "labs/101_lab/DEBRIEF.md"
"""
    assert (
        pages.plain(page)
        == """\
Facts.

> **Trap: a `name`**
>
> One.
>
> ```text
> two
> ```

> **Debian**
>
> > **Note**
> >
> > Three.


"""
    )
