"""What an enrichment and a model pool may spend, as plain data."""

from __future__ import annotations

from pydantic import Field, model_validator

from enrichment_platform.spec_model import SpecModel


class SpendCap(SpecModel):
    """A cap on tokens (input and output together), on US dollars, or on both."""

    tokens: int | None = Field(None, ge=1, description="Input and output tokens together")
    usd: float | None = Field(None, ge=0, allow_inf_nan=False, description="US dollars; 0: only what costs nothing")

    @model_validator(mode="after")
    def _something(self) -> SpendCap:
        if self.tokens is None and self.usd is None:
            raise ValueError("give `tokens`, `usd` or both")
        return self


class RequestCap(SpecModel):
    """What one request may take at most."""

    tokens: int = Field(ge=1, description="Input and output tokens; a byte of input counts as one token")


class RowCap(SpecModel):
    """What one row may take at most, all its requests together."""

    attempts: int = Field(20, ge=1, description="Requests that may have cost something")
    tokens: int | None = Field(None, ge=1, description="Input and output tokens of all its requests")


class BudgetSpec(SpecModel):
    """Caps of an enrichment; each is optional, and the one that is reached first stops the run."""

    request: RequestCap | None = Field(None, description="One request")
    row: RowCap = Field(RowCap(), description="One row with its retries")
    partition: SpendCap | None = Field(None, description="One partition under one prompt, over all its runs")
    run: SpendCap | None = Field(None, description="One run")
    day: SpendCap | None = Field(None, description="One UTC day, all runs of this enrichment")


class PoolBudgetSpec(SpecModel):
    """Caps of a model pool, over all enrichments that use it."""

    day: SpendCap | None = Field(None, description="One UTC day")
