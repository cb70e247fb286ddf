"""Every attempt counts once, under what it was for; rows that stand and rows that share an answer are told apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.inference.history import attempt_frames
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import Settlement
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages.cost import dimensions, summary, usage_of
from enrichment_platform.stages.usage import SAVED, partition_usage, record_usage, stored_usage
from enrichment_platform_tests.acceptance.project import as_spec, letters_spec
from enrichment_platform_tests.inference.history_ledger import PARTITION, answered, record, sent

TOKENS = ("input_tokens", "cached_tokens", "output_tokens")


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def spec(tmp_path: Path) -> EnrichmentSpec:
    return as_spec(letters_spec(tmp_path / "letters.jsonl", ["a", "b"]))


def row(row_id: str, key: str | None = None, status: str = "ok", topic: str | None = "praise") -> dict[str, Any]:
    found = {"row_id": row_id, "partition_key": PARTITION, "request_key": key or f"key-{row_id}", "status": status}
    return found | {"model": "m", "endpoint": "api", "topic": topic if status == "ok" else None}


def stage(lake: Lake, *rows: dict[str, Any]) -> None:
    schema = dict.fromkeys(row(""), pl.String)
    lake.replace_partition("letters/classified", PARTITION, pl.DataFrame(list(rows), schema=schema))


def publish(lake: Lake, *rows: dict[str, Any]) -> None:
    """All of the staged rows whose status is good; the others are quarantined."""
    stage(lake, *rows)
    schema = {name: pl.String for name in row("") if name != "status"}
    good = [{name: one[name] for name in schema} for one in rows if one["status"] == "ok"]
    lake.replace_partition("letters/enriched", PARTITION, pl.DataFrame(good, schema=schema))
    aside = [
        {"row_id": one["row_id"], "partition_key": PARTITION, "stage": "classified", "reason": "x", "detail": ""}
        for one in rows
        if one["status"] != "ok"
    ]
    names = dict.fromkeys(("row_id", "partition_key", "stage", "reason", "detail"), pl.String)
    where = {"stage": "classified"}
    lake.replace_partition("letters/quarantine", PARTITION, pl.DataFrame(aside, schema=names), where=where)


def by_purpose(usage: pl.DataFrame, *columns: str) -> dict[str, tuple[Any, ...]]:
    summed = usage.group_by("purpose").agg(pl.col(columns).sum())
    return {one[0]: one[1:] for one in summed.iter_rows()}


def test_each_attempt_has_the_purpose_that_it_served(lake: Lake, ledger: Ledger, spec: EnrichmentSpec) -> None:
    retried, cut, bad = sent("retried"), sent("cut"), sent("bad")
    record(
        ledger,
        answered(sent("good")),
        answered(retried, "malformed"),
        answered(sent("retried", cause="malformed")),
        Settlement(sent("limited"), "rate_limit", False),
        answered(sent("limited", cause="rate_limit")),
        answered(cut, "truncated"),
        answered(sent("cut", cause="truncated")),
        answered(bad, "malformed"),
        answered(sent("bad", cause="malformed"), "malformed"),
        Settlement(sent("slow"), "timeout", True),
        answered(sent("slow", cause="timeout")),
        answered(sent("good", "an earlier prompt's", fingerprint="f0")),
        answered(sent("gone")),
        answered(sent("good", "an audit", cause="audit")),
    )
    rows = [row(one) for one in ("good", "retried", "limited", "cut", "slow")]
    publish(lake, *rows, row("bad", status="malformed"))
    usage = record_usage(lake, ledger, spec, PARTITION)
    assert by_purpose(usage, "rows", "requests", "input_tokens") == {
        "published": (5, 5, 50),
        "retry": (3, 3, 20),
        "truncated": (1, 1, 10),
        "quarantined": (1, 1, 10),
        "superseded": (2, 2, 20),
        "audit": (1, 1, 10),
        "unknown": (1, 1, 0),
    }
    assert usage.filter(pl.col("purpose") == "unknown")["reserved_tokens"].sum() == 100
    assert usage["unknown_requests"].sum() == 1
    assert usage["reserved_usd"].sum() == pytest.approx(1e-6)
    assert stored_usage(lake).equals(usage)


def test_rows_that_share_an_answer_are_saved_and_counted_where_they_stand(
    lake: Lake, ledger: Ledger, spec: EnrichmentSpec
) -> None:
    record(ledger, answered(sent("1", "same")), answered(sent("9", "other", partition_key="b"), tokens=(7, 0, 2)))
    publish(lake, row("1", "same"), row("2", "same"), row("3", "same"), row("4", "other"))
    usage = record_usage(lake, ledger, spec, PARTITION)
    assert by_purpose(usage, "rows", "requests", *TOKENS) == {
        "published": (4, 1, 10, 4, 5),
        SAVED: (3, 0, 2 * 10 + 7, 2 * 4, 2 * 5 + 2),
    }
    told = summary(usage)
    assert told["total"]["published_rows"] == 4
    assert told["total"]["tokens"] == 15
    assert told["saved"]["rows"] == 3
    assert told["total"]["cost_per_published_row_usd"] == pytest.approx(0.15 / 4)


def test_a_row_that_fell_back_has_cost_what_both_endpoints_took(
    lake: Lake, ledger: Ledger, spec: EnrichmentSpec
) -> None:
    record(
        ledger,
        answered(sent("1", "first-endpoint"), "malformed"),
        answered(sent("1", "second-endpoint", cause="fallback", endpoint="other")),
    )
    publish(lake, row("1", "second-endpoint"))
    usage = record_usage(lake, ledger, spec, PARTITION)
    assert by_purpose(usage, "requests") == {"retry": (1,), "published": (1,)}
    assert set(usage["label"]) == {"praise"}, "also what was wasted counts under the row's label"
    assert dict(usage.select("endpoint", "purpose").iter_rows()) == {"api": "retry", "other": "published"}


def test_a_partition_that_is_not_published_is_pending_and_its_published_rows_stay_so(
    lake: Lake, ledger: Ledger, spec: EnrichmentSpec
) -> None:
    record(ledger, answered(sent("1", "old-1")), answered(sent("2", "old-2"), "refused"))
    interrupted = partition_usage(lake, ledger, spec, PARTITION)
    assert by_purpose(interrupted, "requests") == {"pending": (2,)}, "nothing is staged yet"
    publish(lake, row("1", "old-1"), row("2", "old-2", "refused"))
    record_usage(lake, ledger, spec, PARTITION)
    later = {"run_id": "run-2"}
    record(ledger, answered(sent("1", "new-1", **later), "refused"), answered(sent("2", "new-2", **later)))
    assert by_purpose(partition_usage(lake, ledger, spec, PARTITION), "requests") == {
        "published": (1,),
        "quarantined": (1,),
        "pending": (2,),
    }
    stage(lake, row("1", "new-1", "refused"), row("2", "new-2"))
    blocked = by_purpose(partition_usage(lake, ledger, spec, PARTITION), "requests")
    assert blocked["published"] == (1,)
    publish(lake, row("1", "new-1", "refused"), row("2", "new-2"))
    assert by_purpose(record_usage(lake, ledger, spec, PARTITION), "requests") == {
        "superseded": (2,),
        "quarantined": (1,),
        "published": (1,),
    }


def test_cost_reckons_anew_what_the_table_cannot_say(lake: Lake, ledger: Ledger, spec: EnrichmentSpec) -> None:
    record(ledger, answered(sent("1")), answered(sent("2")))
    publish(lake, row("1"), row("2", topic="complaint"))
    record_usage(lake, ledger, spec, PARTITION)
    record(ledger, answered(sent("1", "more")), answered(sent("1", "elsewhere", partition_key="b")))
    told = summary(usage_of(lake, ledger, [spec]), ["partition_key"])
    assert told["total"]["requests"] == 4
    assert {group["partition_key"]: group["requests"] for group in told["groups"]} == {"a": 3, "b": 1}
    assert summary(usage_of(lake, ledger, [spec], ["b"]))["total"]["requests"] == 1
    columns, field = dimensions(["day", "topic"], [spec])
    groups = summary(usage_of(lake, ledger, [spec], field=field, by_day=True), columns)["groups"]
    today = datetime.now(UTC).date().isoformat()
    assert {(group["day"], group["label"], group["requests"]) for group in groups} == {
        (today, "praise", 2),
        (today, "complaint", 1),
        (today, "", 1),
    }


OUTCOMES = ["ok", "malformed", "truncated", "refused", "rate_limit", "server_error", "timeout", "lost"]
ATTEMPTS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 4),
        st.sampled_from(OUTCOMES),
        st.sampled_from(["first", "malformed", "fallback", "audit"]),
        st.tuples(st.integers(0, 99), st.integers(0, 9), st.integers(0, 99)),
    ),
    max_size=20,
)
ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6), st.sampled_from(["ok", "refused", "failed"])))


@settings(max_examples=15)
@given(ATTEMPTS, ROWS, ROWS)
def test_the_sums_over_purposes_are_the_sums_over_attempts(
    history: list[Any], published: list[Any], staged: list[Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger(f"sqlite:///{folder}/ledger.db") as ledger:
        lake, spec = Lake(f"{folder}/lake"), as_spec(letters_spec(Path(folder), ["a", "b"]))
        for number, key, outcome, cause, tokens in history:
            attempt = sent(f"row-{number}", f"key-{key}", cause=cause, run_id=f"run-{number % 2}")
            ended = answered(attempt, outcome, tokens)
            if outcome not in OUTCOMES[:4]:
                ended = Settlement(attempt, outcome, False)
            record(ledger, ended, keep_answers=False)
        publish(lake, *(row(f"row-{number}", f"key-{key}", status) for number, key, status in dict_of(published)))
        stage(lake, *(row(f"row-{number}", f"key-{key}", status) for number, key, status in dict_of(staged)))
        usage = partition_usage(lake, ledger, spec, PARTITION)
        attempts = pl.concat([pl.DataFrame(schema=schema()), *attempt_frames(lake, ledger, "letters", PARTITION)])
        spent = usage.filter(pl.col("purpose") != SAVED)
        assert spent["requests"].sum() == attempts.height
        for name in TOKENS:
            assert spent[name].sum() == attempts[name].sum(), name
        assert spent["cost_usd"].sum() == pytest.approx(attempts["cost_usd"].sum())
        good = sum(status == "ok" for _, _, status in dict_of(published))
        assert usage.filter(pl.col("purpose") == "published")["rows"].sum() == good


def schema() -> dict[str, Any]:
    from enrichment_platform.inference.archive import SCHEMA

    return SCHEMA


def dict_of(rows: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Each row id once."""
    return list({one[0]: one for one in rows}.values())
