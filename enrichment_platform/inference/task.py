"""The task: what is asked of a row, and the keys that make an answer reusable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import orjson

from enrichment_platform.inference.answer_schema import json_schema
from enrichment_platform.inference.asked_form import asked_form
from enrichment_platform.inference.examples import NearestExamples
from enrichment_platform.inference.prompt import Message, Prompt
from enrichment_platform.spec import EnrichmentSpec, Example


@dataclass(frozen=True)
class Question:
    """One row, ready to be asked.

    `occasion`: asked afresh on every occasion of that name, whatever the ledger holds; empty for rows, which are asked
    once for good. The model does not see it. `group`: rows with the same number begin alike; 0 begins like no other.
    """

    row_id: str
    messages: tuple[Message, ...]
    occasion: str = ""
    group: int = 0


@dataclass(frozen=True)
class Task:
    """An enrichment as the model sees it. `cleaning_version` is part of what can change an answer."""

    spec: EnrichmentSpec
    cleaning_version: str
    examples: NearestExamples | None = None

    @cached_property
    def prompt(self) -> Prompt:
        """The compiled prompt."""
        return Prompt(self.spec.prompt, self.spec.output)

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """JSON schema of an answer."""
        return json_schema(self.spec.output)

    def question(self, row: Mapping[str, Any], nearest: Sequence[Example] | None = None) -> Question:
        """The question for a cleaned row; `nearest` are its examples where they are known already."""
        row = asked_form(row)
        if nearest is None:
            nearest = self.examples.of(row) if self.examples else ()
        return Question(row["row_id"], self.prompt.messages(row, nearest), group=row.get("prefix_group") or 0)

    def control(self, row: Mapping[str, Any], row_id: str, occasion: str) -> Question:
        """The same question as a control: under an id of its own, and asked afresh on that occasion."""
        return replace(self.question(row), row_id=row_id, occasion=occasion)

    def with_examples(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[Sequence[Mapping[str, Any]], list[Sequence[Example]]]:
        """The rows, and the examples of each; a tenth of the time that looking each up takes."""
        return rows, self.examples.of_many([asked_form(row) for row in rows]) if self.examples else [()] * len(rows)

    @cached_property
    def version(self) -> str:
        """The fingerprint whatever the model: changes with prompt, schema, sampling and cleaning, 16 hex digits."""
        return self.fingerprint("")[:16]

    def fingerprint(self, model_identity: str) -> str:
        """Hash of all that can change an answer but the row: prompt, schema, model, sampling, cleaning version."""
        return _hash(self.fingerprint_parts(model_identity))[:32]

    def fingerprint_parts(self, model_identity: str) -> dict[str, Any]:
        """What the fingerprint is the hash of, by name."""
        model = self.spec.model
        # The template is covered by its text, not by its renderings: two templates may agree on some rows only.
        return {
            "prefix": self.prompt.prefix,
            "template": self.spec.prompt.template,
            "labelled_examples": self.examples.digest if self.examples else None,
            "columns": self.spec.prompt.columns,
            "schema": self.json_schema,
            "model": model_identity,
            "sampling": [model.temperature, model.seed, model.max_output_tokens],
            "cleaning": self.cleaning_version,
        }


def request_key(fingerprint: str, question: Question) -> str:
    """Hash of fingerprint and all that is sent, the nearest examples too: the idempotency key."""
    occasion = [question.occasion] if question.occasion else []
    return _hash([fingerprint, question.messages, *occasion])[:32]


def _hash(value: Any) -> str:
    # Key order is kept: the order of fields in a schema is the order in which a model writes them.
    return hashlib.sha256(orjson.dumps(value)).hexdigest()
