"""Metrics: what was counted is what Prometheus reads, by HTTP and from the file; none configured costs nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from enrichment_platform.errors import InputError
from enrichment_platform.inference import metrics_export
from enrichment_platform.inference.metrics import EngineMetrics, MetricsStore, NoMetrics
from enrichment_platform.inference.metrics_export import Exporter, ExportSettings, metrics_of
from enrichment_platform.inference.progress import Progress, Spent

Start = Callable[[ExportSettings], Exporter]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Exporter] = []

    def begin(settings: ExportSettings) -> Exporter:
        started.append(Exporter(settings))
        started[-1].start()
        return started[-1]

    yield begin
    for exporter in started:
        exporter.close()


def read(text: str) -> dict[str, float]:
    """Samples as `name{label=value}`, labels but the enrichment's in the order of their names."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()) if k != "enrichment")
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def scrape(port: int) -> dict[str, float]:
    return read(urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode())


def ask(metrics: NoMetrics) -> None:
    metrics.request("vllm", "first", "ok", 0.3, 100, 40, 10, 0.01)
    metrics.request("vllm", "first", "rate_limit", 0.001)
    metrics.request("vllm", "rate_limit", "ok", 3.0, 100, 0, 10, 0.02)
    metrics.request("openai", "audit", "timeout", 700.0)
    metrics.request("openai", "first", "not_sent", None)
    metrics.row("ok")
    metrics.row("ok")
    metrics.row("refused")


EXPECTED = {
    "enrichment_requests_total{cause=first,endpoint=vllm,outcome=ok}": 1,
    "enrichment_requests_total{cause=first,endpoint=vllm,outcome=rate_limit}": 1,
    "enrichment_requests_total{cause=rate_limit,endpoint=vllm,outcome=ok}": 1,
    "enrichment_requests_total{cause=audit,endpoint=openai,outcome=timeout}": 1,
    "enrichment_retries_total{cause=rate_limit}": 1,
    "enrichment_tokens_total{endpoint=vllm,kind=input}": 200,
    "enrichment_tokens_total{endpoint=vllm,kind=cached_input}": 40,
    "enrichment_tokens_total{endpoint=vllm,kind=output}": 20,
    "enrichment_tokens_total{endpoint=openai,kind=input}": 0,
    "enrichment_rows_total{status=ok}": 2,
    "enrichment_rows_total{status=refused}": 1,
    "enrichment_request_seconds_bucket{endpoint=vllm,le=0.05}": 1,
    "enrichment_request_seconds_bucket{endpoint=vllm,le=0.5}": 2,
    "enrichment_request_seconds_bucket{endpoint=vllm,le=4.0}": 3,
    "enrichment_request_seconds_bucket{endpoint=vllm,le=+Inf}": 3,
    "enrichment_request_seconds_count{endpoint=vllm}": 3,
    "enrichment_request_seconds_bucket{endpoint=openai,le=600.0}": 0,
    "enrichment_request_seconds_count{endpoint=openai}": 1,
    "enrichment_requests_in_flight{}": 0,
}


def test_prometheus_reads_what_was_counted(start: Start) -> None:
    port = free_port()
    exporter = start(ExportSettings(port=port))
    ask(EngineMetrics("letters", exporter.store))
    scraped = scrape(port)
    assert EXPECTED.items() <= scraped.items()
    assert scraped["enrichment_cost_usd_total{endpoint=vllm}"] == pytest.approx(0.03)
    assert scraped["enrichment_request_seconds_sum{endpoint=vllm}"] == pytest.approx(3.301)
    assert "enrichment_retries_total{cause=audit}" not in scraped


