"""What the step executor reads of a Job that failed, from the API over HTTP, with and without the right to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dagster._core.executor.step_delegating import CheckStepHealthResult
from dagster_k8s.client import DagsterKubernetesClient

from enrichment_platform.stages import pod_executor
from enrichment_platform.stages.pod_executor import PodStepHandler
from enrichment_platform_tests.kubernetes.cluster.api import Api
from enrichment_platform_tests.kubernetes.cluster.store import Store
from enrichment_platform_tests.kubernetes.test_pod_config import job_of

JOB = "dagster-step-1"
SPEC = {"containers": [{"name": "dagster"}]}
WAITING = {
    "name": "dagster",
    "image": "x",
    "imageID": "",
    "ready": False,
    "restartCount": 0,
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image x"}},
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API with a Job that was ended at its deadline; its pod is gone, a warning about it is not."""
    import kubernetes

    store = Store()
    running = Api(store, lambda *of: "")
    try:
        job = store.create("jobs", "default", job_of({"profile": "gpu-serve"}))
        failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
        store.patch_status("jobs", job, failed=1, conditions=[failed])
        for name in (f"{JOB}-x1", f"{JOB}1-x1"):
            pod = {"metadata": {"name": name, "labels": {"job-name": name[:-3]}}}
            made = store.create("pods", "default", pod)
            store.event(made, "Pod", "Unhealthy", f"Startup probe failed of {name}")
            store.remove(made)
        kubernetes.config.load_kube_config(str(running.kubeconfig(tmp_path / "kubeconfig", "run")))
        yield running
    finally:
        running.close()


def asked(job: str, *, healthy: bool = False, **handed: Any) -> tuple[Any, PodStepHandler]:
    """What the executor is told of a step, and by whom; dagster-k8s has looked at the Job alone."""
    found = CheckStepHealthResult.healthy() if healthy else CheckStepHealthResult.unhealthy("the Job has failed.")
    plain: Any = SimpleNamespace(
        _api_client=DagsterKubernetesClient.production_client(),
        check_step_health=lambda _: found,
        _get_k8s_step_job_name=lambda _: job,
        _get_container_context=lambda _: SimpleNamespace(namespace="default"),
        **handed,
    )
    context: Any = SimpleNamespace(execute_step_args=SimpleNamespace(step_keys_to_execute=["step"]))
    handler = PodStepHandler(plain)
    return handler.check_step_health(context), handler


def test_the_reason_of_the_job_and_the_warnings_of_its_own_pods_are_told(api: Api) -> None:
    found, handler = asked(JOB)
    told = f"the Job has failed. DeadlineExceeded: too long; Unhealthy: Startup probe failed of {JOB}-x1. "
    assert found.unhealthy_reason.startswith(told)
    assert f"{JOB}1-x1" not in found.unhealthy_reason
    assert not handler.lost


@pytest.mark.parametrize("resource", ["jobs", "pods", "events"])
def test_without_the_right_to_read_it_the_step_ends_all_the_same(api: Api, resource: str) -> None:
    api.forbidden.add(("run", "list", resource))
    found, _ = asked(JOB)
    assert not found.is_healthy
    assert "why is not known: the run's ServiceAccount may not list jobs, pods and events" in found.unhealthy_reason


def test_a_pod_that_is_told_to_stop_is_waited_for_although_its_job_has_failed(api: Api) -> None:
    pod = {"metadata": {"name": f"{JOB}-x2", "labels": {"job-name": JOB}}, "spec": SPEC, "status": {"phase": "Running"}}
    made = api.store.create("pods", "default", pod)
    api.store.delete("pods", "default", made["metadata"]["name"])
    assert asked(JOB)[0].is_healthy
    api.store.remove(made)
    assert not asked(JOB)[0].is_healthy


def test_a_pod_whose_image_is_not_there_is_ended_after_minutes_and_not_at_its_deadline(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = {"phase": "Pending", "containerStatuses": [WAITING]}
    pod = {"metadata": {"name": f"{JOB}-x2", "labels": {"job-name": JOB}}, "spec": SPEC, "status": status}
    api.store.create("pods", "default", pod)
    ended: list[Any] = []

    def terminate(context: Any) -> Iterator[None]:
        ended.append(context)
        return iter(())

    assert asked(JOB, healthy=True, terminate_step=terminate)[0].is_healthy
    assert not ended
    monkeypatch.setattr(pod_executor, "WAIT_SECONDS", 0)
    found, handler = asked(JOB, healthy=True, terminate_step=terminate)
    assert "ImagePullBackOff: container dagster: Back-off pulling image x" in found.unhealthy_reason
    assert len(ended) == 1
    assert not handler.lost


def test_a_pod_that_runs_is_left_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_executor, "WAIT_SECONDS", 0)
    assert asked("another", healthy=True)[0].is_healthy
