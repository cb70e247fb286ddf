"""The enrichment as plain data (pydantic); every layer below the components works from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from enrichment_platform.budget_spec import BudgetSpec
from enrichment_platform.check_spec import CheckSettings
from enrichment_platform.cleaning_spec import CleaningSpec
from enrichment_platform.pod_spec import PodsSpec
from enrichment_platform.spec_model import SpecModel

NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
DataClass = Literal["public", "internal", "confidential", "restricted"]
Priority = Literal["low", "normal", "high"]


class Stage(StrEnum):
    """The four stages; one Dagster asset and one Delta table each."""

    RAW = "raw"
    CLEANED = "cleaned"
    CLASSIFIED = "classified"
    ENRICHED = "enriched"


QUARANTINE = "quarantine"
CONTROLS = "controls"
CONTROL_PREFIX = "~control/"  # of the ids of what is asked beside the rows
ROW_COLUMNS = ("row_id", "partition_key")
OWN_CONTROL_COLUMNS = ("kind", "of_row_id", "expected")  # beside those of rows and answers, in the table of controls
SOURCE_TEXT = "source"  # beside the labels, in the rows that checks learn from
ANSWER_COLUMNS = (
    "status",
    "request_key",
    "fingerprint",
    "model",
    "endpoint",
    "finish_reason",
    "attempts",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "cost_usd",
    "latency_ms",
)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _list_or_mapping(value: Any) -> Any:
    return {name: name for name in value} if isinstance(value, list) else value


def _labels(value: Any) -> Any:
    return {str(label): "" for label in value} if isinstance(value, list) else value


def _pool_name(value: Any) -> Any:
    return {"pool": value} if isinstance(value, str) else value


def _file_by_default(value: Any) -> Any:
    return {"type": "file", **value} if isinstance(value, dict) else value


@dataclass(frozen=True)
class PartitionWindow:
    """What a stage needs to know of a partition: its key and, for time partitions, [start, end) with time zone."""

    key: str
    start: datetime | None = None
    end: datetime | None = None


class PartitionsSpec(SpecModel):
    """How the table is cut: by time (of the source's `timestamp`) or by the values of a `column`."""

    type: Literal["daily", "weekly", "monthly", "hourly", "static"] = "daily"
    start: str | None = Field(None, description="First partition, e.g. 2026-01-01; hourly: 2026-01-01-00:00")
    end: str | None = Field(None, description="End of the last partition (exclusive); open when absent")
    end_offset: int = Field(0, description="1 adds the running partition, -1 leaves the newest one out")
    timezone: str = Field("UTC", description="IANA name; cuts the partitions and reads timestamps that have none")
    keys: list[str] = Field(default_factory=list, description="static: the partition keys")
    column: str | None = Field(None, description="static: the source column that holds the partition key")

    @model_validator(mode="after")
    def _complete(self) -> PartitionsSpec:
        if self.type == "static":
            if not self.keys or not self.column:
                raise ValueError("static partitions need `keys` and the source `column` that holds them")
            wrong = [key for key in self.keys if not key.strip() or key != key.strip() or key == "unplaced"]
            if wrong or len(set(self.keys)) < len(self.keys):
                raise ValueError("static `keys` are distinct, not blank, without spaces around, and not `unplaced`")
        elif self.start is None:
            raise ValueError(f"{self.type} partitions need `start`, e.g. 2026-01-01")
        return self


class SourceSpec(SpecModel):
    """What every source has: the key of a row, the time of a row, the columns that are kept."""

    key: Annotated[list[str], BeforeValidator(_one_or_more, json_schema_input_type=list[str] | str)] = Field(
        description="Column or columns that identify a row for ever; `row_id` is made of them"
    )
    timestamp: str | None = Field(None, description="Column that places a row in a time partition")
    timestamp_format: str | None = Field(
        None, description="strptime format, or epoch_s / epoch_ms; ISO 8601 when absent"
    )
    columns: Annotated[
        dict[str, str], BeforeValidator(_list_or_mapping, json_schema_input_type=dict[str, str] | list[str])
    ] = Field(
        default_factory=dict,
        description="The columns that are kept: a list of names, or a mapping `our name: name in the source`;"
        " all when absent. Key and timestamp use our names and are always kept.",
    )

    @field_validator("key")
    @classmethod
    def _some_key(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("name at least one column that identifies a row")
        return value


class FileSource(SourceSpec):
    """CSV, JSON lines, JSON or Parquet: a file, a glob or a directory; local, s3:// or https://; compressed or not."""

    type: Literal["file"] = "file"
    path: str = Field(
        description="Path, glob, directory or URL; `{partition_key}` in it means one file a partition."
        " `~` and `${VARIABLE}` are expanded; relative to the project's root."
    )
    format: Literal["csv", "jsonl", "json", "parquet"] | None = Field(None, description="From the name when absent")
    delimiter: str = ","
    encoding: str = "utf-8"
    records: str | None = Field(None, description="json: dotted path to the list of records")


class SqlSource(SourceSpec):
    """A query over any SQLAlchemy URL; may use :partition_start, :partition_end and :partition_key."""

    type: Literal["sql"]
    url: str = Field(description="SQLAlchemy URL; `${VARIABLE}` is read from the environment at run time")
    query: str


class HttpPaging(SpecModel):
    """How the pages of a JSON API follow each other."""

    type: Literal["none", "offset", "page", "cursor", "link"] = "none"
    parameter: str = Field("offset", description="Query parameter that moves: the offset, page number or cursor")
    size_parameter: str | None = Field(None, description="Query parameter that holds the page size")
    size: int = Field(100, gt=0, description="Records a page")
    first: int = Field(0, description="First offset or page number")
    cursor: str | None = Field(None, description="cursor: dotted path to the next cursor in the answer")


class HttpSource(SourceSpec):
    """A paged HTTP JSON API; params may use {partition_start}, {partition_end}, {partition_last_day}, {partition_key}.

    Start and end are dates for daily and coarser partitions, the end is not part of the partition.
    """

    type: Literal["http"]
    url: str
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict, description="`${VARIABLE}` is read at run time")
    records: str = Field("", description="Dotted path to the list of records in the answer; empty: the answer itself")
    record: str | None = Field(None, description="Dotted path to the fields inside one record, e.g. _source")
    paging: HttpPaging = HttpPaging()
    timeout_s: float = Field(60, gt=0)
    override_env: str | None = Field(
        None,
        description="Environment variable with a path or URL of a file that replaces this source when set",
    )


AnySource = Annotated[FileSource | SqlSource | HttpSource, Field(discriminator="type")]


class Example(SpecModel):
    """One few-shot example: the prompt's columns and the answer that is wanted."""

    input: dict[str, str]
    output: dict[str, Any]


class LabelledExamples(SpecModel):
    """A file of rows with known answers; the ones nearest to a row are shown to the model with it."""

    path: str = Field(
        description="CSV, JSON lines or Parquet with the prompt's columns and the output columns;"
        " relative to the project's root"
    )
    nearest: int = Field(3, ge=1, le=20, description="How many are shown with each row")


class PromptSpec(SpecModel):
    """A sandboxed Jinja2 template over declared columns; a name that is not declared is an error at load."""

    columns: list[str] = Field(min_length=1, description="Columns of the cleaned row that the model may see")
    template: str = Field("", description="The user message; `name: value` lines of the columns when absent")
    system: str = Field("", description="Instructions; the output fields are described after it")
    examples: list[Example] = Field(default_factory=list, description="Few-shot examples, sent as earlier turns")


class OutputField(SpecModel):
    """One column that the model fills."""

    name: str
    type: Literal["label", "string", "number", "integer", "date", "boolean", "list"]
    description: str = ""
    labels: Annotated[dict[str, str], BeforeValidator(_labels, json_schema_input_type=dict[str, str] | list[str])] = (
        Field(
            default_factory=dict,
            description="label, or list of labels: the closed set, `label: description` or a list",
        )
    )
    required: bool = Field(True, description="false: the model may answer null")
    evidence: bool = Field(False, description="The model must quote the span of the text that the value came from")
    pattern: str | None = Field(None, description="string: a regular expression that the whole value must match")
    minimum: float | None = None
    maximum: float | None = None
    max_length: int = Field(200, gt=0, description="Characters of a string, items of a list")

    @field_validator("name")
    @classmethod
    def _named(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("use lower-case letters, digits and underscores, starting with a letter")
        if value in (*ROW_COLUMNS, *ANSWER_COLUMNS, *OWN_CONTROL_COLUMNS, SOURCE_TEXT):
            raise ValueError(f"{value!r} is a column of the platform; choose another name")
        return value

    @model_validator(mode="after")
    def _fits_type(self) -> OutputField:
        if self.type == "label" and len(self.labels) < 2:
            raise ValueError(f"label field {self.name!r} needs at least two `labels`")
        if self.labels and self.type not in ("label", "list"):
            raise ValueError(f"`labels` fits label and list fields, not {self.type!r} ({self.name})")
        if self.pattern is not None:
            if self.type != "string":
                raise ValueError(f"`pattern` fits string fields, not {self.type!r} ({self.name})")
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"`pattern` of {self.name!r} is not a regular expression: {error}") from error
        if (self.minimum is not None or self.maximum is not None) and self.type not in ("number", "integer"):
            raise ValueError(f"`minimum` and `maximum` fit number fields, not {self.type!r} ({self.name})")
        return self

    @property
    def evidence_column(self) -> str:
        """Name of the column that holds the quoted span."""
        return f"{self.name}_evidence"


class ModelSettings(SpecModel):
    """Which pool answers, and how it samples."""

    pool: str = "default"
    temperature: float = Field(0.0, ge=0)
    seed: int = 0
    max_output_tokens: int = Field(256, gt=0)


class FreshnessSpec(SpecModel):
    """When the published table counts as late, in hours since its last materialization."""

    fail_after_hours: float = Field(gt=0)
    warn_after_hours: float | None = Field(None, gt=0)


class EnrichmentSpec(SpecModel):
    """One enrichment: source, partitions, cleaning, prompt, output fields, model, checks."""

    name: str = Field(description="Prefix of the four assets, folder in the lake, schema in DuckDB")
    description: str = ""
    owners: list[str] = Field(default_factory=list, description="E-mail addresses or `team:name`")
    tags: dict[str, str] = Field(default_factory=dict)
    # Described as any object to JSON schema validators: they cannot say which variant of a union was meant.
    source: Annotated[AnySource, BeforeValidator(_file_by_default, json_schema_input_type=dict[str, Any])]
    partitions: PartitionsSpec
    cleaning: CleaningSpec = CleaningSpec()
    prompt: PromptSpec
    output: list[OutputField] = Field(min_length=1)
    labelled_examples: LabelledExamples | None = Field(
        None, description="Rows with known answers; the nearest ones are shown with each row"
    )
    model: Annotated[ModelSettings, BeforeValidator(_pool_name, json_schema_input_type=str | dict[str, Any])] = (
        ModelSettings()
    )
    data_class: DataClass = Field("internal", description="Only endpoints that list this class may see the rows")
    budget: BudgetSpec = Field(
        BudgetSpec(), description="What it may spend; a run that reaches a cap stops and says so"
    )
    priority: Priority = Field("normal", description="Against other enrichments on the same endpoint, where it knows")
    deadline_minutes: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="A run sends nothing after so long; the rest is left for the next"
    )
    checks: CheckSettings = CheckSettings()
    pods: PodsSpec = Field(PodsSpec(), description="Where each stage runs on Kubernetes; elsewhere without effect")
    schedule: str | None = Field(None, description="Cron expression; a tick fills the newest partition")
    freshness: FreshnessSpec | None = None

    @field_validator("name")
    @classmethod
    def _named(cls, value: str) -> str:
        if not NAME.match(value) or value == "platform":
            raise ValueError("use lower-case letters, digits and underscores, starting with a letter; not `platform`")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> EnrichmentSpec:
        names = [column for field in self.output for column in output_columns(field)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"output columns named twice: {', '.join(twice)}")
        taken = sorted(set(names) & {*self.prompt.columns, *self.source.columns, *self.source.key})
        if taken:
            raise ValueError(
                f"output fields {', '.join(taken)} have the names of source columns; rename one of them"
                " (`source.columns: {reported_product: product}`)"
            )
        written = self.cleaning.written_columns
        taken = sorted(set(written) & {*names, *self.source.columns, *self.source.key, *ROW_COLUMNS})
        if taken:
            raise ValueError(f"cleaning.join and cleaning.add give columns that are there already: {', '.join(taken)}")
        own = [join.table for join in self.cleaning.join if join.table and join.table.split(".")[0] == self.name]
        if own:
            raise ValueError(f"cleaning.join: {', '.join(own)} is a table of this enrichment, which joins itself")
        if any(join.known_at and not (join.at or self.source.timestamp) for join in self.cleaning.join):
            raise ValueError("cleaning.join: `known_at` needs `at`, the column with the time of our row")
        if self.cleaning.duplicates is not None and not set(self.text_columns) & set(self.prompt.columns):
            raise ValueError("cleaning.duplicates compares the prompt's text; cleaning.columns names no column of it")
        timed = self.partitions.type != "static"
        one_file = isinstance(self.source, FileSource) and "{partition_key}" in self.source.path
        if timed and self.source.timestamp is None and not one_file:
            raise ValueError(
                "source.timestamp is needed to place rows in time partitions (or `{partition_key}` in source.path)"
            )
        if self.source.columns:
            known = {*self.source.columns, *self.source.key, self.source.timestamp}
            unknown = sorted({*self.prompt.columns, *self.cleaning.columns} - known - {*self.joined_columns})
            if unknown:
                raise ValueError(
                    f"columns {', '.join(unknown)} are not among source.columns: {', '.join(self.source.columns)}"
                )
        return self

    @property
    def text_columns(self) -> list[str]:
        """Columns that the cleaning steps work on; what is joined to the rows comes after the steps."""
        return list(self.cleaning.columns) or [c for c in self.prompt.columns if c not in self.joined_columns]

    @property
    def joined_columns(self) -> list[str]:
        """Columns of other tables that are joined to each row."""
        return [name for join in self.cleaning.join for name in join.columns]


def output_columns(field: OutputField) -> list[str]:
    """Columns of the classified table that a field fills: its value and, where asked for, its evidence."""
    return [field.name, field.evidence_column] if field.evidence else [field.name]
