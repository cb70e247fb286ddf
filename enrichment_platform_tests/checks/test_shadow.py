"""The shadow model: wrong-but-valid labels are seen and named, clean days are not, and silence is no pass."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.history import History
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError
from enrichment_platform.checks.results import Signal
from enrichment_platform.checks.shadow import shadow_model
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform_tests.checks.tables import KEY, make_spec

LABELS = [f"kind_{n}" for n in range(8)]
SPEC: EnrichmentSpec = make_spec(
    output=[{"name": "category", "type": "label", "labels": LABELS, "required": False}],
    prompt={"columns": ["body"]},
)


@cache
def messages(rows: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts that are about one of eight things, in words that they share, and their labels, 6% of them mistaken."""
    random = np.random.default_rng(seed)
    weights = np.exp(random.normal(0, 0.3, len(LABELS))) * np.linspace(1, 2, len(LABELS))
    truth = random.choice(len(LABELS), rows, p=weights / weights.sum())
    texts = []
    for kind in truth:
        about = [f"w{kind}x{word}" for word in random.integers(0, 30, 3)]
        shared = [f"common{word}" for word in random.integers(0, 300, 9)]
        texts.append(" ".join(random.permutation(about + shared)))
    mistaken = random.random(rows) < 0.06
    labels = np.where(mistaken, (truth + 1) % len(LABELS), truth)
    return texts, [LABELS[label] for label in labels]


@cache
def earlier(partitions: int = 10, rows: int = 200) -> pl.DataFrame:
    days = []
    for day in range(partitions):
        texts, labels = messages(rows, 1000 + day)
        key = f"2025-12-{day + 1:02}"
        ids = [f"h{day}-{n}" for n in range(rows)]
        days.append(pl.DataFrame({"row_id": ids, "partition_key": key, "source": texts, "category": labels}))
    return pl.concat(days)


def judged(labels: list[str | None], texts: list[str], history: pl.DataFrame | None = None) -> Signal:
    return shadow_model(SPEC, tables(labels, texts, history))


def tables(labels: list[str | None], texts: list[str], history: pl.DataFrame | None = None) -> PartitionTables:
    ids = [f"t{n:05}" for n in range(len(texts))]
    cleaned = pl.DataFrame({"row_id": ids, "partition_key": KEY, "body": texts})
    answer = {"row_id": ids, "partition_key": KEY, "category": pl.Series(labels, dtype=pl.String), "status": "ok"}
    staged = pl.DataFrame(answer | {"finish_reason": "stop", "fingerprint": "f1"})
    aside = pl.DataFrame(schema=dict.fromkeys(["row_id", "stage", "reason"], pl.String))
    rows = earlier() if history is None else history
    return PartitionTables(cleaned.select("row_id"), aside, cleaned, staged, history=History(rows=rows))


def swapped(labels: list[str], share: float, seed: int) -> tuple[list[str], set[int]]:
    random = np.random.default_rng(seed)
    places = random.choice(len(labels), int(share * len(labels)), replace=False)
    changed = list(labels)
    for place, other in zip(places, np.roll(places, 1), strict=True):
        changed[place] = labels[other]
    return changed, {int(place) for place in places if changed[place] != labels[place]}


@pytest.mark.parametrize("seed", range(12))
def test_a_clean_day_with_another_mix_of_labels_is_no_signal(seed: int) -> None:
    texts, labels = messages(1000, seed)
    found = judged(list(labels), texts)
    assert found.p_value > 0.005
    assert not found.learning


@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_of_the_answers_swapped_between_rows_is_found_and_the_rows_are_named(seed: int) -> None:
    texts, labels = messages(1000, seed)
    changed, wrong = swapped(labels, 0.1, seed)
    found = judged(list(changed), texts)
    assert found.p_value < 0.001
    assert found.matters
    assert 0.5 * len(wrong) < found.failed_rows < 2 * len(wrong)
    named = [int(row_id[1:]) for row_id in found.row_ids]
    assert len(named) == len(set(named)) <= 100
    assert len(wrong & set(named)) / len(named) > 0.5
    assert named[0] in wrong


