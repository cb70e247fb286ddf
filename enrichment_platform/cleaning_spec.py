"""What an enrichment says of its cleaning, as plain data: steps, engine, duplicates, joined and added columns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from enrichment_platform.spec_model import SpecModel

AddedColumn = Literal["language", "estimated_tokens", "length_bucket", "prefix_group"]
DUPLICATE_COLUMNS = ("duplicate_of", "duplicate_partition", "duplicate_kind", "duplicate_similarity")
ASKED_AS = "asked_as"


def _steps(value: Any) -> Any:
    return [_step(item) for item in value] if isinstance(value, list) else value


def _step(item: Any) -> Any:
    if isinstance(item, str):
        return {"operation": item}
    if isinstance(item, dict) and len(item) == 1 and "operation" not in item:
        name, parameters = next(iter(item.items()))
        return {"operation": name, "parameters": parameters or {}}
    return item


def _same_names(value: Any) -> Any:
    if isinstance(value, str):
        return {value: value}
    return {name: name for name in value} if isinstance(value, list) else value


def _true_is_default(value: Any) -> Any:
    return {} if value is True else None if value is False else value


Names = Annotated[dict[str, str], BeforeValidator(_same_names, json_schema_input_type=str | list[str] | dict[str, str])]


class CleaningStep(SpecModel):
    """One named operation and its parameters."""

    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class DuplicatesSpec(SpecModel):
    """Which rows count as the same: linked to the earliest one by `duplicate_of`, and answered once."""

    match: Literal["exact", "normalized", "near"] = Field(
        "near",
        description="exact: the same text; normalized: but for case, white space and Unicode form; near: as alike as"
        " `threshold`, and the same in every number and negation. Each includes those before it",
    )
    threshold: float = Field(0.8, ge=0.5, le=1, description="near: Jaccard similarity of the texts' word shingles")
    shingle_words: int = Field(3, ge=1, le=10, description="near: words in a shingle")
    earlier_partitions: int = Field(
        30, ge=0, description="Earlier partitions that are looked through for the same text; 0: none"
    )
    answers: Literal["equal", "near", "ask"] = Field(
        "equal",
        description="Which duplicates get the answer of their original instead of being asked: equal: exact and"
        " normalized ones; near: near ones too, in the words of a row that somebody else may have written; ask: none",
    )


class JoinSpec(SpecModel):
    """Columns of another table, as they were known at the time of the row."""

    table: str | None = Field(None, description="Table of the lake, `schema.table`, e.g. customers.enriched")
    path: str | None = Field(
        None, description="CSV, JSON lines or Parquet file instead; relative to the project's root"
    )
    on: Names = Field(description="Key columns: a name, a list, or `our column: theirs`")
    columns: Names = Field(description="Columns that are joined: a list, or `our name: theirs`")
    known_at: str | None = Field(
        None,
        description="Their column with the time from which a row of theirs is known: the newest that is not later than"
        " our row's time is joined. Without it, a key may occur once",
    )
    at: str | None = Field(None, description="Our column with the time of a row; the source's `timestamp` when absent")
    max_age_days: float | None = Field(None, gt=0, description="With known_at: older rows of theirs are not joined")
    asset: str | None = Field(
        None, description="Asset key `a/b` that makes the table, for the lineage; `schema/table` where it is ours"
    )

    @model_validator(mode="before")
    @classmethod
    def _on_is_no_boolean(cls, given: Any) -> Any:
        """YAML 1.1 reads the bare word `on` as true."""
        return (
            {"on" if name is True else name: value for name, value in given.items()}
            if isinstance(given, dict)
            else given
        )

    @model_validator(mode="after")
    def _one_place(self) -> JoinSpec:
        if (self.table is None) == (self.path is None):
            raise ValueError("name either the `table` of the lake or the `path` of the file that is joined")
        if self.table is not None and self.table.count(".") != 1:
            raise ValueError(f"`table` is {self.table!r}; write `schema.table`, e.g. customers.enriched")
        if not self.on or not self.columns:
            raise ValueError("`on` and `columns` name at least one column each")
        if self.max_age_days is not None and self.known_at is None:
            raise ValueError("`max_age_days` needs `known_at`")
        return self


class CleaningSpec(SpecModel):
    """Named operations in order, on text columns; a row that a filter takes out is quarantined with its reason."""

    engine: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="auto: the GPU where one is visible and knows all steps; gpu: an error where not"
    )
    columns: list[str] = Field(default_factory=list, description="Text columns; the prompt's columns when absent")
    steps: Annotated[list[CleaningStep], BeforeValidator(_steps, json_schema_input_type=list[str | dict[str, Any]])] = (
        Field(default_factory=list, description="`name` or `name: {parameter: value}`, in order")
    )
    duplicates: Annotated[
        DuplicatesSpec | None, BeforeValidator(_true_is_default, json_schema_input_type=bool | dict[str, Any])
    ] = Field(None, description="`true`, or what counts as the same text; rows are not compared when absent")
    join: list[JoinSpec] = Field(default_factory=list, description="Columns of other tables, joined to each row")
    add: list[AddedColumn] = Field(
        default_factory=list,
        description="Columns worked out from the cleaned text: its language, about how many tokens the prompt's columns"
        " have, the power of two above that, a number that rows with the same beginning share",
    )

    @model_validator(mode="after")
    def _joined_once(self) -> CleaningSpec:
        names = self.written_columns
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"cleaning.join, cleaning.add and cleaning.duplicates give the columns {', '.join(twice)} twice;"
                " rename or remove one of them"
            )
        return self

    @property
    def written_columns(self) -> list[str]:
        """Columns that the cleaned table has beyond those of the raw one."""
        linked = [*DUPLICATE_COLUMNS, ASKED_AS] if self.duplicates else []
        return [*(name for join in self.join for name in join.columns), *self.add, *linked]
