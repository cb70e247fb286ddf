"""A published partition whose answers can be given again, and the endpoint that gives them; for the self-test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import orjson
import polars as pl

from enrichment_platform.checks.fault_answers import Answered
from enrichment_platform.checks.history import History
from enrichment_platform.checks.planted_orders import planted_order, with_order
from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest, EndpointError, Failure
from enrichment_platform.inference.golden import GoldenRow, canaries
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.inference.task import Task
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import DataClass, EnrichmentSpec, output_columns
from enrichment_platform.stages.controls import read_controls

MODEL = "selftest"
_KEYS_A_LOOK = 5_000


@dataclass(frozen=True)
class GoodPartition:
    """A published partition whose answers can be given again.

    Attributes:
        spec: The enrichment.
        root: The project's root.
        partition_key: Which partition.
        task: What was asked.
        cleaned: Its published rows, one a text, as they were cleaned.
        answers: The answer to each.
        canaries: Golden rows that ride along, with the answers that they had in that partition, or are known to have.
        history: The partitions before it.
        endpoint: The one that answered most of it.
    """

    spec: EnrichmentSpec
    root: Path
    partition_key: str
    task: Task
    cleaned: pl.DataFrame
    answers: list[Answered]
    canaries: list[Answered]
    history: History
    endpoint: str

    @cached_property
    def own_canaries(self) -> list[Answered]:
        """The golden rows that are no rows of the partition; one that is has the row's request, and so its answer."""
        rows = {one.row_id for one in self.answers}
        return [one for one in unique_texts(self.task, [*self.answers, *self.canaries]) if one.row_id not in rows]


class ReplayedEndpoint:
    """Implements `Endpoint`: knows an answer by the last message that its request holds.

    What a provider does with the order of labels, whether it answers alike when asked twice, and whether it does what a
    text tells it, is not replayed: a row has one answer.

    Args:
        task: What is asked.
        answers: One a text; of two with the same text the latter counts.
        name: Of the endpoint that gave them: another one would be a fault of its own.
    """

    def __init__(self, task: Task, answers: Iterable[Answered], name: str) -> None:
        self.name = name
        self.data_classes: frozenset[DataClass] = frozenset(get_args(DataClass))
        self.max_concurrency = 64
        self.timeout_s = 30.0
        self.price = Price()
        self.rate_limit: RateLimit | None = None
        self.takes_priority = False
        self._answers: dict[str, Answered] = {}
        for answered in answers:
            self._answers[_last(task, answered.columns, answered.row_id)] = answered
            order = planted_order(task.spec, answered.row_id)
            copy = with_order(answered.columns, task.spec.prompt.columns, order) if order else None
            if copy:
                self._answers.setdefault(_last(task, copy, answered.row_id), replace(answered, attempts=1))
        self._asked: dict[str, int] = {}

    async def model_identity(self) -> str:
        """The same for every partition and fault."""
        return MODEL

    async def start(self) -> None:
        """Nothing to make ready."""

    def encoded(self, request: CompletionRequest) -> bytes:
        """The messages as JSON."""
        return orjson.dumps(request.messages)

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        """The answer of the row; as many attempts fail before as it is said to have taken."""
        message = request.messages[-1]["content"]
        found = self._answers.get(message)
        if found is None:
            raise EndpointError(Failure.BAD_REQUEST, "a row that was not replayed")
        asked = self._asked[message] = self._asked.get(message, 0) + 1
        if asked < found.attempts:
            raise EndpointError(Failure.CONNECTION, "a failure that is part of the fault")
        size = len(body) if body is not None else len(self.encoded(request))
        return Completion(
            text=found.text,
            finish_reason=found.finish_reason,
            model=found.model or MODEL,
            input_tokens=size // 4,
            cached_tokens=0,
            output_tokens=len(found.text) // 4,
            latency_ms=1.0,
        )

    async def close(self) -> None:
        """Nothing to release."""


def _last(task: Task, columns: Mapping[str, Any], row_id: str) -> str:
    # The nearest examples stand before the last message, and looking them up takes ten times as long.
    return task.question({**columns, "row_id": row_id}, ()).messages[-1]["content"]


def unique_texts(task: Task, answers: Iterable[Answered]) -> list[Answered]:
    """The first of each text: rows that share one also share a request, and cannot have answers of their own."""
    found: dict[str, Answered] = {}
    for answered in answers:
        try:
            found.setdefault(_last(task, answered.columns, answered.row_id), answered)
        except EnrichmentError:
            continue  # the template fails on it, so nobody was ever asked
    return list(found.values())


def stored_answers(rows: pl.DataFrame, spec: EnrichmentSpec, texts: Mapping[str, str]) -> list[Answered]:
    """What the ledger holds for published rows; a row of which it holds nothing is left out.

    Args:
        rows: row_id, request_key and the columns of the prompt.
        spec: The enrichment.
        texts: Of each row, as the checks read it.
    """
    found = []
    with Ledger(ledger_url()) as ledger:
        for batch in rows.iter_slices(_KEYS_A_LOOK):
            known = ledger.answers(batch["request_key"].to_list())
            for row in batch.iter_rows(named=True):
                answer = known.get(row["request_key"])
                if answer is not None:
                    columns: dict[str, Any] = {name: row[name] for name in spec.prompt.columns}
                    source = texts.get(row["row_id"], "")
                    found.append(Answered(row["row_id"], source, columns, answer.text, answer.finish_reason, MODEL))
    return found


def golden_answers(lake: Lake, spec: EnrichmentSpec, key: str, golden: Sequence[GoldenRow]) -> list[Answered]:
    """The golden rows that ride along in a partition, with the answers they had there, or are known to have."""
    if spec.checks.golden is None:
        return []
    controls = read_controls(lake, spec, key)
    stored: dict[str, str] = {}
    if controls is not None and controls.height:
        keys = dict(controls.filter(pl.col("kind") == "canary").select("of_row_id", "request_key").iter_rows())
        with Ledger(ledger_url()) as ledger:
            known = ledger.answers(list(keys.values()))
        stored = {golden_id: known[request].text for golden_id, request in keys.items() if request in known}
    nothing = {name: None for field in spec.output for name in output_columns(field)}
    return [
        Answered(
            f"golden {row.golden_id}",
            " ".join(str(value) for value in row.row.values()),
            row.row,
            stored.get(row.golden_id) or orjson.dumps({**nothing, **row.expected}).decode(),
            "stop",
            MODEL,
        )
        for row in canaries(list(golden), key, spec.checks.golden.canaries)
    ]
