"""Live progress of a partition that is being asked, as data: counts, rates, what is spent, how long it takes."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

# Long enough that the answers of 64 slots at 5 s each even out, short enough to show a rate limit or an outage.
WINDOW_S = 10.0
SAMPLE_EVERY_S = 0.5
# Fewer rows than this in the window say little about the rate (the standard error of a count of 20 is 22%).
ENOUGH_ROWS = 20
SILENT_AFTER_S = 30.0


@dataclass(slots=True)
class Spent:
    """What one capped scope has spent, all processes together; None: no cap of that kind.

    Attributes:
        field: Name for a person, e.g. `budget.run`.
        usd: US dollars, open reservations included.
        cap_usd: US dollars that it may spend.
        tokens: Input and output tokens, open reservations included.
        cap_tokens: Tokens that it may spend.
    """

    field: str
    usd: float = 0.0
    cap_usd: float | None = None
    tokens: int = 0
    cap_tokens: int | None = None

    @property
    def share(self) -> float | None:
        """Spent share of the cap that is closer to its end; None without a cap. A cap of 0 is reached."""
        money = None if self.cap_usd is None else _share(self.usd, self.cap_usd)
        tokens = None if self.cap_tokens is None else _share(self.tokens, self.cap_tokens)
        return max((share for share in (money, tokens) if share is not None), default=None)

    def __str__(self) -> str:
        """The cap that is closer to its end, e.g. `$1.20/$5.00 of budget.run`."""
        if self.cap_usd is not None and _share(self.usd, self.cap_usd) == self.share:
            return f"{_usd(self.usd)}/{_usd(self.cap_usd)} of {self.field}"
        return f"{_short(self.tokens)}/{_short(self.cap_tokens or 0)} tokens of {self.field}"


@dataclass(slots=True)
class Progress:
    """Counts of a partition. A finished row is in exactly one of `stored`, `copied` and `asked`.

    Attributes:
        rows: How many there are; None while that is not known (they are streamed).
        stored: Rows whose answer was in the ledger.
        copied: Rows that share the request of an equal row.
        asked: Rows that were asked and are done, well or not.
        failed: Those of `asked` that got no answer.
        requests: Sent, retries included.
        retries: Requests after the first of a row, by cause.
        input_tokens: As the endpoints reported; `cached_tokens` is the part of it that they had cached.
        cost_usd: Of what the endpoints reported, at the pool's prices.
        in_flight: Requests that are out.
        limits: How many may be out, by endpoint.
        waiting: Rows that another process asks, or that wait for a retry.
        spent: The scopes that have a cap.
        clock: Seconds; injected by tests.
        started: Clock time of the start.
    """

    rows: int | None = None
    stored: int = 0
    copied: int = 0
    asked: int = 0
    failed: int = 0
    requests: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    in_flight: int = 0
    limits: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    spent: list[Spent] = field(default_factory=list)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    started: float = field(default=-1.0, repr=False, compare=False)
    _samples: deque[tuple[float, int, int, int]] = field(default_factory=deque, repr=False, compare=False)
    _grew_at: float = field(default=0.0, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.started < 0:
            self.started = self.clock()
        self._grew_at = self.started
        self._samples.append((self.started, self._worked, self.input_tokens, self.output_tokens))

    @property
    def done(self) -> int:
        """Finished rows."""
        return self.stored + self.copied + self.asked

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.started

    @property
    def rows_per_second(self) -> float:
        """Rows asked (and their copies) a second since the start; rows from the ledger cost no time worth counting."""
        return self._worked / self.seconds if self.seconds > 0 else 0.0

    @property
    def recent(self) -> tuple[float, float, float]:
        """Rows, input tokens and output tokens a second over the last 10 s, or since the start where that is less."""
        now = self.sample()
        at, rows, tokens_in, tokens_out = self._samples[0]
        span = now - at
        if span <= 0:
            return (0.0, 0.0, 0.0)
        return (
            (self._worked - rows) / span,
            (self.input_tokens - tokens_in) / span,
            (self.output_tokens - tokens_out) / span,
        )

    @property
    def eta_s(self) -> float | None:
        """Seconds to the end, if what is left has to be asked; None where that cannot be told.

        By the recent rate, which follows a limit that grows or an endpoint that slows down, where the window holds
        enough rows to tell it; else by the rate since the start.
        """
        if self.rows is None:
            return None
        left = self.rows - self.done
        if left <= 0:
            return 0.0
        recent, now = self.recent[0], self.clock()
        span = now - self._samples[0][0]
        rate = recent if recent * span >= ENOUGH_ROWS else self.rows_per_second
        return left / rate if rate > 0 and now - self._grew_at < SILENT_AFTER_S else None

    @property
    def tightest(self) -> Spent | None:
        """The scope whose cap is closest to its end."""
        return max((one for one in self.spent if one.share is not None), key=lambda one: one.share or 0, default=None)

    def sample(self) -> float:
        """Note the counts for the recent rates, at most twice a second, and return the clock; cheap: call it often."""
        now = self.clock()
        samples = self._samples
        if now - samples[-1][0] >= SAMPLE_EVERY_S:
            worked = self._worked
            if worked != samples[-1][1]:
                self._grew_at = now
            samples.append((now, worked, self.input_tokens, self.output_tokens))
            # The first sample is the newest one that is at least a window old.
            while len(samples) > 2 and now - samples[1][0] >= WINDOW_S:
                samples.popleft()
        return now

    def line(self, width: int = 160) -> str:
        """One line for a person, counts only; what matters least is left out where it would be longer than `width`."""
        if self.rows == 0:
            return "no rows"
        if self.rows == self.done and not self.requests:
            copies = f", {self.copied:,} of them copies" if self.copied else ""
            return f"{self.done:,} rows, nothing to ask: all answers are in the ledger{copies}"
        parts = self._parts()
        while len(parts) > 2 and len(_joined(parts)) > width:
            parts.remove(max(parts, key=lambda part: part[0]))
        return _joined(parts)

    def figures(self) -> dict[str, int | float]:
        """Plain numbers under flat names, for metadata that is plotted."""
        rows, tokens_in, tokens_out = self.recent
        known: dict[str, int | float] = {} if self.rows is None else {"rows": self.rows}
        eta = self.eta_s
        return {
            **known,
            "rows_done": self.done,
            "rows_from_ledger": self.stored,
            "rows_copied_from_equal_rows": self.copied,
            "rows_asked": self.asked,
            "rows_failed": self.failed,
            "rows_waiting": self.waiting,
            "rows_per_second": round(rows, 2),
            "input_tokens_per_second": round(tokens_in, 1),
            "output_tokens_per_second": round(tokens_out, 1),
            "requests": self.requests,
            "retries": sum(self.retries.values()),
            **{f"retries_{cause}": count for cause, count in sorted(self.retries.items())},
            "input_tokens": self.input_tokens,
            "cached_tokens": self.cached_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": self.cost_usd,
            "in_flight": self.in_flight,
            **{f"limit_{name}": limit for name, limit in sorted(self.limits.items())},
            **{f"spent_share_{one.field}": round(one.share, 4) for one in self.spent if one.share is not None},
            "seconds": round(self.seconds, 1),
            **({} if eta is None else {"seconds_left": round(eta, 1)}),
        }

    @property
    def _worked(self) -> int:
        return self.asked + self.copied

    def _parts(self) -> list[tuple[int, str]]:
        """The parts of the line, in order, each with its rank: the highest is left out first."""
        rows, tokens_in, tokens_out = self.recent
        total = f"{self.done:,} rows so far" if self.rows is None else f"{self.done:,}/{self.rows:,} rows"
        aside = [
            f"{count:,} {name}"
            for count, name in ((self.stored, "stored"), (self.copied, "copies"), (self.failed, "failed"))
            if count
        ]
        limits = list(self.limits.items())
        flight = f"in flight {self.in_flight:,}"
        if len(limits) == 1:
            flight += f"/{limits[0][1]:,}"
        elif limits:
            flight += f" (limits {', '.join(f'{name} {limit:,}' for name, limit in limits)})"
        parts = [(0, total)]
        parts += [(5, f"({', '.join(aside)})")] if aside else []
        parts += [(2, f"{_rate(rows)} rows/s")]
        parts += [(6, f"{_short(tokens_in)}+{_short(tokens_out)} tokens/s")]
        parts += [(4, flight)]
        parts += [(8, f"{self.waiting:,} waiting")] if self.waiting else []
        if retries := sum(self.retries.values()):
            parts += [(3, f"{retries:,} retries"), (7, f"({_causes(self.retries)})")]
        if (tightest := self.tightest) is not None:
            parts += [(1, str(tightest))]
        elif self.cost_usd:
            parts += [(5, _usd(self.cost_usd))]
        return [*parts, *self._ending()]

    def _ending(self) -> list[tuple[int, str]]:
        silent = self.clock() - self._grew_at
        if silent >= SILENT_AFTER_S and self.done != self.rows:
            return [(0, f"no row done for {_time(silent)}")]
        eta = self.eta_s
        return [] if not eta else [(0, f"{_time(eta)} left")]


def _joined(parts: list[tuple[int, str]]) -> str:
    line = parts[0][1]
    for _, part in parts[1:]:
        line += f" {part}" if part.startswith("(") else f", {part}"
    return line


def _causes(retries: Counter[str]) -> str:
    return ", ".join(f"{cause.replace('_', ' ')} {count:,}" for cause, count in retries.most_common())


def _share(spent: float, cap: float) -> float:
    return spent / cap if cap > 0 else 1.0


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:,.0f}"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
