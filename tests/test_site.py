"""The site: built strictly, whole in its links, and loading nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from packerlab.checks import ATTRIBUTE, Spec
from packerlab.course import Course
from tests.conftest import build_site

ROOT = Path(__file__).parent.parent


class Page(HTMLParser):
    """A page's ids, the links that a reader may follow, and what a browser loads by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name == "href" and value:
                (self.links if tag == "a" else self.loads).add(value)
            elif name in ("src", "srcset", "data", "poster", "action") and value:
                self.loads.add(value)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}


def test_no_link_is_broken(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        if file.name == "404.html":  # its links are absolute: it is served for any address
            continue
        for link in page.links | page.loads:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.is_relative_to(site.resolve()), f"{file}: {link}"
            assert target.is_file(), f"{file}: {link}"
            if parts.fragment and not parts.fragment.startswith("__"):
                assert unquote(parts.fragment) in pages[target].ids, f"{file}: {link}"


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        for address in page.loads:
            assert not urlsplit(address).netloc, f"{file}: {address}"
    for sheet in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)]*", sheet.read_text())
        assert not found, sheet


def test_no_page_makes_the_theme_fetch_a_script(pages: dict[Path, Page]) -> None:
    """The theme's own script fetches Mermaid for a page that has a diagram of it."""
    for file in pages:
        assert 'class="mermaid"' not in file.read_text(encoding="utf-8"), file


def test_every_page_says_where_to_report_a_problem(pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        assert any(link.endswith("problems.html") for link in page.links), file


def test_every_page_of_a_published_site_links_to_its_repository(tmp_path: Path) -> None:
    address = "https://github.com/an/example"
    build_site(tmp_path, PACKERLAB_REPOSITORY=address)
    for file in tmp_path.rglob("*.html"):
        page = Page(file.read_text(encoding="utf-8"))
        source = file.relative_to(tmp_path).with_suffix(".md").as_posix()
        edit = {f"{address}/edit/main/docs/{source}"} if source != "404.md" else set()
        assert {address, f"{address}/issues/new", *edit} <= page.links, file
        assert not edit or (ROOT / "docs" / source).is_file()
        assert "data-md-component=source" not in file.read_text().replace('"', ""), file


@pytest.mark.parametrize("slug", Course(ROOT).slugs)
def test_what_a_check_links_to_is_there(slug: str, pages: dict[Path, Page], site: Path) -> None:
    lab = Course(ROOT).lab(slug)
    file = lab.grader
    specification = importlib.util.spec_from_file_location(file.stem, file)
    assert specification
    assert specification.loader
    grader = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(grader)
    checks = [
        getattr(each, ATTRIBUTE) for each in vars(grader).values() if hasattr(each, ATTRIBUTE)
    ]
    assert checks
    for check in checks:
        assert isinstance(check, Spec)
        name, _, anchor = check.docs.partition("#")
        page = name or f"{lab.track}/{slug}"  # a link without a page is to the lab's own
        assert anchor in pages[site / f"{page}.html"].ids, check.docs


def test_the_pictures_are_what_the_commands_say(tmp_path: Path) -> None:
    """But for how long it took, and the room that this takes on a line."""
    subprocess.run([sys.executable, ROOT / "scripts" / "pictures.py", tmp_path], check=True)
    drawn = sorted(tmp_path.glob("*.svg"))
    assert drawn
    for file in drawn:
        texts = [
            re.sub(r' (x|textLength)="[0-9.]+"|[0-9.]+(?=&#160;s)', "", each.read_text())
            for each in (file, ROOT / "docs" / "images" / file.name)
        ]
        assert texts[0] == texts[1], f"{file.name}: make docs draws it anew"


def test_the_page_on_python_is_what_the_docstrings_say() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "from scripts.reference import page; print(page(), end='')"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = (ROOT / "docs" / "reference" / "python.md").read_text()
    assert told == made.stdout, "make docs makes it anew"


def test_the_navigation_and_the_map_are_the_path_of_the_course() -> None:
    code = (
        "from scripts.navigation import *; "
        "print([file.name for file in MARKS if written(file) != file.read_text()])"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == "[]", "make docs makes them anew"


def test_the_labs_pages_have_today_s_heads() -> None:
    code = (
        "from scripts.lab_pages import *; whole = open_course(ROOT); "
        "print([lab.slug for lab in whole.labs() if written(whole, lab) != lab.page.read_text()])"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == "[]", "make docs makes them anew"


def test_the_successor_builds_the_same_site(tmp_path: Path, pages: dict[Path, Page]) -> None:
    """Zensical, which reads the same mkdocs.yml, for the day when MkDocs is no more."""
    for part in ("docs", "labs", "overrides"):
        shutil.copytree(ROOT / part, tmp_path / part, symlinks=True)
    for file in ("mkdocs.yml", "SECURITY.md"):
        shutil.copy(ROOT / file, tmp_path)
    program = Path(sys.executable).with_name("zensical")
    done = subprocess.run(
        [program, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*.html")}
    indexes = [file for file in pages if file.name == "index.html"]
    top = min(indexes, key=lambda file: len(file.parts)).parent
    assert built == {file.relative_to(top) for file in pages}
