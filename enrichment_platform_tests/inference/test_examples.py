"""Labelled examples: the nearest are shown, the same ones each time, and a bad file is named with its row."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from botocore.exceptions import NoCredentialsError

from enrichment_platform.errors import InputError
from enrichment_platform.inference.examples import NearestExamples, labelled, named, read_labelled
from enrichment_platform.spec import EnrichmentSpec, Example

TEXTS = ["refund money back", "parcel lost in transit", "password login broken", "refund of the parcel"]
SECRET = "hunter2"


def spec(*output: dict[str, Any]) -> EnrichmentSpec:
    topic = {"name": "topic", "type": "label", "labels": ["money", "other"]}
    return EnrichmentSpec.model_validate(
        {
            "name": "tickets",
            "source": {"path": "t.csv", "key": "id", "timestamp": "at"},
            "partitions": {"start": "2026-01-01"},
            "prompt": {"columns": ["body"]},
            "output": list(output) or [topic],
        }
    )


def nearest(texts: list[str], count: int = 2) -> NearestExamples:
    return NearestExamples([Example(input={"body": one}, output={"n": one}) for one in texts], ["body"], count)


def shown(examples: NearestExamples, text: str | None) -> list[str]:
    return [example.input["body"] for example in examples.of({"body": text})]


def test_the_nearest_example_comes_last() -> None:
    assert shown(nearest(TEXTS), "my password: login fails")[-1] == "password login broken"
    assert shown(nearest(TEXTS), "REFUND the parcel!")[-1] == "refund of the parcel"


def test_as_many_are_shown_as_asked_for_or_as_there_are() -> None:
    assert len(shown(nearest(TEXTS, 3), "refund")) == 3
    assert sorted(shown(nearest(TEXTS, 20), "refund")) == sorted(TEXTS)


def test_the_same_row_is_shown_the_same_examples() -> None:
    rows = ["refund", "nothing in common", "", None, "12345"]
    assert [shown(nearest(TEXTS), row) for row in rows] == [shown(nearest(TEXTS), row) for row in rows]


def test_ties_keep_the_order_of_the_file() -> None:
    assert shown(nearest(TEXTS), "nothing near") == [TEXTS[1], TEXTS[0]]


def test_the_digest_changes_with_any_example_their_order_and_their_number() -> None:
    digests = [nearest(TEXTS).digest, nearest(TEXTS, 3).digest, nearest(TEXTS[:3]).digest, nearest(TEXTS[::-1]).digest]
    assert len(set(digests)) == 4
    assert nearest(TEXTS).digest == digests[0]


@pytest.mark.parametrize("texts", [["1", "2 3"], [], ["", ""]])
def test_examples_without_words_are_one_clear_error(texts: list[str]) -> None:
    with pytest.raises(InputError, match=r"labelled_examples: .*give rows with text in body"):
        nearest(texts)


WRITERS: dict[str, Callable[[pl.DataFrame, Path], None]] = {
    "csv": lambda frame, path: frame.write_csv(path),
    "jsonl": lambda frame, path: frame.write_ndjson(path),
    "ndjson": lambda frame, path: frame.write_ndjson(path),
    "parquet": lambda frame, path: frame.write_parquet(path),
}


@pytest.mark.parametrize("suffix", list(WRITERS))
def test_values_of_every_type_are_read_from_every_format(suffix: str, tmp_path: Path) -> None:
    fields = [
        {"name": "topic", "type": "label", "labels": ["money", "other"]},
        {"name": "amount", "type": "number"},
        {"name": "count", "type": "integer"},
        {"name": "urgent", "type": "boolean", "required": False},
        {"name": "due", "type": "date", "evidence": True},
    ]
    frame = pl.DataFrame(
        {
            "body": ["pay 5 by 3 May", "x"],
            "topic": ["money", "other"],
            "amount": [5.5, 1.0],
            "count": [3, 4],
            "urgent": [True, None],
            "due": [date(2026, 5, 3), date(2026, 1, 1)],
            "due_evidence": ["3 May", ""],
        }
    )
    path = str(tmp_path / f"labelled.{suffix}")
    WRITERS[suffix](frame, Path(path))
    first, second = labelled(read_labelled(path, "labelled_examples.path"), spec(*fields), path)
    assert first.input == {"body": "pay 5 by 3 May"}
    assert first.output == {
        "topic": "money",
        "amount": 5.5,
        "count": 3,
        "urgent": True,
        "due": "2026-05-03",
        "due_evidence": "3 May",
    }
    assert second.output["urgent"] is None
    assert second.output["due_evidence"] is None


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_number_in_a_prompt_column_stays_one_as_in_production_rows(suffix: str, tmp_path: Path) -> None:
    path = str(tmp_path / f"labelled.{suffix}")
    WRITERS[suffix](pl.DataFrame({"body": [0, None, 17], "topic": ["other"] * 3}), Path(path))
    found = labelled(read_labelled(path, "labelled_examples.path"), spec(), path)
    assert [one.input["body"] for one in found] == [0, "", 17]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ({"type": "label", "labels": ["a", "b"]}, "c", "value is not one of a, b"),
        ({"type": "label", "labels": ["a", "b"]}, "", "value is empty"),
        ({"type": "number"}, "five", "value is not a number"),
        ({"type": "number"}, "NaN", "value is not a number"),
        ({"type": "number"}, "true", "value is not a number"),
        ({"type": "integer"}, "1.5", "value is not a integer"),
        ({"type": "boolean"}, "yes", "value is not a boolean"),
        ({"type": "date"}, "3 May", "value is not a date (YYYY-MM-DD)"),
        ({"type": "list"}, "a,b", "value is not a list"),
        ({"type": "number"}, Decimal("1.5"), "it holds a value that JSON cannot hold (a decimal number, bytes)"),
    ],
)
def test_a_value_that_does_not_fit_names_the_file_and_the_row(field: dict[str, Any], value: Any, problem: str) -> None:
    good: Any = {"label": "a", "number": "1", "integer": "1", "boolean": "TRUE", "date": "2026-01-01", "list": "[]"}
    first = Decimal(1) if isinstance(value, Decimal) else good[field["type"]]
    one = spec({"name": "value", **field})
    frame = pl.DataFrame({"body": ["one", "two"], "value": [first, value]})
    if not isinstance(value, Decimal):
        labelled(frame.head(1), one, "examples.csv")
        with pytest.raises(InputError) as caught:
            labelled(frame, one, "examples.csv")
        assert str(caught.value) == f"labelled_examples: examples.csv, row 2: {problem}"
    else:
        with pytest.raises(InputError) as caught:
            labelled(frame, one, "examples.csv")
        assert str(caught.value) == f"labelled_examples: examples.csv, row 1: {problem}"


def test_missing_columns_are_named_with_those_that_are_there() -> None:
    with pytest.raises(InputError, match=r"examples\.csv lacks body, topic; it has text$"):
        labelled(pl.DataFrame({"text": ["x"]}), spec(), "examples.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.csv", None),
        ("absent.parquet", None),
        ("absent.jsonl", None),
        ("empty.csv", b""),
        ("broken.jsonl", b"{not json"),
        ("broken.parquet", b"not parquet"),
        ("latin.csv", b"body,topic\n\xe9\xff,money\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error_with_its_path(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"labelled_examples\.path: .*{name} cannot be read"):
        read_labelled(str(path), "labelled_examples.path")


@pytest.mark.parametrize(
    "error",
    [NoCredentialsError(), ImportError("Please install gcsfs to access Google Storage"), ValueError(SECRET)],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_whatever_a_store_raises_is_one_error_with_the_path_and_no_secret(
    error: Exception, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    for reader in ("read_csv", "read_ndjson", "read_parquet"):
        monkeypatch.setattr(pl, reader, fails)
    with pytest.raises(InputError) as caught:
        read_labelled(f"s3://me:{SECRET}@bucket/g.{suffix}", "checks.golden.path")
    told = str(caught.value)
    assert told.startswith(f"checks.golden.path: s3://bucket/g.{suffix} cannot be read ({type(error).__name__}")
    assert ("install gcsfs" in told) == isinstance(error, ImportError), "what to do is told"
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_url_is_named_without_user_password_and_signature() -> None:
    assert named("https://me:p@ss@host:1/a/g.csv?X-Amz-Signature=s#f") == "https://host:1/a/g.csv"
    assert named("s3://bucket/a@b/g.csv") == "s3://bucket/a@b/g.csv"
    assert named("data/what?.csv") == "data/what?.csv"
