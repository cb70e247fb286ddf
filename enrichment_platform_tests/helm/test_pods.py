"""Every pod of a release is restricted: the chart's own, and runs and steps as dagster-k8s builds them."""

from __future__ import annotations

import pytest

from enrichment_platform.kubernetes.chart_model import OWN_VOLUMES
from enrichment_platform.pod_parts import TAKEN_PATHS
from enrichment_platform_tests.helm.pods import Pod, launched, pods
from enrichment_platform_tests.helm.rendering import NAMES, of_kind, rendered

WITH_TOKEN = {"webserver", "daemon", "run_worker"}
MODEL_SERVERS = {"vllm"}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_all_kinds_of_pods_are_looked_at() -> None:
    kinds = {pod.component for pod in pods("everything")}
    assert kinds == {
        *("webserver", "read-only-webserver", "daemon", "code", "migrate", "postgresql", "vllm"),
        *("run_worker", "step_worker"),
    }


def test_no_container_is_root_or_gains_rights_or_writes_to_its_image(name: str) -> None:
    for pod in pods(name):
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True, pod.made_by
        assert min(security["runAsUser"], security["runAsGroup"], security["fsGroup"]) > 0, pod.made_by
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod.made_by
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            assert not pod.spec.get(key), pod.made_by
        assert not [volume for volume in pod.spec.get("volumes", []) if "hostPath" in volume], pod.made_by
        for container in pod.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, pod.made_by


def test_only_who_asks_the_api_has_a_token(name: str) -> None:
    for pod in pods(name):
        assert pod.spec["automountServiceAccountToken"] is (pod.component in WITH_TOKEN), pod.made_by
        assert pod.spec["enableServiceLinks"] is False, pod.made_by
    for account in of_kind(rendered(name), "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_an_account_with_a_token_is_not_shared_with_pods_without(name: str) -> None:
    with_token = {pod.spec["serviceAccountName"] for pod in pods(name) if pod.component in WITH_TOKEN}
    without = {pod.spec["serviceAccountName"] for pod in pods(name) if pod.component not in WITH_TOKEN}
    assert len(with_token) == len(WITH_TOKEN)
    assert not with_token & without


def test_every_mount_has_its_volume_and_every_volume_its_mount(name: str) -> None:
    stateful = {
        template["metadata"]["name"]
        for one in of_kind(rendered(name), "StatefulSet")
        for template in one["spec"]["volumeClaimTemplates"]
    }
    for pod in pods(name):
        volumes = [volume["name"] for volume in pod.spec.get("volumes", [])]
        assert len(volumes) == len(set(volumes)), pod.made_by
        mounted = set()
        for container in pod.containers:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            assert len(paths) == len(set(paths)), pod.made_by
            mounted |= {mount["name"] for mount in container.get("volumeMounts", [])}
        assert mounted - stateful == set(volumes), pod.made_by


def test_every_main_container_can_write_to_tmp(name: str) -> None:
    """Steps without a profile write to /var/tmp, where Python looks next."""
    for pod in pods(name):
        main = pod.spec["containers"][0]
        writable = {mount["mountPath"] for mount in main["volumeMounts"] if not mount.get("readOnly")}
        wanted = "/var/tmp" if pod.made_by.endswith("-none") else "/tmp"
        assert wanted in writable, pod.made_by


def test_every_container_asks_for_cpu_and_memory_and_is_limited_in_memory(name: str) -> None:
    for pod in pods(name):
        for container in pod.containers:
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), pod.made_by
            assert resources["limits"]["memory"] == resources["requests"]["memory"], pod.made_by
            assert "cpu" not in resources["limits"], pod.made_by
            for amount in ("nvidia.com/gpu",):
                assert resources["requests"].get(amount) == resources["limits"].get(amount), pod.made_by


def test_what_runs_all_the_time_is_probed(name: str) -> None:
    for one in of_kind(rendered(name), "Deployment", "StatefulSet"):
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert {"startupProbe", "livenessProbe"} <= set(container), container["name"]
            assert ("readinessProbe" in container) == (container["name"] != "dagster-daemon")


