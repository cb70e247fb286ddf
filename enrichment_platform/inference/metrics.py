"""Counts of the engine for Prometheus, by enrichment; `metrics_export` says whether they are kept and where they go."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from enrichment_platform.inference.progress import Progress

if TYPE_CHECKING:
    from prometheus_client.core import Metric

# Seconds, roughly doubling: from a short answer of a local server to the longest time-out that anyone sets.
LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
NOT_RETRIES = ("first", "replay", "audit")


class NoMetrics:
    """Counts nothing; what the engine gets where no export is configured."""

    def request(
        self,
        endpoint: str,
        cause: str,
        outcome: str,
        latency_s: float | None,
        input_tokens: int | None = None,
        cached_tokens: int | None = None,
        output_tokens: int | None = None,
        cost_usd: float | None = None,
    ) -> None:
        """Count a settled attempt.

        Args:
            endpoint: Name of the endpoint in its pool.
            cause: Why it was sent, e.g. `first`, `rate_limit`.
            outcome: How it ended, e.g. `ok`, `timeout`.
            latency_s: Seconds from sending to the end; None where it was not sent.
            input_tokens: As reported; None where the endpoint did not say, also below.
            cached_tokens: The part of `input_tokens` that the endpoint had cached.
            output_tokens: As reported.
            cost_usd: US dollars.
        """

    def row(self, status: str) -> None:
        """Count a finished row by the status of its answer, e.g. `ok`, `refused`, `failed`."""

    def gauges(self, progress: Progress) -> None:
        """Show what is in flight, the limits and the spent share of each cap."""

    def close(self) -> None:
        """The run is over: its gauges go, the counts stay, the file (where there is one) is written."""


@dataclass(slots=True)
class _Sums:
    """Of the attempts with the same endpoint, cause and outcome."""

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    latency_s: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BUCKETS) + 1))

    def add(self, other: _Sums) -> None:
        """Add another one's sums."""
        self.requests += other.requests
        self.input_tokens += other.input_tokens
        self.cached_tokens += other.cached_tokens
        self.output_tokens += other.output_tokens
        self.cost_usd += other.cost_usd
        self.latency_s += other.latency_s
        self.buckets = [mine + its for mine, its in zip(self.buckets, other.buckets, strict=True)]


