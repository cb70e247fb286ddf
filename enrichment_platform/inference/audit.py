"""An audit: a row's question asked once more, recorded as an attempt, its answer compared and not stored."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from enrichment_platform.errors import BudgetReachedError, EndpointUnavailableError, EnrichmentError, HaltedError
from enrichment_platform.inference.attempts import judged
from enrichment_platform.inference.budget import ceiling_tokens
from enrichment_platform.inference.endpoints.protocol import Endpoint, EndpointError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.records import Attempt, Cap, Settlement, Verdict, attempt_id
from enrichment_platform.inference.row import first_request
from enrichment_platform.inference.task import Question, Task, request_key

AUDIT = "audit"


@dataclass(frozen=True)
class Audit:
    """What came when a row was asked again; `values` by output column where the answer is good."""

    status: str
    detail: str | None
    text: str
    values: dict[str, Any] | None
    endpoint: str
    model: str
    fingerprint: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float
    latency_ms: float


async def ask_again(
    ledger: Ledger,
    task: Task,
    endpoint: Endpoint,
    partition_key: str,
    question: Question,
    caps: Callable[[str, float], Sequence[Cap]] = lambda _run, _now: (),
) -> Audit:
    """Send a row's question to an endpoint; the attempt counts against the caps and is settled like any other.

    Args:
        ledger: Where the attempt is recorded, with the cause `audit`.
        task: What is asked.
        endpoint: Who is asked; it must be allowed to see the row.
        partition_key: The row's partition.
        question: The row.
        caps: The caps of a run id at a time in seconds since 1970.

    Raises:
        EndpointUnavailableError: no answer came.
        BudgetReachedError: a cap leaves no room for the request.
        HaltedError: the enrichment is halted.
    """
    try:
        await endpoint.start()
        fingerprint = task.fingerprint(await endpoint.model_identity())
        return await _ask(ledger, task, endpoint, partition_key, question, fingerprint, caps)
    except EndpointError as error:
        raise EndpointUnavailableError(f"endpoint {endpoint.name!r} gave no answer ({error})") from None
    finally:
        await endpoint.close()


async def _ask(
    ledger: Ledger,
    task: Task,
    endpoint: Endpoint,
    partition_key: str,
    question: Question,
    fingerprint: str,
    caps: Callable[[str, float], Sequence[Cap]],
) -> Audit:
    request = first_request(task, question)
    body = endpoint.encoded(request)
    number, run_id = attempt_id(), f"audit-{uuid.uuid4().hex[:16]}"
    most_in, most_out = ceiling_tokens(len(body)), request.max_output_tokens
    # A key of its own: the row's answer is stored, and the ledger admits nothing that is answered.
    key = hashlib.sha256(f"{request_key(fingerprint, question)} {number}".encode()).hexdigest()[:32]
    attempt = Attempt(
        number,
        key,
        fingerprint,
        task.spec.name,
        partition_key,
        question.row_id,
        run_id,
        endpoint.name,
        AUDIT,
        most_in + most_out,
        endpoint.price.ceiling_nano_usd(most_in, most_out, endpoint.timeout_s),
        temperature=request.temperature,
        seed=request.seed,
        max_output_tokens=request.max_output_tokens,
    )
    held_to = tuple(caps(run_id, time.time()))
    await _admitted(ledger, attempt, held_to, endpoint)
    began = time.monotonic()
    try:
        completion = await endpoint.complete(request, body)
    except EndpointError as error:
        free = {} if error.may_be_billed else _NOTHING
        failed = Settlement(attempt, str(error.failure), error.may_be_billed, error.detail, **free)
        await ledger.settle(failed, None, held_to, endpoint.rate_limit)
        raise
    except BaseException:
        left = Settlement(attempt, "cancelled", True, "not waited for")
        await ledger.settle(left, None, held_to, endpoint.rate_limit)
        raise
    counted = (completion.input_tokens, completion.cached_tokens, completion.output_tokens)
    cost = endpoint.price.cost_usd(*counted, time.monotonic() - began)
    status, detail, values = judged(completion, task)
    known = completion.usage_known
    settlement = Settlement(
        attempt,
        status,
        billed=True,
        detail=detail,
        finish_reason=completion.finish_reason[:32],
        model=completion.model[:255],
        input_tokens=counted[0] if known else None,
        cached_tokens=counted[1] if known else None,
        output_tokens=counted[2] if known else None,
        cost_usd=cost if known else None,
        latency_ms=completion.latency_ms,
    )
    await ledger.settle(settlement, None, held_to, endpoint.rate_limit)
    model = completion.model
    return Audit(
        status,
        detail,
        completion.text,
        values,
        endpoint.name,
        model,
        fingerprint,
        *counted,
        cost,
        completion.latency_ms,
    )


_NOTHING: dict[str, Any] = {"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}


async def _admitted(ledger: Ledger, attempt: Attempt, caps: tuple[Cap, ...], endpoint: Endpoint) -> None:
    (admission,) = await ledger.admit([attempt], caps, endpoint.rate_limit)
    if admission.verdict is Verdict.HALTED:
        raise HaltedError(f"{attempt.enrichment} is halted: {admission.detail}")
    if admission.verdict is Verdict.OVER and admission.cap is not None:
        raise BudgetReachedError(f"{admission.cap.field} leaves no room for another request; raise it and ask again")
    if admission.verdict is Verdict.LATER:
        raise EnrichmentError(f"the rate limit of {endpoint.name!r} is used up; ask again in {admission.wait_s:.0f} s")
    if admission.verdict is not Verdict.ADMITTED:
        raise EnrichmentError(f"the ledger did not admit the request ({admission.verdict})")
