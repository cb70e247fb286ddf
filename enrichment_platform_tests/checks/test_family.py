"""One rate of false alarms for the whole family: only what matters fails, in any order, and never fewer for more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.checks.family import Move, Q, judge, strongest
from enrichment_platform.checks.results import Signal

P_VALUES = st.floats(0, 1) | st.floats(0, 0.01)
SIGNALS = st.dictionaries(
    st.sampled_from([f"check_{number}" for number in range(10)]),
    st.builds(Signal, P_VALUES, st.booleans(), st.just("moved"), st.sampled_from(["", "", "2 of 7 partitions"])),
    max_size=10,
)


@settings(max_examples=200)
@given(SIGNALS, st.randoms())
def test_the_order_does_not_matter(signals: dict[str, Signal], random: object) -> None:
    names = list(signals)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert judge({name: signals[name] for name in names}) == judge(signals)


@settings(max_examples=200)
@given(SIGNALS)
def test_only_what_matters_and_has_learnt_fails(signals: dict[str, Signal]) -> None:
    failing = {name for name, fails in judge(signals).items() if fails}
    assert all(signals[name].matters and not signals[name].learning for name in failing)
    assert all(signals[name].p_value <= Q for name in failing)


@settings(max_examples=200)
@given(SIGNALS, st.data())
def test_a_smaller_p_makes_no_check_pass(signals: dict[str, Signal], data: st.DataObject) -> None:
    if not signals:
        return
    name = data.draw(st.sampled_from(sorted(signals)))
    stronger = replace(signals[name], p_value=signals[name].p_value * data.draw(st.floats(0, 1)), matters=True)
    before, after = judge(signals), judge(signals | {name: stronger})
    assert all(after[one] for one, failed in before.items() if failed)


def test_what_does_not_matter_lowers_no_bar() -> None:
    edge = Signal(Q * 0.9, True, "moved")
    harmless = {f"check_{number}": Signal(0.0, False, "tiny move") for number in range(5)}
    assert judge({"label_shift": edge}) == {"label_shift": True}
    assert not any(judge({"label_shift": edge, **harmless}).values())


def test_learning_and_switched_off_checks_are_not_counted() -> None:
    edge = Signal(Q * 0.9, True, "moved")
    learning = Signal(1.0, False, "", "2 of 7 partitions")
    assert judge({"a": edge, "b": learning})["a"]
    assert judge({"a": edge, "b": Signal(1.0, False, "quiet")}, {"b": "off"})["a"]
    assert not judge({"a": edge}, {"a": "off"})["a"]


def test_clean_families_fail_as_rarely_as_promised() -> None:
    random = np.random.default_rng(1)
    draws = random.uniform(size=(20_000, 8))
    failed = sum(any(judge({str(n): Signal(p, True, "") for n, p in enumerate(row)}).values()) for row in draws)
    assert failed / len(draws) < Q * 1.5


@pytest.mark.parametrize("p_value", [-0.1, 1.1, float("nan")])
def test_a_p_value_that_is_none_is_refused(p_value: float) -> None:
    with pytest.raises(ValueError, match="label_shift"):
        judge({"label_shift": Signal(p_value, True, "")})


def test_nothing_to_judge_fails_nothing() -> None:
    assert judge({}) == {}


def test_a_significant_trifle_does_not_hide_what_matters() -> None:
    signal = strongest([Move(0.0, False, "trifle"), Move(0.0001, True, "collapse", ("t1",), 3)], "quiet")
    assert signal == Signal(0.0002, True, "collapse", "", ("t1",), 3)


def test_no_comparison_is_learning_and_never_significant() -> None:
    assert strongest([], "quiet", "2 of 7 partitions") == Signal(
        1.0, False, "Nothing to compare with yet: 2 of 7 partitions.", "2 of 7 partitions"
    )
