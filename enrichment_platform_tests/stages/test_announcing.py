"""Progress reaches all who watch: Dagster as observations of the partition, the log, and watchers."""

import time
from typing import Any

import dagster as dg
import pytest

from enrichment_platform.inference.progress import Progress
from enrichment_platform.spec import EnrichmentSpec
from enrichment_platform.stages import announcing
from enrichment_platform.stages.announcing import ProgressAnnouncer, watched_by
from enrichment_platform_tests.acceptance.project import letters_spec

KEY = dg.AssetKey(["letters", "classified"])


class Watcher:
    def __init__(self) -> None:
        self.shown: list[tuple[str, int]] = []
        self.ended = 0

    def show(self, about: str, progress: Progress) -> None:
        self.shown.append((about, progress.done))

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def spec(tmp_path: Any) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(letters_spec(tmp_path / "letters.jsonl", ["a", "b"]))


def run_with(
    spec: EnrichmentSpec, instance: dg.DagsterInstance, times: list[float], error: Exception | None = None
) -> list[int]:
    """Materialize partition `b` with progress at these times; the observations that are stored after each call."""
    stored: list[int] = []

    @dg.asset(key=KEY, partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
    def classified(context: dg.AssetExecutionContext) -> None:
        now = [0.0]
        progress = Progress(rows=100, clock=lambda: now[0])
        with ProgressAnnouncer(context, spec, "b", clock=lambda: now[0]) as show:
            for at in times:
                now[0] = at
                progress.asked += 1
                show(progress)
                stored.append(len(observations(instance)))
            if error:
                raise error

    dg.materialize([classified], instance=instance, partition_key="b", raise_on_error=False)
    return stored


def observations(instance: dg.DagsterInstance) -> list[dg.AssetObservation]:
    records = instance.fetch_observations(KEY, limit=100).records
    return [record.asset_observation for record in reversed(records) if record.asset_observation]


def test_observations_are_stored_while_the_step_runs_at_most_every_30_s_and_once_at_its_end(
    spec: EnrichmentSpec,
) -> None:
    with dg.instance_for_test() as instance:
        stored = run_with(spec, instance, [1, 29, 31, 40, 60, 62, 63])
        assert stored == [0, 0, 1, 1, 1, 2, 2]
        every = observations(instance)
    assert [one.partition for one in every] == ["b"] * 3
    assert [one.metadata["rows_done"].value for one in every] == [3, 6, 7]
    assert all(isinstance(entry.value, int | float) for one in every for entry in one.metadata.values())


def test_a_run_that_fails_has_its_last_observation_too(spec: EnrichmentSpec) -> None:
    watcher = Watcher()
    with dg.instance_for_test() as instance, watched_by(watcher):
        run_with(spec, instance, [1, 2], RuntimeError("out"))
        (last,) = observations(instance)
    assert last.metadata["rows_done"].value == 2
    assert watcher.ended == 1


def test_watchers_see_every_call_and_the_log_a_line_every_5_s(
    spec: EnrichmentSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(announcing.progress_logger, "info", lines.append)
    watcher = Watcher()
    with dg.instance_for_test() as instance, watched_by(watcher):
        run_with(spec, instance, [0.5 * n for n in range(25)])
    assert watcher.shown == [("letters b", n + 1) for n in range(25)]
    assert len(lines) == 2
    assert lines[0].startswith("letters b classified: 11/100 rows")


def test_a_call_is_cheap(spec: EnrichmentSpec) -> None:
    announcer = ProgressAnnouncer(None, spec, "b")  # type: ignore[arg-type]  # not used before 5 s
    progress = Progress(rows=100)
    started = time.process_time()
    for _ in range(20_000):
        announcer(progress)
    assert (time.process_time() - started) / 20_000 < 20e-6, "microseconds, not milliseconds (1.3 measured)"
