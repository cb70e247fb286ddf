"""What an enrichment says of its checks, as plain data."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from enrichment_platform.spec_model import SpecModel

CHECK_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class GoldenSpec(SpecModel):
    """Rows with known answers, some of which ride along in every partition, unseen by the model as such."""

    path: str = Field(
        description="CSV, JSON lines or Parquet with the prompt's columns and the output columns that are known;"
        " relative to the project's root. Rows that are shown to the model as examples do not belong in it"
    )
    canaries: int = Field(60, ge=1, le=1000, description="Golden rows that are asked with each partition")
    minimum_accuracy: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of the known values of each field that has to be right; a partition of which the 95%"
        " interval is below it is not published, also where it never was better",
    )


class CustomCheck(SpecModel):
    """One check of one's own: of each row, or of the share of rows in a partition."""

    name: str
    description: str = ""
    sql: str | None = Field(
        None, description="Boolean SQL expression (DuckDB) over the cleaned and output columns; false or null fails"
    )
    polars: str | None = Field(
        None, description="`package.module:function` that returns a boolean Polars expression over the same columns"
    )
    rate: str | None = Field(
        None, description="Boolean SQL expression whose share of the answered rows is watched, instead of single rows"
    )
    max_shift: float | None = Field(
        None, gt=0, le=1, description="rate: how far the share may move from the mean of earlier published partitions"
    )
    minimum: float | None = Field(None, ge=0, le=1, description="rate: the least share")
    maximum: float | None = Field(None, ge=0, le=1, description="rate: the largest share")
    severity: Literal["warn", "block"] = Field(
        "block", description="warn: the partition is published, and the second warning in a row blocks"
    )
    max_failed_share: float | None = Field(
        None, ge=0, le=1, description="sql, polars: share of rows that may fail; checks.max_failed_share when absent"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> CustomCheck:
        if not CHECK_NAME.match(self.name):
            raise ValueError("name: use lower-case letters, digits and underscores, starting with a letter")
        given = [kind for kind in ("sql", "polars", "rate") if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"{self.name}: give exactly one of `sql`, `polars` and `rate`")
        if not str(getattr(self, given[0])).strip():
            raise ValueError(f"{self.name}: `{given[0]}` is empty")
        if self.polars is not None and not FUNCTION.fullmatch(self.polars):
            raise ValueError(f"{self.name}: `polars` is `package.module:function`")
        bounds = [name for name in ("max_shift", "minimum", "maximum") if getattr(self, name) is not None]
        if self.rate is not None and not bounds:
            raise ValueError(f"{self.name}: a rate needs `max_shift`, `minimum` or `maximum`")
        if self.rate is None and bounds:
            raise ValueError(f"{self.name}: {', '.join(bounds)} belongs to a `rate`")
        if self.rate is not None and self.max_failed_share is not None:
            raise ValueError(f"{self.name}: `max_failed_share` belongs to `sql` and `polars`")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"{self.name}: `minimum` is above `maximum`")
        return self


class CheckSettings(SpecModel):
    """Shares of rows (0 to 1) above which a partition is not published; below, the failing rows are quarantined."""

    max_failed_share: float = Field(0.05, ge=0, le=1, description="Rows of a partition that fail any row check")
    thresholds: dict[str, float] = Field(
        default_factory=dict, description="A lower or higher share for one check, by its name"
    )
    mixed_models: Literal["warn", "block"] = Field(
        "warn",
        description="A partition that several endpoints of the pool answered: publish it with a warning, or do not;"
        " with `block` only the first endpoint's answers count",
    )
    severity: dict[str, Literal["off", "warn", "block"]] = Field(
        default_factory=dict,
        description="By name of a check that warns, or judges wording: `warn` (the second warning in a row blocks, but"
        " for `enough_input`, `orders_ignored`, `calibration`; rows are named and published), `block` at once or `off`",
    )
    golden: GoldenSpec | None = Field(None, description="Rows with known answers, to measure accuracy every day")
    custom: list[CustomCheck] = Field(default_factory=list, description="Checks of one's own")
    reask_share: float = Field(
        0.01, ge=0, le=0.2, description="Share of rows asked twice, in partitions of 200 rows and more; 0: none"
    )
    reorder_share: float = Field(
        0.02,
        ge=0,
        le=0.2,
        description="Share of rows asked again with the labels in reverse order, in partitions of 200 rows and more",
    )
    plant_share: float = Field(
        0.005,
        ge=0,
        le=0.2,
        description="Share of rows asked again with an order to the model written into their text, in partitions of 200"
        " rows and more; 5 rows at least and 50 at most; 0: none",
    )
    allow_empty: bool = Field(False, description="true: a partition without rows is a quiet day, not a failure")
    preview_rows: int = Field(0, ge=0, le=20, description="Rows shown in asset metadata; 0 keeps row text out of it")

    @field_validator("severity", mode="before")
    @classmethod
    def _off_is_a_word(cls, given: Any) -> Any:
        """YAML 1.1 reads a bare `off` as false."""
        if not isinstance(given, dict):
            return given
        return {name: "off" if severity is False else severity for name, severity in given.items()}

    @model_validator(mode="after")
    def _distinct(self) -> CheckSettings:
        names = [check.name for check in self.custom]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"custom: {', '.join(twice)} is the name of more than one check")
        return self
