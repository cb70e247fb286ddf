"""Model pools: named, ordered lists of endpoints, and which of them may see a data class."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from enrichment_platform.errors import DataClassError, InputError
from enrichment_platform.inference.endpoints.embedded import EmbeddedEndpoint
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.endpoints.protocol import Endpoint, Price
from enrichment_platform.spec import NAME, DataClass, SpecModel

DATA_CLASSES: tuple[DataClass, ...] = get_args(DataClass)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class PriceSpec(SpecModel):
    """US dollars per million tokens."""

    input: float = Field(0.0, ge=0)
    cached_input: float | None = Field(None, ge=0, description="The price of `input` when absent")
    output: float = Field(0.0, ge=0)


class EmbeddedEndpointSpec(SpecModel):
    """A small model on the CPU of this process; nothing leaves the machine."""

    type: Literal["embedded"]
    name: str = "embedded"
    gguf: str | None = Field(
        None, description="GGUF file; ENRICHMENT_GGUF, else the default model (SmolLM2-135M) when absent"
    )
    slots: int = Field(1, ge=1, le=64, description="Requests computed together; on one core, one is fastest")
    context_tokens: int = Field(4096, ge=256, description="Prompt and answer of one request together")
    data_classes: list[DataClass] = Field(list(DATA_CLASSES), description="What it may see")


class OpenAIEndpointSpec(SpecModel):
    """Any OpenAI-compatible server: a hosted API, a vLLM sidecar or service, llama.cpp."""

    type: Literal["openai"]
    name: str
    base_url: str = Field(description="With or without /v1; `${VARIABLE}` is read from the environment at run time")
    model: str | None = Field(None, description="The first one that the server lists when absent")
    api_key_env: str | None = Field(None, description="Environment variable that holds the API key")
    data_classes: list[DataClass] = Field(min_length=1, description="What may be sent there; there is no default")
    max_concurrency: int = Field(16, ge=1, description="Requests in flight")
    timeout_s: float = Field(120, gt=0, description="Of one request, in seconds")
    price: PriceSpec = PriceSpec()


AnyEndpointSpec = Annotated[EmbeddedEndpointSpec | OpenAIEndpointSpec, Field(discriminator="type")]


class ModelPoolSpec(SpecModel):
    """Endpoints in order of preference."""

    name: str
    description: str = ""
    endpoints: list[AnyEndpointSpec] = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def _named(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("use lower-case letters, digits and underscores, starting with a letter")
        return value

    @field_validator("endpoints")
    @classmethod
    def _distinct(cls, value: list[AnyEndpointSpec]) -> list[AnyEndpointSpec]:
        names = [endpoint.name for endpoint in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"endpoints named twice: {', '.join(twice)}")
        return value


DEFAULT_POOL = ModelPoolSpec(
    name="default",
    description="The embedded model, or the server that ENRICHMENT_ENDPOINT names",
    endpoints=[EmbeddedEndpointSpec(type="embedded")],
)


def resolve_pool(spec: ModelPoolSpec) -> ModelPoolSpec:
    """The pool as the environment wants it: ENRICHMENT_ENDPOINT replaces the endpoints of the pool `default`.

    Raises:
        InputError: ENRICHMENT_CONCURRENCY is not a number of requests.
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
        data_classes=_environment_classes(base_url, allowed),
        max_concurrency=_concurrency(os.environ.get("ENRICHMENT_CONCURRENCY") or "16"),
    )
    return spec.model_copy(update={"endpoints": [environment]})


def _environment_classes(base_url: str, pool_classes: set[DataClass]) -> list[DataClass]:
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
    host = (urlsplit(base_url if "://" in base_url else f"//{base_url}").hostname or "").rstrip(".")
    here = host in ("localhost", "::1") or host.startswith("127.")
    return _in_order(pool_classes if here else pool_classes & {"public", "internal"})


def open_endpoints(pool: ModelPoolSpec, data_class: DataClass) -> list[Endpoint]:
    """The endpoints of the pool that may see the data class, in order; nothing is sent or loaded yet.

    Raises:
        DataClassError: none of them may.
        InputError: a base URL or a variable that it or the API key needs is wrong.
    """
    allowed = [endpoint for endpoint in pool.endpoints if data_class in endpoint.data_classes]
    if not allowed:
        lists = "; ".join(f"{one.name}: {', '.join(one.data_classes) or 'none'}" for one in pool.endpoints)
        raise DataClassError(
            f"no endpoint of the pool {pool.name!r} may see {data_class!r} rows ({lists});"
            f" add {data_class!r} to the data_classes of one that may (ENRICHMENT_DATA_CLASSES for the server of"
            " ENRICHMENT_ENDPOINT), or choose another pool"
        )
    return [_endpoint(endpoint) for endpoint in allowed]


def _endpoint(spec: AnyEndpointSpec) -> Endpoint:
    if isinstance(spec, EmbeddedEndpointSpec):
        return EmbeddedEndpoint(
            spec.name,
            frozenset(spec.data_classes),
            gguf=Path(_expanded(spec.gguf, spec.name)).expanduser() if spec.gguf else None,
            slots=spec.slots,
            context_tokens=spec.context_tokens,
        )
    return OpenAIEndpoint(
        spec.name,
        _expanded(spec.base_url, spec.name),
        frozenset(spec.data_classes),
        model=spec.model,
        api_key=_variable(spec.api_key_env, spec.name) if spec.api_key_env else None,
        max_concurrency=spec.max_concurrency,
        timeout_s=spec.timeout_s,
        price=Price(spec.price.input, spec.price.cached_input, spec.price.output),
    )


def _expanded(text: str, endpoint: str) -> str:
    return _VARIABLE.sub(lambda match: _variable(match[1], endpoint), text)


def _variable(name: str, endpoint: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InputError(f"endpoint {endpoint!r} needs the environment variable {name}, which is not set")
    return value


def _concurrency(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"ENRICHMENT_CONCURRENCY is {text!r}; give the number of requests in flight, e.g. 16")
    return int(text)


def _in_order(classes: Iterable[DataClass]) -> list[DataClass]:
    wanted = set(classes)
    return [data_class for data_class in DATA_CLASSES if data_class in wanted]
