"""Model pools opened: which endpoints may see a data class, in which order, at what price."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from yarl import URL

from enrichment_platform.budget_spec import BudgetSpec
from enrichment_platform.errors import DataClassError, InputError
from enrichment_platform.inference.endpoints.embedded import EmbeddedEndpoint
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint, api_url, is_loopback, shown
from enrichment_platform.inference.endpoints.protocol import Endpoint
from enrichment_platform.inference.pool_environment import resolve_pool
from enrichment_platform.inference.pool_spec import (
    DATA_CLASSES,
    DEFAULT_POOL,
    AnyEndpointSpec,
    EmbeddedEndpointSpec,
    ModelPoolSpec,
    OpenAIEndpointSpec,
    PriceSpec,
)
from enrichment_platform.inference.price_list import listed_price
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.spec import DataClass

__all__ = [
    "DATA_CLASSES",
    "DEFAULT_POOL",
    "EmbeddedEndpointSpec",
    "ModelPoolSpec",
    "OpenAIEndpointSpec",
    "PriceSpec",
    "open_endpoints",
    "resolve_pool",
]
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HOW_TO_PRICE = (
    "`price: {input: 0.15, output: 0.6}` in US dollars per million tokens, `price: {gpu_hour_usd: 2.5}` for a GPU of"
    " your own, or `price: free` (ENRICHMENT_PRICE for the server of ENRICHMENT_ENDPOINT)"
)
_log = logging.getLogger("enrichment_platform.inference")
_warned: set[tuple[str, str]] = set()


def open_endpoints(pool: ModelPoolSpec, data_class: DataClass, budget: BudgetSpec | None = None) -> list[Endpoint]:
    """The endpoints of the pool that may see the data class, in the pool's order; nothing is sent or loaded yet.

    Args:
        pool: Resolved, see `resolve_pool`.
        data_class: Of the enrichment.
        budget: Of the enrichment; a cap in US dollars needs endpoints whose price is known.

    Raises:
        DataClassError: none of them may see it.
        InputError: a base URL or a variable that it or the API key needs is wrong, or a cap in US dollars could not be
            held, since nobody said what an endpoint costs.
    """
    allowed = [endpoint for endpoint in pool.endpoints if data_class in endpoint.data_classes]
    if not allowed:
        lists = "; ".join(f"{one.name}: {', '.join(one.data_classes) or 'none'}" for one in pool.endpoints)
        raise DataClassError(
            f"no endpoint of the pool {pool.name!r} may see {data_class!r} rows ({lists});"
            f" add {data_class!r} to the data_classes of one that may (ENRICHMENT_DATA_CLASSES for the server of"
            " ENRICHMENT_ENDPOINT), or choose another pool"
        )
    endpoints = [_endpoint(endpoint) for endpoint in allowed]
    unpriced = [one for one, endpoint in zip(allowed, endpoints, strict=True) if not endpoint.price.known]
    for spec in unpriced:
        _hold_without_price(pool, spec, budget)
    if pool.order == "cheapest":
        endpoints.sort(key=lambda endpoint: (not endpoint.price.known, endpoint.price.typical_usd))
    return endpoints


def _endpoint(spec: AnyEndpointSpec) -> Endpoint:
    if isinstance(spec, EmbeddedEndpointSpec):
        return EmbeddedEndpoint(
            spec.name,
            frozenset(spec.data_classes),
            gguf=Path(_expanded(spec.gguf, spec.name)).expanduser() if spec.gguf else None,
            slots=spec.slots,
            context_tokens=spec.context_tokens,
        )
    base_url = _expanded(spec.base_url, spec.name)
    return OpenAIEndpoint(
        spec.name,
        base_url,
        frozenset(spec.data_classes),
        model=spec.model,
        api_key=_variable(spec.api_key_env, spec.name) if spec.api_key_env else None,
        max_concurrency=spec.max_concurrency,
        timeout_s=spec.timeout_s,
        price=_price(spec, api_url(base_url)),
        rate_limit=_rate_limit(spec, api_url(base_url)),
        takes_priority=spec.takes_priority,
    )


def _price(spec: OpenAIEndpointSpec, url: URL) -> Price:
    if isinstance(spec.price, PriceSpec):
        return Price(spec.price.input, spec.price.cached_input, spec.price.output, spec.price.gpu_hour_usd)
    if spec.price == "free":
        return Price()
    listed = listed_price(spec.model, shown(url)) if spec.model else None
    # A server on this machine whose model is on no list runs on hardware that is paid for anyway.
    return listed or Price(known=is_loopback(url.host or ""))


def _rate_limit(spec: OpenAIEndpointSpec, url: URL) -> RateLimit | None:
    if spec.requests_per_minute is None and spec.tokens_per_minute is None:
        return None
    # Providers limit an account's use of a model: every pool that names the same server and model counts together.
    key = f"{shown(url)} {spec.model or '*'}"
    return RateLimit(key, spec.requests_per_minute, spec.tokens_per_minute)


def _hold_without_price(pool: ModelPoolSpec, spec: AnyEndpointSpec, budget: BudgetSpec | None) -> None:
    """Refuse a cap in US dollars over an endpoint of unknown price; warn once where there is none."""
    caps = {f"budget.{name}": getattr(budget, name, None) for name in ("partition", "run", "day")}
    caps[f"budget.day of the pool {pool.name!r}"] = pool.budget.day
    in_usd = [field for field, cap in caps.items() if cap is not None and cap.usd is not None]
    model = getattr(spec, "model", None)
    what = f"endpoint {spec.name!r} of the pool {pool.name!r}, model {model or 'not named'}"
    if in_usd:
        raise InputError(
            f"{' and '.join(in_usd)} is in US dollars, but what {what}, costs is not known; give it"
            f" {_HOW_TO_PRICE}; or cap tokens instead"
        )
    if (pool.name, spec.name) not in _warned:
        _warned.add((pool.name, spec.name))
        _log.warning("the price of %s, is not known and counts as nothing; give it %s", what, _HOW_TO_PRICE)


def _expanded(text: str, endpoint: str) -> str:
    return _VARIABLE.sub(lambda match: _variable(match[1], endpoint), text)


def _variable(name: str, endpoint: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InputError(f"endpoint {endpoint!r} needs the environment variable {name}, which is not set")
    return value
