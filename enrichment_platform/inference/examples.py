"""Labelled examples: the ones nearest to a row are shown to the model with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from enrichment_platform.errors import InputError
from enrichment_platform.inference.answer_schema import MalformedAnswerError, read_answer
from enrichment_platform.spec import EnrichmentSpec, Example, OutputField, output_columns

if TYPE_CHECKING:
    import polars as pl


_ROWS_AT_ONCE = 500  # a similarity for each of them and each example is in memory


class LabelledExample(Example):
    """An example from a file: its input has the types of the rows that it is shown with."""

    input: dict[str, Any]


class NearestExamples:
    """Finds the examples whose text is nearest to a row's: cosine of TF-IDF word vectors, fitted on the examples.

    Retrieved examples help a classifier more than fixed ones (Liu et al., "What Makes Good In-Context Examples for
    GPT-3?", 2022); a very small model gets most of its accuracy from them.
    """

    def __init__(self, examples: Sequence[Example], columns: Sequence[str], nearest: int) -> None:
        """Fit the vectors.

        Args:
            examples: The labelled rows; at least one has a word in it.
            columns: The prompt's columns, whose text is compared.
            nearest: How many are shown.
        """
        # Imported here: it takes 0.6 s, which every command and every run would pay.
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._examples = list(examples)
        self._columns = list(columns)
        self._nearest = nearest
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)[^\W\d_]{2,}")  # noqa: S106
        try:
            self._vectors = self._vectorizer.fit_transform([self._text(example.input) for example in self._examples])
        except ValueError as error:
            raise InputError(f"labelled_examples: {error}; give rows with text in {', '.join(columns)}") from error

    @cached_property
    def digest(self) -> str:
        """Hash of the examples and their number a row; part of the fingerprint."""
        # As text, which is what is shown: a column that only changes its type asks nothing again.
        content = [[{c: str(v) for c, v in example.input.items()}, example.output] for example in self._examples]
        return hashlib.sha256(orjson.dumps([content, self._nearest])).hexdigest()[:16]

    def of(self, row: Mapping[str, Any]) -> Sequence[Example]:
        """The nearest examples, the nearest last: models lean towards what they saw last."""
        return self.of_many([row])[0]

    def of_many(self, rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Example]]:
        """The same for many rows at once."""
        import numpy as np
        from sklearn.metrics.pairwise import linear_kernel

        found: list[Sequence[Example]] = []
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            texts = [self._text(row) for row in rows[start : start + _ROWS_AT_ONCE]]
            scores = linear_kernel(self._vectorizer.transform(texts), self._vectors)
            order = np.argsort(-scores, axis=1, kind="stable")[:, : self._nearest]
            found += [[self._examples[index] for index in reversed(of_row)] for of_row in order]
        return found

    def _text(self, row: Mapping[str, Any]) -> str:
        return "\n".join(str(row[column]) for column in self._columns if row[column] is not None)


def read_labelled(path: str, setting: str) -> pl.DataFrame:
    """Labelled rows of a CSV, JSON lines or Parquet file, local or remote; CSV and JSON values as text.

    `setting` names the file in errors.

    Raises:
        InputError: the file cannot be read, whatever the reason.
    """
    import polars as pl

    try:
        if path.endswith(".parquet"):
            return pl.read_parquet(path)
        if path.endswith((".jsonl", ".ndjson")):
            return pl.read_ndjson(path, infer_schema_length=None)
        return pl.read_csv(path, infer_schema=False)
    except ImportError as error:
        reason = f"ImportError: {error}"  # says which package a store of this kind needs
    except Exception as error:  # noqa: BLE001 - each store has exceptions of its own, with no common ancestor
        reason = type(error).__name__  # its text may quote a key, a signed URL or a row, so it is not chained either
    raise InputError(f"{setting}: {named(path)} cannot be read ({reason})")


def named(path: str) -> str:
    """A path as messages name it: a URL without user, password and query, which may hold keys."""
    scheme, separator, rest = path.partition("://")
    if not separator:
        return path
    host, slash, below = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{below}"


def labelled(frame: pl.DataFrame, spec: EnrichmentSpec, path: str) -> list[Example]:
    """Rows as examples.

    Args:
        frame: Has the prompt's columns and the required output columns; evidence and optional ones may be missing.
            `row_id` is the number of the row in the file, from 0, where cleaning has taken rows out.
        spec: The enrichment.
        path: Named in errors.

    Raises:
        InputError: a column is missing, or a value does not fit its field; names the row by its number.
    """
    required = [*spec.prompt.columns, *(field.name for field in spec.output if field.required)]
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise InputError(f"labelled_examples: {path} lacks {', '.join(missing)}; it has {', '.join(frame.columns)}")
    names = {name for field in spec.output for name in output_columns(field)}
    examples: list[Example] = []
    for index, row in enumerate(frame.iter_rows(named=True)):
        number = int(row.get("row_id", index)) + 1
        output = {name: row.get(name) for name in names if row.get(name) not in (None, "")}
        values = {field.name: typed_value(field, output.get(field.name)) for field in spec.output}
        answer = {
            column: values[field.name] if column == field.name else output.get(column)
            for field in spec.output
            for column in output_columns(field)
        }
        problem = _problem(answer, spec.output)
        if problem:
            raise InputError(f"labelled_examples: {path}, row {number}: {problem}")
        examples.append(
            LabelledExample(input={c: "" if row[c] is None else row[c] for c in spec.prompt.columns}, output=answer)
        )
    return examples


def _problem(answer: dict[str, Any], output: list[OutputField]) -> str | None:
    try:
        read_answer(orjson.dumps(answer).decode(), output)
    except MalformedAnswerError as error:
        return str(error)
    except orjson.JSONEncodeError:
        return "it holds a value that JSON cannot hold (a decimal number, bytes)"
    for field in output:
        value = answer[field.name]
        if value is None and field.required:
            return f"{field.name} is empty"
        if field.type == "label" and value is not None and value not in field.labels:
            return f"{field.name} is not one of {', '.join(field.labels)}"
    return None


def typed_value(field: OutputField, value: Any) -> Any:
    """A value of a text file as its field's type; what cannot be read stays text, and is refused as such."""
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str) or field.type in ("label", "string", "date"):
        return value
    try:
        return orjson.loads(value.lower() if field.type == "boolean" else value)
    except orjson.JSONDecodeError:
        return value
