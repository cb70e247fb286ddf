"""Files of labelled rows have the types of production rows, so that a prompt shows both alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.inference.prompt import Prompt
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage
from enrichment_platform.stages.labelled_rows import cleaned_schema, golden_set, nearest_examples
from enrichment_platform.stages.naming import table

SCHEMA: Mapping[str, pl.DataType] = {"row_id": pl.String(), "text": pl.String(), "amount": pl.Float64()}


def spec_of(**changes: Any) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(
        {
            "name": "letters",
            "source": {"path": "letters.parquet", "key": "id"},
            "partitions": {"type": "static", "keys": ["a"], "column": "part"},
            "prompt": {"columns": ["text", "amount"]},
            "output": [{"name": "topic", "type": "label", "labels": ["praise", "complaint"]}],
        }
        | changes
    )


def golden_spec(name: str, **changes: Any) -> EnrichmentSpec:
    return spec_of(checks={"golden": {"path": name}}, **changes)


def user_message(spec: EnrichmentSpec, row: dict[str, Any]) -> str:
    return Prompt(spec.prompt, spec.output).messages({"row_id": "1", **row})[-1]["content"]


def test_the_schema_is_that_of_the_rows_that_are_asked(home: Path) -> None:
    rows = pl.DataFrame(
        {
            "row_id": ["1"],
            "partition_key": ["a"],
            "amount": [5.0],
            "count": [5],
            "day": [date(2026, 1, 2)],
            "at": [datetime(2026, 1, 2, tzinfo=UTC)],
            "naive": [datetime(2026, 1, 2)],
            "tags": [["x"]],
            "vendor": [{"name": "x"}],
            "yes": [True],
        }
    )
    lake = Lake.from_environment()
    name = table(spec_of(), Stage.CLEANED)
    lake.replace_partition(name, "a", rows)
    assert cleaned_schema(lake, spec_of()) == lake.read(name, "a").schema


@pytest.mark.parametrize("template", ["", "{{ text }} {{ '%.2f' % amount }}"])
def test_a_golden_row_of_a_csv_file_has_the_prompt_of_the_same_production_row(tmp_path: Path, template: str) -> None:
    (tmp_path / "g.csv").write_text("id,text,amount,topic\ng0,hello there,5,praise\n")
    spec = golden_spec("g.csv", prompt={"columns": ["text", "amount"], "template": template})
    (row,) = golden_set(spec, tmp_path, SCHEMA)
    assert user_message(spec, row.row) == user_message(spec, {"text": "hello there", "amount": 5.0})


def test_a_labelled_example_of_a_csv_file_has_the_prompt_of_the_same_production_row(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("text,amount,topic\nhello there,5,praise\n")
    prompt = {"columns": ["text", "amount"], "template": "{{ text }} {{ '%.2f' % amount }}"}
    spec = spec_of(prompt=prompt, labelled_examples={"path": "e.csv", "nearest": 1})
    examples = nearest_examples(spec, tmp_path, SCHEMA)
    assert examples is not None
    (shown,) = examples.of({"text": "hello", "amount": 1.0})
    assert user_message(spec, dict(shown.input)) == "hello there 5.00"


READ: list[tuple[pl.DataType, str, Any]] = [
    (pl.Int64(), "5", 5),
    (pl.Float64(), "5", 5.0),
    (pl.Decimal(10, 2), "5.1", Decimal("5.10")),
    (pl.Boolean(), "True", True),
    (pl.Date(), "2026-01-02", date(2026, 1, 2)),
    (pl.Datetime("us"), "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
    (pl.Datetime("us", "UTC"), "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (pl.Datetime("us", "UTC"), "2026-01-02 05:04:05+02:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (pl.List(pl.String()), '"[""a""]"', ["a"]),
    (pl.Struct({"a": pl.Int64()}), '"{""a"": 1}"', {"a": 1}),
    (pl.Float64(), "", None),
    (pl.String(), "007", "007"),
]


@pytest.mark.parametrize(("dtype", "cell", "value"), READ)
def test_a_cell_is_read_as_the_type_of_its_column(tmp_path: Path, dtype: pl.DataType, cell: str, value: Any) -> None:
    (tmp_path / "g.csv").write_text(f"id,text,amount,topic\ng0,hello there,{cell},praise\n")
    (row,) = golden_set(golden_spec("g.csv"), tmp_path, {**SCHEMA, "amount": dtype})
    assert row.row["amount"] == value
    assert type(row.row["amount"]) is type(value)


REFUSED: list[tuple[pl.DataType, Any]] = [
    (pl.Float64(), "five"),
    (pl.Float64(), "1_000"),
    (pl.Float64(), True),
    (pl.Int64(), "5.7"),
    (pl.Int64(), 5.7),
    (pl.Int8(), 300),
    (pl.Decimal(10, 2), "5.123"),
    (pl.Boolean(), "1"),
    (pl.Boolean(), 1),
    (pl.Date(), "3 May"),
    (pl.Date(), 5),
    (pl.Datetime("us"), "2026-01-02T03:04:05Z"),
    (pl.Datetime("us", "UTC"), "yesterday"),
    (pl.List(pl.String()), "a"),
    (pl.List(pl.String()), [1]),
    (pl.Struct({"a": pl.Int64()}), {"b": 1}),
    (pl.String(), ["a"]),
    (pl.String(), {"a": 1}),
]


@pytest.mark.parametrize(("dtype", "value"), REFUSED)
def test_a_value_that_is_not_of_its_columns_type_names_file_and_row_and_is_not_guessed(
    tmp_path: Path, dtype: pl.DataType, value: Any
) -> None:
    lines = [{"id": str(n), "text": "hello", "amount": one, "topic": "praise"} for n, one in enumerate([None, value])]
    (tmp_path / "g.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError) as caught:
        golden_set(golden_spec("g.jsonl"), tmp_path, {**SCHEMA, "amount": dtype})
    assert str(caught.value) == f"checks.golden.path: g.jsonl, row 2, amount is not a {dtype}"
    with pytest.raises(InputError) as caught:
        nearest_examples(spec_of(labelled_examples={"path": "g.jsonl"}), tmp_path, {**SCHEMA, "amount": dtype})
    assert str(caught.value) == f"labelled_examples.path: g.jsonl, row 2, amount is not a {dtype}"


def test_numbers_of_a_json_file_beside_a_text_column_are_text(tmp_path: Path) -> None:
    (tmp_path / "g.jsonl").write_text('{"id":"1","text":17,"amount":5,"topic":"praise"}\n')
    (row,) = golden_set(golden_spec("g.jsonl"), tmp_path, SCHEMA)
    assert row.row == {"text": "17", "amount": 5.0}


def test_values_that_are_text_in_the_table_leave_the_digest_of_the_examples_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("text,amount,topic\nhello there,5,praise\n")
    spec = spec_of(labelled_examples={"path": "e.csv", "nearest": 1})
    plain, typed = nearest_examples(spec, tmp_path), nearest_examples(spec, tmp_path, SCHEMA | {"amount": pl.String()})
    assert plain is not None
    assert typed is not None
    assert typed.digest == plain.digest, "else every row would be asked again"


def test_a_golden_row_on_which_the_template_fails_is_told_by_its_id_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("id,text,amount,topic\ng0,hello,5,praise\ng1,hello,,praise\n")
    spec = golden_spec("g.csv", prompt={"columns": ["text", "amount"], "template": "{{ '%.2f' % amount }}"})
    with pytest.raises(InputError, match=r"g\.csv, row 2: prompt\.template fails on row g1 \(TypeError\)$"):
        golden_set(spec, tmp_path, SCHEMA)


def test_an_example_on_which_the_template_fails_is_told_with_its_row_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("text,amount,topic\nhello there,5,praise\n,,praise\nbye now,,praise\n")
    spec = spec_of(
        prompt={"columns": ["text", "amount"], "template": "{{ '%.2f' % amount }}"},
        labelled_examples={"path": "e.csv"},
        cleaning={"columns": ["text"]},
    )
    with pytest.raises(InputError) as caught:
        nearest_examples(spec, tmp_path, SCHEMA)
    assert str(caught.value) == "labelled_examples.path: e.csv: prompt.template fails on row 3 (TypeError)"


def test_a_wrong_example_is_told_with_its_row_in_the_file_whatever_cleaning_takes_out(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("text,amount,topic\n,,praise\nhello there,5,gratitude\n")
    with pytest.raises(InputError, match=r"e\.csv, row 2: topic is not one of"):
        nearest_examples(spec_of(labelled_examples={"path": "e.csv"}), tmp_path, SCHEMA)


def test_a_golden_row_that_is_a_labelled_example_is_refused(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("text,amount,topic\nhello there,5,praise\nbye now,6,praise\n")
    (tmp_path / "e.jsonl").write_text('{"text":"bye now","amount":6.0,"topic":"complaint"}\n')
    spec = golden_spec("g.csv", labelled_examples={"path": "e.jsonl"})
    for schema in (SCHEMA, None):
        with pytest.raises(InputError, match=r"g\.csv, row 2 is an example too"):
            golden_set(spec, tmp_path, schema)


def test_a_golden_row_that_is_an_example_of_the_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("text,amount,topic\nhello there,5,praise\nbye now,6,praise\n")
    shown = [{"input": {"text": "hello there", "amount": "5"}, "output": {"topic": "praise"}}]
    spec = golden_spec("g.csv", prompt={"columns": ["text", "amount"], "examples": shown})
    with pytest.raises(InputError, match=r"g\.csv, row 1 is an example too"):
        golden_set(spec, tmp_path, SCHEMA)


def test_the_path_of_a_golden_file_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        golden_set(golden_spec("http://me:secret@127.0.0.1:9/g.csv?sig=secret"), tmp_path)
    assert str(caught.value).startswith("checks.golden.path: http://127.0.0.1:9/g.csv cannot be read (")
