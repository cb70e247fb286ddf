"""Which columns of the source are kept, under which names, and which of them place and identify a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from enrichment_platform.errors import SourceError
from enrichment_platform.spec import ROW_COLUMNS, PartitionsSpec, SourceSpec


@dataclass(frozen=True)
class Selection:
    """How the columns of a source become ours.

    Attributes:
        kept: Name in the raw table -> name in the source; None where these records do not have it.
        key: Names in the source of the key columns.
        placing: Name in the source of the column that places a row, None when the path does.
        missing: What the source should have and does not, for a message.
    """

    kept: dict[str, str | None]
    key: list[str | None]
    placing: str | None
    missing: list[str]


def select(source: SourceSpec, partitions: PartitionsSpec, found: Sequence[str], *, placed: bool) -> Selection:
    """The selection for a source that has the columns `found`.

    A column is looked up by the name that the source gives it and then by ours, so that the same YAML reads
    a file whose columns have been renamed already. A source column called `row_id` or `partition_key` is
    kept as `source_row_id` or `source_partition_key`: the platform's own columns have those names.
    """
    have = frozenset(found)

    def find(ours: str) -> str | None:
        theirs = source.columns.get(ours, ours)
        return next((name for name in (theirs, ours) if name in have), None)

    timed = [source.timestamp] if source.timestamp is not None else []
    ours = list(dict.fromkeys([*source.key, *timed, *source.columns]))
    by_value = partitions.column if partitions.type == "static" and not placed else None
    needed = [*ours, by_value] if by_value is not None and by_value not in ours else ours
    kept = {name: find(name) for name in ours} if source.columns else {name: name for name in found}
    return Selection(
        kept={_free_name(name, have): theirs for name, theirs in kept.items()},
        key=[find(name) for name in source.key],
        placing=None if placed else find(by_value if by_value is not None else source.timestamp or ""),
        missing=[_wanted(source, name) for name in needed if find(name) is None],
    )


def refuse_missing(selection: Selection, found: Sequence[str], name: str) -> None:
    """Raises one SourceError that names every column that is missing, and those that are there."""
    if selection.missing:
        raise SourceError(
            f"{name} has no column {', '.join(selection.missing)}; it has {', '.join(found) or 'none'}."
            " Correct source.key, source.timestamp, source.columns or partitions.column"
        )


def refuse_duplicates(found: Sequence[str], name: str) -> None:
    """Raises a SourceError where two columns have the same name."""
    twice = sorted({column for column in found if found.count(column) > 1})
    if twice:
        names = ", ".join(repr(column) for column in twice)
        raise SourceError(f"{name} has more than one column called {names}: give each column its own name")


def _wanted(source: SourceSpec, ours: str) -> str:
    theirs = source.columns.get(ours, ours)
    return repr(theirs) if theirs == ours else f"{theirs!r} (nor {ours!r})"


def _free_name(name: str, have: frozenset[str]) -> str:
    if name not in ROW_COLUMNS:
        return name
    free = f"source_{name}"
    if free in have:
        raise SourceError(f"the source has both {name!r} and {free!r}; leave one out with source.columns")
    return free
