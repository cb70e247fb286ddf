"""Which endpoints a pool opens: data classes, order, prices, limits, and what a spec may say."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import ValidationError

from enrichment_platform.budget_spec import BudgetSpec
from enrichment_platform.errors import DataClassError, InputError
from enrichment_platform.inference import pool as pools
from enrichment_platform.inference.pool import DATA_CLASSES, DEFAULT_POOL, ModelPoolSpec, open_endpoints, resolve_pool
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.spec import CheckSettings

API = {"type": "openai", "name": "api", "base_url": "https://api.example.com", "data_classes": ["public"]}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "GGUF"):
        monkeypatch.delenv(f"ENRICHMENT_{name}", raising=False)
    monkeypatch.setattr(pools, "_warned", set())


def pool(*endpoints: dict[str, Any], **settings: Any) -> ModelPoolSpec:
    return ModelPoolSpec.model_validate({"name": "pool", "endpoints": list(endpoints), **settings})


def test_the_default_pool_is_the_embedded_model_for_every_class() -> None:
    for data_class in DATA_CLASSES:
        (endpoint,) = open_endpoints(resolve_pool(DEFAULT_POOL), data_class)
        assert endpoint.name == "embedded"


def test_only_endpoints_that_list_the_class_open_in_order() -> None:
    specs = pool(
        {**API, "name": "a", "data_classes": ["public", "internal"]},
        {**API, "name": "b"},
        {"type": "embedded"},
    )
    assert [one.name for one in open_endpoints(specs, "public")] == ["a", "b", "embedded"]
    assert [one.name for one in open_endpoints(specs, "internal")] == ["a", "embedded"]
    assert [one.name for one in open_endpoints(specs, "restricted")] == ["embedded"]


def test_no_endpoint_for_the_class_names_the_classes() -> None:
    with pytest.raises(DataClassError, match=r"'pool' may see 'restricted' rows \(api: public\)"):
        open_endpoints(pool(API), "restricted")


def test_variables_are_read_when_endpoints_open(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = pool({**API, "base_url": "http://${VLLM_HOST}:8000", "api_key_env": "VLLM_KEY"})
    with pytest.raises(InputError, match="endpoint 'api' needs the environment variable VLLM_HOST"):
        open_endpoints(spec, "public")
    monkeypatch.setenv("VLLM_HOST", "gpu-1")
    with pytest.raises(InputError, match="VLLM_KEY"):
        open_endpoints(spec, "public")
    monkeypatch.setenv("VLLM_KEY", "k")
    assert len(open_endpoints(spec, "public")) == 1


def test_prices_reach_the_endpoint() -> None:
    (endpoint,) = open_endpoints(pool({**API, "price": {"input": 2, "cached_input": 0.5, "output": 8}}), "public")
    assert endpoint.price.cost_usd(1_000_000, 500_000, 250_000) == pytest.approx(1 + 0.25 + 2)
    (gpu,) = open_endpoints(pool({**API, "price": {"gpu_hour_usd": 3.6}}), "public")
    assert gpu.price.cost_usd(1000, 0, 1000, busy_share_s=10) == pytest.approx(0.01)


@pytest.mark.parametrize("given", [{}, {"price": "auto"}])
def test_a_price_that_is_not_given_is_the_list_price_of_the_model(given: dict[str, Any]) -> None:
    (endpoint,) = open_endpoints(pool({**API, "model": "gpt-4o-mini", **given}), "public")
    assert endpoint.price.known
    assert endpoint.price.cost_usd(1_000_000, 0, 0) > 0


@pytest.mark.parametrize(
    "endpoint",
    [
        {**API, "price": "free"},
        {**API, "price": {"input": 0, "output": 0}},
        {**API, "base_url": "http://localhost:8000", "model": "my-model"},
        {**API, "base_url": "http://127.0.0.1:8000"},
        {"type": "embedded"},
    ],
)
def test_what_costs_nothing_has_a_known_price_and_may_be_capped(
    endpoint: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    (opened,) = open_endpoints(pool(endpoint), "public", BudgetSpec.model_validate({"run": {"usd": 0}}))
    assert opened.price.known
    assert opened.price.ceiling_nano_usd(1000, 1000) == 0
    assert caplog.text == ""


def test_an_unknown_price_is_warned_of_once_and_says_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            (endpoint,) = open_endpoints(pool({**API, "model": "house-model"}), "public")
    assert not endpoint.price.known
    assert endpoint.price.cost_usd(1000, 0, 1000) == 0
    (record,) = caplog.records
    assert "'api' of the pool 'pool', model house-model" in record.getMessage()
    assert "price: {input: 0.15, output: 0.6}" in record.getMessage()


@pytest.mark.parametrize(
    ("budget", "pool_budget", "field"),
    [
        ({"partition": {"usd": 1}}, {}, "budget.partition is in US dollars"),
        ({"run": {"tokens": 5, "usd": 1}}, {}, "budget.run is in US dollars"),
        ({"day": {"usd": 1}}, {}, "budget.day is in US dollars"),
        ({}, {"day": {"usd": 1}}, "budget.day of the pool 'pool' is in US dollars"),
    ],
)
def test_a_cap_in_dollars_that_cannot_be_held_is_refused(
    budget: dict[str, Any], pool_budget: dict[str, Any], field: str
) -> None:
    spec = pool({**API, "model": "house-model"}, budget=pool_budget)
    with pytest.raises(InputError, match=field) as caught:
        open_endpoints(spec, "public", BudgetSpec.model_validate(budget))
    assert "`price: free`" in str(caught.value)
    assert "cap tokens instead" in str(caught.value)


def test_a_cap_in_tokens_needs_no_price() -> None:
    budget = BudgetSpec.model_validate({"run": {"tokens": 5}, "day": {"tokens": 5}})
    assert len(open_endpoints(pool(API, budget={"day": {"tokens": 9}}), "public", budget)) == 1


def test_an_endpoint_that_may_not_see_the_rows_needs_no_price() -> None:
    other = {**API, "name": "other", "data_classes": ["internal"], "price": "free"}
    budget = BudgetSpec.model_validate({"run": {"usd": 5}})
    assert [one.name for one in open_endpoints(pool(API, other), "internal", budget)] == ["other"]


def test_the_cheapest_comes_first_where_asked_and_an_unknown_price_last() -> None:
    def priced(name: str, price: Any) -> dict[str, Any]:
        return {**API, "name": name, "model": "house-model", "price": price}

    endpoints = [
        priced("unknown", "auto"),
        priced("dear", {"input": 2, "output": 2}),
        priced("cheap", {"input": 1, "output": 5}),
        priced("own", {"gpu_hour_usd": 3}),
        priced("as cheap", {"input": 1, "output": 5}),
    ]
    by_price = [one.name for one in open_endpoints(pool(*endpoints, order="cheapest"), "public")]
    assert by_price == ["own", "cheap", "as cheap", "dear", "unknown"]
    as_listed = [one.name for one in open_endpoints(pool(*endpoints), "public")]
    assert as_listed == ["unknown", "dear", "cheap", "own", "as cheap"]


def test_limits_and_priority_reach_the_endpoint() -> None:
    limited = {**API, "base_url": "https://user:pw@api.example.com/v1/?key=k", "model": "m", "timeout_s": 9}
    spec = pool({**limited, "requests_per_minute": 500, "tokens_per_minute": 2e5, "takes_priority": True})
    (endpoint,) = open_endpoints(spec, "public")
    assert endpoint.rate_limit == RateLimit("https://api.example.com/v1 m", 500, 200_000)
    assert endpoint.takes_priority
    assert (endpoint.max_concurrency, endpoint.timeout_s) == (256, 9)


def test_pools_that_name_the_same_server_and_model_share_a_limit() -> None:
    def key(**settings: Any) -> str:
        (endpoint,) = open_endpoints(pool({**API, "requests_per_minute": 5, "model": "m", **settings}), "public")
        assert endpoint.rate_limit
        return endpoint.rate_limit.key

    assert key() == key(base_url="https://api.example.com/v1/", name="other")
    assert key() != key(model="n")
    assert key() != key(base_url="https://api.example.com:8443")
    (unlimited,) = open_endpoints(pool(API), "public")
    assert unlimited.rate_limit is None


def test_a_pool_is_patient_and_keeps_the_listed_order_unless_told_otherwise() -> None:
    assert (pool(API).patience_s, pool(API).order) == (120, "listed")


def test_mixed_models_are_a_matter_of_the_checks_and_warned_of_unless_told_otherwise() -> None:
    assert CheckSettings().mixed_models == "warn"
    assert CheckSettings.model_validate({"mixed_models": "block"}).mixed_models == "block"
    with pytest.raises(ValidationError, match="mixed_models"):
        CheckSettings.model_validate({"mixed_models": "ignore"})


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        ([], "at least 1"),
        ([API, API], "named twice: api"),
        ([{key: value for key, value in API.items() if key != "data_classes"}], "data_classes"),
        ([{**API, "data_classes": ["secret"]}], "data_classes"),
        ([{**API, "url": "x"}], "url"),
        ([{**API, "type": "vllm"}], "type"),
        ([{**API, "max_concurrency": 0}], "max_concurrency"),
        ([{**API, "price": {}}], "give `input` and `output`"),
        ([{**API, "price": {"input": 1}}], "price.numbers\n.*give `input` and `output`"),
        ([{**API, "price": {"output": 1}}], "give `input` and `output`"),
        ([{**API, "price": {"input": -1, "output": 1}}], r"price.numbers.input"),
        ([{**API, "price": "cheap"}], "Input should be 'auto' or 'free'"),
        ([{**API, "requests_per_minute": 0}], "requests_per_minute"),
        ([{"type": "embedded", "price": "free"}], "price"),
        ([{**API, "name": "n" * 256}], "at most 255 characters"),
        ([{"type": "embedded", "name": "n" * 256}], "at most 255 characters"),
    ],
)
def test_a_wrong_pool_is_refused_and_the_field_named(endpoints: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pool(*endpoints)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": "fastest"}, "order"),
        ({"mixed_models": "block"}, "mixed_models"),
        ({"patience_s": -1}, "patience_s"),
        ({"budget": {"run": {"usd": 1}}}, "budget.run"),
    ],
)
def test_a_wrong_rule_of_a_pool_is_refused_and_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pool(API, **settings)