def test_a_label_that_is_mapped_to_another_is_found_and_both_are_named() -> None:
    texts, labels = messages(1000, 1)
    changed = ["kind_5" if label == "kind_2" else label for label in labels]
    found = judged(list(changed), texts)
    assert found.p_value < 1e-6
    assert found.matters
    assert "`kind_5` is given where `kind_2` is expected" in found.message
    assert all(changed[int(row_id[1:])] == "kind_5" for row_id in found.row_ids[:20])


def test_a_collapse_of_a_tenth_to_the_commonest_label_is_found() -> None:
    texts, labels = messages(1000, 2)
    random = np.random.default_rng(0)
    changed = ["kind_7" if random.random() < 0.1 else label for label in labels]
    found = judged(list(changed), texts)
    assert found.p_value < 0.001
    assert found.matters


def test_null_everywhere_and_one_label_everywhere_are_found() -> None:
    texts, _ = messages(500, 3)
    for label in (None, "kind_1"):
        found = judged([label] * 500, texts)
        assert found.p_value < 1e-6
        assert found.matters


def test_too_little_history_is_said_to_be_learning() -> None:
    texts, labels = messages(300, 4)
    told = ("4 of 5 partitions", "400 of 500 rows", "0 of 5 partitions, 0 of 500 rows")
    for history, missing in zip((earlier(4), earlier(10, 40), pl.DataFrame()), told, strict=True):
        found = judged(["kind_1"] * len(labels), texts, history)
        assert (found.p_value, found.matters) == (1.0, False)
        assert missing in found.learning


def test_the_same_text_in_every_partition_is_learned_from_once() -> None:
    texts, labels = messages(300, 4)
    found = judged(list(labels), texts, earlier().with_columns(source=pl.lit("the very same")))
    assert "1 of 500 rows" in found.learning


def test_a_form_letter_that_is_misread_is_one_surprise_not_a_hundred() -> None:
    texts, labels = messages(1000, 5)
    letter, _ = messages(1, 77)
    found = judged(["kind_0"] * 100 + list(labels)[100:], letter * 100 + texts[100:])
    assert found.p_value > 0.005


def test_a_missing_column_or_a_partition_without_texts_is_refused() -> None:
    texts, labels = messages(50, 6)
    good = tables(list(labels), texts)
    with pytest.raises(UnusableInputError, match=r"history\.rows: no column category"):
        judged(list(labels), texts, earlier().drop("category"))
    with pytest.raises(UnusableInputError, match="staged: no column category"):
        shadow_model(SPEC, PartitionTables(good.raw_ids, good.quarantined, good.cleaned, good.staged.drop("category")))
    strangers = good.cleaned.with_columns(row_id=pl.format("x{}", "row_id"))
    with pytest.raises(UnusableInputError, match="no answered row is in cleaned"):
        shadow_model(SPEC, PartitionTables(good.raw_ids, good.quarantined, strangers, good.staged))
    with pytest.raises(UnusableInputError, match="no staged row has a whole answer"):
        shadow_model(
            SPEC,
            PartitionTables(
                good.raw_ids, good.quarantined, good.cleaned, good.staged.with_columns(status=pl.lit("error"))
            ),
        )


def test_no_text_reaches_the_signal() -> None:
    texts, labels = messages(1000, 1)
    told = str(judged(list(swapped(labels, 0.1, 1)[0]), texts))
    assert not [word for word in set(" ".join(texts).split()) if word in told]


@settings(max_examples=8)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.integers(0, 7))
def test_any_text_is_judged_with_a_p_value(texts: list[str], label: int) -> None:
    found = judged([LABELS[label]] * len(texts), texts)
    assert 0 <= found.p_value <= 1
    assert set(found.row_ids) <= {f"t{n:05}" for n in range(len(texts))}
