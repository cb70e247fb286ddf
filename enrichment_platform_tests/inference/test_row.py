"""A row on its way: what a retry changes, what a fallback forgets, what its answer sums up."""

from __future__ import annotations

from enrichment_platform.inference.endpoints.protocol import Completion
from enrichment_platform.inference.row import Row, first_request
from enrichment_platform_tests.inference.asking import TASK, questions, task


def row(endpoints: int = 2) -> Row:
    (question,) = questions(1)
    keys = tuple(f"key-{number}" for number in range(endpoints))
    return Row(question, keys, first_request(TASK, question), body=b"encoded")


def test_after_a_malformed_answer_seed_and_temperature_change_and_the_body_is_encoded_anew() -> None:
    one = row()
    one.ask_again("malformed")
    one.ask_again("malformed")
    assert (one.request.seed, one.request.temperature, one.request.max_output_tokens) == (2, 0.5, 100)
    assert (one.cause, one.body) == ("malformed", b"")


def test_after_a_truncated_answer_there_is_twice_the_room_and_the_rest_stays() -> None:
    one = row()
    one.ask_again("truncated")
    assert (one.request.seed, one.request.temperature, one.request.max_output_tokens) == (0, 0.0, 200)


def test_after_any_other_failure_the_request_stays_as_it_is() -> None:
    one = row()
    before = one.request
    one.ask_again("timeout")
    assert one.request == before


def test_the_next_endpoint_gets_the_first_request_and_all_retries() -> None:
    one = row(3)
    first = one.request
    one.ask_again("truncated")
    one.retries["truncated"] = 1
    assert one.first_lane == 0
    one.fall_back(0, TASK)
    assert (one.first_lane, one.cause, one.retries, one.request) == (1, "fallback", {}, first)
    one.fall_back(2, TASK)
    assert one.first_lane == 1
    one.fall_back(1, TASK)
    assert one.first_lane == 3, "no endpoint is left"


def test_an_answer_sums_up_all_attempts_of_its_row_and_fits_the_ledger() -> None:
    one = row()
    one.spent.attempts = 3
    for _ in range(2):
        one.spent.add(Completion("{}", "stop" * 20, "m" * 300, 10, 4, 5, 12.5), 0.25)
    completion = Completion("{}", "stop" * 20, "m" * 300, 10, 4, 5, 12.5)
    answer = one.answer(TASK, "2026-01-01", 1, "f" * 32, "api", "ok", completion)
    assert (answer.request_key, answer.row_id, answer.partition_key) == ("key-1", "row-0", "2026-01-01")
    assert (answer.attempts, answer.input_tokens, answer.cached_tokens, answer.output_tokens) == (3, 20, 8, 10)
    assert (answer.cost_usd, answer.latency_ms) == (0.5, 25.0)
    assert (len(answer.model), len(answer.finish_reason)) == (255, 32)


def test_without_an_answer_the_reason_is_the_last_failure() -> None:
    one = row()
    one.last_failure = "timeout"
    answer = one.answer(TASK, "2026-01-01", 0, "f" * 32, "api", "failed", None)
    assert (answer.status, answer.finish_reason, answer.text, answer.model) == ("failed", "timeout", "", "")


def test_priorities_are_counted_as_vllm_does() -> None:
    (question,) = questions(1)
    given = {name: first_request(task(priority=name), question).priority for name in ("high", "normal", "low")}
    assert given["high"] < given["normal"] == 0 < given["low"]
