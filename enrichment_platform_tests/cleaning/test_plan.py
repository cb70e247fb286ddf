"""Steps are checked at load, and their version changes with all that changes a text and nothing else."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from enrichment_platform.cleaning import check_steps, clean, cleaning_version, operation
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform.errors import InputError
from enrichment_platform.spec import EnrichmentSpec

MakeSpec = Callable[..., EnrichmentSpec]


def test_good_steps_have_no_problems(make_spec: MakeSpec) -> None:
    assert check_steps(make_spec(["unicode_nfc", {"mask_pii": {"kinds": ["email"]}}, {"min_length": None}])) == []


@pytest.mark.parametrize(
    ("step", "parts"),
    [
        (
            "html_to_txt",
            ["cleaning.steps[1]", "'html_to_txt'", "did you mean html_to_text", "Known: ", "unicode_nfc"],
        ),
        ({"min_length": {"min_char": 3}}, ["min_length", "'min_char'", "did you mean min_chars"]),
        ({"unicode_nfc": {"form": "C"}}, ["'form'", "it takes no parameters"]),
        ({"min_length": {"min_chars": "3"}}, ["min_chars = '3'", "valid integer"]),
        ({"min_length": {"min_chars": True}}, ["min_chars = True"]),
        ({"min_length": {"min_chars": 0}}, ["greater than or equal to 1"]),
        ({"mask_pii": {"kinds": "email"}}, ["kinds = 'email'"]),
        ({"mask_pii": {"kinds": ["mail"]}}, ["'email'", "'iban'"]),
        ({"truncate_text": {"max_chars": 10}}, ["greater than or equal to 100"]),
    ],
)
def test_a_wrong_step_is_named_with_what_is_allowed(make_spec: MakeSpec, step: Any, parts: list[str]) -> None:
    spec = make_spec([step])
    [problem] = check_steps(spec)
    for part in parts:
        assert part in problem
    frame = pl.DataFrame({"row_id": ["1"], "partition_key": ["p"], "text": ["x"]})
    with pytest.raises(InputError, match="tickets"):
        clean(frame, spec)
    with pytest.raises(InputError):
        cleaning_version(spec)


def test_version_changes_with_steps_parameters_and_columns_only(make_spec: MakeSpec) -> None:
    version = cleaning_version(make_spec(["unicode_nfc", "min_length"]))
    assert version == cleaning_version(make_spec(["unicode_nfc", {"min_length": {"min_chars": 10}}]))
    others = [
        make_spec(["min_length", "unicode_nfc"]),
        make_spec(["unicode_nfc"]),
        make_spec(["unicode_nfc", {"min_length": {"min_chars": 11}}]),
        make_spec(["unicode_nfc", "min_length"], columns=("text", "subject")),
    ]
    assert len({version, *map(cleaning_version, others)}) == 5


def test_version_is_the_same_on_every_machine(make_spec: MakeSpec) -> None:
    assert cleaning_version(make_spec(["mask_pii", "drop_blank"])) == "f26d2aef5564251e"


def test_an_operation_is_added_with_the_decorator(make_spec: MakeSpec) -> None:
    def shout(column: pl.Series, *, mark: str = "!") -> pl.Series:
        return column.str.to_uppercase() + mark

    try:
        first = operation(version=1)(shout)
        before = cleaning_version(make_spec([{"shout": {"mark": "?"}}]))
        frame = pl.DataFrame({"row_id": ["1"], "partition_key": ["p"], "text": ["x"]})
        assert clean(frame, make_spec([{"shout": {"mark": "?"}}])).rows["text"].to_list() == ["X?"]
        operation(version=2)(first)
        assert cleaning_version(make_spec([{"shout": {"mark": "?"}}])) != before
    finally:
        REGISTRY.pop("shout")


def test_a_name_is_taken_once_and_parameters_need_types_and_defaults() -> None:
    def unicode_nfc(column: pl.Series) -> pl.Series:
        return column

    def untyped(column: pl.Series, *, size=3) -> pl.Series:  # type: ignore[no-untyped-def]
        return column

    def required(column: pl.Series, *, size: int) -> pl.Series:
        return column

    for function in (unicode_nfc, untyped, required):
        with pytest.raises(ValueError, match="cleaning operation"):
            operation(version=1)(function)
