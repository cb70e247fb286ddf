"""The task: what is asked of a row, and the keys that make an answer reusable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from enrichment_platform.inference.answer_schema import json_schema
from enrichment_platform.inference.examples import NearestExamples
from enrichment_platform.inference.prompt import Message, Prompt
from enrichment_platform.spec import EnrichmentSpec


@dataclass(frozen=True)
class Question:
    """One row, ready to be asked."""

    row_id: str
    messages: tuple[Message, ...]


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

    def question(self, row: Mapping[str, Any]) -> Question:
        """The question for a cleaned row."""
        nearest = self.examples.of(row) if self.examples else ()
        return Question(row["row_id"], self.prompt.messages(row, nearest))

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
    return _hash([fingerprint, question.messages])[:32]


def _hash(value: Any) -> str:
    # Key order is kept: the order of fields in a schema is the order in which a model writes them.
    return hashlib.sha256(orjson.dumps(value)).hexdigest()
