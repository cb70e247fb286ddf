"""The Enrichment component: what YAML and Python give, and what a wrong field says."""

from __future__ import annotations

import copy
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import yaml
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox

from enrichment_platform.budget_spec import BudgetSpec
from enrichment_platform.components import Enrichment, ModelPool
from enrichment_platform.lake.tables import Lake
from enrichment_platform.location import _reason
from enrichment_platform.spec import EnrichmentSpec

ROOT = Path(__file__).parents[2]
ATTRIBUTES: dict[str, Any] = {
    "name": "letters",
    "description": "Letters by topic.",
    "owners": ["team:post", "ann@example.com"],
    "tags": {"tier": "1"},
    "source": {"path": "letters.csv", "key": "id", "timestamp": "at", "columns": ["text", "sender"]},
    "partitions": {"type": "daily", "start": "2026-01-01"},
    "cleaning": {"steps": ["unicode_nfc", {"truncate_text": {"max_chars": 100}}]},
    "prompt": {"columns": ["text"], "template": "Letter: {{ text }}"},
    "output": [
        {"name": "topic", "type": "label", "description": "what it is about", "labels": ["praise", "complaint"]},
        {"name": "amount", "type": "number", "required": False, "evidence": True},
    ],
    "model": "default",
    "data_class": "confidential",
    "schedule": "0 6 * * *",
    "freshness": {"fail_after_hours": 36, "warn_after_hours": 30},
}


@pytest.fixture
def sandbox(home: Path) -> Iterator[DefsFolderSandbox]:
    with create_defs_folder_sandbox() as folder:
        yield folder


@contextmanager
def loaded(sandbox: DefsFolderSandbox, attributes: dict[str, Any]) -> Iterator[tuple[Enrichment, dg.Definitions]]:
    contents = {"type": "enrichment_platform.components.Enrichment", "attributes": attributes}
    path = sandbox.scaffold_component(component_cls=Enrichment, defs_path="letters", defs_yaml_contents=contents)
    with sandbox.load_component_and_build_defs(defs_path=path) as (component, defs):
        assert isinstance(component, Enrichment)
        yield component, defs


def changed(path: str, value: Any) -> dict[str, Any]:
    attributes: Any = copy.deepcopy(ATTRIBUTES)
    *parents, last = path.split(".")
    inner = attributes
    for name in parents:
        inner = inner[int(name) if name.isdigit() else name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return attributes  # type: ignore[no-any-return]


def test_yaml_gives_four_assets_with_keys_kinds_owners_tags_and_order(sandbox: DefsFolderSandbox) -> None:
    with loaded(sandbox, ATTRIBUTES) as (_, defs):
        graph = defs.resolve_asset_graph()
        keys = [dg.AssetKey(["letters", stage]) for stage in ("raw", "cleaned", "classified", "enriched")]
        assert graph.get_all_asset_keys() == set(keys)
        nodes = [graph.get(key) for key in keys]
        assert [node.parent_keys for node in nodes] == [set(), {keys[0]}, {keys[1]}, {keys[2]}]
        for node, key in zip(nodes, keys, strict=True):
            assert set(node.owners) == {"team:post", "ann@example.com"}
            expected = {"tier": "1", "enrichment": "letters", "stage": key.path[-1], "data_class": "confidential"}
            assert expected.items() <= node.tags.items()
            assert node.group_name == "letters"
            assert "Letters by topic." in (node.description or "")
            assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)
        kinds = [set(node.kinds) for node in nodes]
        assert kinds[0] == {"deltalake", "file"}
        assert "polars" in kinds[1]
        assert "llm" in kinds[2]
        assert "table" in kinds[3]


def test_only_the_published_table_has_a_freshness_policy_and_only_the_model_stage_a_pool(
    sandbox: DefsFolderSandbox,
) -> None:
    with loaded(sandbox, ATTRIBUTES) as (_, defs):
        specs = {spec.key.path[-1]: spec for spec in defs.resolve_all_asset_specs()}
        assert [stage for stage, spec in specs.items() if spec.freshness_policy] == ["enriched"]
        policy = specs["enriched"].freshness_policy
        assert (policy.fail_window.to_timedelta().total_seconds() / 3600) == 36  # type: ignore[union-attr]
        pools = {key.path[-1]: defs.resolve_assets_def(key).op.pool for key in [s.key for s in specs.values()]}
        assert pools == {"raw": None, "cleaned": None, "classified": "model_default", "enriched": None}


