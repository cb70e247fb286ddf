"""Which endpoints a pool opens: the environment's rule for `default`, data classes, what a spec may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from enrichment_platform.errors import DataClassError, InputError
from enrichment_platform.inference.pool import (
    DATA_CLASSES,
    DEFAULT_POOL,
    ModelPoolSpec,
    OpenAIEndpointSpec,
    open_endpoints,
    resolve_pool,
)

API = {"type": "openai", "name": "api", "base_url": "https://api.example.com", "data_classes": ["public"]}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "MODEL", "API_KEY", "CONCURRENCY", "GGUF"):
        monkeypatch.delenv(f"ENRICHMENT_{name}", raising=False)


def pool(*endpoints: dict[str, Any], name: str = "pool") -> ModelPoolSpec:
    return ModelPoolSpec.model_validate({"name": name, "endpoints": list(endpoints)})


def test_the_default_pool_is_the_embedded_model_for_every_class() -> None:
    for data_class in DATA_CLASSES:
        (endpoint,) = open_endpoints(resolve_pool(DEFAULT_POOL), data_class)
        assert endpoint.name == "embedded"


def test_the_environment_replaces_the_endpoints_of_the_default_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "http://127.0.0.1:8000")
    monkeypatch.setenv("ENRICHMENT_MODEL", "m")
    monkeypatch.setenv("ENRICHMENT_API_KEY", "k")
    monkeypatch.setenv("ENRICHMENT_CONCURRENCY", "3")
    internal = {**API, "name": "b", "data_classes": ["internal"]}
    (spec,) = resolve_pool(pool(API, internal, name="default")).endpoints
    assert isinstance(spec, OpenAIEndpointSpec)
    assert (spec.name, spec.model, spec.api_key_env, spec.max_concurrency) == (
        "environment",
        "m",
        "ENRICHMENT_API_KEY",
        3,
    )
    assert spec.data_classes == ["public", "internal"], "no class that the pool's own endpoints do not list"


def test_other_pools_ignore_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "http://127.0.0.1:8000")
    assert resolve_pool(pool(API)) == pool(API)


def test_a_key_is_optional_and_the_concurrency_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "http://127.0.0.1:8000")
    assert open_endpoints(resolve_pool(DEFAULT_POOL), "restricted")[0].max_concurrency == 16
    monkeypatch.setenv("ENRICHMENT_CONCURRENCY", "many")
    with pytest.raises(InputError, match="ENRICHMENT_CONCURRENCY is 'many'"):
        resolve_pool(DEFAULT_POOL)


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
    ],
)
def test_a_wrong_pool_is_refused_and_the_field_named(endpoints: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pool(*endpoints)
