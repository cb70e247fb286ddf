"""CSV that a spreadsheet shows and does not obey."""

from __future__ import annotations

import csv
import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.cli import main
from enrichment_platform.cli.csv_export import FORMULA, csv_lines, harmless
from enrichment_platform.lake.tables import Lake

Invoke = Callable[..., Result]
SKIPPED = ' \t\r\n"\u200b\u061c\x7f\u180e\U000e0001\ufeff\x00'
HOSTILE = st.text(alphabet=st.sampled_from(f"=+-@＝＠﹢﹫;,'|a1{SKIPPED}"), max_size=12)


@pytest.fixture
def enrichment(home: Path) -> Invoke:
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


def written(columns: list[str], rows: list[list[Any]]) -> str:
    return "".join(csv_lines(columns, rows))


def read(text: str, **dialect: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), **dialect))


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(1)",
        "\tx",
        "\rx",
        "\nx",
        "  =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\x00=1",
        '=HYPERLINK("http://x","y")',
        "＝1",
        "＠x",
        "﹢1",
        "﹦1",
        "﹣1",
        "﹫x",
        '"=1',
        "\u061c=1",
        "\U000e0001=1",
        "-",
        "=",
    ],
)
def test_text_that_would_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert read(written([text], [[text]])) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("separator", [";", "\t", "\n", "; \t"])
@pytest.mark.parametrize("skipped", ["", *' "\u061c\u180e\x7f\U000e0001\x0b\x85\u2028\u2066'])
def test_no_invisible_character_hides_a_formula_in_a_cell_that_another_separator_begins(
    separator: str, skipped: str
) -> None:
    for sign in FORMULA:
        assert harmless(f"a{separator}{skipped}{sign}1") == f"a{separator}{skipped}'{sign}1"


def test_a_text_of_separators_takes_no_more_than_its_length_in_time() -> None:
    assert harmless("a" + "\t" * 200_000) == "a" + "\t" * 200_000


@pytest.mark.parametrize(
    "text", ["", "Zürich 東京", "a=b", "1-2", "'=x", "x, -y", "mail@host", 'say "hi"', "a\nb", "#x"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
    assert read(written(["column"], [[text]]))[1:] == [[text]]


def test_numbers_stay_numbers_and_nulls_are_empty() -> None:
    row: list[Any] = [-5, -1.5, Decimal("-2.50"), True, None, date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), ""]
    assert written(["a"] * 8, [row]).split("\r\n")[1] == '-5,-1.5,-2.50,true,,2026-01-02,2026-01-02T00:00:00+00:00,""'
    text: list[Any] = ["-5", float("-inf"), ["=1", None], {"=a": float("nan")}, b"=1"]
    (cells,) = read(written([], [text]))[1:]
    assert cells == ["'-5", "'-inf", '["=1", null]', '{"=a": null}', "b'=1'"]


@given(st.lists(st.lists(HOSTILE, min_size=3, max_size=3), max_size=4))
def test_no_cell_begins_a_formula_and_no_text_is_lost(rows: list[list[str]]) -> None:
    cells = read(written(["a", "b", "c"], rows))[1:]
    assert len(cells) == len(rows)
    for shown, given_ in zip(cells, rows, strict=True):
        for cell, text in zip(shown, given_, strict=True):
            assert not cell.lstrip(SKIPPED).startswith(tuple(FORMULA))
            assert cell.replace("'", "") == text.replace("'", "")


@given(st.lists(st.lists(HOSTILE, min_size=3, max_size=3), min_size=1, max_size=4), st.sampled_from(";\t"))
def test_no_cell_begins_a_formula_where_another_character_separates_cells(rows: list[list[str]], by: str) -> None:
    for row in csv.reader(io.StringIO(written(["a", "b", "c"], rows), newline=""), delimiter=by):
        for cell in row:
            assert not cell.lstrip(SKIPPED).startswith(tuple(FORMULA))


def letters(lake: Lake) -> None:
    frame = pl.DataFrame(
        {"row_id": [f"{n}" for n in range(150)], "partition_key": "a", "text": "=1+1", "amount": -3.5, "none": None},
        schema_overrides={"none": pl.String},
    )
    lake.replace_partition("letters/raw", "a", frame)


def test_sql_writes_every_row_to_standard_output_or_a_file(enrichment: Invoke, lake: Lake, tmp_path: Path) -> None:
    letters(lake)
    query = 'select text as "=head", amount, none, text from letters.raw'
    shown = enrichment("sql", query, "--csv")
    assert shown.exit_code == 0, shown.output
    cells = read(shown.stdout_bytes.decode())
    assert cells[0] == ["'=head", "amount", "none", "text"]
    assert cells[1:] == [["'=1+1", "-3.5", "", "'=1+1"]] * 150
    target = tmp_path / "letters.csv"
    assert enrichment("sql", query, "--csv", str(target)).output == ""
    assert target.read_bytes() == shown.stdout_bytes
    assert read(enrichment("sql", "select 1 as a where false", "--csv").stdout) == [["a"]]


def test_wrong_use_of_csv_is_one_message(enrichment: Invoke, lake: Lake, tmp_path: Path) -> None:
    both = enrichment("sql", "select 1", "--json", "--csv")
    assert (both.exit_code, both.stdout) == (2, "")
    assert "give --json or --csv, not both" in both.stderr
    nowhere = enrichment("sql", "select 1", "--csv", str(tmp_path / "no" / "x.csv"))
    assert (nowhere.exit_code, nowhere.stdout) == (2, "")
    assert "x.csv: No such file or directory" in nowhere.stderr


def test_quarantine_writes_csv(enrichment: Invoke, lake: Lake) -> None:
    row = {"row_id": "=1", "partition_key": "2019-03-01", "stage": "cleaned", "reason": "empty_text", "detail": "a;=b"}
    lake.replace_partition("complaints/quarantine", "2019-03-01", pl.DataFrame([row]), where={"stage": "cleaned"})
    cells = read(enrichment("quarantine", "complaints", "--csv").stdout)
    assert cells == [list(row), ["'=1", "2019-03-01", "cleaned", "empty_text", "a;'=b"]]


def test_a_terminal_gets_no_escape_sequence_from_a_cell() -> None:
    program = "from enrichment_platform.cli.csv_export import write_csv as write\n"
    program += "write(['a'], [['x\\x1b]8;;http://e\\x07y']], '-')"
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    printed = b""
    try:
        while chunk := os.read(ours, 4096):
            printed += chunk
    except OSError:  # the terminal is closed: Linux says it so
        pass
    assert process.wait(30) == 0
    assert b"\x1b" not in printed
    assert b"\x07" not in printed
    assert b"x\\x1b]8;;http://e\\x07y" in printed
