"""The pool `default` as the environment wants it: ENRICHMENT_ENDPOINT and the variables that go with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from enrichment_platform.errors import InputError
from enrichment_platform.inference.endpoints.openai import is_loopback
from enrichment_platform.inference.pool_spec import (
    DATA_CLASSES,
    MAX_CONCURRENCY,
    ModelPoolSpec,
    OpenAIEndpointSpec,
    PriceSpec,
)
from enrichment_platform.spec import DataClass


def resolve_pool(spec: ModelPoolSpec) -> ModelPoolSpec:
    """ENRICHMENT_ENDPOINT replaces the endpoints of the pool `default`; every other pool is left as it is.

    Raises:
        InputError: ENRICHMENT_CONCURRENCY, ENRICHMENT_DATA_CLASSES or ENRICHMENT_PRICE cannot be read.
    """
    base_url = os.environ.get("ENRICHMENT_ENDPOINT")
    if spec.name != "default" or not base_url:
        return spec
    allowed = {data_class for endpoint in spec.endpoints for data_class in endpoint.data_classes}
    environment = OpenAIEndpointSpec(
        type="openai",
        name="environment",
        base_url=base_url,
        model=os.environ.get("ENRICHMENT_MODEL") or None,
        api_key_env="ENRICHMENT_API_KEY" if os.environ.get("ENRICHMENT_API_KEY") else None,
        data_classes=_data_classes(base_url, allowed),
        max_concurrency=_concurrency(os.environ.get("ENRICHMENT_CONCURRENCY") or str(MAX_CONCURRENCY)),
        price=price_of(os.environ.get("ENRICHMENT_PRICE") or "auto"),
    )
    return spec.model_copy(update={"endpoints": [environment]})


def price_of(text: str) -> PriceSpec | Literal["auto", "free"]:
    """A price as ENRICHMENT_PRICE gives it: `input=0.15,cached_input=0.075,output=0.6`, `free` or `auto`.

    Raises:
        InputError: it is none of these.
    """
    words: dict[str, Literal["auto", "free"]] = {"auto": "auto", "free": "free"}
    if text in words:
        return words[text]
    try:
        pairs = [part.split("=", 1) for part in text.split(",") if part.strip()]
        return PriceSpec.model_validate({name.strip(): float(value) for name, value in pairs})
    except (ValueError, ValidationError):
        raise InputError(
            f"ENRICHMENT_PRICE is {text!r}; write input=0.15,cached_input=0.075,output=0.6 (US dollars per million"
            " tokens), gpu_hour_usd=2.5 for a GPU of your own, free, or auto"
        ) from None


def _data_classes(base_url: str, pool_classes: set[DataClass]) -> list[DataClass]:
    """What the endpoint of ENRICHMENT_ENDPOINT may see.

    ENRICHMENT_DATA_CLASSES says it; where it does not, a server on this machine sees what the pool's own endpoints see,
    and any other server what is public or internal.
    """
    named = os.environ.get("ENRICHMENT_DATA_CLASSES")
    if named:
        classes = [name.strip() for name in named.split(",") if name.strip()]
        unknown = [name for name in classes if name not in DATA_CLASSES]
        if unknown:
            raise InputError(
                f"ENRICHMENT_DATA_CLASSES names {', '.join(unknown)}; allowed are {', '.join(DATA_CLASSES)}"
            )
        return [known for known in DATA_CLASSES if known in classes]
    host = urlsplit(base_url if "://" in base_url else f"//{base_url}").hostname or ""
    return _in_order(pool_classes if is_loopback(host) else pool_classes & {"public", "internal"})


def _concurrency(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"ENRICHMENT_CONCURRENCY is {text!r}; give the most requests in flight, e.g. 256")
    return int(text)


def _in_order(classes: Iterable[DataClass]) -> list[DataClass]:
    wanted = set(classes)
    return [data_class for data_class in DATA_CLASSES if data_class in wanted]
