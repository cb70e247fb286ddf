"""The profile of a partition: what it looked like, as counts, so that later partitions can be compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from enrichment_platform.checks.catalogue import is_free_text
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.dispersion import MIN_PARTITIONS, MIN_ROWS, WINDOW, WINDOW_DEFAULT, FloatArray
from enrichment_platform.checks.history import PROFILE_SCHEMA
from enrichment_platform.checks.inputs import PartitionTables, UnusableInputError, require_columns
from enrichment_platform.spec import EnrichmentSpec, OutputField

LABEL, ITEM, NULL, STATUS, ATTEMPTS, ENDPOINT = "label", "item", "null", "status", "attempts", "endpoint"
SET_ASIDE = "set_aside"
LENGTH, SCRIPT, OUTPUT_LENGTH = "length", "script", "output_length"
NULL_VALUE, OTHER_VALUE, EMPTY_VALUE = "(null)", "(other)", "(empty)"
COUNTS_SCHEMA = {name: dtype for name, dtype in PROFILE_SCHEMA.items() if name not in ("partition_key", "fingerprint")}
SCRIPTS = (
    *("Latin", "Han", "Cyrillic", "Arabic", "Devanagari", "Hangul"),
    *("Hiragana", "Katakana", "Greek", "Hebrew", "Thai"),
)
ANSWERING = {ATTEMPTS: pl.Int64, ENDPOINT: pl.String}
_SCRIPT_CHARACTERS = 200  # of a text: enough for a majority, and 20,000 rows of Chinese stay under 0.2 s


@dataclass(frozen=True)
class Series:
    """One metric of one field over partitions: `counts` (partitions, values), `totals` (partitions), `now` (values)."""

    metric: str
    field: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    counts: FloatArray
    totals: FloatArray
    now: FloatArray
    total: int

    def latest(self, number: int) -> Series:
        """The same with the latest partitions alone."""
        return replace(self, keys=self.keys[-number:], counts=self.counts[-number:], totals=self.totals[-number:])

    def only(self, values: Sequence[str]) -> Series:
        """The same with these values alone; one that was never seen has counts of 0."""
        places = {value: place for place, value in enumerate(self.values)}
        counts = np.zeros((len(self.keys), len(values)))
        now = np.zeros(len(values))
        for column, value in enumerate(values):
            if value in places:
                counts[:, column], now[column] = self.counts[:, places[value]], self.now[places[value]]
        return replace(self, values=tuple(values), counts=counts, now=now)


def profile(spec: EnrichmentSpec, tables: PartitionTables, partition_key: str, fingerprint: str) -> pl.DataFrame:
    """Everything that is counted of one partition.

    Returns:
        Frame of `history.PROFILE_SCHEMA`, one row a metric, field and category; no rows for a partition without any.

    Raises:
        UnusableInputError: a table lacks a column that is counted, or no row has an answer.
    """
    parts = (label_counts, null_counts, answering_counts, input_counts, output_counts, set_aside_counts)
    counts = pl.concat([part(spec, tables) for part in parts])
    return counts.select(
        pl.lit(partition_key).alias("partition_key"), pl.lit(fingerprint).alias("fingerprint"), pl.all()
    ).cast(PROFILE_SCHEMA)  # type: ignore[arg-type]


def label_counts(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Answered rows by label, by true and false, and by item of lists with a closed set; null is a value of its own.

    Returns:
        Frame of `COUNTS_SCHEMA`; what is not in the set counts as "(other)": it is a text of the model's.
    """
    fields = [field for field in spec.output if field.labels or field.type == "boolean"]
    answered = _answered(tables, fields)
    return _together(
        _of_list(answered, field)
        if field.type == "list"
        else _counted(LABEL, field.name, answered.select(_category(pl.col(field.name), field)), answered.height)
        for field in fields
    )


