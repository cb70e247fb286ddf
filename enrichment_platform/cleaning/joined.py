"""Columns of other tables joined to the rows, as they were known at the time of each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import polars as pl
import polars.selectors as cs

from enrichment_platform.cleaning.moments import moments
from enrichment_platform.cleaning_spec import JoinSpec
from enrichment_platform.errors import InputError, TableNotFoundError
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec

_KEY, _KNOWN, _AT = "~key", "~known", "~at"
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
            *([moments(batch[join.known_at], spec, where, up=True).alias(_KNOWN)] if join.known_at else []),
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
    """Return the key columns as one String column `~key`; null where one of them is null or NaN.

    A key of another type means the same row: numbers that are whole are written without a fraction, so that 7.0 (Float
    or Decimal; a column of integers that has nulls is often read so) is the key 7. Texts are left as they are.
    """
    return pl.concat_str([part for name in columns for part in _key_text(name)], separator="\x1f").alias(_KEY)


def check_our_columns(spec: EnrichmentSpec, columns: Sequence[str]) -> None:
    """See to it that our rows have what the joins ask of them.

    Args:
        spec: The enrichment.
        columns: Columns of our rows.

    Raises:
        InputError: a column of `on`, or with `known_at` the one with our time, is not among them.
    """
    for join in spec.cleaning.join:
        ours = [*join.on, *([at_column(spec, join)] if join.known_at else [])]
        missing = [name for name in dict.fromkeys(ours) if name not in columns]
        if missing:
            raise InputError(
                f"{_place(spec, join)}: our rows have no columns {', '.join(missing)}; they have {', '.join(columns)}."
                " Correct `on` or `at`, or add them to source.columns"
            )


def with_joined(rows: pl.LazyFrame, table: pl.LazyFrame, join: JoinSpec, *, as_of: bool = False) -> pl.LazyFrame:
    """Add the joined columns to rows that have `~position` (Int64), `~key` and, with `known_at`, `~at`.

    The newest row of the table that is known by the time of ours and not older than `max_age_days`; null where none is.

    Args:
        rows: Our rows.
        table: See `joined_table`.
        join: What is joined.
        as_of: By Polars' as-of join, in one pass over both; else by joins, filters and sorts alone: cuDF-Polars has no
            as-of join, and all pairs of a row and a version of its key are in memory then.
    """
    columns = list(join.columns)
    if join.known_at is None:
        return rows.join(table, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    if as_of:
        oldest = None if join.max_age_days is None else timedelta(microseconds=round(join.max_age_days * 864e8))
        return (
            rows.sort(_AT, "~position", nulls_last=False)
            .join_asof(
                table.sort([_KNOWN, *columns], nulls_last=False),
                left_on=_AT,
                right_on=_KNOWN,
                by=_KEY,
                strategy="backward",
                tolerance=oldest,
                coalesce=False,
                check_sortedness=False,
            )
            .drop(_KEY, _AT, _KNOWN)
        )
    pairs = rows.select("~position", _KEY, _AT).join(table, on=_KEY, how="inner").filter(pl.col(_KNOWN) <= pl.col(_AT))
    if join.max_age_days is not None:
        pairs = pairs.filter(pl.col(_AT) - pl.col(_KNOWN) <= pl.duration(microseconds=round(join.max_age_days * 864e8)))
    newest = (
        pairs.sort(["~position", _KNOWN, *columns], nulls_last=False)
        .unique("~position", keep="last", maintain_order=True)
        .select("~position", *columns)
    )
    return rows.join(newest, on="~position", how="left", maintain_order="left").drop(_KEY, _AT)


def at_column(spec: EnrichmentSpec, join: JoinSpec) -> str:
    """Return our column with the time of a row."""
    column = join.at or spec.source.timestamp
    assert column is not None  # the spec says so
    return column


def _key_text(name: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the text of a column by its type; the expressions of the types that it has not expand to nothing."""
    column = cs.by_name(name)
    number, exact = column & cs.float(), column & cs.decimal()
    whole = (number == number.floor()) & (number.abs() < 2**63)  # not NaN: it is greater than all numbers
    written = exact.cast(pl.String)
    return (
        pl.when(whole)
        .then(number.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(number.fill_nan(None).cast(pl.String)),
        pl.when(written.str.contains(".", literal=True))
        .then(written.str.strip_chars_end("0").str.strip_chars_end("."))
        .otherwise(written),
        (column - cs.float() - cs.decimal()).cast(pl.String),
    )


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