def test_every_check_is_blocking_and_partitioned_on_the_staged_table(sandbox: DefsFolderSandbox) -> None:
    with loaded(sandbox, ATTRIBUTES) as (_, defs):
        graph = defs.resolve_asset_graph()
        keys = graph.asset_check_keys
        assert {key.asset_key.path[-1] for key in keys} == {"classified"}
        assert {"row_reconciliation", "output_contract", "evidence_in_source"} <= {key.name for key in keys}
        assert all(graph.get(key).blocking for key in keys)
        assert all(graph.get(key).partitions_def for key in keys)


def test_the_schedule_is_there_where_one_is_asked_for(sandbox: DefsFolderSandbox) -> None:
    with loaded(sandbox, changed("partitions.timezone", "Europe/Berlin")) as (_, defs):
        schedule = defs.resolve_schedule_def("letters_schedule")
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "Europe/Berlin")
    with loaded(sandbox, changed("schedule", None)) as (_, defs):
        assert not list(defs.schedules or [])


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", "Letters!", "attributes.name: use lower-case letters"),
        ("name", "platform", "attributes.name: use lower-case letters"),
        ("nmae", "x", "attributes.nmae: Extra inputs are not permitted"),
        ("source.key", None, "source.file.key: Field required"),
        ("source.pth", "x", "pth: Extra inputs are not permitted"),
        ("source.type", "ftp", "attributes.source"),
        ("partitions.type", "yearly", "attributes.partitions.type: Input should be"),
        ("partitions.start", "soon", "partitions: "),
        ("partitions.timezone", "Mars/Olympus", "partitions: "),
        ("cleaning.steps", ["unicode_nfcc"], "unicode_nfc"),
        ("cleaning.steps", [{"truncate_text": {"chars": 1}}], "cleaning.steps[1] truncate_text: unknown parameter"),
        (
            "prompt.template",
            "{{ body }}",
            "prompt.template uses 'body', which is not declared in prompt.columns (text)",
        ),
        ("prompt.template", "{{ text", "prompt.template, line 1"),
        ("prompt.columns", ["body"], "columns body are not among source.columns"),
        ("output.0.labels", ["one"], "label field 'topic' needs at least two `labels`"),
        ("output.0.type", "enum", "attributes.output.0.type: Input should be"),
        ("output.1.name", "status", "attributes.output.1.name: 'status' is a column of the platform"),
        ("output.1.name", "text", "output fields text"),
        ("model", "gpu", "attributes.model.pool: there is no model pool 'gpu'; defined are default"),
        ("data_class", "secret", "attributes.data_class: Input should be"),
        ("checks", {"max_failed_share": 5}, "attributes.checks.max_failed_share: Input should be less than"),
        ("checks", {"thresholds": {"answer_statu": 0.1}}, "checks.thresholds.answer_statu: there is no such check"),
        ("freshness.fail_after_hours", 0, "attributes.freshness.fail_after_hours"),
        ("budget", {"day": {}}, "attributes.budget.day: give `tokens`, `usd` or both"),
        ("budget", {"month": {"usd": 1}}, "attributes.budget.month: Extra inputs are not permitted"),
        ("priority", "urgent", "attributes.priority: Input should be 'low', 'normal' or 'high'"),
        ("deadline_minutes", 0, "attributes.deadline_minutes: Input should be greater than 0"),
    ],
)
def test_a_wrong_field_is_named(sandbox: DefsFolderSandbox, path: str, value: Any, message: str) -> None:
    with pytest.raises(Exception) as raised, loaded(sandbox, changed(path, value)):
        pass
    field, _, text = message.rpartition(": ")
    said = _reason(raised.value)
    assert field in said
    assert text in said


@pytest.mark.parametrize("cron", ["every day", "61 6 * * *"])
def test_a_wrong_cron_expression_is_named(sandbox: DefsFolderSandbox, cron: str) -> None:
    with pytest.raises(Exception) as raised, loaded(sandbox, changed("schedule", cron)):
        pass
    assert cron in _reason(raised.value)


