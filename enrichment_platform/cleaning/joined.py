"""Columns of other tables joined to the rows, as they were known at the time of each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from enrichment_platform.cleaning_spec import JoinSpec
from enrichment_platform.errors import InputError, TableNotFoundError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec

_KEY, _KNOWN, _AT = "~key", "~known", "~at"
_MOMENT = pl.Datetime("us", "UTC")
_ROWS = 100_000


def joined_table(lake: Lake, spec: EnrichmentSpec, join: JoinSpec, keys: pl.Series, root: Path) -> pl.DataFrame:
    """Read what can be joined to rows with those keys; the rest of the table stays where it is.

    Args:
        lake: The lake.
        spec: The enrichment.
        join: What is joined.
        keys: Keys of the rows (String, as `key_column` writes them).
        root: The project's root, that `path` is relative to.

    Returns:
        `~key` (String), the joined columns by our names, with `known_at` a `~known` (Datetime, UTC); one row a version.

    Raises:
        InputError: the table or file is not there, lacks a column, holds a key twice without `known_at`, or has a time
            that cannot be read.
    """
    where = _place(spec, join)
    theirs = [*join.on.values(), *join.columns.values(), *([join.known_at] if join.known_at else [])]
    wanted = keys.unique().drop_nulls().to_frame(_KEY)
    parts = []
    for batch in _read(lake, spec, join, root, list(dict.fromkeys(theirs))):
        chosen = batch.select(
            key_column(join.on.values()),
            *(pl.col(their).alias(our) for our, their in join.columns.items()),
            *([moments(batch[join.known_at], spec, where).alias(_KNOWN)] if join.known_at else []),
        )
        parts.append(chosen.join(wanted, on=_KEY, how="semi"))
    table = pl.concat(parts).filter(pl.col(_KEY).is_not_null())
    if join.known_at is None and (twice := table.filter(pl.col(_KEY).is_duplicated())).height:
        raise InputError(
            f"{where}: {twice[_KEY].n_unique():,} keys occur more than once in {', '.join(join.on.values())}; name the"
            " column with the time of a row in `known_at`, or join a table that has each key once"
        )
    # Of rows known since the same moment the last in the order of their values: the same one on every engine.
    return table.sort([_KEY, *([_KNOWN] if join.known_at else []), *join.columns], nulls_last=False)


def key_column(columns: Iterable[str]) -> pl.Expr:
    """Return the key columns as one String column `~key`; null where one of them is."""
    return pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator="\x1f").alias(_KEY)


def with_joined(rows: pl.LazyFrame, table: pl.LazyFrame, join: JoinSpec) -> pl.LazyFrame:
    """Add the joined columns to rows that have `~position` (Int64), `~key` and, with `known_at`, `~at`.

    The newest row of the table that is known by the time of ours and not older than `max_age_days`; null where none is.
    Only joins, filters and sorts: cuDF-Polars has no as-of join.
    """
    columns = list(join.columns)
    if join.known_at is None:
        return rows.join(table, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    pairs = rows.select("~position", _KEY, _AT).join(table, on=_KEY, how="inner").filter(pl.col(_KNOWN) <= pl.col(_AT))
    if join.max_age_days is not None:
        pairs = pairs.filter(pl.col(_AT) - pl.col(_KNOWN) <= pl.duration(microseconds=round(join.max_age_days * 864e8)))
    newest = (
        pairs.sort(["~position", _KNOWN, *columns], nulls_last=False)
        .unique("~position", keep="last", maintain_order=True)
        .select("~position", *columns)
    )
    return rows.join(newest, on="~position", how="left", maintain_order="left").drop(_KEY, _AT)


def moments(column: pl.Series, spec: EnrichmentSpec, where: str) -> pl.Series:
    """Return a column of times as Datetime in UTC: dates, times, or ISO 8601 text; null stays null.

    Raises:
        InputError: a text is no time.
    """
    zone = spec.partitions.timezone
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        aware = column if column.dtype.time_zone else column.dt.replace_time_zone(zone, ambiguous="earliest")
        return aware.cast(pl.Datetime("us", aware.dtype.time_zone)).dt.convert_time_zone("UTC")  # type: ignore[attr-defined]
    if column.dtype == pl.Null:
        return column.cast(_MOMENT)
    if column.dtype != pl.String:
        raise InputError(f"{where}: column {column.name!r} is {column.dtype}; a time is a date, a timestamp or text")
    texts = column.unique().drop_nulls()
    read = pl.Series("moment", [_moment(text, spec) for text in texts], dtype=_MOMENT)
    if read.null_count():
        raise InputError(
            f"{where}: {read.null_count():,} values of column {column.name!r} are no times; write them in ISO 8601,"
            " e.g. 2026-01-05T10:00:00Z"
        )
    return column.replace_strict(texts, read, default=None, return_dtype=_MOMENT)


def at_column(spec: EnrichmentSpec, join: JoinSpec) -> str:
    """Return our column with the time of a row."""
    column = join.at or spec.source.timestamp
    assert column is not None  # the spec says so
    return column


def our_moments(column: pl.Series, spec: EnrichmentSpec) -> pl.Series:
    """Return the times of our rows; where `source.timestamp_format` is set, it is read by that."""
    form = spec.source.timestamp_format if column.name == spec.source.timestamp else None
    if form is None or column.dtype != pl.String:
        return moments(column, spec, f"enrichment {spec.name!r}: cleaning.join")
    if form in ("epoch_s", "epoch_ms"):
        return (column.cast(pl.Float64) * (1e6 if form == "epoch_s" else 1e3)).cast(pl.Int64).cast(_MOMENT)
    return pl.Series(
        column.name,
        [None if text is None else _aware(datetime.strptime(text, form), spec.partitions.timezone) for text in column],
        dtype=_MOMENT,
    )


def _moment(text: str, spec: EnrichmentSpec) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(text.strip()), spec.partitions.timezone)
    except ValueError:
        return None


def _aware(moment: datetime, zone: str) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _place(spec: EnrichmentSpec, join: JoinSpec) -> str:
    return f"enrichment {spec.name!r}: cleaning.join {join.table or join.path}"


def _read(lake: Lake, spec: EnrichmentSpec, join: JoinSpec, root: Path, columns: list[str]) -> Iterator[pl.DataFrame]:
    where = _place(spec, join)
    if join.table is not None:
        name = join.table.replace(".", "/")
        try:
            present = lake.columns(name)
        except TableNotFoundError:
            raise InputError(
                f"{where}: the lake has no such table; materialize it first, or correct the name"
            ) from None
        _check_columns(where, columns, present)
        yield from lake.stream(name, None, columns, _ROWS)
        yield _frame(lake.dataset(name).schema.empty_table()).select(columns)
        return
    path = root / Path(join.path or "").expanduser()
    if not path.is_file():
        raise InputError(f"{where}: {path} is not a file")
    if path.suffix == ".parquet":
        lazy = pl.scan_parquet(path)
    elif path.suffix in (".jsonl", ".ndjson"):
        lazy = pl.scan_ndjson(path)
    elif path.suffix == ".csv":
        lazy = pl.scan_csv(path, infer_schema=False)
    else:
        raise InputError(f"{where}: the file is none of .csv, .jsonl, .ndjson and .parquet")
    try:
        _check_columns(where, columns, lazy.collect_schema().names())
        yield from lazy.select(columns).collect_batches(chunk_size=_ROWS)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{where}: {path} cannot be read ({type(error).__name__})") from None
    yield lazy.select(columns).head(0).collect()


def _check_columns(where: str, columns: list[str], present: list[str]) -> None:
    missing = [name for name in columns if name not in present]
    if missing:
        raise InputError(f"{where}: there are no columns {', '.join(missing)}; it has {', '.join(present)}")


def _frame(table: object) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
