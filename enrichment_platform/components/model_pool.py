"""The ModelPool component: a named, ordered list of endpoints."""

from __future__ import annotations

from typing import Self

import dagster as dg
from pydantic import BaseModel

from enrichment_platform.components.attributes import checked, rendered
from enrichment_platform.inference.pool import ModelPoolSpec


class ModelPool(dg.Component, ModelPoolSpec):
    """Endpoints that can answer, in order of preference, with prices, limits and the data classes that each may see.

    The pool also says how often failures are retried, how long a run waits for it, and what a day may cost. An
    enrichment names its pool: `model: default`. Endpoints are `embedded` (llama.cpp in the process) or `openai`
    (any OpenAI-compatible server: vLLM, an API).
    """

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The YAML attributes."""
        return ModelPoolSpec

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Build from YAML attributes; `{{ env.NAME }}` is rendered."""
        return checked(cls, rendered(attributes, context))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """A pool has no assets of its own; enrichments find it by its name."""
        return dg.Definitions()
