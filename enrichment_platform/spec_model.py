"""The pydantic model that all specs are made from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """Immutable; an unknown field is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
