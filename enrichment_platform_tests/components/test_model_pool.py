"""The ModelPool component: what its YAML may say, and what a wrong field says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster.components.testing import DefsFolderSandbox, create_defs_folder_sandbox

from enrichment_platform.budget_spec import BudgetSpec
from enrichment_platform.components import ModelPool
from enrichment_platform.inference.pool import ModelPoolSpec, OpenAIEndpointSpec, open_endpoints
from enrichment_platform.inference.retry import RULES, RetryRule, rules
from enrichment_platform.location import _reason

POOL = """
name: tickets
order: cheapest
retries: {timeout: 4, server_error: {retries: 6, first_wait_s: 2}, rate_limit: unlimited}
patience_s: 300
budget: {day: {usd: 30}}
endpoints:
  - type: openai
    name: own_gpu
    base_url: http://vllm.models.svc:8000
    model: Qwen/Qwen3-8B
    price: {gpu_hour_usd: 2.5}
    takes_priority: true
    data_classes: [public, internal, confidential]
  - type: openai
    name: hosted
    base_url: https://api.openai.com
    model: gpt-4o-mini
    data_classes: [public]
    requests_per_minute: 500
    tokens_per_minute: 200000
    max_concurrency: 64
"""


DOCS = (Path(__file__).parents[2] / "docs" / "enrichments.md").read_text()


@pytest.fixture
def sandbox(home: Path) -> Iterator[DefsFolderSandbox]:
    with create_defs_folder_sandbox() as folder:
        yield folder


def loaded(sandbox: DefsFolderSandbox, attributes: Any) -> ModelPool:
    contents = {"type": "enrichment_platform.components.ModelPool", "attributes": attributes}
    path = sandbox.scaffold_component(component_cls=ModelPool, defs_path="pools", defs_yaml_contents=contents)
    with sandbox.load_component_and_build_defs(defs_path=path) as (component, _):
        assert isinstance(component, ModelPool)
        return component


def test_every_rule_of_a_pool_can_be_written_in_yaml(sandbox: DefsFolderSandbox) -> None:
    pool = loaded(sandbox, yaml.safe_load(POOL))
    table = rules(pool.retries)
    assert (table["timeout"].retries, table["server_error"], table["rate_limit"].retries) == (4, RetryRule(6, 2), None)
    assert (pool.order, pool.patience_s) == ("cheapest", 300)
    assert pool.budget.day is not None
    assert pool.budget.day.usd == 30
    assert [one.name for one in open_endpoints(pool, "public")] == ["own_gpu", "hosted"]
    hosted = pool.endpoints[1]
    assert isinstance(hosted, OpenAIEndpointSpec)
    assert (hosted.requests_per_minute, hosted.tokens_per_minute, hosted.price) == (500, 200_000, "auto")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("retries", {"timeouts": 4}, "attributes.retries: there is no cause timeouts; causes are rate_limit"),
        ("order", "fastest", "attributes.order: Input should be 'listed' or 'cheapest'"),
        ("budget", {"run": {"usd": 1}}, "attributes.budget.run: Extra inputs are not permitted"),
        ("patience", 5, "attributes.patience: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_field_is_named(sandbox: DefsFolderSandbox, field: str, value: Any, message: str) -> None:
    with pytest.raises(Exception) as caught:
        loaded(sandbox, {**yaml.safe_load(POOL), field: value})
    where, _, text = message.partition(": ")
    said = _reason(caught.value)
    assert where in said
    assert text in said


def test_the_examples_of_the_documentation_load() -> None:
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
    (pool,) = [one["attributes"] for one in examples if str(one.get("type")).endswith("ModelPool")]
    assert ModelPoolSpec.model_validate(pool).name == "tickets"
    (budget,) = [one["budget"] for one in examples if "budget" in one]
    assert BudgetSpec.model_validate(budget).day is not None


def test_the_retry_table_of_the_documentation_is_the_one_in_use() -> None:
    lines = DOCS.split("### Retries")[1].split("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    written = {cause.strip("`"): (retries.split()[0].strip("`,"), wait) for cause, _, retries, wait in rows}
    in_use = {
        str(cause): (
            "unlimited" if rule.retries is None else str(rule.retries),
            f"{rule.first_wait_s:g} s" if rule.first_wait_s else ("none" if rule.retries else ""),
        )
        for cause, rule in RULES.items()
    }
    assert written == in_use
