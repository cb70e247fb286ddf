"""A partition is cleaned: batch by batch through the steps, then compared, joined and written; memory does not grow."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import polars as pl

from enrichment_platform.cleaning.canonical_texts import CanonicalTexts
from enrichment_platform.cleaning.cleaned import REMOVED_SCHEMA, clean
from enrichment_platform.cleaning.earlier import SCHEMA as SIGNATURE_SCHEMA
from enrichment_platform.cleaning.earlier import EarlierPartitions, text_of
from enrichment_platform.cleaning.engine import Engine
from enrichment_platform.cleaning.joined import at_column, check_our_columns, joined_table, key_column
from enrichment_platform.cleaning.linking import Linking
from enrichment_platform.cleaning.moments import our_moments
from enrichment_platform.cleaning.plan import planned_steps
from enrichment_platform.cleaning.prefixes import PrefixGroups
from enrichment_platform.cleaning.tail import POSITION, TailInputs, tail
from enrichment_platform.cleaning.work import CleaningWork
from enrichment_platform.errors import InputError
from enrichment_platform.lake.spool import Spool
from enrichment_platform.lake.tables import Lake
from enrichment_platform.spec import EnrichmentSpec

BATCH_BYTES = 256_000_000  # of rows in memory that are cleaned together, at most


class PartitionCleaner:
    """Takes the raw rows of a partition in batches, and gives the cleaned ones back in order; a context manager.

    Rows wait in temporary files (TMPDIR) of about the size of the partition. In memory are a batch, some tens of bytes
    a row where rows are compared, and the part of joined tables that has the partition's keys.

    Args:
        lake: Where earlier partitions and joined tables are.
        spec: The enrichment.
        partition_key: Which partition.
        schema: Of the raw rows.
        engine: Where the steps run.
        root: The project's root, that paths of joined files are relative to.

    Attributes:
        work: What the steps did so far.
        removed: Rows that were taken out: row_id, partition_key, reason, detail.
        reasons: How many by reason.
    """

    def __init__(
        self, lake: Lake, spec: EnrichmentSpec, partition_key: str, schema: pl.Schema, engine: Engine, root: Path
    ) -> None:
        taken = [name for name in spec.cleaning.written_columns if name in schema]
        ours = [name for name in spec.prompt.columns if name in schema]
        self._columns = [name for name in spec.text_columns if name in ours and schema[name] in (pl.String, pl.Null)]
        if taken:
            raise InputError(
                f"enrichment {spec.name!r}: the source has columns {', '.join(taken)}, which cleaning writes;"
                " rename them in source.columns"
            )
        if spec.cleaning.add and not self._columns:
            raise InputError(
                f"enrichment {spec.name!r}: cleaning.add works columns out from the prompt's text,"
                " and it has no column of text; leave `add` out"
            )
        check_our_columns(spec, list(schema))
        self._lake, self._spec, self._engine, self._root = lake, spec, engine, root
        self.work = CleaningWork(engine.name)
        self.reasons: dict[str, int] = {}
        self._cpu_tail: str | None = None
        self._pending: list[pl.DataFrame] = []
        self._keys = [_Keys() for _ in spec.cleaning.join]
        began = time.perf_counter()
        _warm_up(spec, engine)
        self._start_seconds = time.perf_counter() - began
        duplicates = spec.cleaning.duplicates
        with ExitStack() as opened:
            self.removed = opened.enter_context(Spool(REMOVED_SCHEMA))
            self._waiting = opened.enter_context(Spool(schema))
            self._linking: Linking | None = None
            if duplicates is not None:
                context = [name for name in ours if name not in self._columns]
                _check_comparable(spec, schema, self._columns, context)
                earlier = EarlierPartitions(lake, spec, partition_key, self._columns, context)
                self._linking = opened.enter_context(Linking(duplicates, earlier, self._columns, context))
            self._opened = opened.pop_all()
        self._prefixes = PrefixGroups() if "prefix_group" in spec.cleaning.add else None

    def __enter__(self) -> PartitionCleaner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def add(self, batch: pl.DataFrame) -> None:
        """Take a batch of raw rows; they come in their order, the earliest first. Small ones wait for one another."""
        self._pending.append(batch)
        if sum(part.estimated_size() for part in self._pending) >= min(self._engine.slice_bytes, BATCH_BYTES):
            self.flush()

    def flush(self) -> None:
        """Clean what was added; `work`, `removed` and `reasons` are up to date then."""
        waiting, self._pending = self._pending, []
        for part in _slices(pl.concat(waiting)) if waiting else ():
            cleaned = clean(part, self._spec, self._engine)
            self.work = CleaningWork.total((self.work, cleaned.work))
            for reason, count in cleaned.removed.group_by("reason").len().iter_rows():
                self.reasons[reason] = self.reasons.get(reason, 0) + count
            self.removed.append(cleaned.removed)
            rows = cleaned.rows
            self._waiting.append(rows)
            if self._linking is not None:
                self._linking.add(rows)
            if self._prefixes is not None and self._columns:
                self._prefixes.add(rows.select(text_of(self._columns).alias("text"))["text"])
            for number, join in enumerate(self._spec.cleaning.join):
                self._keys[number].add(rows.select(key_column(join.on))["~key"])

    def figures(self) -> dict[str, Any]:
        """Return what was done, as data: engine, bytes, seconds, what each step did, duplicates by kind."""
        work = self.work
        return {
            "engine": self._engine.name,
            "device": self._engine.device,
            "engine_reason": self._engine.reason,
            "joined_on_cpu": self._cpu_tail,
            "rows": work.rows,
            "text_bytes_before": work.bytes_in,
            "text_bytes_after": work.bytes_out,
            "start_seconds": round(self._start_seconds, 3),
            "seconds": round(work.seconds, 3),
            "mb_per_second": None if work.mb_per_second is None else round(work.mb_per_second, 1),
            "steps": {
                name: {"rows": step.rows, "seconds": round(step.seconds, 3)} for name, step in work.steps.items()
            },
            "removed": dict(sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))),
            "duplicates": self._linking.counts if self._linking is not None else None,
        }

    def finish(self) -> Spool:
        """Return the cleaned rows, with what is joined and added; once, after the last `add`.

        Raises:
            InputError: a joined table is not there or does not fit.
        """
        self.flush()
        joins = [
            (join, joined_table(self._lake, self._spec, join, self._keys[number].all(), self._root).lazy())
            for number, join in enumerate(self._spec.cleaning.join)
        ]
        groups = self._prefixes.groups().lazy() if self._prefixes is not None else None
        with CanonicalTexts() as texts:
            if self._linking is not None:
                self._linking.find(texts)

            def finished(batch: pl.DataFrame, at: int) -> pl.DataFrame:
                positions = pl.Series(POSITION, np.arange(at, at + batch.height), dtype=pl.Int64)
                linked = self._linking.of(batch, at, texts).lazy() if self._linking is not None else None
                plan = tail(
                    self._prepared(batch, positions).lazy(),
                    TailInputs(linked, groups, joins, as_of=self._runs_on_cpu),
                    self._columns,
                    self._spec.cleaning.add,
                )
                return self._collected(plan)

            with ExitStack() as opened:
                spool = opened.enter_context(Spool(finished(self._waiting.empty, 0).schema))
                at = 0
                for batch in self._waiting.batches():
                    spool.append(finished(batch, at))
                    at += batch.height
                opened.pop_all()
            return spool

    @property
    def _runs_on_cpu(self) -> bool:
        return self._engine.name == "cpu" or self._cpu_tail is not None

    def _collected(self, plan: pl.LazyFrame) -> pl.DataFrame:
        """Run the relational end, on the GPU where the steps ran there; where it cannot, that is noted, or an error."""
        if self._runs_on_cpu:
            return plan.collect()
        try:
            return plan.collect(engine=pl.GPUEngine(raise_on_fail=True))
        except (pl.exceptions.PolarsError, NotImplementedError, RuntimeError) as error:
            why = f"cuDF-Polars cannot run the joins and added columns ({type(error).__name__})"
            if self._spec.cleaning.engine == "gpu":
                raise InputError(
                    f"enrichment {self._spec.name!r}: cleaning.engine is gpu, and {why}; a column of the"
                    " source may have a type that it lacks: leave it out in source.columns, or use `engine: auto`"
                ) from error
            self._cpu_tail = why
            return plan.collect()

    def signatures(self, partition_key: str) -> Spool | None:
        """Return what later partitions find these rows by; after `finish`. None where rows are not compared."""
        if self._linking is None:
            return None
        with ExitStack() as opened:
            spool = opened.enter_context(Spool(SIGNATURE_SCHEMA))
            self._sign(self._linking, partition_key, spool)
            opened.pop_all()
        return spool

    def _sign(self, linking: Linking, partition_key: str, spool: Spool) -> None:
        found = linking.signatures()
        pending: pl.DataFrame | None = next(found, None)
        at = 0
        for batch in self._waiting.batches():
            ids = batch.select("row_id").with_columns(pl.Series("row", np.arange(at, at + batch.height)))
            at += batch.height
            while pending is not None:
                part = pending.filter(pl.col("row") < at)
                spool.append(
                    part.join(ids, on="row", how="inner", maintain_order="left").select(
                        "row_id",
                        pl.lit(partition_key).alias("partition_key"),
                        pl.lit(linking.earlier.compared).alias("compared"),
                        pl.lit(linking.earlier.shingled).alias("shingled"),
                        "content",
                        "exact",
                        "bands",
                    )
                )
                if part.height < pending.height:
                    pending = pending.filter(pl.col("row") >= at)
                    break
                pending = next(found, None)

    def _prepared(self, batch: pl.DataFrame, positions: pl.Series) -> pl.DataFrame:
        """Return the rows with what the relational end needs and what only the CPU can work out."""
        rows = batch.with_columns(positions)
        if "language" in self._spec.cleaning.add:
            from enrichment_platform.cleaning.language import languages

            text = batch.select(text_of(self._columns).alias("text"))["text"]
            rows = rows.with_columns(languages(text)["language"].alias("language"))
        for number, join in enumerate(self._spec.cleaning.join):
            rows = rows.with_columns(batch.select(key_column(join.on).alias(f"~key{number}")))
            if join.known_at is not None:
                rows = rows.with_columns(
                    our_moments(batch[at_column(self._spec, join)], self._spec).alias(f"~at{number}")
                )
        return rows


class _Keys:
    """The different keys of the rows; made unique again when they have doubled."""

    def __init__(self) -> None:
        self._parts = [pl.Series("~key", [], dtype=pl.String)]
        self._unique = 0

    def add(self, keys: pl.Series) -> None:
        self._parts.append(keys.unique().drop_nulls())
        if sum(map(len, self._parts)) > 2 * self._unique + 100_000:
            self._unique = len(self.all())

    def all(self) -> pl.Series:
        self._parts = [pl.concat(self._parts).unique()]
        return self._parts[0]


def _check_comparable(spec: EnrichmentSpec, schema: pl.Schema, texts: list[str], context: list[str]) -> None:
    others = [f"{name} ({schema[name]})" for name in context if schema[name].is_nested() or schema[name] == pl.Binary]
    if others or not texts:
        what = f"{', '.join(others)} cannot be compared" if others else "the prompt has no column of text"
        raise InputError(
            f"enrichment {spec.name!r}: cleaning.duplicates: {what}; leave `duplicates` out, or change the prompt"
        )


def _warm_up(spec: EnrichmentSpec, engine: Engine) -> None:
    """Run each step over its examples: what is compiled or loaded at first use is not counted as work on rows."""
    for step in planned_steps(spec):
        text = engine.open(pl.Series("text", [given for given, _ in step.operation.examples], dtype=pl.String))
        _ = text.transform(step) if step.operation.kind == "transform" else text.details(step)


def _slices(batch: pl.DataFrame) -> Iterator[pl.DataFrame]:
    parts = math.ceil(batch.estimated_size() / BATCH_BYTES) or 1
    yield from batch.iter_slices(math.ceil(batch.height / parts) or 1)
