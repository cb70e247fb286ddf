"""dagster.yaml of the chart is what the real Dagster takes, on a real PostgreSQL, with nothing written beside it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.run_coordinator import QueuedRunCoordinator

from enrichment_platform.inference.ledger_engine import ledger_engine
from enrichment_platform.kubernetes.step_executor import step_executor_settings
from enrichment_platform.stages.run_launcher import PatientK8sRunLauncher
from enrichment_platform_tests.helm.pods import launcher_of, pods
from enrichment_platform_tests.helm.rendering import NAMES, Manifest, named, rendered, rendered_from, values_of
from enrichment_platform_tests.servers.postgres import postgres_url

__all__ = ["postgres_url"]
WITHOUT_DRIVER = importlib.util.find_spec("dagster_postgres") is None
NEEDS_DRIVER = pytest.mark.skipif(
    WITHOUT_DRIVER, reason="!!! NOT RUN: Dagster on PostgreSQL: dagster-postgres is not installed (dev group)"
)


def settings_of(manifests: tuple[Manifest, ...], key: str = "dagster.yaml", ending: str = "-instance") -> str:
    text: str = named(manifests, "ConfigMap", ending)["data"][key]
    return text


@pytest.mark.parametrize("name", NAMES)
def test_dagster_takes_the_settings(name: str) -> None:
    launcher = launcher_of(rendered(name))
    assert isinstance(launcher, PatientK8sRunLauncher)
    assert launcher.job_namespace == "enrich"


@pytest.mark.parametrize("name", NAMES)
def test_runs_are_queued_watched_and_retried(name: str, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(settings_of(rendered(name)))
    ref = InstanceRef.from_dir(str(tmp_path))
    assert isinstance(ref.run_coordinator, QueuedRunCoordinator)
    monitoring = ref.settings["run_monitoring"]
    assert monitoring["enabled"] is True
    assert monitoring["start_timeout_seconds"] > 0
    assert monitoring["max_runtime_seconds"] > 0
    assert monitoring["max_resume_run_attempts"] == 0
    assert ref.settings["run_retries"]["enabled"] is True
    assert ref.settings["concurrency"]["pools"]["default_limit"] > 0


def test_limits_of_pools_are_set_by_the_migration() -> None:
    (job,) = [pod for pod in pods("placement") if pod.component == "migrate"]
    arguments = [container["args"] for container in job.containers]
    assert arguments == [
        ["instance", "migrate"],
        ["instance", "concurrency", "set", "model_big", "1"],
        ["instance", "concurrency", "set", "model_default", "4"],
    ]


def test_containers_of_the_migration_are_numbered_whatever_pools_are_called() -> None:
    (job,) = [pod for pod in pods("numbers") if pod.component == "migrate"]
    assert [container["name"] for container in job.containers] == ["migrate", "pool-0", "pool-1", "done"]
    assert {container["args"][-2] for container in job.containers[1:]} == {"model_A", "model.a", "model-a"}


def test_before_an_upgrade_the_migration_needs_nothing_of_the_release() -> None:
    manifests = rendered("cloud-roles")
    account, settings, job = (named(manifests, kind, "-migrate") for kind in ("ServiceAccount", "ConfigMap", "Job"))
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert account["metadata"]["annotations"]["team"] == "enrichment"
    weights = []
    for one in (account, settings, job):
        annotations = one["metadata"]["annotations"]
        assert annotations["helm.sh/hook"] == "post-install,pre-upgrade"
        assert "before-hook-creation" in annotations["helm.sh/hook-delete-policy"]
        weights.append(int(annotations["helm.sh/hook-weight"]))
    assert weights == [-10, -5, 0]


def test_the_step_executor_reads_what_the_chart_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from enrichment_platform.definitions import _executor

    path = tmp_path / "executor.json"
    path.write_text(named(rendered("placement"), "ConfigMap", "-pods")["data"]["executor-enrichment-platform.json"])
    monkeypatch.setenv("ENRICHMENT_STEP_EXECUTOR", str(path))
    monkeypatch.setenv("ENRICHMENT_EXECUTOR", "kubernetes")
    assert step_executor_settings()["max_concurrent"] == 2
    assert _executor().name == "k8s"
    assert json.loads(path.read_text())["step_k8s_config"]["merge_behavior"] == "SHALLOW"


@pytest.fixture
def on_postgres(postgres_url: str, tmp_path: Path) -> tuple[tuple[Manifest, ...], sa.URL]:
    """The manifests of a release whose PostgreSQL is the one of the tests."""
    url = sa.make_url(postgres_url)
    given: dict[str, Any] = {
        **values_of("minimal"),
        "postgresql": {
            "postgresqlHost": url.host,
            "postgresqlUsername": url.username,
            "postgresqlDatabase": url.database,
            "service": {"port": url.port},
        },
        "concurrency": {"pools": {"limits": {"model_default": 4}}},
        "dagsterWebserver": {"enableReadOnly": True},
    }
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(given))
    return rendered_from(path), url


def environment(container: dict[str, Any], password: str) -> dict[str, str]:
    """Variables of a container as the kubelet makes them: secrets as they are, $(NAME) of others expanded in order."""
    made: dict[str, str] = {}
    for entry in container["env"]:
        value = entry.get("value", "")
        for known, its in made.items():
            value = value.replace(f"$({known})", its)
        made[entry["name"]] = value if "value" in entry else password
    return made


def test_the_ledger_opens_with_the_url_and_the_password_of_the_container(
    on_postgres: tuple[tuple[Manifest, ...], sa.URL],
) -> None:
    manifests, url = on_postgres
    code = named(manifests, "Deployment", "-code-enrichment-platform")["spec"]["template"]["spec"]["containers"][0]
    given = environment(code, str(url.password))
    ledger = sa.make_url(given["ENRICHMENT_LEDGER"])
    assert ledger.password is None
    whole = ledger.set(password=given["ENRICHMENT_LEDGER_PASSWORD"])
    engine = ledger_engine(whole.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.execute(sa.text("select 1")).scalar() == 1
    engine.dispose()


PASSWORDS = [
    "plain",
    "with:colon",
    "a/b",
    "100%",
    "%41",
    "p@ss",
    'quo"te',
    "back\\slash",
    "q?x=1#y",
    "$(HOME)",
    "ümlaut",
]


@pytest.mark.parametrize("password", PASSWORDS)
def test_every_password_arrives_as_it_is(password: str) -> None:
    """In a variable of its own, from the Secret: Kubernetes expands nothing in it, and no URL has to quote it."""
    for pod in pods("minimal"):
        if pod.component not in ("code", "run_worker", "step_worker"):
            continue
        given = environment(pod.spec["containers"][0], password)
        assert given["ENRICHMENT_LEDGER_PASSWORD"] == password
        url = sa.make_url(given["ENRICHMENT_LEDGER"])
        assert (url.username, url.password, url.host, url.database) == (
            "dagster",
            None,
            "db.example.internal",
            "dagster",
        )


def test_the_ledger_is_asked_with_the_certificates_of_dagsters_connection(tmp_path: Path) -> None:
    given = {**values_of("minimal")}
    params = {"sslmode": "verify-full", "sslrootcert": "/etc/my certs/ca&b.pem", "application_name": "dagster"}
    given["postgresql"] = {**given["postgresql"], "postgresqlParams": params}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(given))
    code = named(rendered_from(path), "Deployment", "-code-enrichment-platform")["spec"]["template"]["spec"]
    url = sa.make_url(environment(code["containers"][0], "x")["ENRICHMENT_LEDGER"])
    assert dict(url.query) == {"sslmode": "verify-full", "sslrootcert": "/etc/my certs/ca&b.pem"}


@NEEDS_DRIVER
def test_the_migration_runs_and_sets_the_limits_of_pools(
    on_postgres: tuple[tuple[Manifest, ...], sa.URL], tmp_path: Path
) -> None:
    """The Job's own containers, one after the other, with nothing to write to but /tmp."""
    manifests, url = on_postgres
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(settings_of(manifests, ending="-migrate"))
    home.chmod(0o555)
    pod = named(manifests, "Job", "-migrate")["spec"]["template"]["spec"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        given = {**environment(container, str(url.password)), "DAGSTER_HOME": str(home), "PATH": os.environ["PATH"]}
        command = [str(Path(sys.executable).with_name(container["command"][0])), *container["args"]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=given)
        assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in home.iterdir()] == ["dagster.yaml"]
    with sa.create_engine(url.set(drivername="postgresql+pg8000")).connect() as connection:
        limits = connection.execute(sa.text('select concurrency_key, "limit" from concurrency_limits')).all()
    assert [tuple(row) for row in limits] == [("model_default", 4)]


@NEEDS_DRIVER
def test_who_has_no_token_does_not_load_the_launcher(
    on_postgres: tuple[tuple[Manifest, ...], sa.URL], tmp_path: Path
) -> None:
    """Steps and code locations open the full dagster.yaml; the pages of the UI ask the read-only one for everything."""
    manifests, url = on_postgres
    code = (
        "from dagster import DagsterInstance\n"
        "with DagsterInstance.get() as instance:\n"
        "    print(len(instance.get_runs()), instance._run_launcher is None)\n"
    )
    whole = code + "    print(instance.info_str())\n"
    for key, script, launcher in (
        ("dagster.yaml", code, "True"),
        ("dagster-read-only.yaml", whole, "DefaultRunLauncher"),
    ):
        home = tmp_path / key.removesuffix(".yaml")
        home.mkdir()
        (home / "dagster.yaml").write_text(settings_of(manifests, key))
        given = {
            **{"DAGSTER_HOME": str(home), "DAGSTER_PG_PASSWORD": str(url.password)},
            **{"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        }
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False, env=given
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert launcher in done.stdout
