"""Pages as text: what the terminal, the proof and the notebooks need of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.course import default_root, pages

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


SITE = """\
Beginner \u00b7 15 minutes
{ .facts }

<figure markdown="0">
--8<-- "docs/concepts/pipeline.svg"
</figure>

!!! warning "Trap"

    Not `this`:

    ```hcl
    !!! no box
    { .facts }
    ```

    - a list

??? note
    Folded.

??? success "What only the site includes"

    --8<-- "labs/101_lab/DEBRIEF.md"

=== "Debian"

    apt

=== "macOS"

    brew

After :material-flask-outline: it: `{{ .Name }}`.

```text
=== "code"
    stays
```
"""

READ = """\
Beginner \u00b7 15 minutes


> **Trap**
>
> Not `this`:
>
> ```hcl
> !!! no box
> { .facts }
> ```
>
> - a list

> **Note**
>
> Folded.


**Debian**

apt

**macOS**

brew

After it: `{{ .Name }}`.

```text
=== "code"
    stays
```
"""


def test_boxes_folds_and_tabs_are_what_every_program_shows() -> None:
    assert pages.plain(SITE) == READ


CODE = re.compile(r"^ *>? *```.*?^ *>? *```$", re.MULTILINE | re.DOTALL)


def test_no_page_of_ours_shows_what_only_the_site_understands() -> None:
    for page in (default_root() / "docs").rglob("*.md"):
        text = re.sub(
            r"^ *>? *```.*?^ *>? *```$",
            "",
            pages.plain(page.read_text()),
            flags=re.MULTILINE | re.DOTALL,
        )
        for sign in ("!!! ", "??? ", '=== "', "{ .facts }", ":material-", "<figure", "<div"):
            assert sign not in text, f"{page}: {sign}"