def test_dagster_renders_its_templates_everywhere_but_in_the_prompt(
    sandbox: DefsFolderSandbox, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("LETTERS_FOLDER", "/data/letters")
    attributes = changed("source.path", "{{ env.LETTERS_FOLDER }}/{{ enrichment_home }}.csv")
    with loaded(sandbox, attributes) as (component, _):
        assert component.source.path == f"/data/letters/{home}.csv"  # type: ignore[union-attr]
        assert component.prompt.template == "Letter: {{ text }}"


def test_budget_priority_and_deadline_are_optional(sandbox: DefsFolderSandbox) -> None:
    with loaded(sandbox, ATTRIBUTES) as (component, _):
        assert (component.priority, component.deadline_minutes) == ("normal", None)
        assert component.budget == BudgetSpec()
    attributes = ATTRIBUTES | {
        "budget": {
            "request": {"tokens": 8000},
            "row": {"attempts": 5, "tokens": 20000},
            "partition": {"tokens": 5000000},
            "run": {"usd": 10},
            "day": {"tokens": 20000000, "usd": 25},
        },
        "priority": "low",
        "deadline_minutes": 90,
    }
    with loaded(sandbox, attributes) as (component, _):
        assert (component.priority, component.deadline_minutes) == ("low", 90)
        assert component.budget.row.attempts == 5
        assert component.budget.day is not None
        assert (component.budget.day.tokens, component.budget.day.usd) == (20000000, 25)


def test_a_quoted_number_stays_text(sandbox: DefsFolderSandbox) -> None:
    attributes = changed("partitions", {"type": "static", "keys": ["2025", "2026", "01"], "column": "sender"})
    with loaded(sandbox, attributes) as (component, _):
        assert component.partitions.keys == ["2025", "2026", "01"]
        assert component.tags == {"tier": "1"}


def test_the_python_form_gives_the_same_assets(sandbox: DefsFolderSandbox) -> None:
    folder = sandbox.defs_folder_path / "letters"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "component.py").write_text(
        textwrap.dedent(
            f"""
            import dagster as dg
            from enrichment_platform.components import Enrichment

            @dg.component_instance
            def letters(context: dg.ComponentLoadContext) -> Enrichment:
                return Enrichment.model_validate({ATTRIBUTES!r})
            """
        )
    )
    with sandbox.build_all_defs() as defs:
        assert len(defs.resolve_asset_graph().get_all_asset_keys()) == 4
        assert defs.resolve_schedule_def("letters_schedule").cron_schedule == "0 6 * * *"


@pytest.mark.parametrize("form", ["yaml", "python"])
def test_what_is_scaffolded_loads_unchanged(sandbox: DefsFolderSandbox, form: Any) -> None:
    sandbox.scaffold_component(component_cls=Enrichment, defs_path="my_letters", scaffold_format=form)
    with sandbox.build_all_defs() as defs:
        keys = defs.resolve_asset_graph().get_all_asset_keys()
        assert {key.path[0] for key in keys} == {"my_letters"}
        assert len(keys) == 4


CLASSES = ("public", "internal", "confidential", "restricted")


@pytest.mark.parametrize("ours", CLASSES)
@pytest.mark.parametrize("theirs", CLASSES)
def test_a_table_of_a_stricter_class_than_ours_is_not_joined(
    sandbox: DefsFolderSandbox, ours: str, theirs: str
) -> None:
    join = {"table": "customers.enriched", "on": "sender", "columns": ["tier"]}
    letters = {**ATTRIBUTES, "data_class": ours, "cleaning": {"join": [join]}}
    customers = {**ATTRIBUTES, "data_class": theirs, "name": "customers"}
    for name, attributes in (("letters", letters), ("customers", customers)):
        contents = {"type": "enrichment_platform.components.Enrichment", "attributes": attributes}
        sandbox.scaffold_component(component_cls=Enrichment, defs_path=name, defs_yaml_contents=contents)
    if CLASSES.index(theirs) <= CLASSES.index(ours):
        with sandbox.build_all_defs() as defs:
            assert len(defs.resolve_asset_graph().get_all_asset_keys()) == 8
        return
    with pytest.raises(Exception) as raised, sandbox.build_all_defs():
        pass
    assert _reason(raised.value) == (
        f"letters: attributes: cleaning.join.0.table: customers.enriched is {theirs}, and letters that joins it is only"
        f" {ours}; set `data_class: {theirs}` (or a stricter one), or leave the join out"
    )


