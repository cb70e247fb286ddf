"""Where a value came from: source row, cleaned text, prompt, fingerprint, every attempt, evidence, cost."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from enrichment_platform.checks.verdicts import failed_for
from enrichment_platform.cleaning_spec import ASKED_AS, DUPLICATE_COLUMNS
from enrichment_platform.errors import EnrichmentError, InputError, TableNotFoundError
from enrichment_platform.inference.answer_schema import MalformedAnswerError, read_answer
from enrichment_platform.inference.asked_form import asked_form
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.history import attempts_of
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.task import Question, Task, request_key
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec, Stage, output_columns
from enrichment_platform.stages import quarantine
from enrichment_platform.stages.explanation import Duplicate, Explanation, Shared
from enrichment_platform.stages.naming import quarantine_table, table
from enrichment_platform.stages.spans import Span, locate
from enrichment_platform.stages.standing import provenance_column

_IDENTITY_TIMEOUT_S = 5.0
_PARTITIONS_SHOWN = 10


def find_partition(lake: Lake, spec: EnrichmentSpec, row_id: str, partition_key: str | None) -> str:
    """The partition that holds a row.

    Raises:
        InputError: none does, or several do and none was named.
    """
    names = [table(spec, Stage.RAW), quarantine_table(spec), table(spec, Stage.ENRICHED)]
    found: set[str] = set()
    for name in names:
        with suppress(TableNotFoundError):
            rows = lake.read(name, partition_key, columns=["partition_key"], where={"row_id": row_id})
            found |= set(rows["partition_key"])
    if not found:
        where = f"partition {partition_key} of {spec.name}" if partition_key else spec.name
        raise InputError(
            f"there is no row {row_id!r} in {where}; see the row_id of {spec.name}.raw with `enrichment sql`, or of"
            f" the rows that were set aside with `enrichment quarantine {spec.name}`"
        )
    if len(found) > 1:
        shown = ", ".join(sorted(found)[:_PARTITIONS_SHOWN])
        raise InputError(f"row {row_id!r} is in partitions {shown}; name one with --partition")
    return found.pop()


def explain(
    lake: Lake,
    ledger: Ledger,
    task: Task,
    row_id: str,
    partition_key: str,
    endpoints: Sequence[Endpoint] = (),
) -> Explanation:
    """Put together all that is known of a row; nothing is asked of a model.

    Args:
        lake: The lake.
        ledger: The ledger.
        task: The enrichment as the model sees it now.
        row_id: The row.
        partition_key: Its partition.
        endpoints: Asked for the name of their model, where it is not configured.
    """
    spec = task.spec
    source, cleaned, staged, published = (_row(lake, spec, stage, partition_key, row_id) for stage in Stage)
    aside = quarantine.read(lake, spec, partition_key)
    reasons = aside.filter(aside["row_id"] == row_id).select("stage", "reason", "detail").to_dicts()
    answered = _published_answer(published) if published else staged
    question, problem = _question(task, cleaned)
    key = str(answered["request_key"]) if answered else ""
    stored = ledger.answers([key]).get(key) if key else None
    shared = None
    if stored and (stored.enrichment, stored.partition_key, stored.row_id) != (spec.name, partition_key, row_id):
        shared = Shared(stored.enrichment, stored.partition_key, stored.row_id)
    asked = shared or Shared(spec.name, partition_key, row_id)
    attempts = attempts_of(lake, ledger, asked.enrichment, asked.partition_key, asked.row_id)
    columns = [name for one in spec.output for name in output_columns(one)]
    holder = published or staged
    values = {name: holder.get(name) for name in columns} if holder else None
    recorded = str(answered["fingerprint"]) if answered else None
    return Explanation(
        name=spec.name,
        row_id=row_id,
        partition_key=partition_key,
        standing=_standing(source, cleaned, staged, published, reasons),
        reasons=reasons,
        named_by=failed_for(lake, spec.name, partition_key, row_id),
        source=source,
        cleaned={name: cleaned.get(name) for name in spec.prompt.columns} if cleaned else None,
        duplicate=_duplicate(cleaned, partition_key),
        asked=_asked(spec, cleaned),
        prompt=list(question.messages) if question else None,
        prompt_is_what_was_sent=(request_key(recorded, question) == key if question and recorded and key else None),
        fingerprint=_fingerprint(task, recorded, _identities(endpoints), str(answered["model"]) if answered else None)
        | ({"problem": problem} if problem else {}),
        answer=_answer(answered, staged, stored.text if stored else None),
        values=values,
        evidence=_evidence(spec, values, cleaned),
        shared=shared,
        attempts=[one | {"sampling_changed": _sampling_changed(spec, one)} for one in attempts],
        cost=_cost(attempts),
    )


def compare(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Field by field: column, before, after, same."""
    names = list(dict.fromkeys([*(before or {}), *(after or {})]))
    pairs = [(name, (before or {}).get(name), (after or {}).get(name)) for name in names]
    return [{"column": name, "before": old, "after": new, "same": old == new} for name, old, new in pairs]


def question_of(lake: Lake, task: Task, row_id: str, partition_key: str) -> Question:
    """The question of a row, from its cleaned columns.

    Raises:
        EnrichmentError: there is no cleaned row, or the template fails on it.
    """
    cleaned = _row(lake, task.spec, Stage.CLEANED, partition_key, row_id)
    question, problem = _question(task, cleaned)
    if question is None:
        raise EnrichmentError(
            problem or f"row {row_id!r} did not reach the cleaned table, so nothing can be asked of it"
        )
    return question


