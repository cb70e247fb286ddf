"""What is said of a step's pod that ended: one line, with what to look at, and whether another pod may go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enrichment_platform.kubernetes.ending import ending, is_ending, why_it_waits

FULL = 'Usage of EmptyDir volume "tmp" exceeds the limit "10Gi".'
DEADLINE = {"type": "Failed", "reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}
BACK_OFF = {
    "type": "Failed",
    "reason": "BackoffLimitExceeded",
    "message": "Job has reached the specified backoff limit",
}


def job(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"conditions": list(conditions)}}


def ended(code: int, reason: str = "Error") -> dict[str, Any]:
    state = {"terminated": {"exitCode": code, "reason": reason}}
    return {"status": {"containerStatuses": [{"name": "dagster", "state": state}]}}


def warning(reason: str, message: str, count: int = 1) -> dict[str, Any]:
    return {"type": "Warning", "reason": reason, "message": message, "count": count}


@pytest.mark.parametrize(
    ("of", "taken_away", "parts"),
    [
        (
            (job(DEADLINE), [], [warning("Unhealthy", "Startup probe failed: connection refused", 240)]),
            False,
            ["DeadlineExceeded: Job was active", "connection refused (240 times)", "look at its log, `vllm.start"],
        ),
        (
            (job(DEADLINE), [], [warning("FailedScheduling", "0/3 nodes are available", 7)]),
            False,
            ["0/3 nodes are available (7 times)", "no node takes the pod: look at its `node_selector`"],
        ),
        (
            (job(BACK_OFF), [{"status": {"reason": "Evicted", "message": "The node was low on memory."}}], []),
            True,
            ["Evicted: The node was low on memory."],
        ),
        ((job(BACK_OFF), [ended(137)], []), True, ["Error: container dagster exited with 137"]),
        ((job(BACK_OFF), [ended(137, "OOMKilled")], []), False, ["OOMKilled", "`memory` of the pod"]),
        ((None, [], []), True, ["nothing is known of its pod"]),
        ((job(BACK_OFF), [ended(143)], []), True, ["container dagster exited with 143"]),
        ((job(BACK_OFF), [ended(1)], []), False, ["container dagster exited with 1"]),
        ((job(DEADLINE | {"type": "FailureTarget"}), [ended(143)], []), False, ["DeadlineExceeded"]),
        ((job(BACK_OFF), [{"status": {"conditions": [{"type": "DisruptionTarget"}]}}], []), True, ["BackoffLimit"]),
        (
            (job(BACK_OFF), [{"status": {"reason": "Evicted", "message": FULL}}], []),
            False,
            ["Evicted: Usage", "`disk` of the pod"],
        ),
        ((job(BACK_OFF), [ended(1)], [{"type": "Warning"}, {"type": "Normal"}]), False, ["exited with 1"]),
    ],
)
def test_an_end_is_told(of: tuple[Any, Any, Any], taken_away: bool, parts: list[str]) -> None:
    found = ending(*of)
    assert found.taken_away == taken_away
    assert [part for part in parts if part not in found.text] == []


def test_probes_that_failed_while_a_server_started_are_no_hint_for_a_pod_that_was_evicted() -> None:
    evicted = {"status": {"reason": "Evicted", "message": "The node was low on memory."}}
    found = ending(job(BACK_OFF), [evicted], [warning("Unhealthy", "Startup probe failed", 20)])
    assert "start_seconds" not in found.text


def test_a_pod_that_was_scheduled_and_ran_to_its_deadline_is_not_told_that_no_node_takes_it() -> None:
    events = [
        warning("FailedScheduling", "0/3 nodes"),
        {"type": "Normal", "reason": "Scheduled", "message": "to gpu-1"},
    ]
    assert "no node takes the pod" not in ending(job(DEADLINE), [ended(143)], events).text


@pytest.mark.parametrize(
    ("seconds_left", "phase", "expected"), [(30, "Running", True), (-1, "Running", False), (30, "Failed", False)]
)
def test_a_pod_has_its_grace_period(seconds_left: int, phase: str, expected: bool) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    until = (now + timedelta(seconds=seconds_left)).strftime("%Y-%m-%dT%H:%M:%SZ")
    pod = {"metadata": {"deletionTimestamp": until}, "status": {"phase": phase}}
    assert is_ending(pod, now) is expected


def test_a_pod_that_nobody_stops_is_not_ending() -> None:
    assert not is_ending({"metadata": {}, "status": {"phase": "Running"}})


def test_a_container_that_waits_for_an_image_or_a_secret_is_told() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image x"}}
    pod = {"status": {"initContainerStatuses": [{"name": "vllm", "state": waiting}]}}
    assert why_it_waits([pod]) == "ImagePullBackOff: container vllm: Back-off pulling image x"
    creating = {"waiting": {"reason": "ContainerCreating"}}
    assert why_it_waits([{"status": {"containerStatuses": [{"name": "dagster", "state": creating}]}}]) == ""


@pytest.mark.parametrize(
    ("restarts", "step", "expected"),
    [(3, {"waiting": {"reason": "PodInitializing"}}, True), (2, {"waiting": {}}, False), (9, {"running": {}}, False)],
)
def test_a_server_that_ends_again_and_again_before_the_step_begins_is_given_up(
    restarts: int, step: dict[str, Any], expected: bool
) -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
    server = {"name": "vllm", "state": waiting, "restartCount": restarts}
    pod = {"status": {"initContainerStatuses": [server], "containerStatuses": [{"name": "dagster", "state": step}]}}
    assert ("`kubectl logs POD -c vllm --previous` says why" in why_it_waits([pod])) is expected


def test_what_ended_well_and_normal_events_are_not_mentioned() -> None:
    found = ending(job(BACK_OFF), [ended(0, "Completed")], [{"type": "Normal", "reason": "Pulled", "message": "image"}])
    assert found.text == "BackoffLimitExceeded: Job has reached the specified backoff limit"
