"""Rows that could not be taken in: the reasons, and the table that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from enrichment_platform.spec import Stage

UNPLACED = "unplaced"
SCHEMA = dict.fromkeys(("row_id", "partition_key", "stage", "reason", "detail"), pl.String)


class Reason(StrEnum):
    """Why a row of the source is not a row of the raw table."""

    MALFORMED_LINE = "malformed_line"
    WRONG_ENCODING = "wrong_encoding"
    MISSING_KEY = "missing_key"
    BAD_TIMESTAMP = "bad_timestamp"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_PARTITION = "unknown_partition"


@dataclass(frozen=True)
class Rejection:
    """One row that was not taken in; `row_id` says where it is, `detail` never holds the row's text."""

    row_id: str
    reason: Reason
    detail: str


def rejection_frame(rejections: Sequence[Rejection], partition_key: str) -> pl.DataFrame:
    """The rejections as rows of the quarantine table; all columns are String."""
    rows = [
        (rejection.row_id, partition_key, Stage.RAW.value, rejection.reason.value, rejection.detail)
        for rejection in rejections
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
