"""Compares what the CPU's and the GPU's kernels make of the same texts: Arrow buffers by hash, row numbers, speed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.device import DeviceText
from enrichment_platform.cleaning.operation import Operation
from enrichment_platform.errors import EnrichmentError

ROWS_NAMED = 5
REPEATS = 3  # the fastest counts; the first call also loads code
_MB = 1e6
Run = Callable[[pl.Series], pl.Series]


@dataclass(frozen=True)
class Parity:
    """What two engines made of one thing.

    Attributes:
        name: The operation, or the part of the plan.
        rows: Rows compared.
        same: The buffers' hashes are equal, and on the examples both give what the example says.
        different_rows: The first row numbers that differ; no text.
        problem: What else is wrong, for people; empty where nothing is.
        cpu_mb_per_second: Megabytes of input text a second.
        gpu_mb_per_second: The same, the copies to the GPU and back included.
    """

    name: str
    rows: int
    same: bool
    different_rows: list[int]
    problem: str
    cpu_mb_per_second: float | None = None
    gpu_mb_per_second: float | None = None


def compare_operation(operation: Operation, texts: pl.Series) -> Parity:
    """Run both kernels of an operation, with its default parameters, over texts and over its examples."""
    settings = {name: parameter.default for name, parameter in operation.parameters.items()}

    def on_cpu(column: pl.Series) -> pl.Series:
        return operation.kernel(column, **settings).cast(pl.String)

    def on_gpu(column: pl.Series) -> pl.Series:
        assert operation.gpu is not None
        done: DeviceText = operation.gpu(DeviceText.from_series(column), **settings)
        return done.to_series(column.name)

    if operation.gpu is None:
        return Parity(operation.name, 0, False, [], "it has no GPU kernel")
    try:
        return _compared(operation, on_cpu, on_gpu, texts)
    except Exception as error:  # noqa: BLE001 - the other operations are compared all the same
        return Parity(operation.name, len(texts), False, [], raised(error))


def raised(error: Exception) -> str:
    """Return what to say of an exception; of ours the message too, those of libraries may hold text of a row."""
    return f"it raised {type(error).__name__}" + (f": {error}" if isinstance(error, EnrichmentError) else "")


def _compared(operation: Operation, on_cpu: Run, on_gpu: Run, texts: pl.Series) -> Parity:
    given, wanted = _examples(operation)
    wrong = [name for name, run in (("CPU", on_cpu), ("GPU", on_gpu)) if column_hash(run(given)) != column_hash(wanted)]
    cpu, cpu_seconds = _timed(on_cpu, texts)
    gpu, gpu_seconds = _timed(on_gpu, texts)
    same = column_hash(cpu) == column_hash(gpu)
    megabytes = int(texts.str.len_bytes().sum()) / _MB
    return Parity(
        operation.name,
        len(texts),
        same and not wrong,
        [] if same else different_rows(cpu, gpu),
        f"the {' and the '.join(wrong)} kernel does not give what the examples say" if wrong else "",
        megabytes / cpu_seconds,
        megabytes / gpu_seconds,
    )


def compare_frames(name: str, cpu: pl.DataFrame, gpu: pl.DataFrame) -> Parity:
    """Compare two frames, column by column, in their order."""
    if cpu.schema != gpu.schema or cpu.height != gpu.height:
        problem = (
            f"{cpu.height} rows on the CPU, {gpu.height} on the GPU" if cpu.height != gpu.height else "other columns"
        )
        return Parity(name, cpu.height, False, [], problem)
    wrong = [column for column in cpu.columns if column_hash(cpu[column]) != column_hash(gpu[column])]
    rows = sorted({row for column in wrong for row in different_rows(cpu[column], gpu[column])})[:ROWS_NAMED]
    return Parity(name, cpu.height, not wrong, rows, f"columns {', '.join(wrong)}" if wrong else "")


def column_hash(column: pl.Series) -> str:
    """Return the SHA-256 of a column's type, validity, offsets from zero and data; what lies under a null is left out.

    String, Boolean, numbers, dates and times; another type fails with a TypeError.
    """
    digest = hashlib.sha256(f"{column.dtype} {len(column)};".encode())
    digest.update(np.packbits(column.is_not_null().to_numpy()).tobytes())
    if column.dtype == pl.String:
        buffers = TextBuffers.of(column.fill_null(""))
        start, end = int(buffers.offsets[0]), int(buffers.offsets[-1])
        digest.update((buffers.offsets - start).tobytes())
        digest.update(buffers.data[start:end].tobytes())
        return digest.hexdigest()
    values = column.to_physical()
    if values.dtype == pl.Boolean:
        values = values.cast(pl.UInt8)
    if not values.dtype.is_numeric():
        raise TypeError(f"columns of {column.dtype} cannot be compared")
    digest.update(values.fill_null(0).to_numpy().tobytes())
    return digest.hexdigest()


def different_rows(first: pl.Series, second: pl.Series) -> list[int]:
    """Return the numbers of the first rows that differ, at most ROWS_NAMED of them."""
    found: list[int] = first.ne_missing(second).arg_true().head(ROWS_NAMED).to_list()
    return found


def _examples(operation: Operation) -> tuple[pl.Series, pl.Series]:
    given = [before for before, _ in operation.examples]
    wanted = [after for _, after in operation.examples]
    return pl.Series("text", given, dtype=pl.String), pl.Series("text", wanted, dtype=pl.String)


def _timed(run: Run, texts: pl.Series) -> tuple[pl.Series, float]:
    fastest = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        done = run(texts)
        fastest = min(fastest, time.perf_counter() - began)
    return done, fastest
