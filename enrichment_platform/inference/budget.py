"""Caps on tokens and money: which counters a run is held to, how much a request may take, what to do at the cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from enrichment_platform.budget_spec import SpendCap
from enrichment_platform.errors import BudgetReachedError
from enrichment_platform.inference.pool_spec import ModelPoolSpec
from enrichment_platform.inference.records import NANO, Cap
from enrichment_platform.spec import EnrichmentSpec

# What a server may put before the messages without being asked: the longest in use is gpt-oss's, about 100 tokens
# (Llama 3 gives the date, 30; Qwen 2.5 a system message, 20).
TEMPLATE_TOKENS = 256


def ceiling_tokens(request_bytes: int, max_output_tokens: int = 0) -> int:
    """The most tokens that a request can be billed for: what is reserved before it is sent.

    A tokenizer gives each token at least one byte of the text, so a text has no more tokens than bytes in UTF-8. The
    body is longer than its texts (JSON only adds); the 27 bytes around each message in it cover the few
    control tokens that a chat template puts there, and the JSON schema is a part of it, for providers that bill for it.

    Args:
        request_bytes: Length of the body, `Endpoint.encoded`.
        max_output_tokens: The request's limit; 0 for the bound of the input alone.
    """
    return request_bytes + TEMPLATE_TOKENS + max_output_tokens


def caps(
    spec: EnrichmentSpec, pool: ModelPoolSpec, task_version: str, partition_key: str, run_id: str, now: float
) -> list[Cap]:
    """The counters that a run adds to, with their caps.

    The partition's is always there, so that its spending is known; the others are where there is a cap. A day ends at
    00:00 UTC: ask again when the date has changed.

    Args:
        spec: The enrichment.
        pool: Its model pool.
        task_version: Changes with the prompt: what an earlier prompt spent on a partition is not this one's.
        partition_key: The partition.
        run_id: Shared by all processes of a run.
        now: Seconds since 1970.
    """
    budget, day = spec.budget, datetime.fromtimestamp(now, UTC).date().isoformat()
    counted = [
        (f"run:{run_id}", "budget.run", budget.run),
        (f"day:{spec.name}:{day}", "budget.day", budget.day),
        (f"pool:{pool.name}:{day}", f"budget.day of pool {pool.name}", pool.budget.day),
    ]
    partition = _cap(f"partition:{spec.name}:{task_version}:{partition_key}", "budget.partition", budget.partition)
    return [partition, *(_cap(scope, field, cap) for scope, field, cap in counted if cap is not None)]


def _cap(scope: str, field: str, cap: SpendCap | None) -> Cap:
    if cap is None:
        return Cap(scope, field)
    return Cap(scope, field, cap.tokens, None if cap.usd is None else round(cap.usd * NANO))


def request_over(spec: EnrichmentSpec, tokens: int) -> str | None:
    """Why a request that may take so many tokens may not be sent at all; None where it may."""
    cap = spec.budget.request
    if cap is None or tokens <= cap.tokens:
        return None
    return (
        f"the request may take {tokens:,} tokens (bytes of the prompt + answer); budget.request allows {cap.tokens:,}"
    )


def row_over(spec: EnrichmentSpec, attempts: int, tokens: int) -> str | None:
    """Why a row may not be asked once more; None where it may.

    Args:
        spec: The enrichment.
        attempts: Requests of the row so far that may have cost something.
        tokens: What these took and the next one may take.
    """
    cap = spec.budget.row
    if attempts >= cap.attempts:
        return f"the row took {attempts:,} requests; budget.row allows {cap.attempts:,}"
    if cap.tokens is not None and tokens > cap.tokens:
        return f"the row may take {tokens:,} tokens (bytes of the prompt + answer); budget.row allows {cap.tokens:,}"
    return None


@dataclass(frozen=True, slots=True)
class CapReached:
    """A cap that leaves no room for the next request.

    Attributes:
        cap: The cap.
        tokens: Tokens of its scope, those reserved by requests in flight or lost among them.
        nano_usd: Likewise, in nano US dollars.
        next_tokens: What the next request may take at most; 0 where it is not known.
        next_nano_usd: Likewise, in nano US dollars.
    """

    cap: Cap
    tokens: int
    nano_usd: int
    next_tokens: int = 0
    next_nano_usd: int = 0

    def error(self, enrichment: str, partition_key: str, answered: int, deferred: int) -> BudgetReachedError:
        """What a person is told: which cap, how much of it is spent, what was kept, what to change and where.

        Args:
            enrichment: Its name.
            partition_key: The partition.
            answered: Rows of this run that were answered.
            deferred: Rows that were not asked.
        """
        cap = self.cap
        in_tokens = _used(self.tokens + self.next_tokens, cap.tokens)
        if in_tokens >= _used(self.nano_usd + self.next_nano_usd, cap.nano_usd):
            unit, spent = "tokens", f"{self.tokens:,} of {cap.tokens or 0:,} tokens are spent or reserved"
            further = f", the next request may take {self.next_tokens:,}" if self.next_tokens else ""
        else:
            unit, spent = "usd", f"{_dollars(self.nano_usd)} of {_dollars(cap.nano_usd or 0)} are spent or reserved"
            further = f", the next request may take {_dollars(self.next_nano_usd)}" if self.next_nano_usd else ""
        never_fits = _used(self.next_tokens, cap.tokens) > 1 or _used(self.next_nano_usd, cap.nano_usd) > 1
        remedy = _remedy(cap, unit, never_fits=never_fits)
        return BudgetReachedError(
            f"{enrichment} {partition_key}: {cap.field} is reached ({spent}{further}); {answered:,} rows were answered"
            f" and are kept, {deferred:,} are deferred. {remedy}; only the deferred rows are asked then"
        )


def _used(spent: int, cap: int | None) -> float:
    """Share of a cap that is used; -1 where there is no such cap."""
    if cap is None:
        return -1.0
    return spent / cap if cap else float("inf")


def _remedy(cap: Cap, unit: str, *, never_fits: bool) -> str:
    kind, _, rest = cap.scope.partition(":")
    where = f"{cap.field}.{unit} in its defs.yaml"
    match kind:
        case "run" if never_fits:
            return f"One request alone may take more than that: raise {where} and run the same command again"
        case "run":
            return f"Run the same command again, which begins another run, or raise {where} first"
        case "partition":
            return f"Raise {where} and run the same command again"
        case "pool":
            where = f"budget.day.{unit} of the model pool {rest.rpartition(':')[0]} (defs/model_pools)"
    return f"Raise {where}, or wait until 00:00 UTC, and run the same command again"


def _dollars(nano_usd: int) -> str:
    """An amount that a person can tell from its neighbour: cents, and six digits below a dollar."""
    usd = nano_usd / NANO
    return f"{usd:,.2f} USD" if usd >= 1 or usd == 0 else f"{usd:.6f} USD"
