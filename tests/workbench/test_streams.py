"""What a program says is text, colours and a cursor on the learner's terminal, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.text import clean
from packerlab.workbench.streams import SCREEN, Lines, Screen

GONE = "\N{REPLACEMENT CHARACTER}"


def shown(stream: Lines | Screen, *parts: bytes) -> str:
    return "".join(map(stream.feed, parts)) + stream.end()


def on_screen(*parts: bytes) -> str:
    return shown(Screen(), *parts).removesuffix("\x1b[4l\x1b>\x1b(B\x0f\x1b[0m")


def test_lines_are_text_and_packers_own_colours() -> None:
    line = b"\x1b[1;32m==> file.x: made\x1b[0m\r\n"
    assert shown(Lines(colours=True), line) == "\x1b[1;32m==> file.x: made\x1b[0m\n\x1b[0m"
    assert shown(Lines(colours=False), line) == "==> file.x: made\n"
    for hidden in (b"\x1b[8m", b"\x1b[30m", b"\x1b[38;5;0m", b"\x1b[1;32;8m", b"\x1b[2J"):
        assert shown(Lines(colours=True), hidden) == GONE + hidden[1:].decode() + "\x1b[0m"


def test_progress_on_one_line_becomes_lines() -> None:
    assert shown(Lines(colours=False), b"1%\r", b"2%\r", b"\nend") == "1%\n2%\nend"


@pytest.mark.parametrize(
    "kept",
    ["\x1b[31m", "\x1b[38;5;200m", "\x1b[H", "\x1b[2J", "\x1b[10;20H", "\x1b[K", "\x1b(0", "\x1b7",
     "\x1b[S", "\x1bM", "\a\b\r\n\t"],
)  # fmt: skip
def test_what_draws_on_a_screen_comes_through(kept: str) -> None:
    assert on_screen(f"a{kept}b".encode()) == f"a{kept}b"


@pytest.mark.parametrize(
    "dropped",
    [
        "\x1b]0;title\a", "\x1b]52;c;ZXZpbA==\x1b\\", "\x1b]8;;x\x1b\\", "\x1bP+q544e\x1b\\",
        "\x1b_Gf=24;AAAA\x1b\\", "\x1b^private\x1b\\", "\x1bXsos\x1b\\",  # strings for it
        "\x1b[c", "\x1b[>c", "\x1b[6n", "\x1b[?6n", "\x1b[21t", "\x1b[18t", "\x1b[?1$p", "\x1b[>q",
        "\x1b[x", "\x1b[?u", "\x1b[?1;1;0S", "\x1bZ",  # what it would answer
        "\x1b[?1000h", "\x1b[?1006h", "\x1b[?1004h", "\x1b[>4;1m", "\x1b[?9001h",  # keys of its own
        "\x1b[5i", "\x1b[3;100;100t", "\x1b[!p",  # the printer, the window, what was set
    ],
)  # fmt: skip
def test_what_speaks_to_a_terminal_does_not(dropped: str) -> None:
    assert on_screen(f"a{dropped}b".encode()) == "ab"


@pytest.mark.parametrize("char", ["\x05", "\x9b31m", "\x9d0;t\x9c", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_what_acts_without_an_escape_is_replaced(char: str) -> None:
    found = on_screen(f"a{char}b".encode())
    assert found.startswith(f"a{GONE}")
    assert clean(found, len(found)) == found


def test_a_string_that_never_ends_shows_nothing_more() -> None:
    assert on_screen(b"a\x1b]0;", *[b"x" * 1000] * 100, b"\x1b") == "a"


def test_all_that_came_through_is_taken_back() -> None:
    """The other screen, an invisible cursor, pasting in brackets, a region to scroll in."""
    screen = Screen()
    screen.feed(b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2;5r\x1b[?7l\x1b[?7h\x1b[?6h\x1b[?6l")
    end = screen.end()
    assert end.startswith("\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b7\x1b[r\x1b8")
    assert "?7" not in end
    assert "?6" not in end


PIECES = st.lists(
    st.sampled_from(
        [b"\x1b", b"[", b"]", b"P", b"_", b"?", b"1", b"049", b";", b"h", b"n", b"m", b"c", b"t",
         b"\\", b"\a", b"\x9b", b"\xc2", b"\xff", b"text", b"\r", b"\n", b"\xe2\x80\xae", b" "]
    )
)  # fmt: skip
ALLOWED = re.compile(f"{SCREEN.pattern}|[\a\b\t\n\r\x0e\x0f]")


@given(PIECES, st.data())
def test_whatever_comes_in_whatever_pieces(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    cut = data.draw(st.integers(0, len(whole)))
    for stream in (Screen, lambda: Lines(colours=True)):
        one, two = shown(stream(), whole), shown(stream(), whole[:cut], whole[cut:])
        assert one == two
        left = ALLOWED.sub("", one)
        assert clean(left, len(left)) == left