def test_an_enrichment_finds_the_pool_of_another_folder(sandbox: DefsFolderSandbox) -> None:
    pool = {"name": "gpu", "endpoints": [{"type": "embedded", "name": "cpu", "data_classes": ["public"]}]}
    for cls, name, attributes in ((ModelPool, "pools", pool), (Enrichment, "letters", changed("model", "gpu"))):
        contents = {"type": f"enrichment_platform.components.{cls.__name__}", "attributes": attributes}
        sandbox.scaffold_component(component_cls=cls, defs_path=name, defs_yaml_contents=contents)
    with sandbox.build_all_defs() as defs:
        assert defs.resolve_assets_def(dg.AssetKey(["letters", "classified"])).op.pool == "model_gpu"


SHIPPED = sorted((ROOT / "enrichment_platform" / "defs").glob("*/defs.yaml"))


@pytest.mark.parametrize("name", EnrichmentSpec.model_fields)
def test_every_field_stands_in_the_document(name: str) -> None:
    table = (ROOT / "docs" / "enrichments.md").read_text().split("## ")[0]
    assert re.search(rf"^\| [^|]*`{name}[.`]", table, re.MULTILINE)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_file_has_at_most_forty_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40
    assert yaml.safe_load(path.read_text())["type"].startswith("enrichment_platform.components.")


@pytest.mark.parametrize("partitions", [None, dg.StaticPartitionsDefinition(["x", "y"])])
def test_a_joined_asset_stands_in_the_graph_and_any_partition_of_ours_can_run(
    sandbox: DefsFolderSandbox, home: Path, partitions: dg.PartitionsDefinition | None
) -> None:
    @dg.asset(key=["crm", "customers"], partitions_def=partitions)
    def customers() -> None: ...

    lake = Lake.from_environment()
    tiers = pl.DataFrame({"sender": ["ann", "bo"], "tier": ["gold", "basic"], "partition_key": ["x", "y"]})
    lake.append("crm/customers", tiers, partition_by=["partition_key"])
    join = [{"table": "crm.customers", "on": "sender", "columns": ["tier"]}]
    attributes = changed("cleaning.join", join)
    attributes["source"]["path"] = str(home / "letters.csv")
    (home / "letters.csv").write_text("id,at,text,sender\n1,2026-01-05,Hello,ann\n2,2026-01-05,Bye,cy\n")
    with loaded(sandbox, attributes) as (_, defs):
        whole = dg.Definitions.merge(defs, dg.Definitions(assets=[customers]))
        cleaned = dg.AssetKey(["letters", "cleaned"])
        parents = whole.resolve_asset_graph().get(cleaned).parent_keys
        assert parents == {dg.AssetKey(["letters", "raw"]), dg.AssetKey(["crm", "customers"])}
        stages = [dg.AssetKey(["letters", "raw"]), cleaned]
        job = dg.define_asset_job("some", selection=dg.AssetSelection.assets(*stages))
        runnable = dg.Definitions.merge(whole, dg.Definitions(jobs=[job])).resolve_job_def("some")
        assert runnable.execute_in_process(partition_key="2026-01-05").success
    rows = lake.read("letters/cleaned", "2026-01-05").sort("row_id")
    assert rows["tier"].to_list() == ["gold", None]


def test_the_plan_of_the_documents_loads_as_it_is_written(sandbox: DefsFolderSandbox) -> None:
    text = (ROOT / "docs" / "cleaning.md").read_text().split("```yaml\n")[1].split("```")[0]
    plan = yaml.safe_load(text)["cleaning"]  # `on` is true there
    attributes = changed("cleaning", plan)
    attributes["source"]["columns"] = ["subject", "body", "customer_id"]
    attributes["prompt"] = {"columns": ["subject", "body", "tier"]}
    contents = {"type": "enrichment_platform.components.Enrichment", "attributes": attributes}
    path = sandbox.scaffold_component(component_cls=Enrichment, defs_path="letters", defs_yaml_contents=contents)
    written = (path / "defs.yaml").read_text()
    (path / "defs.yaml").write_text(written.replace("true: customer_id", "on: customer_id"))
    assert "on: customer_id" in (path / "defs.yaml").read_text()
    with sandbox.load_component_and_build_defs(defs_path=path) as (component, _):
        assert isinstance(component, Enrichment)
        assert component.cleaning.join[0].on == {"customer_id": "customer_id"}
