"""CSV: every good row comes through unchanged, every bad line is named."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.errors import SourceError
from enrichment_platform.sources import csv_records
from enrichment_platform.sources.csv_records import csv_batches
from enrichment_platform_tests.sources.reads import read

CELLS = st.text(st.characters(exclude_categories=("Cs",)))
# No text begins with a line break beside a quote that never closes: the two make a valid record.
LATER_CELLS = CELLS.filter(lambda text: not text.startswith(("\n", "\r")))
BAD_LINES = st.sampled_from(['b,"never closed', 'b,"closed" late', "b,too,many", "too few", 'b,"x"y"', 'b,"a",'])


def parsed(data: bytes, encoding: str = "utf-8", delimiter: str = ",") -> tuple[list[list[str]], list[tuple[str, str]]]:
    rows: list[list[str]] = []
    bad: list[tuple[str, str]] = []
    for batch in csv_batches(io.BytesIO(data), "f", delimiter, encoding):
        columns = [batch.values.column(name) for name in batch.columns]
        rows.extend([str(column[row]) for column in columns] for row in range(len(batch.numbers)))
        bad.extend((rejection.row_id, rejection.reason.value) for rejection in batch.bad)
    return rows, bad


def written(rows: list[list[str]], terminator: str = "\r\n") -> str:
    stream = io.StringIO(newline="")
    # With "\n" the writer leaves a bare carriage return unquoted, and nobody can read that back.
    quoting = csv.QUOTE_ALL if terminator == "\n" else csv.QUOTE_MINIMAL
    csv.writer(stream, lineterminator=terminator, quoting=quoting).writerows(rows)
    return stream.getvalue()


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_any_text_that_a_csv_writer_wrote_comes_back_identical(rows: list[tuple[str, str, str]], end: str) -> None:
    wanted = [list(row) for row in rows]
    assert parsed(written([["a", "b", "c"], *wanted], end).encode()) == (wanted, [])


@given(st.lists(st.one_of(st.tuples(st.just(True), LATER_CELLS), st.tuples(st.just(False), BAD_LINES))))
def test_bad_lines_between_good_rows_lose_neither(records: list[tuple[bool, str]]) -> None:
    data, wanted, bad, line = "id,text\r\n", [], [], 2
    for number, (good, text) in enumerate(records):
        if good:
            record = written([[str(number), text]])
            wanted.append([str(number), text])
        else:
            record = text + "\r\n"
            bad.append((f"f:{line}", "malformed_line"))
        data += record
        line += record.count("\n")
    assert parsed(data.encode()) == (wanted, bad)


def test_a_record_over_lines_keeps_its_line_breaks_and_the_count_of_lines() -> None:
    rows, bad = parsed(b'id,text\n1,"two\r\nlines"\n2\n3,x\n')
    assert rows == [["1", "two\r\nlines"], ["3", "x"]]
    assert bad == [("f:4", "malformed_line")]


def test_wrong_bytes_cost_their_record_only() -> None:
    rows, bad = parsed(b'id,text\n1,caf\xe9\n2,"a\n\xff b"\n3,ok\n')
    assert rows == [["3", "ok"]]
    assert bad == [("f:2", "wrong_encoding"), ("f:3", "wrong_encoding")]


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ","), ("cp1252", ";"), ("utf-16", "\t"), ("utf-16-le", ",")]
)
def test_other_encodings_and_delimiters_are_read(encoding: str, delimiter: str) -> None:
    text = f"id{delimiter}text\n1{delimiter}é\n"
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    assert parsed(text.encode(encoding), name, delimiter) == ([["1", "é"]], [])


def test_a_field_may_be_longer_than_the_csv_modules_default_limit() -> None:
    rows, bad = parsed(b'id,text\n1,"' + b"x" * 200_000 + b'"\n')
    assert (len(rows[0][1]), bad) == (200_000, [])


def test_a_quote_that_never_closes_stops_at_the_longest_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "LONGEST_RECORD", 1000)
    rows, bad = parsed(b'id,text\n1,"open\n' + b"".join(b"%d,good\n" % number for number in range(2, 2000)))
    assert len(rows) == 1998
    assert bad == [("f:2", "malformed_line")]


def test_a_malformed_header_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'id,"at\n1,2026-01-05\n')
    with pytest.raises(SourceError, match=r"header of a\.csv, line 1"):
        read(tmp_path, "a.csv")


def test_a_long_delimiter_is_an_error_that_names_the_field(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,at\n1,2026-01-05\n")
    with pytest.raises(SourceError, match=r"source\.delimiter"):
        read(tmp_path, "a.csv", delimiter="||")
