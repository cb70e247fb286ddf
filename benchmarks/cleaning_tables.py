"""The tables of benchmarks/cleaning.py in Markdown, and their place in docs/cleaning.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.bar import Bar
from benchmarks.cleaning_baselines import NOTES

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
BUSY = 0.9  # a tool that got less of its core than this was disturbed


def tables(results: dict[str, Any]) -> str:
    """Return all that was measured."""
    parts = [f"{results['machine']}."]
    if text := results.get("text"):
        parts += ["\n".join(_tools(results, text)), "\n".join(_operations(text["operations"]))]
    if memory := results.get("memory"):
        parts.append("\n".join(_memory(memory)))
    if "duplicates" in results:
        found = results["duplicates"] or {"not measured": ""}
        lines = [f"| {name} | {_short(value)} |" for name, value in found.items()]
        parts.append("\n".join(["| near duplicates | |", "|---|---|", *lines]))
    return "\n\n".join(parts) + "\n"


def write_document(results: dict[str, Any], bars: list[Bar], path: Path) -> None:
    """Write the tables between the markers, which are added at the end where the file has none."""
    before = path.read_text("utf-8") if path.exists() else "# Cleaning\n"
    if START not in before:
        before += f"\n{START}\n{END}\n"
    head, rest = before.split(START, 1)
    _, tail = rest.split(END, 1)
    promised = "\n".join(["| bar | |", "|---|---|", *(_bar(bar) for bar in bars)])
    path.write_text(f"{head}{START}\n{tables(results)}\n{promised}\n{END}{tail}", "utf-8")


def _bar(bar: Bar) -> str:
    shown = "not measured" if bar.value is None else f"{bar.value:.3g} {bar.detail}".strip()
    sign = ">=" if bar.least else "<="
    return f"| {bar.name} | {shown} ({sign} {bar.limit:g}){'' if bar.holds else ', **falls short**'} |"


def _tools(results: dict[str, Any], text: dict[str, Any]) -> Iterator[str]:
    runs, sizes = text["runs"], results["sizes"]
    ours, copied = runs[f"ours {sizes[0]}"]["mb_per_s"], runs["memcpy"]["fresh_mb_per_s"]
    yield (
        "Text operations, from a column in memory to a column in memory; one core, one thread, MB of UTF-8 text per"
        f" CPU second, best (worst) of {results['repetitions']} interleaved runs. pandas, DuckDB and datatrove got the"
        f" first {results['sample_mb']:g} MB."
    )
    yield ""
    yield "| tool | MB/s per core | ours is | of memcpy | rows cleaned alike | how |"
    yield "|---|---:|---:|---:|---:|---|"
    names = {f"ours {size}": f"enrichment-platform, {size} MB" for size in sizes}
    for key, run in runs.items():
        # Cleaning makes new memory, too.
        rate = copied if key == "memcpy" else run["mb_per_s"]
        share = "1" if key == "memcpy" else f"1/{copied / rate:.0f}"
        alike = text["alike"].get(key)
        same = f"{alike['same']:.2%}" if alike else ""
        note = NOTES.get(key, "`clean`")
        if key == "memcpy":
            note = f"bytes copied, into new memory; into memory that was written before {run['mb_per_s']:,.0f} MB/s"
        worst = "" if key == "memcpy" else f" ({_short(run['mb_per_s_worst'])})"
        busy = f"; disturbed: {run['core_share']:.0%} of its core" if run["core_share"] < BUSY else ""
        times = "" if key in names or key == "memcpy" else f"{ours / rate:.1f} x"
        yield f"| {names.get(key, key)} | {_short(rate)}{worst} | {times} | {share} | {same} | {note}{busy} |"


def _operations(told: dict[str, Any]) -> Iterator[str]:
    yield f"Each operation in its place, filters too; {told['rows']:,} rows, {told['mb']:.1f} MB."
    yield ""
    yield "| operation | MB/s | share of the time | rows changed or removed |"
    yield "|---|---:|---:|---:|"
    for name, step in told["steps"].items():
        rate = told["mb"] / step["seconds"] if step["seconds"] else float("inf")
        if step["seconds"]:
            yield f"| {name} | {_short(rate)} | {step['seconds'] / told['seconds']:.1%} | {step['rows']:,} |"
        else:
            yield f"| {name} | | | {step['rows']:,} |"
    yield f"| all | {_short(told['mb'] / told['seconds'])} | | |"


def _memory(memory: dict[str, Any]) -> Iterator[str]:
    yield (
        "A partition of the lake, streamed from `raw` to `cleaned` in a process of its own. Resident memory (VmHWM)"
        " counts mapped pages of temporary files, too, which the kernel takes back when memory runs short; the rest is"
        " the process's own."
    )
    yield ""
    yield "| work | MB of text | rows | own, peak MiB | resident, peak MiB | before it | MB/s with the lake |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, sizes in memory.items():
        for told in sizes.values():
            yield (
                f"| {name} | {told['mb']:.0f} | {told['rows']:,} | {told['own_mb']:.0f} | {told['peak_mb']:.0f}"
                f" | {told['baseline_mb']:.0f} | {told['mb'] / told['seconds']:.1f} |"
            )


def _short(value: object) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
