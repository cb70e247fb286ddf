"""What a partition is asked now: the request that each row gives rise to, to compare with what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from enrichment_platform.cleaning import cleaning_version
from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.answer_schema import MalformedAnswerError, output_types, read_answer
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.inference.task import Task, request_key
from enrichment_platform.lake.location import ledger_url
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages.labelled_rows import nearest_examples

_ROWS = 2_000
# Names that no column of a source, a join or an output field can have: such may well be called `fingerprint` or `key`.
_STAMP, _KEY, _KNOWN, _STORED = "~fingerprint", "~key", "~known", "~ledger "


def usual_fingerprint(classified: pl.DataFrame) -> str:
    """The fingerprint of most rows; empty where there is no row."""
    counts = classified.get_column("fingerprint").drop_nulls().value_counts().sort(["count", "fingerprint"])
    return str(counts["fingerprint"][-1]) if counts.height else ""


def asked_now(spec: EnrichmentSpec, cleaned: pl.DataFrame, classified: pl.DataFrame, root: Path) -> pl.DataFrame:
    """The requests of a partition, and whether what is staged is what the ledger holds for them.

    A row that was answered from the ledger of another partition has the same request, so nothing is asked here.

    Returns:
        Frame (row_id, request_key, same_answer): one row a cleaned row that is staged. The key is null where the row
        cannot be asked; `same_answer` is null where the ledger has no answer under that key.

    Raises:
        EnrichmentError: the labelled examples or the ledger cannot be read.
    """
    task = Task(spec, cleaning_version(spec), nearest_examples(spec, root, cleaned.schema))
    staged = classified.unique("row_id", keep="first", maintain_order=True)
    rows = cleaned.unique("row_id", keep="first").join(
        staged.select("row_id", pl.col("fingerprint").alias(_STAMP)), on="row_id"
    )
    outputs = output_types(spec.output)
    parts = [pl.DataFrame(schema={"row_id": pl.String, "request_key": pl.String, "same_answer": pl.Boolean})]
    with Ledger(ledger_url()) as ledger:
        for batch in rows.iter_slices(_ROWS):
            keys = pl.DataFrame(list(_keys(task, batch)), schema={"row_id": pl.String, _KEY: pl.String}, orient="row")
            known = ledger.answers(keys[_KEY].drop_nulls().unique().to_list())
            stored = pl.DataFrame(
                [(key, *_values(spec, answer.text, answer.status, list(outputs))) for key, answer in known.items()],
                schema={_KEY: pl.String, **{f"{_STORED}{name}": dtype for name, dtype in outputs.items()}},
                orient="row",
            ).with_columns(pl.lit(True).alias(_KNOWN))
            joined = keys.join(staged.select("row_id", *outputs), on="row_id", how="left").join(
                stored, on=_KEY, how="left"
            )
            same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{_STORED}{name}")) for name in outputs)
            parts.append(
                joined.select(
                    "row_id", pl.col(_KEY).alias("request_key"), pl.when(_KNOWN).then(same).alias("same_answer")
                )
            )
    return pl.concat(parts)


def _keys(task: Task, rows: pl.DataFrame) -> Iterator[tuple[str, str | None]]:
    for row, nearest in zip(*task.with_examples(rows.to_dicts()), strict=True):
        try:
            question = task.question(row, nearest)
        except EnrichmentError:
            yield row["row_id"], None
        else:
            yield row["row_id"], request_key(row[_STAMP] or "", question)


def _values(spec: EnrichmentSpec, text: str, status: str, names: list[str]) -> tuple[object, ...]:
    if status != "ok":
        return tuple(None for _ in names)
    try:
        values = read_answer(text, spec.output)
    except MalformedAnswerError:
        return tuple(None for _ in names)
    return tuple(values.get(name) for name in names)
