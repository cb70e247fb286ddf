"""Golden rows: what was shown to the model as an example, or has no prompt, is refused with its row."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.inference.examples import LabelledExample
from enrichment_platform.inference.golden import GoldenRow, golden_rows, refuse_shown, refuse_without_prompt
from enrichment_platform.inference.prompt import Prompt
from enrichment_platform.spec import EnrichmentSpec, Example


def spec_of(**prompt: Any) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(
        {
            "name": "letters",
            "source": {"path": "letters.csv", "key": "id"},
            "partitions": {"type": "static", "keys": ["a"], "column": "part"},
            "prompt": {"columns": ["text", "amount"]} | prompt,
            "output": [{"name": "topic", "type": "label", "labels": ["praise", "complaint"]}],
        }
    )


def golden(*rows: dict[str, Any]) -> list[GoldenRow]:
    return [GoldenRow(f"g{n}", {"amount": None} | row, {"topic": "praise"}, n) for n, row in enumerate(rows, 1)]


def example(text: str, amount: Any = "") -> Example:
    return LabelledExample(input={"text": text, "amount": amount}, output={"topic": "praise"})


def test_a_golden_row_says_which_row_of_the_file_it_is() -> None:
    given = pl.DataFrame({"id": ["x", "y"], "text": ["", "two"], "amount": [1.0, 2.0], "topic": ["praise"] * 2})
    cleaned = given.with_columns(pl.Series("row_id", ["0", "1"]))
    rows = golden_rows(given, cleaned.tail(1), spec_of(), "g.csv")
    assert [(row.golden_id, row.number) for row in rows] == [("y", 2)]


def test_golden_rows_that_the_model_is_shown_with_their_answer_are_refused_with_file_and_rows() -> None:
    rows = golden(*({"text": f"letter {n}"} for n in range(8)), {"text": "another"})
    with pytest.raises(InputError) as caught:
        refuse_shown(rows, [example(f"letter {n}") for n in range(8)], "g.csv")
    assert str(caught.value) == (
        "checks.golden.path: g.csv, rows 1, 2, 3, 4, 5 and 3 more are examples too, so the model is shown their"
        " answers; take them out of one of the two"
    )
    with pytest.raises(InputError, match=r"g\.csv, row 9 is an example too, so the model is shown its answer; take it"):
        refuse_shown(rows, [example("another")], "g.csv")


@pytest.mark.parametrize(("text", "amount"), [("Letter  one", "5"), ("letter one\n", 5), ("letter one", 5.0)])
def test_an_example_is_known_again_whatever_its_type_case_and_spaces(text: str, amount: Any) -> None:
    with pytest.raises(InputError, match="row 1 is an example too"):
        refuse_shown(golden({"text": "letter one", "amount": 5.0}), [example(text, amount)], "g.csv")


def test_a_golden_row_with_another_value_in_one_column_of_the_prompt_is_no_example() -> None:
    refuse_shown(golden({"text": "letter one", "amount": 5.0}), [example("letter one", "6")], "g.csv")
    refuse_shown(golden({"text": "letter one", "amount": 5.0}), [], "g.csv")


def test_a_golden_row_without_a_prompt_is_refused_by_its_id_and_without_its_text() -> None:
    spec = spec_of(template="{{ text }} {{ '%.2f' % amount }}")
    rows = golden({"text": "fine", "amount": 5.0}, {"text": "secret", "amount": None})
    with pytest.raises(InputError) as caught:
        refuse_without_prompt(rows, Prompt(spec.prompt, spec.output), "g.csv")
    assert str(caught.value) == "checks.golden.path: g.csv, row 2: prompt.template fails on row g2 (TypeError)"
