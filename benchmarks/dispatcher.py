"""What the dispatcher costs next to a bare HTTP client, how it uses an endpoint's capacity, and how it grows.

    python benchmarks/dispatcher.py [--check] [--rows N] [--only overhead capacity scale] [--full]

Provider and client have a process and a core of their own; the provider answers far more rows a second than any client
asks. `overhead` has no latency, so that only our own cost shows; it is the median of three interleaved runs.
`--check` exits with 1 where a bar falls short; the last line says which.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import statistics
import sys
from collections.abc import Callable

from benchmarks.bar import Bar
from benchmarks.dispatcher_measure import Measurement, cores, measure

REPETITIONS = 3
WORKERS = 64
CLIENTS = ["aiohttp", "aiohttp+uvloop", "openai", "engine"]
MOST_IN_FLIGHT = 256  # what the client may do where the provider has 64 slots: it has to find out
SLOTS = 64
WARM_UP_S = 5.0
QUIET_CPU_SHARE = 0.6  # without latency a client is busy all the time, or waits for its core
HALVED: list[tuple[float, int]] = [(0.0, 64), (8.0, 32), (16.0, 64)]


def overhead(rows: int, clients: list[str]) -> list[Bar]:
    """Rows a second, CPU and time to the first request at zero latency."""
    print(f"overhead: no latency, {WORKERS} in flight, {rows} rows, median of {REPETITIONS}")
    runs: dict[str, list[Measurement | None]] = {name: [] for name in clients}
    for _ in range(REPETITIONS):
        for name in clients:
            # The package is slow, and what it does for each row does not depend on their number.
            runs[name].append(measure(name, max(rows // 10, 500) if name == "openai" else rows, WORKERS))
    figures: dict[str, Callable[[Measurement], float]] = {
        "rows/s": lambda run: run.rows_per_s,
        "CPU-s/1,000": lambda run: run.cpu_s_per_1000,
        "CPU share": lambda run: run.cpu_share,
        "first request s": lambda run: run.first_request_s,
        "peak MB": lambda run: run.peak_mb,
        "tokens in/row": lambda run: run.bill["prompt_tokens"] / run.rows,
    }
    print(f"  {'client':15}{'x aiohttp':>11}" + "".join(f"{title:>17}" for title in figures) + "   rows/s of each run")
    middle: dict[str, dict[str, float]] = {}
    for name, of in runs.items():
        done = [run for run in of if run]
        if not done:
            print(f"  {name:15}  failed")
            continue
        middle[name] = {title: statistics.median(map(figure, done)) for title, figure in figures.items()}
        # Each against the bare client of the same repetition: the machine's mood changes from one to the next.
        pairs = [(run, bare) for run, bare in zip(of, runs.get("aiohttp", of), strict=True) if run and bare]
        ratio = statistics.median(run.rows_per_s / bare.rows_per_s for run, bare in pairs) if pairs else float("nan")
        middle[name]["ratio"] = ratio
        print(
            f"  {name:15}{ratio:11.2f}"
            + "".join(_figure(middle[name][title]) for title in figures)
            + "   "
            + ", ".join(f"{run.rows_per_s:,.0f}" for run in done)
        )
    if middle.get("aiohttp", {}).get("CPU share", 1.0) < QUIET_CPU_SHARE:
        print(f"  the machine is busy: the bare client had less than {QUIET_CPU_SHARE:.0%} of its core")
    if "engine" not in clients:
        return []
    engine = middle.get("engine", {})
    complete = sum(run is not None and run.every_row for run in runs["engine"])
    return [
        Bar("overhead: runs with an answer to every row", complete, REPETITIONS, True),
        Bar("overhead: rows/s, x aiohttp", engine.get("ratio") if "aiohttp" in clients else None, 0.5, True),
        Bar("overhead: CPU-s per 1,000 rows", engine.get("CPU-s/1,000"), 0.5, False),
        Bar("overhead: first request s", engine.get("first request s"), 1.0, False),
    ]


def _figure(value: float) -> str:
    return f"{value:17.3f}" if value < 100 else f"{value:17,.0f}"


def capacity(clients: list[str]) -> list[Bar]:
    """How much of an endpoint's capacity is used, and how many requests are rejected for it."""
    print(f"capacity: {SLOTS} slots and 429 beyond them, client may have {MOST_IN_FLIGHT} in flight")
    titles = f"{'rows':>7}{'rows/s':>9}{'share':>8}{'rejected':>10}{'every row':>11}{'twice':>7}"
    print(f"  {'scenario':26}{'client':15}{titles}")
    bars = []
    scenarios = [
        ("50 ms", 0.05, [(0.0, SLOTS)], 25_600, WARM_UP_S, 0.95),
        ("500 ms", 0.5, [(0.0, SLOTS)], 3_200, None, 0.9),
        ("500 ms, halved for 8 s", 0.5, HALVED, 2_560, None, 0.9),
    ]
    for title, latency_s, steps, rows, warm_up_s, least in scenarios:
        told = {"latency_s": latency_s, "capacity": steps}
        for name in clients:
            run = measure(name, rows, MOST_IN_FLIGHT, told, keep_prompts=True)
            share = None
            if run is None:
                print(f"  {title:26}{name:15}  failed")
            else:
                rate, possible = _used(run, latency_s, steps, warm_up_s)
                share = rate / possible
                print(
                    f"  {title:26}{name:15}{rows:7}{rate:9,.0f}{share:8.3f}{run.rejected:10.4f}"
                    f"{run.every_row!s:>11}{run.paid_twice:7}"
                )
            if name == "engine":
                every = None if run is None else run.told["good"] / rows
                bars += [
                    Bar(f"capacity {title}: share of capacity", share, least, True),
                    Bar(f"capacity {title}: share of rows answered", every, 1.0, True),
                ]
                if warm_up_s is not None:
                    rejected = run.rejected if run else None
                    bars.append(Bar(f"capacity {title}: share rejected", rejected, 0.01, False))
    return bars


