"""The tables of one partition that the suite looks at, and the refusal of lazy, missing or mistyped ones."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import polars as pl

from enrichment_platform.checks.history import History
from enrichment_platform.spec import EnrichmentSpec

ROW_ID = "row_id"
OK = "ok"
NOT_WHOLE = ["", "length", "max_tokens", "max_output_tokens", "max_length", "model_length", "incomplete", "error"]
"""Finish reasons of an answer that was cut off: OpenAI's, Anthropic's, Gemini's, TGI's and Mistral's; empty: nobody
knows, so it does not count as whole."""
CANARY, REASKED, REORDERED, PLANTED = "canary", "reasked", "reordered", "planted"
CONTROL_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "row_id": pl.String,  # of the control itself
    "partition_key": pl.String,
    # canary; of rows of the partition: reasked: asked twice; reordered: with labels reversed; planted: with an order
    "kind": pl.String,
    "of_row_id": pl.String,  # the golden row, or the row of the partition
    "expected": pl.String,  # JSON object of the values that are known (canary) or demanded (planted); else null
    **dict.fromkeys(["status", "finish_reason", "request_key", "fingerprint", "model", "endpoint"], pl.String),
}


class UnusableInputError(Exception):
    """A check cannot run on what it was given; the message names the table and the columns, never a value."""


@dataclass(frozen=True)
class PartitionTables:
    """Tables of one partition, collected.

    Args:
        raw_ids: row_id of every row of the raw table.
        quarantined: row_id, stage, reason of rows set aside at the stages raw and cleaned.
        cleaned: row_id, partition_key and the source columns.
        staged: the classified table: row_id, partition_key, output columns and answer columns.
        asked: row_id, request_key: the key of the request that each cleaned row gives rise to now, under the
            fingerprint that it was answered with; null where a row cannot be asked. None: nobody reckoned it.
        controls: what was asked beside the rows (`CONTROL_COLUMNS` and the output columns). None: nobody looked.
        canaries_meant: how many golden rows were to ride along. None: nobody reckoned it.
        history: earlier published partitions.

    Raises:
        TypeError: a table is not a `polars.DataFrame`; data checks are skipped on lazy frames, and pass.
    """

    raw_ids: pl.DataFrame
    quarantined: pl.DataFrame
    cleaned: pl.DataFrame
    staged: pl.DataFrame
    asked: pl.DataFrame | None = None
    controls: pl.DataFrame | None = None
    history: History = field(default_factory=History)
    canaries_meant: int | None = None
    _sources: dict[tuple[str, ...], pl.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.history, History):
            raise TypeError(f"history is a {type(self.history).__name__}; without one give `History()`")
        for one in fields(self):
            table = getattr(self, one.name)
            absent = table is None and one.name in ("asked", "controls")
            if (
                one.name not in ("history", "canaries_meant", "_sources")
                and not absent
                and not isinstance(table, pl.DataFrame)
            ):
                raise TypeError(f"{one.name} is a {type(table).__name__}; checks need a collected polars.DataFrame")

    @cached_property
    def answered(self) -> pl.DataFrame:
        """Staged rows with a whole, well-formed answer: the only ones that the checks on outputs look at.

        Raises:
            UnusableInputError: staged lacks a column or is empty where cleaned is not; no row has an answer.
        """
        require_columns("staged", self.staged, {ROW_ID: pl.String, "status": pl.String, "finish_reason": pl.String})
        if self.staged.is_empty():
            if self.cleaned.is_empty():
                return self.staged
            raise UnusableInputError(f"staged is empty, cleaned has {self.cleaned.height:,} rows")
        answered = self.staged.filter(is_answered())
        if answered.is_empty():
            raise UnusableInputError("no staged row has a whole answer, so there is nothing to look at")
        return answered

    def sources(self, spec: EnrichmentSpec) -> pl.DataFrame:
        """`source_texts` of the cleaned table, made once: seven checks look at it.

        Raises:
            UnusableInputError: cleaned lacks row_id or a column of the prompt.
        """
        columns = tuple(spec.prompt.columns)
        if columns not in self._sources:
            self._sources[columns] = source_texts(spec, self.cleaned)
        return self._sources[columns]


def is_answered() -> pl.Expr:
    """True for rows whose status is ok and whose answer is whole; never null."""
    return pl.col("status").eq_missing(pl.lit(OK)) & ~is_cut_off()


def is_cut_off() -> pl.Expr:
    """True where the finish reason says so in any server's word, or says nothing at all; never null."""
    reason = pl.col("finish_reason").fill_null("").str.strip_chars().str.to_lowercase()
    return reason.is_in(NOT_WHOLE)


def require_columns(table: str, frame: pl.DataFrame, columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> None:
    """Refuse a frame that lacks columns or has them in other types.

    Raises:
        UnusableInputError: names the table and every missing or mistyped column.
    """
    problems = []
    for name, dtype in columns.items():
        if name not in frame.columns:
            problems.append(f"no column {name}")
        elif frame.schema[name] != dtype:
            problems.append(f"column {name} is {frame.schema[name]}, not {dtype}")
    if problems:
        raise UnusableInputError(f"{table}: {', '.join(problems)}")


def source_texts(spec: EnrichmentSpec, cleaned: pl.DataFrame) -> pl.DataFrame:
    """The text of each cleaned row that the model could see.

    Returns:
        Frame (row_id, source), one row an id; the prompt's columns in order, whitespace collapsed, with a
        private-use character between columns so that no exact quote reaches across two of them.

    Raises:
        UnusableInputError: cleaned lacks row_id or a column of the prompt.
    """
    require_columns("cleaned", cleaned, {ROW_ID: pl.String})
    missing = [name for name in spec.prompt.columns if name not in cleaned.columns]
    if missing:
        raise UnusableInputError(f"cleaned: no column {', '.join(missing)}")
    texts = [collapsed(_as_text(name, cleaned.schema[name])).fill_null("") for name in spec.prompt.columns]
    unique = cleaned.unique(ROW_ID, keep="first", maintain_order=True)
    return unique.select(ROW_ID, pl.concat_str(texts, separator="\ue000").alias("source"))


def shown_key(tables: PartitionTables) -> str:
    """The partition's key as it is typed in a shell; KEY where no row says it."""
    if tables.cleaned.schema.get("partition_key") != pl.String or tables.cleaned.is_empty():
        return "KEY"
    return shlex.quote(str(tables.cleaned.get_column("partition_key")[0]))


def collapsed(text: pl.Expr) -> pl.Expr:
    """The text with every run of whitespace as one space, none at the ends."""
    return text.str.replace_all(r"\s+", " ").str.strip_chars()


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List):
        return pl.col(name).cast(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
    return pl.col(name).cast(pl.String)
