"""ENRICHMENT_ENDPOINT and its companions: what the pool `default` becomes."""

from __future__ import annotations

from typing import Any

import pytest

from enrichment_platform.errors import InputError
from enrichment_platform.inference.pool import DEFAULT_POOL, ModelPoolSpec, OpenAIEndpointSpec, open_endpoints
from enrichment_platform.inference.pool_environment import resolve_pool

API = {"type": "openai", "name": "api", "base_url": "https://api.example.com", "data_classes": ["public"]}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODEL", "API_KEY", "CONCURRENCY", "DATA_CLASSES", "PRICE"):
        monkeypatch.delenv(f"ENRICHMENT_{name}", raising=False)
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "http://127.0.0.1:8000")


def default_pool(*endpoints: dict[str, Any], **settings: Any) -> ModelPoolSpec:
    return ModelPoolSpec.model_validate({"name": "default", "endpoints": list(endpoints), **settings})


def test_the_environment_replaces_the_endpoints_of_the_default_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_MODEL", "m")
    monkeypatch.setenv("ENRICHMENT_API_KEY", "k")
    monkeypatch.setenv("ENRICHMENT_CONCURRENCY", "3")
    internal = {**API, "name": "b", "data_classes": ["internal"]}
    (spec,) = resolve_pool(default_pool(API, internal)).endpoints
    assert isinstance(spec, OpenAIEndpointSpec)
    assert (spec.name, spec.model, spec.api_key_env, spec.max_concurrency) == (
        "environment",
        "m",
        "ENRICHMENT_API_KEY",
        3,
    )
    assert spec.data_classes == ["public", "internal"], "no class that the pool's own endpoints do not list"


def test_other_pools_ignore_the_environment() -> None:
    other = default_pool(API).model_copy(update={"name": "other"})
    assert resolve_pool(other) is other


def test_a_key_is_optional_and_the_concurrency_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_endpoints(resolve_pool(DEFAULT_POOL), "restricted")[0].max_concurrency == 256
    monkeypatch.setenv("ENRICHMENT_CONCURRENCY", "many")
    with pytest.raises(InputError, match="ENRICHMENT_CONCURRENCY is 'many'"):
        resolve_pool(DEFAULT_POOL)


def test_the_pools_own_rules_stay() -> None:
    pool = default_pool(API, retries={"timeout": 4}, patience_s=7, budget={"day": {"usd": 3}})
    resolved = resolve_pool(pool)
    assert resolved.endpoints != pool.endpoints
    assert (resolved.retries, resolved.patience_s, resolved.budget) == (pool.retries, 7, pool.budget)


@pytest.mark.parametrize(
    ("text", "cost_usd"),
    [
        ("input=1,output=4", 1 + 0.4),
        (" input = 1 , cached_input=0.5, output=4 ", 0.5 + 0.25 + 0.4),
        ("gpu_hour_usd=3.6", 0.01),
        ("free", 0.0),
        ("auto", 0.0),
    ],
)
def test_enrichment_price_says_what_the_server_costs(
    monkeypatch: pytest.MonkeyPatch, text: str, cost_usd: float
) -> None:
    monkeypatch.setenv("ENRICHMENT_PRICE", text)
    (endpoint,) = open_endpoints(resolve_pool(DEFAULT_POOL), "public")
    assert endpoint.price.known
    assert endpoint.price.cost_usd(1_000_000, 500_000, 100_000, busy_share_s=10) == pytest.approx(cost_usd)


@pytest.mark.parametrize(
    "text", ["0.15,0.6", "input=cheap,output=1", "input=1", "price=1", ",", "input=-1,output=1", "5"]
)
def test_a_price_that_cannot_be_read_says_how_to_write_one(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ENRICHMENT_PRICE", text)
    with pytest.raises(InputError, match=r"write input=0\.15,cached_input=0\.075,output=0\.6"):
        resolve_pool(DEFAULT_POOL)


def test_without_a_price_it_is_that_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "https://api.openai.com")
    monkeypatch.setenv("ENRICHMENT_MODEL", "gpt-4o-mini")
    (endpoint,) = open_endpoints(resolve_pool(DEFAULT_POOL), "public")
    assert endpoint.price.cost_usd(1_000_000, 0, 0) > 0


def test_a_remote_server_of_unknown_price_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "https://models.example.com")
    monkeypatch.setenv("ENRICHMENT_MODEL", "house-model")
    (endpoint,) = open_endpoints(resolve_pool(DEFAULT_POOL), "public")
    assert not endpoint.price.known
