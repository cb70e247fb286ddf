"""`enrichment verify-parity`: whether the CPU's and the GPU's cleaning kernels give the same bytes on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import table
from enrichment_platform.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from enrichment_platform.cleaning.parity import Parity

READERS = (".csv", ".jsonl", ".ndjson", ".parquet")


@click.command("verify-parity")
@click.option(
    "--corpus", type=click.Path(path_type=Path), help="CSV, JSON lines or Parquet; made-up texts when absent."
)
@click.option("--column", default="text", show_default=True, help="The text column of the corpus.")
@click.option("--rows", type=click.IntRange(1), help="Rows of the corpus, at most.")
@click.option("--operation", "names", multiple=True, metavar="NAME", help="Only this operation; may be repeated.")
@click.option("--lint-only", is_flag=True, help="No GPU: patterns, examples and guards alone, on this machine's CPU.")
@as_json
def verify_parity(
    corpus: Path | None, column: str, rows: int | None, names: tuple[str, ...], lint_only: bool, json_output: bool
) -> None:
    """Run every cleaning operation and the relational tail on CPU and GPU, and compare the Arrow buffers by hash.

    Prints row numbers where they differ, never text. Exit codes: 0 the same bytes, 1 not, 2 no GPU or wrong input.
    """
    from enrichment_platform.cleaning.parity_corpus import nasty_texts

    if lint_only and names:
        raise InputError("--lint-only looks at all shipped operations; leave --operation out")
    texts = nasty_texts() if corpus is None else _read(corpus, column)
    texts = texts if rows is None else texts.head(rows)
    same = _lint(texts, json_output) if lint_only else _compare(texts, names, json_output)
    if not same:
        raise click.exceptions.Exit(1)


def _lint(texts: pl.Series, json_output: bool) -> bool:
    from enrichment_platform.cleaning.parity_lint import lint

    found = lint(texts)
    if json_output:
        click.echo(json.dumps(asdict(found)))
        return not found.problems
    by_cudf = (
        f"{found.compiled} by cuDF's compiler too" if found.compiled else "pylibcudf is not installed: none by cuDF"
    )
    click.echo(f"{found.patterns} patterns in the dialect of both engines ({by_cudf})")
    click.echo(f"examples of {found.operations} operations on the CPU, {found.guards} guards on {len(texts):,} texts")
    for problem in found.problems:
        click.echo(f"wrong: {problem}")
    return not found.problems


def _compare(texts: pl.Series, names: tuple[str, ...], json_output: bool) -> bool:
    from enrichment_platform.cleaning import operations
    from enrichment_platform.cleaning.device import gpu_visible, why_no_gpu
    from enrichment_platform.cleaning.operation import REGISTRY
    from enrichment_platform.cleaning.parity import compare_operation

    if unknown := [name for name in names if name not in REGISTRY]:
        raise InputError(f"no operation {', '.join(unknown)}; there are {', '.join(sorted(operations.__all__))}")
    if reason := why_no_gpu():
        raise InputError(
            f"parity can be verified on a machine with an NVIDIA GPU and the `cudf` extra only: {reason};"
            " `--lint-only` checks what can be without one"
        )
    chosen = [REGISTRY[name] for name in names or sorted(REGISTRY)]
    cpu_only = [operation.name for operation in chosen if operation.gpu is None]
    found = [compare_operation(operation, texts) for operation in chosen if operation.gpu is not None]
    if not names:
        from enrichment_platform.cleaning.parity_tail import compare_tail

        found.append(compare_tail(texts))
    same = all(parity.same for parity in found)
    device = gpu_visible()
    if json_output:
        parities = [asdict(parity) for parity in found]
        click.echo(
            json.dumps({"same": same, "device": device, "rows": len(texts), "cpu_only": cpu_only, "compared": parities})
        )
    else:
        _print(found, device, texts, cpu_only)
    return same


def _print(found: list[Parity], device: str | None, texts: pl.Series, cpu_only: list[str]) -> None:
    megabytes = int(texts.str.len_bytes().sum()) / 1e6
    click.echo(f"{device}: {len(texts):,} rows, {megabytes:,.1f} MB; MB/s of the GPU include the copies to it and back")
    cells = [
        [
            parity.name,
            "the same" if parity.same else "DIFFERENT",
            "; ".join(part for part in (parity.problem, _rows(parity.different_rows)) if part),
            _speed(parity.cpu_mb_per_second),
            _speed(parity.gpu_mb_per_second),
        ]
        for parity in found
    ]
    table(["compared", "bytes", "where", "CPU MB/s", "GPU MB/s"], cells)
    if cpu_only:
        click.echo(f"on the CPU only, not compared: {', '.join(cpu_only)}")


def _rows(rows: list[int]) -> str:
    return f"first rows {', '.join(map(str, rows))}" if rows else ""


def _speed(speed: float | None) -> str:
    return "" if speed is None else f"{speed:,.0f}"


def _read(path: Path, column: str) -> pl.Series:
    import polars as pl

    if not path.is_file() or path.suffix not in READERS:
        raise InputError(f"--corpus {path} is not a file that ends in {', '.join(READERS)}")
    try:
        if path.suffix == ".csv":
            lazy = pl.scan_csv(path, infer_schema=False)
        else:
            lazy = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_ndjson(path)
        columns = lazy.collect_schema().names()
        if column not in columns:
            raise InputError(f"--corpus {path} has no column {column!r}; it has {', '.join(columns)}")
        return lazy.select(pl.col(column).cast(pl.String).alias("text")).collect()["text"]
    except pl.exceptions.PolarsError as error:
        raise InputError(f"--corpus {path} cannot be read ({type(error).__name__})") from None
