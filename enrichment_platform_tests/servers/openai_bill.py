"""What the fake provider did: its bill, its prompts, and a timeline in buckets of 100 ms."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

BUCKET_S = 0.1


def prompt_hash(messages: list[dict[str, str]]) -> str:
    """Key of a prompt in /stats."""
    return hashlib.sha256(orjson.dumps(messages, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass
class Timeline:
    """Counts by bucket since the start or the last reset.

    `answers` are completions, good or bad; `rejections` 429s; `failures` all else (5xx, resets, other errors).
    """

    started: float = field(default_factory=time.time)
    arrivals: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    rejections: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    first_arrival: float | None = None
    _zero: float = field(default_factory=time.monotonic)

    def count(self, buckets: list[int]) -> None:
        """One more now in one of the lists above."""
        index = int((time.monotonic() - self._zero) / BUCKET_S)
        try:
            buckets[index] += 1
        except IndexError:
            buckets.extend([0] * (index + 1 - len(buckets)))
            buckets[index] = 1

    def arrived(self) -> None:
        """A request came."""
        if self.first_arrival is None:
            self.first_arrival = time.time()
        self.count(self.arrivals)

    def shown(self) -> dict[str, Any]:
        """For GET /timeline: lists of one length; `started` and `first_arrival` are Unix times in seconds."""
        lists = {name: getattr(self, name) for name in ("arrivals", "answers", "rejections", "failures")}
        length = max(map(len, lists.values()))
        return {"bucket_s": BUCKET_S, "started": self.started, "first_arrival": self.first_arrival} | {
            name: counts + [0] * (length - len(counts)) for name, counts in lists.items()
        }


@dataclass
class Bill:
    """Everything that POST /reset sets to zero. Without `keep_prompts` it takes no memory by request."""

    keep_prompts: bool = True
    requests: int = 0
    answered: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)
    answered_prompts: set[str] = field(default_factory=set)
    answered_twice: int = 0
    max_in_flight: int = 0
    clients: set[Any] = field(default_factory=set)
    timeline: Timeline = field(default_factory=Timeline)

    def arrived(self, client: Any, messages: list[dict[str, str]]) -> str | None:
        """Count a request; its prompt's key where prompts are kept."""
        self.requests += 1
        self.clients.add(client)
        self.timeline.arrived()
        if not self.keep_prompts:
            return None
        key = prompt_hash(messages)
        self.prompts[key] += 1
        return key

    def completed(self, usage: tuple[int, int, int], prompt: str | None) -> None:
        """Charge prompt, cached and completion tokens; `prompt` is the key where the answer was a good one."""
        self.answered += 1
        self.prompt_tokens += usage[0]
        self.cached_tokens += usage[1]
        self.completion_tokens += usage[2]
        self.timeline.count(self.timeline.answers)
        if prompt is not None:
            self.answered_twice += prompt in self.answered_prompts
            self.answered_prompts.add(prompt)

    def failed(self, outcome: str) -> None:
        """Note a request that is not charged."""
        self.outcomes[outcome] += 1
        self.timeline.count(self.timeline.rejections if outcome == "429" else self.timeline.failures)

    def shown(self) -> dict[str, Any]:
        """For GET /stats."""
        totals = ("requests", "answered", "prompt_tokens", "cached_tokens", "completion_tokens", "max_in_flight")
        return {name: getattr(self, name) for name in totals} | {
            "outcomes": self.outcomes,
            "prompts": self.prompts,
            "prompts_answered_twice": self.answered_twice if self.keep_prompts else None,
            "connections": len(self.clients),
        }
