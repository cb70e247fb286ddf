"""The executor of runs on Kubernetes: dagster-k8s's own, that says why a pod ended and replaces one that was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.context.system import IStepContext
from dagster._core.execution.plan.objects import StepRetryData
from dagster._core.execution.plan.state import KnownExecutionState
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
)
from dagster_k8s import k8s_job_executor
from dagster_k8s.executor import K8sStepHandler
from dagster_shared.error import SerializableErrorInfo

from enrichment_platform.kubernetes.ending import Ending, ending, is_ending, why_it_waits
from enrichment_platform.stages.pods import POD_RETRIES, POD_RETRY_SECONDS

WAIT_SECONDS = 300  # an image may come late; a Secret that is not there is not made by waiting
_LOOK_SECONDS = 60  # at pods that seem well: one more request a step
HEALTH_SECONDS = 5  # dagster-k8s looks at Jobs every 20 s; a GPU that waits for that costs more than the request


@dg.executor(
    name="k8s",
    config_schema=k8s_job_executor.config_schema.as_field(),
    requirements=multiple_process_executor_requirements(),
)
def pod_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Each step in a pod; configured as `k8s_job_executor`."""
    created: Any = k8s_job_executor.executor_creation_fn
    plain = created(context)
    return PodExecutor(
        PodStepHandler(plain._step_handler),
        retries=plain.retries,
        check_step_health_interval_seconds=HEALTH_SECONDS,
        max_concurrent=plain._max_concurrent,
        tag_concurrency_limits=plain._tag_concurrency_limits,
        should_verify_step=True,
        step_dependency_config=plain.step_dependency_config,
    )


class PodStepHandler(StepHandler):
    """dagster-k8s's handler; an unhealthy step has the reason of its pod's end."""

    def __init__(self, plain: K8sStepHandler) -> None:
        super().__init__()
        self._plain = plain
        self.lost: set[str] = set()
        """Steps whose pods were taken away."""
        self._looked: dict[str, float] = {}
        self._waits_since: dict[str, float] = {}

    @property
    def name(self) -> str:
        """Shown in the run's events."""
        return str(self._plain.name)

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Create the step's Job."""
        return self._plain.launch_step(step_handler_context)

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Delete the step's Job."""
        return self._plain.terminate_step(step_handler_context)

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Whether the step's Job goes on; where it does not, with the reason."""
        from kubernetes.client.rest import ApiException

        result = self._plain.check_step_health(step_handler_context)
        job = str(self._plain._get_k8s_step_job_name(step_handler_context))
        namespace = str(self._plain._get_container_context(step_handler_context).namespace)
        try:
            if result.is_healthy:
                waits = self._waits_for_good(job, namespace)
                if not waits:
                    return result
                list(self.terminate_step(step_handler_context))  # it would keep its GPU
                found: Ending | None = Ending(waits, taken_away=False)
            else:
                found = self._ending(job, namespace)
        except ApiException as error:
            if error.status != 403:
                raise  # shown among the run's events, and asked again
            if result.is_healthy:
                return result
            # Without the right to read them the step has to end all the same.
            missing = "why is not known: the run's ServiceAccount may not list jobs, pods and events"
            found = Ending(missing, taken_away=False)
        if found is None:
            return CheckStepHealthResult.healthy()
        (step_key,) = step_handler_context.execute_step_args.step_keys_to_execute or [""]
        (self.lost.add if found.taken_away else self.lost.discard)(step_key)
        reason = result.unhealthy_reason or f"Kubernetes job {job} does not start."
        return CheckStepHealthResult.unhealthy(f"{reason} {found.text}")

    def _waits_for_good(self, job: str, namespace: str) -> str:
        """Why a container has not started for minutes, and will not; empty where all is well."""
        now = time.monotonic()
        if now - self._looked.get(job, float("-inf")) < _LOOK_SECONDS:
            return ""
        self._looked[job] = now
        client = self._plain._api_client
        pods = client.batch_api.api_client.sanitize_for_serialization(client.get_pods_in_job(job, namespace))
        why = why_it_waits(pods)
        if not why:
            self._waits_since.pop(job, None)
            return ""
        return why if now - self._waits_since.setdefault(job, now) >= WAIT_SECONDS else ""

    def _ending(self, job: str, namespace: str) -> Ending | None:
        """Why the Job's pod ended; None while it has its grace period left."""
        client = self._plain._api_client
        plain = client.batch_api.api_client.sanitize_for_serialization
        jobs = plain(client.batch_api.list_namespaced_job(namespace, field_selector=f"metadata.name={job}").items)
        pods = plain(client.get_pods_in_job(job, namespace))
        if any(map(is_ending, pods)):
            return None  # the Job has failed already; started now, another pod would ask the same rows beside it
        # Pods are deleted at a deadline, their events stay; a pod's name begins with its Job's.
        events = plain(client.core_api.list_namespaced_event(namespace).items)
        named = [(one, f"{(one.get('involvedObject') or {}).get('name', '')}-") for one in events]
        return ending(jobs[0] if jobs else None, pods, [one for one, name in named if name.startswith(f"{job}-")])


class PodExecutor(StepDelegatingExecutor):
    """Starts a step again in another pod when its own was taken away; every other end is the step's failure."""

    def log_failure_or_retry_event_after_error(
        self, step_context: IStepContext, err_info: SerializableErrorInfo, known_state: KnownExecutionState
    ) -> dg.DagsterEvent:
        """Called when a step is unhealthy."""
        handler = self._step_handler
        attempts = known_state.get_retry_state().get_attempt_count(step_context.step.key)
        lost = isinstance(handler, PodStepHandler) and step_context.step.key in handler.lost
        if isinstance(handler, PodStepHandler):
            handler.lost.discard(step_context.step.key)
        if lost and not step_context.retry_mode.disabled and attempts < POD_RETRIES:
            again = StepRetryData(error=err_info, seconds_to_wait=POD_RETRY_SECONDS)  # type: ignore[no-untyped-call]
            return dg.DagsterEvent.step_retry_event(step_context, again)
        return super().log_failure_or_retry_event_after_error(step_context, err_info, known_state)