def test_jobs_end_and_are_not_retried_without_end(name: str) -> None:
    jobs = [*of_kind(rendered(name), "Job"), *launched(name)]
    for job in jobs:
        spec = job["spec"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        assert spec["activeDeadlineSeconds"] > 0
        assert spec["ttlSecondsAfterFinished"] >= 0
        assert spec["backoffLimit"] == (6 if job["metadata"]["name"].endswith("-migrate") else 0)


def test_no_pod_asks_for_a_restart_policy_that_its_kind_forbids(name: str) -> None:
    for one in of_kind(rendered(name), "Deployment", "StatefulSet"):
        assert one["spec"]["template"]["spec"].get("restartPolicy", "Always") == "Always"
    for pod in pods(name):
        for container in pod.spec["containers"]:
            assert "restartPolicy" not in container


def test_pods_that_are_configured_are_restarted_when_the_configuration_changes(name: str) -> None:
    for one in of_kind(rendered(name), "Deployment"):
        template = one["spec"]["template"]
        own = {config["metadata"]["name"] for config in of_kind(rendered(name), "ConfigMap")}
        mounted = [volume["configMap"] for volume in template["spec"]["volumes"] if "configMap" in volume]
        maps = [config for config in mounted if config["name"] in own]
        sums = [key for key in template["metadata"].get("annotations", {}) if key.startswith("checksum/")]
        assert len(sums) == len(maps), one["metadata"]["name"]


def test_a_node_is_not_kept_for_what_runs_all_the_time(name: str) -> None:
    """An autoscaler leaves nodes alone that have pods with empty volumes, but for those that are named."""
    for one in of_kind(rendered(name), "Deployment"):
        template = one["spec"]["template"]
        empty = {volume["name"] for volume in template["spec"]["volumes"] if "emptyDir" in volume}
        if template["metadata"]["labels"]["app.kubernetes.io/component"] != "vllm":
            let = template["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"]
            assert set(let.split(",")) == empty
            assert "tmp" in empty


def by(name: str, ending: str) -> Pod:
    (found,) = [pod for pod in pods(name) if pod.made_by.endswith(ending)]
    return found


def variables(pod: Pod) -> dict[str, object]:
    """Later ones count, as in Kubernetes."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in pod.spec["containers"][0]["env"]}


def test_a_step_has_its_profile_and_nothing_of_the_run_pods_nodes() -> None:
    run, step = by("placement", "/run-enrichment-platform"), by("placement", "/step-enrichment-platform-cpu")
    assert run.spec["nodeSelector"] == {"pool": "system"}
    assert run.spec["tolerations"] == [{"key": "system", "operator": "Exists"}]
    assert run.spec["priorityClassName"] == "runs"
    assert not step.spec.get("nodeSelector")
    assert not step.spec.get("tolerations")
    assert not step.spec.get("priorityClassName")
    assert "RUN_ONLY" in variables(run)
    assert "RUN_ONLY" not in variables(step)
    assert variables(step)["STEP_ONLY"] == "1"
    assert step.metadata["labels"]["enrichment-platform/stage"] == "classified"
    assert step.metadata["labels"]["team"] == "data"


def test_a_step_keeps_the_variables_of_the_platform_beside_those_of_its_profile() -> None:
    step = by("gpu-profiles", "/step-enrichment-platform-gpu-serve")
    given = variables(step)
    assert given["ENRICHMENT_LAKE"] == "s3://bucket/lake"
    assert given["ENRICHMENT_ENDPOINT"] == "http://127.0.0.1:8000/v1"
    assert step.spec["initContainers"][0]["restartPolicy"] == "Always"
    assert step.spec["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert step.spec["priorityClassName"] == "nightly"
    sidecar = step.spec["initContainers"][0]["resources"]
    assert sidecar["limits"]["nvidia.com/gpu"] == sidecar["requests"]["nvidia.com/gpu"] == "2"


def test_the_ledgers_password_is_that_of_dagsters_storage_and_no_part_of_the_url() -> None:
    for pod in pods("minimal"):
        if pod.component not in ("code", "run_worker", "step_worker"):
            continue
        given = variables(pod)
        assert given["ENRICHMENT_LEDGER"] == "postgresql://dagster@db.example.internal:5432/dagster"
        reference = {"secretKeyRef": {"name": "dagster-postgresql-secret", "key": "postgresql-password"}}
        assert given["ENRICHMENT_LEDGER_PASSWORD"] == reference, pod.made_by


def test_a_ledger_with_a_whole_url_has_its_password_in_it() -> None:
    given = variables(by("s3-credentials", "/step-enrichment-platform-cpu"))
    assert given["ENRICHMENT_LEDGER"] == {"secretKeyRef": {"name": "ledger-url", "key": "sqlalchemy"}}
    assert "ENRICHMENT_LEDGER_PASSWORD" not in given


def test_runs_and_steps_have_image_and_secrets_of_their_code_location() -> None:
    for ending, image, secrets in (
        ("/run-support", "registry.example/support:3", ["support-keys"]),
        ("/step-support-cpu", "registry.example/support:3", ["support-keys"]),
        ("/run-finance", "enrichment-platform:0.1.0", []),
        ("/step-finance-cpu", "enrichment-platform:0.1.0", []),
    ):
        pod = by("two-locations", ending)
        container = pod.spec["containers"][0]
        assert container["image"] == image
        sources = container.get("envFrom") or []
        assert [one["secretRef"]["name"] for one in sources if "secretRef" in one] == secrets
    assert variables(by("two-locations", "/step-support-cpu"))["TEAM"] == "support"
    assert "TEAM" not in variables(by("two-locations", "/step-finance-cpu"))


def test_a_step_that_asks_the_shared_server_knows_where_it_is() -> None:
    step = variables(by("everything", "/step-enrichment-platform-service"))
    assert step["ENRICHMENT_ENDPOINT"] == "http://ep-enrichment-platform-vllm:8000/v1"
    assert step["ENRICHMENT_API_KEY"] == {"secretKeyRef": {"name": "vllm-key", "key": "token"}}


def paths(pod: Pod) -> dict[str, dict[str, object]]:
    """What a pod's main container finds where."""
    volumes = {one["name"]: one for one in pod.spec.get("volumes", [])}
    mounts = pod.spec["containers"][0]["volumeMounts"]
    return {one["mountPath"]: {**volumes[one["name"]], "readOnly": one.get("readOnly", False)} for one in mounts}


def test_further_volumes_are_where_the_values_say() -> None:
    found: dict[str, list[str]] = {}
    for pod in pods("volumes"):
        assert ("/etc/company" in paths(pod)) is (pod.component != "postgresql"), pod.made_by
        for container in pod.containers:
            if container["name"] != "vllm":
                assert "/etc/company" in [one["mountPath"] for one in container["volumeMounts"]], pod.made_by
        for path in set(paths(pod)) & {"/var/web", "/runs", "/etc/step/file", "/vault", "/inbox", "/prompts"}:
            found.setdefault(path, []).append(pod.made_by.rpartition("/")[2].removeprefix("ep-enrichment-platform-"))
    steps = [f"step-support-{name}" for name in ("none", "cpu", "gpu-clean", "gpu-serve", "service")]
    assert {path: sorted(made) for path, made in found.items()} == {
        "/var/web": ["webserver"],
        "/runs": ["run-support"],
        "/etc/step/file": sorted(steps),
        "/vault": sorted(["code-support", "run-support", *steps]),
        "/inbox": ["step-support-cpu"],
        "/prompts": ["step-support-gpu-serve"],
    }
    assert paths(by("volumes", "/run-support"))["/runs"]["readOnly"] is False
    assert paths(by("volumes", "/run-support"))["/vault"]["readOnly"] is True
    assert paths(by("volumes", "/step-support-cpu"))["/inbox"]["persistentVolumeClaim"] == {
        "claimName": "inbox",
        "readOnly": True,
    }


@pytest.mark.parametrize("name", [name for name in NAMES if name != "volumes"])  # which has volumes of others
def test_names_and_paths_that_the_platform_mounts_are_refused_as_those_of_others(name: str) -> None:
    """Or a pod with both would be refused at its launch; paths that the values themselves name are left to Helm."""
    chosen = {"/opt/dagster/dagster_home/dagster.yaml", "/data/lake", "/lake"}
    for pod in pods(name):
        if pod.component in ("postgresql", "vllm"):
            continue
        container = pod.spec["containers"][0]
        assert {one["name"] for one in container["volumeMounts"]} <= set(OWN_VOLUMES), pod.made_by
        assert {one["mountPath"] for one in container["volumeMounts"]} - chosen <= set(TAKEN_PATHS), pod.made_by


def test_affinity_is_that_of_each_kind_of_pod() -> None:
    kinds = {
        "-daemon": ["nodeAffinity"],
        "-code-support": ["podAntiAffinity"],
        "-webserver": [],
        "/run-support": ["nodeAffinity"],
        "/step-support-cpu": [],
        "/step-support-gpu-serve": ["nodeAffinity"],
    }
    for ending, kind in kinds.items():
        assert list(by("volumes", ending).spec.get("affinity") or {}) == kind, ending


def test_every_pod_has_the_groups_of_the_values_unless_its_profile_has_one() -> None:
    for pod in pods("volumes"):
        security = pod.spec["securityContext"]
        group = 3000 if pod.made_by.endswith("-gpu-serve") else 2001
        assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (2000, group, 2002), pod.made_by


def test_every_pod_has_the_user_of_the_values_unless_its_profile_has_one() -> None:
    for pod in pods("numbers"):
        user = 2000 if pod.made_by.endswith("-gpu-clean") else 1000650000
        assert pod.spec["securityContext"]["runAsUser"] == user, pod.made_by
    steps = {pod.made_by.rpartition("/step-2024-")[2] for pod in pods("numbers") if pod.component == "step_worker"}
    assert steps == {"none", "cpu", "gpu-clean", "gpu-serve", "service", "big"}
