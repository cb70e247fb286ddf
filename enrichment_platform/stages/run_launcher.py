"""dagster-k8s's run launcher for dagster.yaml, that takes no run for dead while the Kubernetes API does not answer."""

from __future__ import annotations

import logging

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_k8s import K8sRunLauncher

from enrichment_platform.kubernetes.ending import is_ending

logger = logging.getLogger("enrichment_platform.run_launcher")


class PatientK8sRunLauncher(K8sRunLauncher):
    """Configured as `K8sRunLauncher`; `class: PatientK8sRunLauncher, module: enrichment_platform.stages.run_launcher`.

    Run monitoring ends every run that is neither running nor done, and dagster-k8s calls it neither when a single
    request for its Job fails: an API server that is upgraded then fails all runs, and each is launched a second time
    beside its first pod. A run whose Job is gone is still ended, and so is one beyond its longest time.

    A run pod that is killed leaves its steps behind. They are ended before the run is: the one that is launched in its
    place would ask the same rows beside them.
    """

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Health of the run's Job; running where it cannot be asked for."""
        result: CheckRunHealthResult = super().check_run_worker_health(run)
        gone = result.status is WorkerStatus.UNKNOWN and (result.msg or "").endswith("could not be found")
        if result.status is WorkerStatus.UNKNOWN and not gone:
            logger.warning("the Job of run %s cannot be asked for, so it is left alone: %s", run.run_id, result.msg)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if gone or result.status is WorkerStatus.FAILED:
            try:
                ended = self._end_steps(run)
            except Exception:
                logger.warning("the steps of run %s cannot be ended yet, so neither is it", run.run_id, exc_info=True)
                ended = False
            if not ended:
                return CheckRunHealthResult(WorkerStatus.RUNNING)
        return result

    def _end_steps(self, run: dg.DagsterRun) -> bool:
        """Delete the Jobs of its steps; whether no pod of them has its grace period left."""
        client = self._api_client
        namespace = self.get_container_context_for_run(run).namespace
        labels = f"dagster/run-id={run.run_id},app.kubernetes.io/component=step_worker"
        for job in client.batch_api.list_namespaced_job(namespace, label_selector=labels).items:
            client.delete_job(job.metadata.name, namespace)
        pods = client.core_api.list_namespaced_pod(namespace, label_selector=labels).items
        return not any(map(is_ending, client.core_api.api_client.sanitize_for_serialization(pods)))
