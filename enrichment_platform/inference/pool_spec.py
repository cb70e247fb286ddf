"""Model pools as plain data: endpoints with prices and limits, and the pool's own rules."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from enrichment_platform.budget_spec import PoolBudgetSpec
from enrichment_platform.inference.retry import RetrySpec, retry_specs
from enrichment_platform.spec import NAME, DataClass
from enrichment_platform.spec_model import SpecModel

DATA_CLASSES: tuple[DataClass, ...] = get_args(DataClass)
MAX_CONCURRENCY = 256
_NAME_WIDTH = 255  # of the ledger's columns


class PriceSpec(SpecModel):
    """US dollars per million tokens, and per hour of one's own GPU."""

    input: float = Field(0.0, ge=0, allow_inf_nan=False)
    cached_input: float | None = Field(None, ge=0, allow_inf_nan=False, description="The price of `input` when absent")
    output: float = Field(0.0, ge=0, allow_inf_nan=False)
    gpu_hour_usd: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="All GPUs behind the endpoint, for one hour; its busy time is charged",
    )

    @model_validator(mode="after")
    def _complete(self) -> PriceSpec:
        given = self.model_fields_set
        if ("input" in given) != ("output" in given) or not given & {"input", "gpu_hour_usd"}:
            # What is left out would silently count as nothing.
            raise ValueError("give `input` and `output`, or `gpu_hour_usd`; `price: free` where it costs nothing")
        return self


# Told apart before they are read, so that an error is about the one that was meant.
AnyPrice = Annotated[
    Annotated[PriceSpec, Tag("numbers")] | Annotated[Literal["auto", "free"], Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "numbers"),
]


class EmbeddedEndpointSpec(SpecModel):
    """A small model on the CPU of this process; nothing leaves the machine, and it costs nothing."""

    type: Literal["embedded"]
    name: str = Field("embedded", max_length=_NAME_WIDTH)
    gguf: str | None = Field(
        None, description="GGUF file; ENRICHMENT_GGUF, else the default model (SmolLM2-135M) when absent"
    )
    slots: int = Field(1, ge=1, le=64, description="Requests computed together; on one core, one is fastest")
    context_tokens: int = Field(4096, ge=256, description="Prompt and answer of one request together")
    data_classes: list[DataClass] = Field(list(DATA_CLASSES), description="What it may see")


class OpenAIEndpointSpec(SpecModel):
    """Any OpenAI-compatible server: a hosted API, a vLLM sidecar or service, llama.cpp."""

    type: Literal["openai"]
    name: str = Field(max_length=_NAME_WIDTH)
    base_url: str = Field(description="With or without /v1; `${VARIABLE}` is read from the environment at run time")
    model: str | None = Field(None, description="The first one that the server lists when absent")
    api_key_env: str | None = Field(None, description="Environment variable that holds the API key")
    data_classes: list[DataClass] = Field(min_length=1, description="What may be sent there; there is no default")
    price: AnyPrice = Field(
        "auto", description="auto: the list price of `model` (genai-prices); free: it costs nothing"
    )
    max_concurrency: int = Field(
        MAX_CONCURRENCY, ge=1, description="Ceiling of the requests in flight; below it, their number adapts"
    )
    requests_per_minute: float | None = Field(None, gt=0, allow_inf_nan=False, description="The account's limit")
    tokens_per_minute: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="The account's limit, input and output tokens"
    )
    takes_priority: bool = Field(
        False, description="vLLM with --scheduling-policy priority: requests carry the enrichment's priority"
    )
    timeout_s: float = Field(120, gt=0, allow_inf_nan=False, description="Of one request, in seconds")


AnyEndpointSpec = Annotated[EmbeddedEndpointSpec | OpenAIEndpointSpec, Field(discriminator="type")]


class ModelPoolSpec(SpecModel):
    """Endpoints that can serve a task, in order of preference."""

    name: str
    description: str = ""
    endpoints: list[AnyEndpointSpec] = Field(min_length=1)
    order: Literal["listed", "cheapest"] = Field(
        "listed", description="Which endpoint comes first: as listed, or the cheapest for 1,000 tokens in and 100 out"
    )
    retries: Annotated[
        dict[str, RetrySpec],
        BeforeValidator(retry_specs, json_schema_input_type=dict[str, int | Literal["unlimited"] | RetrySpec]),
    ] = Field(default_factory=dict, description="Retries by cause, where they differ from the table")
    patience_s: float = Field(
        120, ge=0, allow_inf_nan=False, description="How long a run waits, in seconds, while no endpoint answers"
    )
    budget: PoolBudgetSpec = Field(PoolBudgetSpec(), description="Over all enrichments that use the pool")

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
