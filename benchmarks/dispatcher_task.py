"""The task and the rows that all clients of benchmarks/dispatcher.py ask, so that their requests are the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from enrichment_platform.inference.task import Question, Task
from enrichment_platform.spec import EnrichmentSpec

MODEL = "fake-model-2026-01-01"
TEXT = "my parcel has not arrived, the order was placed two weeks ago and nobody answers the phone"


@cache
def task() -> Task:
    """A label for a ticket of about 100 characters, with caps that are far away: what they cost is part of it."""
    spec = {
        "name": "bench",
        "source": {"path": "rows.csv", "key": "id", "timestamp": "at"},
        "partitions": {"start": "2026-01-01"},
        "prompt": {"columns": ["text"]},
        "output": [{"name": "topic", "type": "label", "labels": ["order", "money", "other"]}],
        "model": {"max_output_tokens": 50},
        "budget": {
            "row": {"attempts": 1000},
            "partition": {"usd": 1e6, "tokens": 10**12},
            "run": {"usd": 1e6, "tokens": 10**12},
            "day": {"usd": 1e6, "tokens": 10**12},
        },
    }
    return Task(EnrichmentSpec.model_validate(spec), "c1")


def questions(rows: int) -> Iterator[Question]:
    """Rows that all differ, made as they are read."""
    one = task()
    return (one.question({"row_id": f"row-{n}", "text": f"{n} {TEXT}"}) for n in range(rows))


def bodies(rows: int) -> Iterator[dict[str, Any]]:
    """The requests that the engine sends for these rows, with next to no work for each."""
    one, model = task(), task().spec.model
    (question,) = questions(1)
    *before, last = question.messages
    start, end = last["content"].split(f"0 {TEXT}")
    schema = {"name": "answer", "strict": True, "schema": one.json_schema}
    fixed = {
        "model": MODEL,
        "max_tokens": model.max_output_tokens,
        "temperature": model.temperature,
        "seed": model.seed,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    for n in range(rows):
        content = f"{start}{n} {TEXT}{end}"
        yield {**fixed, "messages": [*before, {"role": last["role"], "content": content}]}
