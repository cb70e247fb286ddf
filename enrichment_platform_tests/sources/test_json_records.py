"""JSON: text stays text, numbers stay as written, a bad line costs itself."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.json_records import json_text, parsed
from enrichment_platform_tests.sources.reads import read


def test_values_are_text_and_null_stays_null(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"id": 12345678901234567890123, "at": "2026-01-05", "price": 1.10,'
        ' "ok": true, "none": null, "more": {"a": [1]}}'
    )
    row = read(tmp_path, "a.jsonl").rows.row(0, named=True)
    assert row["row_id"] == "12345678901234567890123"
    assert (row["price"], row["ok"], row["none"], row["more"]) == ("1.10", "true", None, '{"a":[1]}')


def test_lines_end_at_newlines_and_nowhere_else(tmp_path: Path) -> None:
    text = "a\u2028b\x85c\x0bd"
    line = json.dumps({"id": "1", "at": "2026-01-05", "text": text}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n\r\n")
    assert read(tmp_path, "a.jsonl").rows["text"].to_list() == [text]


def test_each_bad_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    good = b'{"id": %d, "at": "2026-01-05"}'
    lines = [good % 1, b"{nope", b"[1]", b'"text"', b'{"id": NaN}', b'{"id": "\xff"}', b'{"id": "\\ud800"}']
    lines += [b"[" * 100_000, good % 2]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    got = read(tmp_path, "a.jsonl")
    assert got.rows["row_id"].to_list() == ["1", "2"]
    assert got.unplaced.select("row_id", "reason").rows() == [
        ("a.jsonl:2", "malformed_line"),
        ("a.jsonl:3", "malformed_line"),
        ("a.jsonl:4", "malformed_line"),
        ("a.jsonl:5", "malformed_line"),
        ("a.jsonl:6", "wrong_encoding"),
        ("a.jsonl:7", "wrong_encoding"),
        ("a.jsonl:8", "malformed_line"),
    ]
    assert "nope" not in str(got.unplaced.rows())


def test_every_partition_has_the_columns_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "at": "2026-01-05"}\n{"id": 2, "at": "2026-01-06", "late": "x"}\n')
    assert read(tmp_path, "a.jsonl").rows.columns == read(tmp_path, "a.jsonl", "2026-01-06").rows.columns


def test_a_document_is_read_from_its_records_path(tmp_path: Path) -> None:
    record = {"id": "1", "at": "2026-01-05"}
    (tmp_path / "a.json").write_text(json.dumps({"hits": {"list": [record, 7]}}))
    got = read(tmp_path, "a.json", records="hits.list")
    assert got.rows["row_id"].to_list() == ["1"]
    assert got.unplaced["row_id"].to_list() == ["a.json:2"]


def test_a_wrong_records_path_names_the_keys_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"data": {"rows": []}}')
    with pytest.raises(SourceError, match=r"'rows'.*data, data\.rows"):
        read(tmp_path, "a.json", records="rows")


def test_a_broken_document_is_an_error_without_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"secret words')
    with pytest.raises(SourceError, match=r"a\.json is not a JSON document") as error:
        read(tmp_path, "a.json")
    assert "secret" not in str(error.value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5))
def test_json_text_is_json_that_means_the_same(value: object) -> None:
    text = json_text(parsed(json.dumps(value)))
    assert text == value if value is None or isinstance(value, str) else json.loads(text or "") == value
