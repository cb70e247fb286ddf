"""What is known of a row, as plain data: how it stands, what it was made of, what was asked and answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from enrichment_platform.stages.spans import Span


@dataclass(frozen=True)
class Shared:
    """The row that an answer was asked for, where that is another one."""

    enrichment: str
    partition_key: str
    row_id: str


@dataclass(frozen=True)
class Duplicate:
    """The row that a row was linked to when it was cleaned, how alike they are (`kind`; 0 to 1), and where that is."""

    of: str
    partition: str
    kind: str
    similarity: float | None


@dataclass(frozen=True)
class Explanation:
    """All that is known of a row. It holds row text: for the terminal of the person who asked, and nowhere else.

    Attributes:
        standing: `published`, `quarantined`, `staged` (answered, not published), or the last stage it reached.
        reasons: Stage, reason and detail, where it is in quarantine.
        named_by: Check and message of each check of the newest verdict that failed and names the row.
        source: The row of the raw table; null where it could not be read.
        cleaned: The columns that the prompt uses, cleaned.
        duplicate: The earlier row that it is a duplicate of.
        asked: Those of the cleaned columns that were asked in the words of that row, in its words; null where the row
            is asked in its own. Evidence stands in these.
        prompt: Messages, rendered from the cleaned row as it is now.
        prompt_is_what_was_sent: Whether the hash of the stored answer's request proves it; null without an answer.
        fingerprint: `recorded` with the answer, `current` by endpoint, `unchanged` (null: nobody knows), its `parts`.
        answer: How the row was answered; null where it was not.
        values: Output columns, as published, else as staged.
        evidence: What the answer quotes, and where that stands in the text that is asked.
        shared: The row whose answer this is, where that is another one.
        attempts: Every request for the answer, in the ledger and in the archive, oldest first; `sampling_changed`:
            what of temperature, seed and max_output_tokens it asked for that is not what the specification says now.
        cost: Requests, tokens and US dollars over the attempts.
    """

    name: str
    row_id: str
    partition_key: str
    standing: str
    reasons: list[dict[str, Any]]
    named_by: list[dict[str, str]]
    source: dict[str, Any] | None
    cleaned: dict[str, Any] | None
    duplicate: Duplicate | None
    asked: dict[str, Any] | None
    prompt: list[dict[str, str]] | None
    prompt_is_what_was_sent: bool | None
    fingerprint: dict[str, Any]
    answer: dict[str, Any] | None
    values: dict[str, Any] | None
    evidence: list[Span]
    shared: Shared | None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    cost: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain data."""
        return asdict(self)
