"""What a request costs: prices by token, and the share of one's own GPU."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from enrichment_platform.inference.records import NANO

_PER_MILLION = 1e-6
_HOUR_S = 3600.0


@dataclass(frozen=True)
class PriceTier:
    """Prices of a whole request that has more than `above_input_tokens`; US dollars per million tokens."""

    above_input_tokens: int
    input: float
    cached_input: float
    output: float


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, and per hour for a GPU of one's own.

    Attributes:
        input: Input tokens.
        cached_input: Input tokens that the server had in its cache; the price of `input` where None.
        output: Output tokens.
        gpu_hour_usd: One hour of the machine, charged by its busy time.
        known: False: nobody said what it costs; it is counted as nothing, and no cap in US dollars can be held.
        tiers: Other prices for longer inputs, in ascending order.
    """

    input: float = 0.0
    cached_input: float | None = None
    output: float = 0.0
    gpu_hour_usd: float = 0.0
    known: bool = True
    tiers: tuple[PriceTier, ...] = ()

    def cost_usd(self, input_tokens: int, cached_tokens: int, output_tokens: int, busy_share_s: float = 0.0) -> float:
        """Cost of one answer in US dollars.

        Args:
            input_tokens: All input tokens, the cached ones among them.
            cached_tokens: Those of them that came from the server's cache.
            output_tokens: Output tokens.
            busy_share_s: The request's share of the endpoint's busy time in seconds, see `BusyShare`.
        """
        fresh_price, cached_price, output_price = self._prices(input_tokens)
        fresh = max(input_tokens - cached_tokens, 0)
        tokens_usd = (fresh * fresh_price + cached_tokens * cached_price + output_tokens * output_price) * _PER_MILLION
        return tokens_usd + self.gpu_hour_usd / _HOUR_S * busy_share_s

    def ceiling_nano_usd(self, input_tokens: int, output_tokens: int, busy_s: float = 0.0) -> int:
        """The most that a request may cost, in nano US dollars: what is reserved before it is sent.

        Args:
            input_tokens: Upper bound; the dearest of the prices that may apply to so many is taken.
            output_tokens: Upper bound.
            busy_s: Upper bound of its share of the busy time, in seconds.
        """
        base = (max(self.input, self.cached_input or 0.0), self.output)
        tiers = [
            (max(tier.input, tier.cached_input), tier.output)
            for tier in self.tiers
            if input_tokens > tier.above_input_tokens
        ]
        tokens_usd = max(
            (input_tokens * input_price + output_tokens * output_price) * _PER_MILLION
            for input_price, output_price in (base, *tiers)
        )
        return nano_usd(tokens_usd + self.gpu_hour_usd / _HOUR_S * busy_s)

    @property
    def typical_usd(self) -> float:
        """Price of a request of 1,000 input and 100 output tokens, nothing cached; by it pools are ordered."""
        return self.cost_usd(1000, 0, 100)

    def _prices(self, input_tokens: int) -> tuple[float, float, float]:
        for tier in reversed(self.tiers):
            if input_tokens > tier.above_input_tokens:
                return tier.input, tier.cached_input, tier.output
        return self.input, self.input if self.cached_input is None else self.cached_input, self.output


def nano_usd(cost_usd: float) -> int:
    """US dollars as whole nano dollars, rounded up; the noise of floating point (1e-12 dollars) is no cost."""
    return math.ceil(round(cost_usd * NANO, 3))


class BusyShare:
    """Shares the busy time of one endpoint among the requests in flight there.

    While n requests are in flight, each gets 1/n of the time: a request's share is the integral of 1/n over the time it
    was in flight, and all shares add up to the wall time in which at least one was. It is kept as one running integral,
    so that starting and finishing cost the same however many are in flight (as virtual time in fair queueing,
    Demers et al., SIGCOMM 1989). Of several processes that ask the same server, each measures its own requests.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_flight = 0
        self._integral = 0.0
        self._last = 0.0

    def start(self) -> float:
        """A request is sent; the mark that `finish` wants."""
        self._advance()
        self._in_flight += 1
        return self._integral

    def finish(self, mark: float) -> float:
        """The request is over; its share in seconds."""
        self._advance()
        self._in_flight -= 1
        share = self._integral - mark
        if self._in_flight == 0:
            self._integral = 0.0  # no mark is out: begin anew, so that a long run loses no precision
        return share

    def _advance(self) -> None:
        now = self._clock()
        if self._in_flight:
            self._integral += (now - self._last) / self._in_flight
        self._last = now
