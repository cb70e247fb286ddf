"""Progress: rates that follow what happens now, an end that can be believed, a line that fits, plain figures."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.inference.progress import Progress, Spent


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def progressing(clock: Clock, progress: Progress, seconds: float, rows_per_second: float) -> None:
    """Answer rows evenly, with 100 tokens in and 10 out each, as an engine that reports every 0.1 s."""
    begun, asked = clock.now, progress.asked
    tokens_in, tokens_out = progress.input_tokens, progress.output_tokens
    for tick in range(1, round(seconds * 10) + 1):
        clock.now = begun + tick / 10
        rows = int(rows_per_second * tick / 10)
        progress.asked = progress.requests = asked + rows
        progress.input_tokens, progress.output_tokens = tokens_in + 100 * rows, tokens_out + 10 * rows
        progress.sample()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_recent_rate_is_that_of_the_last_ten_seconds(clock: Clock) -> None:
    progress = Progress(rows=100_000, clock=clock)
    progressing(clock, progress, 60, 10)
    progressing(clock, progress, 11, 200)
    rows, tokens_in, tokens_out = progress.recent
    assert rows == pytest.approx(200, rel=0.06)
    assert tokens_in == pytest.approx(20_000, rel=0.06)
    assert tokens_out == pytest.approx(2_000, rel=0.06)
    assert progress.rows_per_second == pytest.approx(2800 / 71, rel=0.01)


def test_the_time_left_follows_a_rate_that_changed(clock: Clock) -> None:
    progress = Progress(rows=10_000, clock=clock)
    progressing(clock, progress, 100, 10)
    progressing(clock, progress, 15, 200)
    assert progress.eta_s == pytest.approx((10_000 - 4_000) / 200, rel=0.1)


def test_the_time_left_is_by_the_whole_run_where_few_rows_are_answered(clock: Clock) -> None:
    progress = Progress(rows=100, clock=clock)
    progressing(clock, progress, 40, 0.5)
    assert progress.eta_s == pytest.approx(80 / 0.5, rel=0.05)


def test_rows_from_the_ledger_do_not_shorten_the_time_left(clock: Clock) -> None:
    progress = Progress(rows=10_000, stored=5_000, clock=clock)
    progressing(clock, progress, 20, 100)
    assert progress.done == 7_000
    assert progress.eta_s == pytest.approx(30, rel=0.05)


def test_an_engine_that_gets_no_answers_says_so_and_promises_nothing(clock: Clock) -> None:
    progress = Progress(rows=10_000, clock=clock)
    progressing(clock, progress, 20, 100)
    progressing(clock, progress, 45, 0)
    assert progress.eta_s is None
    assert progress.line().endswith("no row done for 45 s")


def test_the_line_of_a_run_without_a_known_total_has_no_end(clock: Clock) -> None:
    progress = Progress(clock=clock)
    progressing(clock, progress, 12, 100)
    assert progress.line().startswith("1,200 rows so far, 100 rows/s, 10k+1k tokens/s")
    assert "left" not in progress.line()
    assert "rows" not in progress.figures()


def test_the_line_when_there_is_nothing_to_ask() -> None:
    assert Progress(rows=0).line() == "no rows"
    assert (
        Progress(rows=1200, stored=1100, copied=100).line()
        == "1,200 rows, nothing to ask: all answers are in the ledger, 100 of them copies"
    )


def test_the_line_of_a_finished_run_does_not_speak_of_time_left(clock: Clock) -> None:
    progress = Progress(rows=1200, clock=clock)
    progressing(clock, progress, 12, 100)
    assert progress.line().startswith("1,200/1,200 rows, 100 rows/s")
    assert "left" not in progress.line()


def busy(clock: Clock) -> Progress:
    progress = Progress(rows=50_000, stored=300, copied=120, failed=3, clock=clock, in_flight=60, waiting=12)
    progressing(clock, progress, 30, 412)
    progress.limits = {"vllm": 64}
    progress.retries = Counter(timeout=4, rate_limit=8)
    progress.spent = [
        Spent("budget.run", usd=1.24, cap_usd=5.0),
        Spent("budget.partition", tokens=2_400_000, cap_tokens=40_000_000),
        Spent("budget.day"),
    ]
    return progress


def test_the_line_of_a_busy_run_says_all_that_is_asked_of_it(clock: Clock) -> None:
    assert busy(clock).line(200) == (
        "12,780/50,000 rows (300 stored, 120 copies, 3 failed), 412 rows/s, 41.2k+4.12k tokens/s, in flight 60/64,"
        " 12 waiting, 12 retries (rate limit 8, timeout 4), $1.24/$5.00 of budget.run, 90 s left"
    )


def test_the_line_names_the_limit_of_each_endpoint(clock: Clock) -> None:
    progress = busy(clock)
    progress.limits = {"vllm": 64, "openai": 128}
    assert "in flight 60 (limits vllm 64, openai 128)" in progress.line(200)


@given(width=st.integers(60, 200))
def test_the_line_fits_and_keeps_how_far_it_is_and_when_it_ends(width: int) -> None:
    line = busy(Clock()).line(width)
    assert len(line) <= width
    assert line.startswith("12,780/50,000 rows")
    assert line.endswith("90 s left")


def test_the_tightest_cap_is_the_one_that_is_spent_most() -> None:
    caps = [Spent("budget.run", usd=1.0, cap_usd=5.0, tokens=90, cap_tokens=100), Spent("budget.day", 2.0, 4.0)]
    progress = Progress(rows=10, spent=caps)
    assert progress.tightest is caps[0]
    assert str(caps[0]) == "90/100 tokens of budget.run"
    assert caps[0].share == pytest.approx(0.9)
    assert Spent("budget.day", 3.0).share is None, "no cap"
    assert Spent("budget.day", 0.0, 0.0).share == 1.0, "a cap of nothing is reached"


def test_figures_are_plain_numbers_under_flat_names(clock: Clock) -> None:
    figures = busy(clock).figures()
    assert all(type(value) in (int, float) for value in figures.values())
    expected = {
        "rows": 50_000,
        "rows_done": 12_780,
        "rows_from_ledger": 300,
        "retries": 12,
        "retries_rate_limit": 8,
        "limit_vllm": 64,
        "in_flight": 60,
        "spent_share_budget.run": 0.248,
        "spent_share_budget.partition": 0.06,
        "seconds": 30.0,
    }
    assert expected.items() <= figures.items()
    assert "spent_share_budget.day" not in figures


@given(
    rows=st.none() | st.integers(0, 10**7),
    counts=st.lists(st.integers(0, 10**7), min_size=6, max_size=6),
    waits=st.lists(st.floats(0, 100), max_size=30),
)
def test_whatever_the_counts_and_times_there_is_a_line_and_no_negative_time(
    rows: int | None, counts: list[int], waits: list[float]
) -> None:
    clock = Clock()
    stored, copied, asked, requests, tokens, flight = counts
    progress = Progress(rows=rows, stored=stored, clock=clock)
    for wait in waits:
        clock.now += wait
        progress.asked = min(asked, progress.asked + asked // 10)
        progress.copied, progress.requests = copied, requests
        progress.input_tokens, progress.in_flight = tokens, flight
        progress.sample()
    assert progress.line()
    assert "\n" not in progress.line()
    assert progress.eta_s is None or progress.eta_s >= 0
    assert len(progress._samples) <= 24, "the window is bounded"
