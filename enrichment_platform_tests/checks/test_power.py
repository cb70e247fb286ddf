"""The detection-power card: right intervals, and no silence about what was not found or not tried."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from enrichment_platform.checks.faults import FAULTS
from enrichment_platform.checks.power import Card, CleanTrial, Trial, card
from enrichment_platform.checks.power_text import card_json, card_text

FOUND = Trial("encoding", 0.05, "scattered", 2000, detected=True, named_faulty=100, falsely_named=0, seconds=0.5)
MISSED = Trial("row_swap", 0.005, "contiguous", 200, detected=False, named_faulty=0, falsely_named=3, seconds=0.1)
CLEAN = [CleanTrial(2000, alarmed=n < 4, checks=("label_drift", "shadow_model")[: 1 + n % 2]) for n in range(1000)]


def made(trials: list[Trial], clean: list[CleanTrial] | None = None, **absent: str) -> Card:
    return card(trials, CLEAN if clean is None else clean, absent)


def sentence(one: Card, start: str) -> str:
    (found,) = [text for text in one.sentences if text.startswith(start)]
    return found


def test_trials_are_counted_by_class_share_arrangement_and_size() -> None:
    trials = [FOUND] * 19 + [replace(FOUND, detected=False, named_faulty=90, falsely_named=10), MISSED]
    first, second = made(trials).lines
    assert (first.fault, first.deterministic, first.recall.hits, first.recall.of) == ("encoding", True, 19, 20)
    assert (first.named.hits, first.named.of) == (1990, 2000)
    assert (first.precision.hits, first.precision.of) == (1990, 2000)
    assert (second.fault, second.deterministic, second.precision.share) == ("row_swap", False, 0)


def test_what_is_surely_below_half_is_called_not_detectable() -> None:
    told = sentence(made([MISSED] * 20 + [replace(MISSED, share=0.01)] * 20), "Not detectable")
    assert "row_swap in 200 rows, at 0.5% contiguous: 0/20 (0% to 16.1%), 1% contiguous: 0/20" in told


def test_what_too_few_trials_leave_open_is_called_not_known() -> None:
    assert "5% scattered: 1/1 (20.7% to 100%)" in sentence(made([FOUND]), "Not settled")
    assert not [text for text in made([FOUND] * 20).sentences if text.startswith(("Not settled", "Not detectable"))]


def test_a_deterministic_class_that_is_missed_once_is_told() -> None:
    trials = [FOUND] * 99 + [replace(FOUND, detected=False)]
    assert "encoding" in sentence(made(trials), "Should always be found")


def test_every_class_is_tried_or_told() -> None:
    one = made([FOUND] * 20, nulls="it needs an optional field")
    assert sentence(one, "Not tried: nulls") == "Not tried: nulls: it needs an optional field."
    assert sentence(made([FOUND] * 20, encoding="few rows"), "Not tried everywhere") == (
        "Not tried everywhere: encoding: few rows."
    )
    rest = sentence(one, "Not tried here")
    assert all((f" {fault}" in rest) == (fault not in ("encoding", "nulls")) for fault in FAULTS)


def test_an_empty_card_says_that_nothing_was_tried() -> None:
    one = made([], [])
    assert one.sentences == (
        "No fault was tried: this card says nothing of what is found.",
        "No clean partition was tried: the rate of false alarms is not known.",
    )
    assert "No fault was tried" in card_text(one)


def test_false_alarms_are_counted_by_size_with_the_checks_that_raised_them() -> None:
    one = made([FOUND] * 20, [*CLEAN, CleanTrial(200, alarmed=False, checks=("ignored",))])
    small, large = one.false_alarms
    assert (small.alarms.hits, small.alarms.of, small.checks) == (0, 1, ())
    assert (large.alarms.hits, large.alarms.of, large.checks) == (4, 1000, (("label_drift", 4), ("shadow_model", 2)))
    assert "cannot exclude" in sentence(one, "False alarms at 200 rows")
    assert not [text for text in one.sentences if "2,000 rows" in text]


def test_the_text_is_aligned_and_no_wider_than_a_terminal() -> None:
    trials = [replace(FOUND, fault=name, share=share) for name in FAULTS for share in (0.005, 0.2)]
    trials = [replace(one, named_faulty=0) for one in trials]
    text = card_text(made(trials + [MISSED] * 20))
    assert max(map(len, text.splitlines())) <= 120
    rows = [line for line in text.splitlines() if "scattered" in line and not line.startswith(("-", " "))]
    assert len({line.index("scattered") for line in rows}) == 1
    assert text.index("Deterministic classes") < text.index("encoding") < text.index("Statistical classes")


def test_a_recall_is_not_rounded_up_to_one() -> None:
    one = made([FOUND] * 999 + [replace(FOUND, detected=False)])
    (line,) = [line for line in card_text(one).splitlines() if line.startswith("encoding")]
    assert line.split()[5] == "0.99"


def test_the_json_has_every_line() -> None:
    one = made([FOUND] * 20 + [MISSED] * 20)
    data = json.loads(card_json(one))
    assert [line["fault"] for line in data["lines"]] == ["encoding", "row_swap"]
    assert data["lines"][0]["recall"]["share"] == 1
    assert data["sentences"] == list(one.sentences)


def test_nonsense_is_refused() -> None:
    with pytest.raises(KeyError):
        made([replace(FOUND, fault="gremlins")])
    with pytest.raises(ValueError, match="faulty rows were named"):
        made([replace(FOUND, named_faulty=101)])