def _row(lake: Lake, spec: EnrichmentSpec, stage: Stage, partition_key: str, row_id: str) -> dict[str, Any] | None:
    try:
        rows = lake.read(table(spec, stage), partition_key, where={"row_id": row_id})
    except TableNotFoundError:
        return None
    return rows.row(0, named=True) if rows.height else None


def _published_answer(published: dict[str, Any]) -> dict[str, Any]:
    names = ("request_key", "fingerprint", "model", "endpoint")
    columns = list(published)
    return {name: published[provenance_column(columns, name)] for name in names} | {"status": "ok"}


def _question(task: Task, cleaned: dict[str, Any] | None) -> tuple[Question | None, str | None]:
    if cleaned is None:
        return None, None
    missing = [name for name in task.spec.prompt.columns if name not in cleaned]
    if missing:
        return None, f"the cleaned row lacks {', '.join(missing)}, which the prompt uses now"
    try:
        return task.question(cleaned), None
    except EnrichmentError as error:
        return None, str(error)


def _standing(
    source: dict[str, Any] | None,
    cleaned: dict[str, Any] | None,
    staged: dict[str, Any] | None,
    published: dict[str, Any] | None,
    reasons: list[dict[str, Any]],
) -> str:
    if published:
        return "published"
    if reasons:
        return "quarantined"
    for name, row in (("staged", staged), ("cleaned", cleaned), ("raw", source)):
        if row:
            return name
    return "unknown"


def _identities(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """The model of each endpoint, by its name; those that do not tell in time are left out."""

    async def ask(endpoint: Endpoint) -> str | None:
        try:
            return await asyncio.wait_for(endpoint.model_identity(), _IDENTITY_TIMEOUT_S)
        except (EnrichmentError, TimeoutError):
            return None
        finally:
            await endpoint.close()

    async def all_of_them() -> list[str | None]:
        return list(await asyncio.gather(*(ask(endpoint) for endpoint in endpoints)))

    found = asyncio.run(all_of_them()) if endpoints else []
    return {endpoint.name: model for endpoint, model in zip(endpoints, found, strict=True) if model is not None}


def _fingerprint(task: Task, recorded: str | None, identities: dict[str, str], served: str | None) -> dict[str, Any]:
    current = {name: task.fingerprint(identity) for name, identity in identities.items()}
    known = set(current.values()) | ({task.fingerprint(served)} if served else set())
    unchanged = True if recorded in known else (False if recorded and identities else None)
    parts = task.fingerprint_parts(next(iter(identities.values()), served or ""))
    hashed = {name: _short_hash(parts[name]) for name in ("prefix", "template", "schema")}
    return {"recorded": recorded, "current": current, "unchanged": unchanged, "parts": {**parts, **hashed}}


def _short_hash(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:16]


def _answer(answered: dict[str, Any] | None, staged: dict[str, Any] | None, text: str | None) -> dict[str, Any] | None:
    if answered is None:
        return None
    told = {name: answered.get(name) for name in ("status", "model", "endpoint", "request_key", "fingerprint")}
    same = staged is not None and staged["request_key"] == answered["request_key"]
    finish = staged["finish_reason"] if staged is not None and same else None
    newer = None if staged is None or same else {name: staged[name] for name in ("status", "fingerprint", "model")}
    return {**told, "finish_reason": finish, "text": text, "staged_since": newer}


def _duplicate(cleaned: dict[str, Any] | None, partition_key: str) -> Duplicate | None:
    if cleaned is None or cleaned.get("duplicate_of") is None:
        return None
    of, partition, kind, similarity = (cleaned[name] for name in DUPLICATE_COLUMNS)
    return Duplicate(of, partition or partition_key, kind, similarity)


def _asked(spec: EnrichmentSpec, cleaned: dict[str, Any] | None) -> dict[str, Any] | None:
    """The columns that are asked in the words of another row."""
    if cleaned is None or not cleaned.get(ASKED_AS):
        return None
    asked = asked_form(cleaned)
    return {name: asked[name] for name in spec.prompt.columns if asked.get(name) != cleaned.get(name)}


def _evidence(spec: EnrichmentSpec, values: dict[str, Any] | None, cleaned: dict[str, Any] | None) -> list[Span]:
    if values is None or cleaned is None:
        return []
    asked = asked_form(cleaned)
    texts = {name: str(asked.get(name) or "") for name in spec.prompt.columns}
    quotes = [(one.name, values.get(one.evidence_column)) for one in spec.output if one.evidence]
    return [locate(name, str(quote), texts) for name, quote in quotes if quote]


def _sampling_changed(spec: EnrichmentSpec, attempt: dict[str, Any]) -> dict[str, Any]:
    """A retry after a malformed answer samples, one after a truncated answer has more room."""
    asked = {name: attempt[name] for name in ("temperature", "seed", "max_output_tokens")}
    return {name: value for name, value in asked.items() if value is not None and value != getattr(spec.model, name)}


def _cost(attempts: list[dict[str, Any]]) -> dict[str, Any]:
    sums = {
        name: sum(one[name] or 0 for one in attempts)
        for name in ("input_tokens", "cached_tokens", "output_tokens", "cost_usd")
    }
    unknown = sum(one["input_tokens"] is None and one["settled_at"] is not None for one in attempts)
    return {"requests": len(attempts), **sums, "requests_without_usage": unknown}


def stored_values(spec: EnrichmentSpec, explanation: Explanation) -> dict[str, Any] | None:
    """The values of the stored answer, as the model gave them; those of the table where the answer is gone."""
    text = explanation.answer["text"] if explanation.answer else None
    if text:
        with suppress(MalformedAnswerError):
            return read_answer(text, spec.output)
    return explanation.values
