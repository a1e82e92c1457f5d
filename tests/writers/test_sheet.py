from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.errors import BadInputError
from packerlab.writers.filling import column_for, scaled
from packerlab.writers.sheet import read_sheet

if TYPE_CHECKING:
    from packerlab.writers.sheet import Sheet

CELLS = st.text(st.sampled_from('ab"\r\n,;\t é=') | st.characters(codec="utf-8"), max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5)


def read(text: str) -> Sheet:
    return read_sheet(text.encode(), "export.csv")


@given(rows=ROWS, bom=st.booleans(), dialect=st.sampled_from(["unix", "excel"]))
def test_any_file_is_read_as_csv_and_stays_as_it_is(
    rows: list[list[str]], bom: bool, dialect: str
) -> None:
    rows = [["a", "b", "c", "d", "e"], *rows]
    out = io.StringIO(newline="")
    csv.writer(out, dialect).writerows(rows)
    text = "\ufeff" * bom + out.getvalue()
    sheet = read(text)
    assert [[row.text(at) for at in range(len(row.cells))] for row in sheet.rows] == rows
    assert sheet.encode() == text.encode()


@given(rows=ROWS, text=CELLS, place=st.integers(0, 5))
def test_a_cell_is_set_and_no_other_changes(rows: list[list[str]], text: str, place: int) -> None:
    rows = [["a", "b", "c", "d", "e"], *rows]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    sheet = read(out.getvalue())
    sheet.put(1, place, text)
    rows[1] += [""] * (place + 1 - len(rows[1]))
    rows[1][place] = text
    read_back = csv.reader(io.StringIO(sheet.encode().decode(), newline=""), strict=True)
    assert list(read_back) == rows


def test_a_file_of_another_line_end_or_none_stays_as_it_is() -> None:
    for text in ("a,b\rc,d", "a,b\n\n\nc", "a,b\r\n,\r\n", 'a;"b"\n"c";d', "a\tb\nc"):
        assert read(text).encode() == text.encode()
        assert len(read(text).rows[0].cells) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "export.csv is empty."),
        (b"Student\xff,ID\n", "export.csv is not UTF-8: export it again"),
        ("a,b\n".encode("utf-16"), "export.csv is not UTF-8"),
        (b'a,b\n1,"2\n3,4\n', "export.csv:2: a quote in this line has no other end."),
        (b'a,b\n1,"2"3"\n', "export.csv:2: a quote"),
    ],
)
def test_what_can_t_be_read_is_said(data: bytes, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        read_sheet(data, "export.csv")


def test_numbers_are_the_files() -> None:
    point, comma = read("a,b\n1,2.50\n"), read("a;b\n1;2,50\n")
    assert point.number("1,000.50") == comma.number("1.000,50") == Decimal("1000.5")
    assert (point.written(Decimal("7.25")), comma.written(Decimal("7.25"))) == ("7.25", "7,25")
    assert read('a,b\n"10,00",1\n').number("10,00") == Decimal(10)
    assert [point.number(text) for text in ("", "-", "EX", "NaN", "inf")] == [None] * 5


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (None, [2]),
        ("LAB 101", [1, 2]),
        ("Lab 101: Your first build", [2]),
        ("final", [3]),
        ("nothing", []),
    ],
)
def test_a_column_is_found_by_the_lab_or_by_a_part_of_its_name(
    wanted: str | None, places: list[int]
) -> None:
    columns = {1: "Lab 101 quiz", 2: "Lab 101: Your first build", 3: "final 1101, 101.5"}
    assert column_for(columns, "101_first_build", "Your first build", wanted) == places
    assert column_for(columns, "104_provision", "Provision", None) == []
    assert column_for({5: "104. Apt", 6: "1.104"}, "104_provision", "Provision", None) == [5]


def test_points_are_scaled_to_what_a_column_is_worth() -> None:
    assert scaled(7, 10, Decimal(20)) == Decimal(14)
    assert f"{scaled(1, 3, Decimal(100)):f}" == "33.33"
    assert f"{scaled(10, 10, Decimal(100)):f}" == "100"
    assert scaled(0, 0, Decimal(5)) == scaled(0, 7, None) == Decimal(0)
    assert scaled(7, 10, Decimal(0)) == Decimal(7)