def _used(
    run: Measurement, latency_s: float, steps: list[tuple[float, int]], warm_up_s: float | None
) -> tuple[float, float]:
    """Rows a second that were answered and that could have been: after the warm-up, or over the whole run."""
    if warm_up_s is not None:
        return run.busy_rate(warm_up_s), steps[0][1] / latency_s
    _, last = run.first_and_last()
    seconds = last * run.timeline["bucket_s"]
    return run.rows / seconds, slot_seconds(steps, seconds) / latency_s / seconds


def slot_seconds(steps: list[tuple[float, int]], until_s: float) -> float:
    """Integral of the slots from 0 until then."""
    ends = [start for start, _ in steps[1:]] + [until_s]
    return sum(slots * max(0.0, min(end, until_s) - start) for (start, slots), end in zip(steps, ends, strict=True))


def scale(sizes: list[int]) -> list[Bar]:
    """Memory and time a row with the number of rows."""
    print("scale: engine, no latency")
    print(f"  {'rows':>9}{'rows/s':>9}{'ms/row':>9}{'peak MB':>9}{'import MB':>11}{'first request s':>17}")
    small, runs = [], dict[int, Measurement | None]()
    for size in [sizes[0], *sizes]:  # the small one on both sides of a change in the machine's mood
        run = runs[size] = measure("engine", size, WORKERS)
        if run is None:
            print(f"  {size:9,}  failed")
            continue
        small += [run] if size == sizes[0] else []
        print(
            f"  {size:9,}{run.rows_per_s:9,.0f}{1000 / run.rows_per_s:9.3f}{run.peak_mb:9.1f}"
            f"{run.told['before_mb']:11.1f}{run.first_request_s:17.3f}"
        )
    bars = []
    for size in sizes[1:]:
        run = runs[size]
        growth = ratio = None
        if run and small:
            base_mb = statistics.median(one.peak_mb for one in small)
            growth = (run.peak_mb - base_mb) / (size - sizes[0]) * 100_000
            ratio = statistics.median(one.rows_per_s for one in small) / run.rows_per_s
        bars += [
            Bar(f"scale {size:,}: MB per 100,000 rows more", growth, 5.0, False),
            Bar(f"scale {size:,}: time a row, x that of {sizes[0]:,}", ratio, 1.3, False),
        ]
    return bars


def main() -> int:
    """Print tables and bars; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--rows", type=int, default=20_000, help="of the overhead scenario")
    arguments.add_argument("--only", nargs="+", choices=["overhead", "capacity", "scale"])
    arguments.add_argument("--clients", nargs="+", choices=CLIENTS, help="for a quick look")
    arguments.add_argument("--full", action="store_true", help="scale with 1,000,000 rows, too")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the client and the provider, too
    clients = list(options.clients or CLIENTS)
    if "openai" in clients and importlib.util.find_spec("openai") is None:
        print("the package openai is not installed and left out: pip install openai")
        clients.remove("openai")
    wanted = options.only or ["overhead", "capacity", "scale"]
    if cores()[0] == cores()[1]:
        print("one core only: client and provider share it, the figures say little")
    bars: list[Bar] = []
    if "overhead" in wanted:
        bars += overhead(options.rows, clients)
    if "capacity" in wanted:
        bars += capacity([name for name in clients if name in ("aiohttp", "engine")])
    if "scale" in wanted and "engine" in clients:
        bars += scale([10_000, 110_000] + ([1_000_000] if options.full else []))
    for bar in bars:
        print(bar)
    short = [bar.name for bar in bars if not bar.holds]
    print("falls short: " + "; ".join(short) if short else "every bar is reached")
    return 1 if options.check and short else 0


if __name__ == "__main__":
    sys.exit(main())
