"""The GPU kernels against the CPU's, on a stand-in for the device: this proves guards and order, not cuDF."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning import operations
from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.device_column import DeviceColumn
from enrichment_platform.cleaning.device_pattern import DevicePattern
from enrichment_platform.cleaning.feature import Feature, features
from enrichment_platform.cleaning.on_host import OnHost, device_patterns
from enrichment_platform.cleaning.operation import REGISTRY, Operation
from enrichment_platform.cleaning.parity_corpus import PIECES, nasty_texts
from enrichment_platform.cleaning.pattern import WHITE_SPACE
from enrichment_platform.cleaning.plan import PlannedStep
from enrichment_platform.cleaning.text_column import HostText
from enrichment_platform_tests.cleaning.conftest import applied, json_lines
from enrichment_platform_tests.cleaning.device_fixture import stand_in

__all__ = ["stand_in"]
pytestmark = pytest.mark.usefixtures("stand_in")

ON_GPU = [name for name in operations.__all__ if REGISTRY[name].gpu is not None]
EVERY_ROW_TO_THE_HOST = {  # nothing to get wrong, and slow
    name for name in ON_GPU if isinstance(gpu := REGISTRY[name].gpu, OnHost) and gpu.guard is Feature.NONE
}
PIECE = st.sampled_from([piece for kind in PIECES.values() for piece in kind])
TEXTS = st.lists(st.none() | st.lists(PIECE | st.text(max_size=3), max_size=8).map("".join), max_size=6)
OTHER_SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("collapse_whitespace", {"keep_newlines": False}),
    ("min_length", {"min_chars": 40}),
    ("drop_blank", {"placeholders": []}),
    ("drop_blank", {"placeholders": [" Straße İ ", "no"]}),
    ("drop_repetition", {"min_repeats": 2, "min_chars": 1}),
    ("truncate_text", {"max_chars": 100, "head_share": 0.5}),
    ("truncate_tokens", {"max_tokens": 50}),
    ("keep_alphabets", {"alphabets": ["cyrillic"]}),
    ("max_length", {"max_chars": 7}),
    ("max_symbols", {"min_chars": 3}),
    ("keep_languages", {"languages": ["de"]}),
    ("strip_urls", {"keep_host": True}),
]


def planned(operation: Operation, **parameters: Any) -> PlannedStep:
    defaults = {name: parameter.default for name, parameter in operation.parameters.items()}
    return PlannedStep(operation, {**defaults, **parameters})


def on_gpu(name: str, texts: list[Any] | pl.Series, **parameters: Any) -> list[Any]:
    column = pl.Series("text", texts, dtype=pl.String)
    step = planned(REGISTRY[name], **parameters)
    assert step.operation.gpu is not None
    done: DeviceText = step.operation.gpu(DeviceText.from_series(column), **step.parameters)
    found: list[Any] = done.to_series().to_list()
    return found


@pytest.mark.parametrize("name", ON_GPU)
def test_examples_hold(name: str) -> None:
    examples = REGISTRY[name].examples
    assert on_gpu(name, [text for text, _ in examples]) == [wanted for _, wanted in examples]
    assert on_gpu(name, []) == []
    assert on_gpu(name, [None, None]) == [None, None]


@pytest.mark.parametrize("name", ON_GPU)
def test_every_nasty_text_becomes_the_same(name: str) -> None:
    texts = nasty_texts()
    assert on_gpu(name, texts) == applied(name, texts.to_list())


@pytest.mark.parametrize(("name", "parameters"), OTHER_SETTINGS)
def test_and_with_other_settings(name: str, parameters: dict[str, Any]) -> None:
    texts = [*nasty_texts().to_list(), "strasse i̇", " straße i̇", "STRASSE İ", "NO"]
    assert on_gpu(name, texts, **parameters) == applied(name, texts, **parameters)


@pytest.mark.parametrize("name", sorted({*ON_GPU} - EVERY_ROW_TO_THE_HOST))
@given(texts=TEXTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_becomes_the_same(name: str, texts: list[str | None]) -> None:
    assert on_gpu(name, texts) == applied(name, texts)


@pytest.mark.parametrize("name", ON_GPU)
def test_damaged_texts_become_the_same(name: str) -> None:
    texts = [row["text"] for row in json_lines("dirty_text/texts.jsonl")]
    assert on_gpu(name, texts) == applied(name, texts)


def test_what_needs_nothing_does_not_leave_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["plain text of a customer, long enough", None, "another one that nothing is wrong with"]
    there = DeviceText.from_series(pl.Series("text", texts))
    monkeypatch.setattr(DeviceText, "to_series", lambda *_: pytest.fail("a text was taken to the host"))
    for name in (
        set(ON_GPU) - EVERY_ROW_TO_THE_HOST - {"drop_repetition", "max_symbols"}
    ):  # those take all but short ones
        operation = REGISTRY[name]
        assert operation.gpu is not None
        operation.gpu(there, **planned(operation).parameters)


def test_a_column_goes_through_steps_as_on_the_host() -> None:
    texts = nasty_texts()
    host, device = HostText(texts), DeviceColumn(texts)
    for name in ("remove_invisible", "unicode_nfc", "html_to_text", "collapse_whitespace"):
        step = planned(REGISTRY[name])
        assert device.transform(step).to_list() == host.transform(step).to_list()
    for name in ("drop_blank", "min_length"):
        step = planned(REGISTRY[name])
        assert device.details(step).equals(host.details(step), check_names=True)
    assert device.series().equals(host.series(), check_names=True, check_dtypes=True)


@pytest.mark.parametrize("name", [name for name in operations.__all__ if REGISTRY[name].needs])
def test_a_text_without_the_features_that_an_operation_needs_is_left_alone(name: str) -> None:
    operation = REGISTRY[name]
    texts = nasty_texts().drop_nulls()
    left = texts.filter(pl.Series(features(texts) & np.uint16(operation.needs) == 0))
    assert len(left) > 100
    wanted = left.to_list() if operation.kind == "transform" else [None] * len(left)
    for parameters in ({}, *(other for known, other in OTHER_SETTINGS if known == name)):
        assert applied(name, left.to_list(), **parameters) == wanted


def test_the_guard_names_every_row_that_the_cpu_changes() -> None:
    # What holds the rest together: a guard that misses a row would give other bytes on the GPU.
    texts = nasty_texts().drop_nulls()
    for name in set(ON_GPU) - EVERY_ROW_TO_THE_HOST:
        operation = REGISTRY[name]
        if isinstance(operation.gpu, OnHost):
            step = planned(operation)
            named = operation.gpu.mask(DeviceText.from_series(texts), dict(step.parameters)).to_series()
            done = operation.kernel(texts, **step.parameters)
            changed = done.ne_missing(texts) if operation.kind == "transform" else done.is_not_null()
            assert not (changed & ~named).any(), name


def test_the_patterns_of_all_operations_are_listed() -> None:
    listed = {pattern.source for pattern in device_patterns()}
    used = {
        value.source
        for name in operations.__all__
        for value in vars(getattr(operations, name)).values()
        if isinstance(value, DevicePattern)
    }
    assert len(used) >= 7
    assert used < listed  # the features' are more


def test_white_space_is_what_polars_strips() -> None:
    every = pl.Series([chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000])
    assert set(every.filter(every.str.strip_chars() == "")) == set(WHITE_SPACE)