def test_the_file_holds_the_same_and_is_never_half_written(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "metrics" / "enrichment.prom"
    exporter = start(ExportSettings(file=file))
    metrics = EngineMetrics("letters", exporter.store)
    ask(metrics)
    metrics.close()
    assert EXPECTED.items() <= read(file.read_text()).items()
    done = threading.Event()

    def rewrite() -> None:
        while not done.is_set():
            exporter.write()

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        whole = file.read_text()
        assert all(file.read_text() == whole for _ in range(200))
    finally:
        done.set()
        writer.join()
    left = [path.name for path in file.parent.iterdir() if path.suffix == ".prom"]
    assert left == ["enrichment.prom"]


def test_gauges_show_running_partitions_together_and_go_with_them(start: Start) -> None:
    port = free_port()
    store = start(ExportSettings(port=port)).store
    first, second = EngineMetrics("letters", store), EngineMetrics("letters", store)
    spent = [Spent("budget.day", usd=1.0, cap_usd=4.0), Spent("budget.run")]
    progress = Progress(in_flight=7, limits={"vllm": 32}, spent=spent)
    first.gauges(progress)
    second.gauges(Progress(in_flight=5, limits={"vllm": 16, "openai": 8}))
    scraped = scrape(port)
    assert scraped["enrichment_requests_in_flight{}"] == 12
    assert scraped["enrichment_concurrency_limit{endpoint=vllm}"] == 48
    assert scraped["enrichment_concurrency_limit{endpoint=openai}"] == 8
    assert scraped["enrichment_spend_ratio{cap=budget.day}"] == 0.25
    progress.in_flight = 9
    assert scrape(port)["enrichment_requests_in_flight{}"] == 14, "the progress is read when it is asked for"
    first.close()
    second.close()
    scraped = scrape(port)
    assert scraped["enrichment_requests_in_flight{}"] == 0
    assert not any(name.startswith(("enrichment_concurrency", "enrichment_spend")) for name in scraped)


def test_runs_in_several_threads_lose_no_count() -> None:
    store = MetricsStore()

    def count() -> None:
        metrics = EngineMetrics("letters", store)
        for _ in range(5_000):
            metrics.request("vllm", "first", "ok", 0.1, 3, 0, 2, 0.0)
            metrics.row("ok")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples = {sample.name: sample.value for family in store.collect() for sample in family.samples}
    assert samples["enrichment_requests_total"] == samples["enrichment_rows_total"] == 20_000


def test_counting_a_request_costs_microseconds() -> None:
    metrics = EngineMetrics("letters", MetricsStore())
    best = min(_seconds(metrics) for _ in range(5))
    assert best < 5e-6, "0.4 microseconds measured"


def _seconds(metrics: NoMetrics) -> float:
    started = time.perf_counter()
    for _ in range(5_000):
        metrics.request("vllm", "first", "ok", 0.3, 100, 40, 10, 0.01)
    return (time.perf_counter() - started) / 5_000


def test_nothing_is_counted_or_imported_where_nothing_is_configured(home: Path) -> None:
    assert type(metrics_of("letters")) is NoMetrics
    ask(metrics_of("letters"))
    code = (
        "import sys\nfrom enrichment_platform.inference.metrics_export import metrics_of\n"
        "metrics_of('letters').row('ok')\nprint('prometheus_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ENRICHMENT_METRICS_PORT": "http"}, "ENRICHMENT_METRICS_PORT is 'http'; allowed are 1 to 65535"),
        ({"ENRICHMENT_METRICS_PORT": "70000"}, "allowed are 1 to 65535"),
        ({"ENRICHMENT_METRICS_PORT": "-1"}, "allowed are 1 to 65535"),
        ({"ENRICHMENT_METRICS_FILE": "/tmp/metrics.txt"}, "has to end in .prom"),
        ({"ENRICHMENT_METRICS_FILE": "/dev/null/x.prom"}, "metrics cannot be written to /dev/null/x.prom"),
        ({"ENRICHMENT_METRICS_PORT": "9464", "ENRICHMENT_METRICS_HOST": "203.0.113.7"}, "see ENRICHMENT_METRICS_HOST"),
    ],
)
def test_a_wrong_setting_is_one_message(
    home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message):
        metrics_of("letters")


def test_off_is_0_or_empty() -> None:
    assert ExportSettings.read({"ENRICHMENT_METRICS_PORT": "0", "ENRICHMENT_METRICS_FILE": ""}) == ExportSettings()


def test_a_port_that_is_taken_is_a_warning(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(metrics_export.logger, "warning", lambda text, *values: warnings.append(text % values))
    port = free_port()
    start(ExportSettings(port=port))
    second = start(ExportSettings(port=port))
    assert warnings == [f"port {port} is taken: this process serves no metrics (ENRICHMENT_METRICS_PORT)"]
    ask(EngineMetrics("letters", second.store))


# A process that counts one row, says that it is ready, and ends when told to.
PROCESS = """
import sys
from enrichment_platform.inference.metrics_export import metrics_of
metrics = metrics_of("letters")
metrics.row("ok")
metrics.close()
print("ready", flush=True)
sys.stdin.readline()
metrics.row("ok")
"""


def begin(file: str, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "ENRICHMENT_METRICS_FILE": file} | variables
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_at_the_same_time_write_files_of_their_own(home: Path, tmp_path: Path) -> None:
    first, second = (begin(str(tmp_path / "e.prom")) for _ in range(2))
    files = sorted(path.name for path in tmp_path.glob("*.prom"))
    assert files == sorted(["e.prom", f"e.{second.pid}.prom"])
    for process in (first, second):
        process.communicate("end\n", timeout=30)
    assert read((tmp_path / "e.prom").read_text())["enrichment_rows_total{status=ok}"] == 2, "written at the end"
    others = read((tmp_path / f"e.{second.pid}.prom").read_text())
    assert others[f"enrichment_rows_total{{process={second.pid},status=ok}}"] == 2, "no series is in both files"


def test_a_file_name_may_ask_for_the_process_id(home: Path, tmp_path: Path) -> None:
    process = begin(str(tmp_path / "e-{pid}.prom"))
    process.communicate("end\n", timeout=30)
    assert [path.name for path in tmp_path.glob("*.prom")] == [f"e-{process.pid}.prom"]


def test_a_process_serves_its_metrics_while_it_runs(home: Path, tmp_path: Path) -> None:
    port = free_port()
    process = begin(str(tmp_path / "e.prom"), ENRICHMENT_METRICS_PORT=str(port))
    assert scrape(port)["enrichment_rows_total{status=ok}"] == 1
    process.communicate("end\n", timeout=30)
    assert process.returncode == 0


def test_labels_are_names_and_words_never_rows_or_partitions(start: Start) -> None:
    store = start(ExportSettings()).store
    metrics = EngineMetrics("letters", store)
    ask(metrics)
    metrics.gauges(Progress(limits={"vllm": 1}, spent=[Spent("budget.day", 1.0, 2.0)]))
    labels = {label for family in store.collect() for sample in family.samples for label in sample.labels}
    assert labels == {"enrichment", "endpoint", "cause", "outcome", "kind", "status", "cap", "le"}