@dataclass(slots=True)
class _Counts:
    """All of one enrichment in this process; they last as long as it, as Prometheus expects of counters."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    requests: defaultdict[tuple[str, str, str], _Sums] = field(default_factory=lambda: defaultdict(_Sums))
    rows: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


class EngineMetrics(NoMetrics):
    """Counts of one run of an enrichment; runs of the same enrichment add up, also those of several threads.

    The numbers are plain and become metrics when they are read: counting an attempt costs about a microsecond, where
    the metric objects of prometheus-client, eight a request, cost several.
    """

    def __init__(self, enrichment: str, store: MetricsStore) -> None:
        self.enrichment = enrichment
        self._store = store
        self._counts = store.counts(enrichment)

    def request(
        self,
        endpoint: str,
        cause: str,
        outcome: str,
        latency_s: float | None,
        input_tokens: int | None = None,
        cached_tokens: int | None = None,
        output_tokens: int | None = None,
        cost_usd: float | None = None,
    ) -> None:
        """Count a settled attempt; see `NoMetrics`."""
        counts = self._counts
        with counts.lock:
            sums = counts.requests[endpoint, cause, outcome]
            sums.requests += 1
            if latency_s is not None:
                sums.latency_s += latency_s
                sums.buckets[bisect_left(LATENCY_BUCKETS, latency_s)] += 1
            sums.input_tokens += input_tokens or 0
            sums.cached_tokens += cached_tokens or 0
            sums.output_tokens += output_tokens or 0
            sums.cost_usd += cost_usd or 0.0

    def row(self, status: str) -> None:
        """Count a finished row; see `NoMetrics`."""
        counts = self._counts
        with counts.lock:
            counts.rows[status] += 1

    def gauges(self, progress: Progress) -> None:
        """Show the state of this run; see `NoMetrics`. The progress is read when the metrics are, so once will do."""
        self._store.running[id(self)] = (self.enrichment, progress)

    def close(self) -> None:
        """Take the gauges of this run away and let the file be written."""
        self._store.running.pop(id(self), None)
        self._store.on_close()


class MetricsStore:
    """The counts of this process; a collector in the sense of prometheus-client.

    Labels are names that the deployment chose (enrichments, endpoints, caps) and the engine's own words: never a row, a
    partition or a run, whose number grows without end.
    """

    def __init__(self) -> None:
        self.running: dict[int, tuple[str, Progress]] = {}
        self.on_close: Callable[[], None] = lambda: None
        self._enrichments: dict[str, _Counts] = {}

    def counts(self, enrichment: str) -> _Counts:
        """The counts of an enrichment."""
        return self._enrichments.setdefault(enrichment, _Counts())

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        ends = ["enrichment", "endpoint"]
        requests = CounterMetricFamily(
            "enrichment_requests", "Attempts that ended.", labels=[*ends, "cause", "outcome"]
        )
        retries = CounterMetricFamily(
            "enrichment_retries", "Attempts after the first of a row.", labels=["enrichment", "cause"]
        )
        tokens = CounterMetricFamily(
            "enrichment_tokens", "Tokens as reported; cached_input is a part of input.", labels=[*ends, "kind"]
        )
        cost = CounterMetricFamily("enrichment_cost_usd", "US dollars, at the prices of the pool.", labels=ends)
        rows = CounterMetricFamily("enrichment_rows", "Rows that are done.", labels=["enrichment", "status"])
        latency = HistogramMetricFamily("enrichment_request_seconds", "From sending to the end.", labels=ends)
        for name, counts in list(self._enrichments.items()):
            by_cause: defaultdict[str, int] = defaultdict(int)
            by_endpoint: defaultdict[str, _Sums] = defaultdict(_Sums)
            with counts.lock:
                for (endpoint, cause, outcome), sums in counts.requests.items():
                    requests.add_metric([name, endpoint, cause, outcome], sums.requests)
                    by_endpoint[endpoint].add(sums)
                    if cause not in NOT_RETRIES:
                        by_cause[cause] += sums.requests
                for status, count in counts.rows.items():
                    rows.add_metric([name, status], count)
            for cause, count in by_cause.items():
                retries.add_metric([name, cause], count)
            for endpoint, sums in by_endpoint.items():
                tokens.add_metric([name, endpoint, "input"], sums.input_tokens)
                tokens.add_metric([name, endpoint, "cached_input"], sums.cached_tokens)
                tokens.add_metric([name, endpoint, "output"], sums.output_tokens)
                cost.add_metric([name, endpoint], sums.cost_usd)
                bounds = [*(str(bound) for bound in LATENCY_BUCKETS), "+Inf"]
                latency.add_metric(
                    [name, endpoint], list(zip(bounds, accumulate(sums.buckets), strict=True)), sums.latency_s
                )
        yield from (requests, retries, tokens, cost, rows, latency)
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        # An enrichment whose runs are over has nothing in flight; runs of several partitions add up.
        flights = dict.fromkeys(list(self._enrichments), 0)
        limits: defaultdict[tuple[str, str], int] = defaultdict(int)
        shares: defaultdict[tuple[str, str], float] = defaultdict(float)
        for name, progress in list(self.running.values()):
            flights[name] += progress.in_flight
            for endpoint, limit in list(progress.limits.items()):
                limits[name, endpoint] += limit
            for spent in list(progress.spent):
                if spent.share is not None:
                    shares[name, spent.field] = max(shares[name, spent.field], spent.share)
        in_flight = GaugeMetricFamily("enrichment_requests_in_flight", "Requests that are out.", labels=["enrichment"])
        for name, count in flights.items():
            in_flight.add_metric([name], count)
        most = GaugeMetricFamily(
            "enrichment_concurrency_limit", "How many may be out.", labels=["enrichment", "endpoint"]
        )
        for labels, limit in limits.items():
            most.add_metric(list(labels), limit)
        ratio = GaugeMetricFamily(
            "enrichment_spend_ratio", "Spent share of a cap, open reservations included.", labels=["enrichment", "cap"]
        )
        for labels, share in shares.items():
            ratio.add_metric(list(labels), share)
        yield from (in_flight, most, ratio)
