"""Runs on a cluster: the real run launcher and step executor, pods as processes, and what goes wrong at night."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from dagster._core.execution.backfill import BulkActionStatus

from enrichment_platform.lake.tables import Lake
from enrichment_platform_tests.kubernetes.conftest import CONCURRENCY, ROWS, Night
from enrichment_platform_tests.kubernetes.platform import Platform

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(600)]
GPU_STEP = "letters__classified"


def published(cluster: Platform, partition: str, enrichment: str = "letters") -> int:
    """Rows of a partition that are published; each has its label."""
    lake = Lake(str(cluster.folder / "claims" / "lake"))
    if not lake.exists(f"{enrichment}/enriched"):
        return 0
    rows = lake.read(f"{enrichment}/enriched", partition)
    assert rows["topic"].null_count() == 0
    return len(rows)


def bill(night: Night, partition: str) -> Counter[str]:
    return night.cluster.answered([night.run(partition).run_id], GPU_STEP)


def succeeded(night: Night, run_id: str) -> None:
    assert night.cluster.ended(run_id) == "SUCCESS", night.cluster.messages(run_id)


def test_a_run_with_a_gpu_step_and_its_server_is_published(night: Night) -> None:
    succeeded(night, night.plain)
    assert published(night.cluster, "a") == ROWS
    bill_of_run = night.cluster.answered([night.plain], GPU_STEP)
    assert set(bill_of_run.values()) == {1}
    assert len(bill_of_run) >= ROWS
    (pod,) = night.cluster.pods(night.plain, GPU_STEP)
    assert pod.pod["spec"]["nodeName"] == "gpu-1"
    assert pod.sidecars[0].ended() is not None, "the server ends with the step"


def test_a_step_whose_node_is_drained_goes_on_in_one_other_pod_after_it_and_pays_nothing_twice(night: Night) -> None:
    succeeded(night, night.run("b").run_id)
    assert published(night.cluster, "b") == ROWS
    first, second = night.cluster.pods(night.run("b").run_id, GPU_STEP)
    assert first is night.faulted["b"]
    assert first.main.ended() == 143
    assert second.main.started_at > first.ended_at, "no two pods ask the same rows"
    assert set(bill(night, "b").values()) == {1}


def test_a_step_that_is_killed_goes_on_in_another_pod_and_pays_again_at_most_what_was_in_flight(night: Night) -> None:
    succeeded(night, night.run("c").run_id)
    assert published(night.cluster, "c") == ROWS
    assert len(night.cluster.pods(night.run("c").run_id, GPU_STEP)) == 2
    again = bill(night, "c")
    assert again.total() - len(again) <= CONCURRENCY
    assert "Error: container dagster exited with 137" in night.cluster.messages(night.run("c").run_id)


def test_a_server_that_crashes_in_mid_run_is_restarted_and_the_step_goes_on(night: Night) -> None:
    succeeded(night, night.run("d").run_id)
    assert published(night.cluster, "d") == ROWS
    (pod,) = night.cluster.pods(night.run("d").run_id, GPU_STEP)
    assert pod.sidecars[0].restarts == 1
    again = bill(night, "d")
    assert again.total() - len(again) <= CONCURRENCY


def test_a_run_whose_own_pod_is_evicted_is_retried_and_pays_nothing_twice(night: Night) -> None:
    cluster = night.cluster
    cluster.ended(night.run_evicted)
    cluster.await_(lambda: len(cluster.with_retries(night.run_evicted)) == 2, "the retry")
    first, second = (run.run_id for run in cluster.with_retries(night.run_evicted))
    succeeded(night, second)
    assert set(cluster.answered([first, second], GPU_STEP).values()) == {1}
    assert cluster.answered([first], GPU_STEP).total() < ROWS


def test_a_run_whose_own_pod_is_killed_leaves_no_steps_behind_and_is_retried(night: Night) -> None:
    cluster = night.cluster
    cluster.ended(night.run_killed)
    cluster.await_(lambda: len(cluster.with_retries(night.run_killed)) == 2, "the retry")
    first, second = (run.run_id for run in cluster.with_retries(night.run_killed))
    succeeded(night, second)
    (orphan,) = cluster.pods(first, GPU_STEP)
    assert orphan.ended_at < min(pod.main.started_at for pod in cluster.pods(second, GPU_STEP))
    again = cluster.answered([first, second], GPU_STEP)
    assert again.total() - len(again) <= CONCURRENCY


def test_a_step_that_is_at_work_at_its_deadline_is_not_started_again(night: Night) -> None:
    assert night.cluster.ended(night.at_deadline) == "FAILURE"
    (pod,) = night.cluster.pods(night.at_deadline, "brief__classified")
    assert night.cluster.answered([night.at_deadline], "brief__classified"), "it was at work"
    assert pod.main.ended() in (137, 143)
    said = night.cluster.messages(night.at_deadline)
    assert "DeadlineExceeded: Job was active longer than specified deadline" in said
    assert "no node takes the pod" not in said


def test_a_run_that_is_cancelled_in_the_ui_ends_with_its_step_and_nothing_is_started_again(night: Night) -> None:
    assert night.cluster.ended(night.cancelled) == "CANCELED"
    (pod,) = night.cluster.pods(night.cancelled, "brief__classified")
    night.cluster.await_(lambda: not pod.is_alive(), "its pod to end")
    assert pod.main.ended() in (137, 143)
    assert night.cluster.answered([night.cancelled], "brief__classified").total() <= ROWS / 2
    assert len(night.cluster.with_retries(night.cancelled)) == 1


def test_a_backfill_is_a_run_a_partition_and_ends_when_all_have(night: Night) -> None:
    def status() -> BulkActionStatus | None:
        found = night.cluster.instance.get_backfill(night.backfill)
        return found.status if found else None

    night.cluster.await_(lambda: status() not in (BulkActionStatus.REQUESTED, None), "the backfill to end")
    assert status() == BulkActionStatus.COMPLETED_SUCCESS
    for partition in "bcd":
        assert night.run(partition).tags["dagster/backfill"] == night.backfill


def test_a_blocking_check_stops_publication(night: Night) -> None:
    assert night.cluster.ended(night.confused) == "FAILURE"
    assert night.cluster.pods(night.confused, "confused__checks")
    assert not night.cluster.pods(night.confused, "confused__enriched")
    assert published(night.cluster, "b", "confused") == 0


def test_a_server_that_never_answers_ends_its_step_at_the_deadline_and_the_run_says_why(night: Night) -> None:
    assert night.cluster.ended(night.late) == "FAILURE"
    said = night.cluster.messages(night.late)
    assert "DeadlineExceeded: Job was active longer than specified deadline" in said
    assert "Startup probe failed: vllm does not answer /health" in said
    assert "look at its log, `vllm.start_seconds`" in said
    (pod,) = night.cluster.pods(night.late, "late__classified")
    assert pod.main.process is None, "it never started"


def test_a_run_that_no_node_takes_is_ended_by_run_monitoring(night: Night) -> None:
    assert night.cluster.ended(night.nowhere) == "FAILURE"
    said = night.cluster.messages(night.nowhere)
    assert "Run timed out due to taking longer than" in said
    assert "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector." in said


def test_twenty_seconds_without_the_api_fail_no_run(night: Night) -> None:
    cluster = night.cluster
    run_id = cluster.launch("letters", "f", "raw", "cleaned")
    cluster.await_(lambda: cluster.pods(run_id, "letters__raw"), "the first step")
    for outage in ("closed", "503"):
        cluster.api.outage = outage
        time.sleep(10)
    cluster.api.outage = None
    assert cluster.api.failed_calls > 3
    succeeded(night, run_id)


def test_steps_hold_no_token_and_runs_ask_no_more_than_this(night: Night) -> None:
    """All else was refused: the API has the rights of the chart's Roles."""
    allowed, calls = night.cluster.api.allowed, night.cluster.api.calls
    assert allowed
    assert calls <= allowed
    unused = {(account, verb, resource) for account, verb, resource in allowed - calls}
    assert not {right for right in unused if right[0] == "dagster-run"}, "the run has no right that it does not need"
    for pod in night.cluster.kubelet.runners.values():
        is_step = "dagster/op" in pod.pod["metadata"]["labels"]
        assert (pod.sandbox.kubeconfig is None) == is_step
