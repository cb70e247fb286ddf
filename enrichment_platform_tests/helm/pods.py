"""All pods that a release makes: of its own workloads, and of the runs and steps that it launches."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import yaml
from dagster import DagsterRun
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.instance.ref import InstanceRef
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster_k8s import K8sRunLauncher, construct_dagster_k8s_job, k8s_job_executor
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from kubernetes.client import ApiClient

from enrichment_platform.kubernetes import pod_config, profile_of, profiles
from enrichment_platform.pod_spec import PodSpec
from enrichment_platform_tests.helm.rendering import Manifest, named, of_kind, rendered

WORKLOADS = ("Deployment", "StatefulSet", "Job")
_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {}}],
}


@dataclass(frozen=True)
class Pod:
    """One kind of pod: which object makes it, its metadata, its spec."""

    made_by: str
    metadata: dict[str, Any]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        return str(self.metadata["labels"]["app.kubernetes.io/component"])

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


def pods(name: str) -> list[Pod]:
    """Return all pods of values/NAME.yaml; of steps one for each profile, of runs one for each code location."""
    manifests = rendered(name)
    found = []
    for one in (*of_kind(manifests, *WORKLOADS), *launched(name)):
        template = one["spec"]["template"]
        found.append(Pod(f"{one['kind']}/{one['metadata']['name']}", template["metadata"], template["spec"]))
    return found


@functools.cache
def launched(name: str) -> tuple[Manifest, ...]:
    """Return the Jobs of runs and steps, built by dagster-k8s from the rendered ConfigMaps."""
    return tuple(_launched(rendered(name)))


def launcher_of(manifests: tuple[Manifest, ...]) -> K8sRunLauncher:
    """Return the launcher of the rendered dagster.yaml; only its way to the API is another one."""
    text = named(manifests, "ConfigMap", "-instance")["data"]["dagster.yaml"]
    settings = yaml.safe_load(text)
    with TemporaryDirectory() as home:
        config = Path(home) / "kubeconfig"
        config.write_text(yaml.safe_dump(_CLUSTER))
        settings["run_launcher"]["config"] |= {"load_incluster_config": False, "kubeconfig_file": str(config)}
        (Path(home) / "dagster.yaml").write_text(yaml.safe_dump(settings))
        launcher = InstanceRef.from_dir(home).run_launcher
    assert isinstance(launcher, K8sRunLauncher)
    return launcher


def _launched(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    launcher = launcher_of(manifests)
    files = named(manifests, "ConfigMap", "-pods")["data"]
    for code in of_kind(manifests, "Deployment"):
        labels = code["metadata"]["labels"]
        if labels["app.kubernetes.io/component"] != "code":
            continue
        location = labels["enrichment-platform/location"]
        run = _run(code["spec"]["template"]["spec"]["containers"][0])
        settings = json.loads(files[f"executor-{location}.json"])
        k8s_job_executor.configured(settings)  # raises where dagster-k8s knows a field not
        context = K8sContainerContext.create_for_run(run, launcher, include_run_tags=True)
        yield _job(launcher, context, run, f"run-{location}", "run_worker")
        executor = K8sContainerContext(
            run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(settings["step_k8s_config"])
        )
        bare = K8sContainerContext.create_for_run(run, launcher, include_run_tags=False).merge(executor)
        yield _job(launcher, bare, run, f"step-{location}-none", "step_worker")
        for profile, config in _profiles(files["profiles.json"]).items():
            tagged = K8sContainerContext(run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(config))
            yield _job(launcher, bare.merge(tagged), run, f"step-{location}-{profile}", "step_worker")


def _profiles(text: str) -> dict[str, dict[str, Any]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.json"
        path.write_text(text)
        with mock.patch.dict(os.environ, {"ENRICHMENT_POD_PROFILES": str(path)}):
            labels = {"enrichment-platform/enrichment": "tickets", "enrichment-platform/stage": "classified"}
            return {one: pod_config(profile_of(PodSpec(profile=one), "test"), labels) for one in profiles()}


def _run(code: dict[str, Any]) -> DagsterRun:
    """A run as the code location's server describes it: its image, and what its runs have in addition."""
    variables = {entry["name"]: entry.get("value") for entry in code["env"]}
    origin = RepositoryPythonOrigin(
        executable_path="python",
        code_pointer=ModuleCodePointer("enrichment_platform.definitions", "defs"),
        container_image=variables["DAGSTER_CURRENT_IMAGE"],
        container_context=json.loads(variables["DAGSTER_CONTAINER_CONTEXT"]),
    )
    return DagsterRun(job_name="job", job_code_origin=JobPythonOrigin("job", origin))


def _job(
    launcher: K8sRunLauncher, context: K8sContainerContext, run: DagsterRun, name: str, component: str
) -> Manifest:
    assert run.job_code_origin is not None
    job = construct_dagster_k8s_job(
        job_config=context.get_k8s_job_config(run.job_code_origin.repository_origin.container_image, launcher),
        args=["dagster", "api", "execute_run", "{}"],
        job_name=name,
        component=component,
        user_defined_k8s_config=context.run_k8s_config,
        labels={"dagster/run-id": run.run_id},
    )
    document: Manifest = ApiClient().sanitize_for_serialization(job)
    return document