def null_counts(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Nulls among the answered rows, one row for each field that may be null, also where there is none."""
    fields = [field for field in spec.output if not field.required]
    answered = _answered(tables, fields)
    return _together(
        _row(NULL, field.name, NULL_VALUE, answered.get_column(field.name).null_count(), answered.height)
        for field in fields
        if answered.height
    )


def answering_counts(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:  # noqa: ARG001
    """Staged rows by status, by number of attempts (1, 2, 3+) and by endpoint; columns that are not there are left out.

    A row that shares another one's answer has 0 attempts of its own and counts as 1.
    """
    staged = tables.staged
    optional = {name: dtype for name, dtype in ANSWERING.items() if name in staged.columns}
    require_columns("staged", staged, {"status": pl.String, **optional})
    if staged.height and "attempts" in optional and staged.get_column("attempts").null_count() == staged.height:
        raise UnusableInputError("staged: attempts is null in every row")
    attempts = pl.col("attempts").fill_null(0).clip(1, 3)
    categories = {
        STATUS: pl.col("status"),
        ATTEMPTS: pl.when(attempts == 3).then(pl.lit("3+")).otherwise(attempts.cast(pl.String)),
        ENDPOINT: pl.col("endpoint"),
    }
    return _together(
        _counted(metric, "", staged.select(category.fill_null(NULL_VALUE).alias("value")), staged.height)
        for metric, category in categories.items()
        if metric in staged.columns
    )


def input_counts(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Cleaned rows by length of the text that the model saw (characters, doubling) and by script of most letters."""
    texts = tables.sources(spec).select("source")
    lengths = texts.select(_doubling(pl.col("source")))
    return _together([_counted(LENGTH, "", lengths, texts.height), _counted(SCRIPT, "", _scripts(texts), texts.height)])


def set_aside_counts(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:  # noqa: ARG001
    """Rows that were rejected when read or set aside in cleaning, among all that the source delivered."""
    for name, table in (("raw_ids", tables.raw_ids), ("quarantined", tables.quarantined)):
        require_columns(name, table, {"row_id": pl.String})
    aside = tables.quarantined.get_column("row_id").n_unique()
    delivered = pl.concat([tables.raw_ids.select("row_id"), tables.quarantined.select("row_id")]).n_unique()
    return _together([_row(SET_ASIDE, "", SET_ASIDE, aside, delivered)] if delivered else [])


def output_counts(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Values of each free-text field by length (characters, doubling); lists by the length of all their items."""
    fields = [field for field in spec.output if is_free_text(field)]
    answered = _answered(tables, fields)
    parts = []
    for field in fields:
        column = pl.col(field.name)
        text = column.list.join(" ", ignore_nulls=True) if field.type == "list" else column
        values = answered.filter(column.is_not_null()).select(_doubling(text))
        parts.append(_counted(OUTPUT_LENGTH, field.name, values, values.height))
    return _together(parts)


def series(tables: PartitionTables, counts: pl.DataFrame) -> list[Series]:
    """Counts of this partition beside those of the earlier ones, one series a metric and field.

    Args:
        tables: With the history; partitions that lack a metric, or have no rows in it, are left out of its series.
        counts: `COUNTS_SCHEMA`, of this partition.
    """
    profiles = tables.history.profiles.filter((pl.col("total") > 0) & ~pl.col("partition_key").is_in(_keys(tables)))
    return [
        _series(metric, name, now, profiles.filter((pl.col("metric") == metric) & (pl.col("field") == name)))
        for (metric, name), now in counts.group_by("metric", "field", maintain_order=True)
    ]


def comparable(found: Sequence[Series], kind: str) -> tuple[list[Series], str]:
    """The series that can be compared, cut to the latest partitions, and why there is none where there is none.

    Args:
        found: Series of one detector.
        kind: `partitions.type`.
    """
    window = WINDOW.get(kind, WINDOW_DEFAULT)
    enough = [one for one in found if len(one.keys) >= MIN_PARTITIONS and one.total >= MIN_ROWS]
    if enough:
        return [one.latest(window) for one in enough], ""
    if not found:
        return [], "this partition has nothing to compare"
    rows, partitions = max(one.total for one in found), max(len(one.keys) for one in found)
    few = f"{partitions} of {MIN_PARTITIONS} partitions"
    return [], few if partitions < MIN_PARTITIONS else f"{rows:,} of {MIN_ROWS} rows"


def present_key(tables: PartitionTables) -> str:
    """Key of the partition.

    Raises:
        UnusableInputError: staged has no row that says it.
    """
    keys = _keys(tables)
    if not keys:
        raise UnusableInputError("staged: no partition_key")
    return keys[0]


def _keys(tables: PartitionTables) -> list[str]:
    require_columns("staged", tables.staged, {"partition_key": pl.String})
    return tables.staged.get_column("partition_key").drop_nulls().unique().sort().to_list()


def _series(metric: object, name: object, now: pl.DataFrame, earlier: pl.DataFrame) -> Series:
    keys = earlier.get_column("partition_key").unique().sort()
    values = pl.concat([now.get_column("value"), earlier.get_column("value")]).unique().sort()
    rows = keys.search_sorted(earlier.get_column("partition_key")).to_numpy()
    columns = values.search_sorted(earlier.get_column("value")).to_numpy()
    counts, totals, present = np.zeros((keys.len(), values.len())), np.zeros(keys.len()), np.zeros(values.len())
    np.add.at(counts, (rows, columns), earlier.get_column("count").to_numpy())
    totals[rows] = earlier.get_column("total").to_numpy()
    present[values.search_sorted(now.get_column("value")).to_numpy()] = now.get_column("count").to_numpy()
    total = int(now.get_column("total")[0])
    return Series(str(metric), str(name), tuple(keys), tuple(values), counts, totals, present, total)


def _answered(tables: PartitionTables, fields: list[OutputField]) -> pl.DataFrame:
    answered = tables.answered
    require_columns("staged", answered, {field.name: DTYPES[field.type] for field in fields})
    return answered


def _category(value: pl.Expr, field: OutputField) -> pl.Expr:
    known = value.cast(pl.String)
    if field.labels:
        in_set = known.is_null() | known.is_in([*field.labels, EMPTY_VALUE])
        known = pl.when(in_set).then(known).otherwise(pl.lit(OTHER_VALUE))
    return known.fill_null(NULL_VALUE).alias("value")


def _of_list(answered: pl.DataFrame, field: OutputField) -> pl.DataFrame:
    column = pl.col(field.name)
    items = pl.when(column.list.len() == 0).then(pl.lit([EMPTY_VALUE])).otherwise(column)
    rows = answered.select(pl.int_range(pl.len()).alias("row"), items.alias("items"))
    # One row that names an item twice has it once.
    named = rows.explode("items", empty_as_null=False).select("row", _category(pl.col("items"), field)).unique()
    return _counted(ITEM, field.name, named.select("value"), answered.height)


def _doubling(text: pl.Expr) -> pl.Expr:
    length = text.str.len_chars()
    power = (length.clip(1).cast(pl.Float64).log(2) + 1e-9).floor().cast(pl.Int64)
    low = pl.lit(2, pl.Int64).pow(power)
    named = pl.format("{}-{}", low, low * 2 - 1)
    return pl.when(length == 0).then(pl.lit("0")).otherwise(named).alias("value")


def _scripts(texts: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("source")
    start = text.str.slice(0, _SCRIPT_CHARACTERS)
    ascii_only = start.str.len_bytes() == start.str.len_chars()
    plain = texts.filter(ascii_only).select(
        pl.when(start.str.contains("[A-Za-z]")).then(pl.lit("Latin")).otherwise(pl.lit("none")).alias("value")
    )
    rest = texts.filter(~ascii_only).select(start.alias("source"))
    letters = rest.select(
        *[text.str.replace_all(rf"\P{{{script}}}+", "").str.len_chars().alias(script) for script in SCRIPTS],
        text.str.replace_all(r"\P{L}+", "").str.len_chars().alias("letters"),
    )
    most = pl.max_horizontal(SCRIPTS)
    named = pl.coalesce([pl.when(pl.col(script) == most).then(pl.lit(script)) for script in SCRIPTS])
    found = letters.select(
        pl.when(pl.col("letters") == 0)
        .then(pl.lit("none"))
        .when(most * 2 < pl.col("letters"))
        .then(pl.lit("other"))
        .otherwise(named)
        .alias("value")
    )
    return pl.concat([plain, found])


def _counted(metric: str, name: str, values: pl.DataFrame, total: int) -> pl.DataFrame:
    counts = values.group_by("value").agg(pl.len().alias("count")).sort("value")
    return counts.select(
        pl.lit(metric).alias("metric"), pl.lit(name).alias("field"), "value", "count", pl.lit(total).alias("total")
    ).cast(COUNTS_SCHEMA)  # type: ignore[arg-type]


def _row(metric: str, name: str, value: str, count: int, total: int) -> pl.DataFrame:
    return pl.DataFrame([(metric, name, value, count, total)], schema=COUNTS_SCHEMA, orient="row")


def _together(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=COUNTS_SCHEMA), *parts])
