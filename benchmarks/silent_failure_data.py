"""Real data sets as pools of rows with known answers, and the answers of a model that is usually right.

The model errs on the texts that are hard: towards the label that a TF-IDF centroid finds nearest besides the right
one, or to another span that the text has. What it says of a text is the same every day but for a few flips.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from enrichment_platform.spec import EnrichmentSpec

Row = dict[str, Any]

LUCK = 1.5  # standard deviations of chance beside one of hardness in which texts the model errs on
WINDOWS = 12  # pieces of each complaint
QUOTE = 60  # characters of a piece of evidence, at most
AMOUNT = re.compile(r"\{\$(\d[\d,]*\.\d\d)\}")
NAME = re.compile(r"[A-Z][\w.+-]*(?: [A-Z][\w.+-]*)?")
VERSION = re.compile(r"\d+(?:\.\d+)+")
TOPICS = (
    ("top_up", "top_up|topping_up"),
    ("transfer", "transfer|beneficiary|receiving_money"),
    ("cash", "cash|atm|swallowed"),
    ("exchange", "exchange|fiat|currenc"),
    ("payment", "payment|refund|charge|direct_debit|statement|pay"),
    ("identity", "identity|verify|passcode|pin|personal|age_limit|country|account|phone"),
    ("card", ""),
)
"""Topics of the 77 intents: the first one whose words the intent's name has."""


@dataclass(frozen=True)
class Pool:
    """Rows of a data set that days are drawn from.

    Attributes:
        spec: An enrichment of the data set, with a golden set.
        texts: Of each row.
        right: Known values of each row, evidence included.
        said: What the model says where it errs.
        strata: What the mix of a day is made of, e.g. the label, as codes from 0.
        topics: A finer grouping, of which one may burst on a day.
        rank: In [0, 1); the model errs on the rows whose rank is below its rate of errors.
        golden: Places of the rows that are kept for the golden set; no day draws them.
    """

    spec: EnrichmentSpec
    texts: pl.Series
    right: pl.DataFrame
    said: pl.DataFrame
    strata: NDArray[np.int64]
    topics: NDArray[np.int64]
    rank: NDArray[np.float64]
    golden: NDArray[np.int64]


def banking77(data: Path) -> Pool:
    """Questions to a bank: one of seven topics."""
    frame = pl.concat(pl.read_csv(data / "banking77" / f"{part}.csv", infer_schema=False) for part in ("train", "test"))
    frame = frame.unique("text", keep="first", maintain_order=True)
    topics = [next(topic for topic, words in TOPICS if re.search(words, intent)) for intent in frame["label"]]
    rows: list[Row] = [{"topic": topic} for topic in topics]
    output = [{"name": "topic", "type": "label", "labels": sorted(set(topics))}]
    return _labelled("banking77", output, frame["text"].to_list(), rows, frame["label"].to_list())


def complaints(data: Path) -> Pool:
    """Pieces of consumers' complaints: the product, the first amount in it, and how sure the model is."""
    frame = pl.read_csv(data / "complaints" / "complaints.csv", infer_schema=False)
    frame = frame.filter(pl.col("narrative").fill_null("") != "").unique("narrative", keep="first", maintain_order=True)
    rng = np.random.default_rng(5)
    texts: list[str] = []
    rows: list[Row] = []
    origin: list[str] = []
    for number, (narrative, product) in enumerate(frame.select("narrative", "product").iter_rows()):
        for piece in _pieces(narrative, rng):
            found = AMOUNT.search(piece)
            texts.append(piece)
            origin.append(str(number))
            rows.append({"product": product, **_amount(piece, found), "confidence": round(rng.beta(12, 2), 2)})
    output: list[Row] = [
        {"name": "product", "type": "label", "labels": sorted({row["product"] for row in rows})},
        {"name": "amount", "type": "number", "evidence": True, "required": False, "minimum": 0},
        {"name": "confidence", "type": "number", "minimum": 0, "maximum": 1},
    ]

    def err(row: Row, text: str, chance: np.random.Generator) -> Row:
        others = [one for one in AMOUNT.finditer(text) if float(one[1].replace(",", "")) != row["amount"]]
        wrong = _amount(text, others[int(chance.integers(len(others)))] if others else None)
        return {**row, **wrong, "confidence": round(float(chance.beta(6, 3)), 2)}

    return _labelled("complaints", output, texts, rows, origin, err)


def kev(data: Path) -> Pool:
    """Exploited vulnerabilities: the vendor and, where the text has it, the product, each with its quote."""
    frame = pl.read_csv(data / "kev" / "kev.csv", infer_schema=False).unique("text", keep="first", maintain_order=True)
    frame = frame.filter(pl.struct("vendor", "text").map_elements(lambda row: row["vendor"] in row["text"], pl.Boolean))
    fields = (("vendor", "vendor", True), ("product", "product", False))
    common = frame["vendor"].value_counts(sort=True).head(6)["vendor"].to_list()
    strata = [common.index(one) if one in common else len(common) for one in frame["vendor"]]
    return _extracted("kev", frame, fields, strata, NAME)


def advisories(data: Path) -> Pool:
    """Security advisories: the package and, where the text has it, the version that mends it, each with its quote."""
    frame = pl.read_ndjson(data / "advisories" / "pysec.jsonl", infer_schema_length=None)
    frame = frame.with_columns(version=pl.col("fixed").list.first()).unique("text", keep="first", maintain_order=True)
    inside = pl.struct("package", "text").map_elements(
        lambda row: row["package"].lower() in row["text"].lower(), pl.Boolean
    )
    frame = frame.filter(inside)
    fields = (("package", "library", True), ("version", "fixed_in", False))
    strata = [min(3, len(text) // 250) for text in frame["text"]]
    return _extracted("advisories", frame, fields, strata, VERSION)


DATA_SETS: dict[str, Callable[[Path], Pool]] = {
    "banking77": banking77,
    "complaints": complaints,
    "kev": kev,
    "advisories": advisories,
}


def _spec(name: str, output: list[Row], example: Row) -> EnrichmentSpec:
    return EnrichmentSpec.model_validate(
        {
            "name": name,
            "source": {"path": "rows.csv", "key": "id", "timestamp": "at"},
            "partitions": {"type": "daily", "start": "2026-01-01"},
            "prompt": {"columns": ["text"], "examples": [example]},
            "output": output,
            "checks": {"golden": {"path": "golden.csv", "canaries": 60}},
        }
    )


def _labelled(
    name: str,
    output: list[Row],
    texts: list[str],
    rows: list[Row],
    groups: list[str],
    err: Callable[[Row, str, np.random.Generator], Row] = lambda row, _text, _chance: row,
) -> Pool:
    """A pool whose first field is a label; the model confuses labels whose texts are alike."""
    field = output[0]["name"]
    labels = output[0]["labels"]
    codes = np.array([labels.index(row[field]) for row in rows])
    features = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2)).fit_transform(texts)
    centres = np.stack([np.asarray(features[codes == code].mean(axis=0))[0] for code in range(len(labels))])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    likeness = np.asarray(features @ centres.T)
    own = likeness[np.arange(len(codes)), codes].copy()
    likeness[np.arange(len(codes)), codes] = -1
    chance = np.random.default_rng(7)
    said = [
        {**err(row, text, chance), field: labels[other]}
        for row, text, other in zip(rows, texts, likeness.argmax(axis=1), strict=True)
    ]
    hard = likeness.max(axis=1) - own
    example = {"input": {"text": "Quarterly bulletin of the museum"}, "output": {**rows[0], field: labels[0]}}
    for one in output:
        if one["type"] == "number":
            example["output"][one["name"]] = 0.5
        if one.get("evidence"):
            example["output"] |= {one["name"]: 777.31, f"{one['name']}_evidence": "777.31"}
    return _pool(_spec(name, output, example), texts, rows, said, codes, groups, hard)


def _extracted(
    name: str, frame: pl.DataFrame, fields: tuple[tuple[str, str, bool], ...], strata: list[int], spans: re.Pattern[str]
) -> Pool:
    """A pool of strings that the text has; the model takes another span of it."""
    chance = np.random.default_rng(7)
    rows, said = [], []
    for row in frame.iter_rows(named=True):
        right: Row = {}
        for column, field, _ in fields:
            right |= _quoted(field, row["text"], row[column])
        wrong = dict(right)
        _, field, required = fields[int(chance.integers(len(fields)))]
        others = [one for one in {found[0] for found in spans.finditer(row["text"])} if one != right[field]]
        if others:
            wrong |= _quoted(field, row["text"], sorted(others)[int(chance.integers(len(others)))])
        elif not required:
            wrong |= {field: None, f"{field}_evidence": None}
        rows.append(right)
        said.append(wrong)
    output = [
        {"name": field, "type": "string", "evidence": True, "required": required} for _, field, required in fields
    ]
    values = {"vendor": "Globex", "product": "Turbine Desk", "library": "globex-turbine", "fixed_in": "77.31.5"}
    shown = {field: values[field] for _, field, _ in fields}
    told = {"text": "In " + " of ".join(shown.values()) + " a flaw was mended."}
    shown |= {f"{field}_evidence": value for field, value in shown.items()}
    spec = _spec(name, output, {"input": told, "output": shown})
    hard = chance.normal(size=len(rows))
    return _pool(spec, frame["text"].to_list(), rows, said, np.array(strata), [str(one) for one in strata], hard)


def _pool(
    spec: EnrichmentSpec,
    texts: list[str],
    rows: list[Row],
    said: list[Row],
    strata: NDArray[Any],
    groups: list[str],
    hard: NDArray[np.float64],
) -> Pool:
    rng = np.random.default_rng(11)
    score = (hard - hard.mean()) / hard.std() + LUCK * rng.normal(size=len(hard))
    rank = np.empty(len(score))
    rank[np.argsort(-score)] = np.arange(len(score)) / len(score)
    golden = rng.choice(len(texts), 300, replace=False)
    schema = {name: (pl.Float64 if name in ("amount", "confidence") else pl.String) for name in rows[0]}
    names = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    return Pool(
        spec,
        pl.Series("text", texts),
        pl.DataFrame(rows, schema=schema),
        pl.DataFrame(said, schema=schema),
        strata.astype(np.int64),
        np.array([names[group] for group in groups], np.int64),
        rank,
        np.sort(golden),
    )


def _pieces(narrative: str, rng: np.random.Generator) -> set[str]:
    """Runs of sentences of a narrative."""
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(narrative.split()))
    found = set()
    for _ in range(WINDOWS):
        start = int(rng.integers(max(1, len(sentences) - 3)))
        found.add(" ".join(sentences[start : start + int(rng.integers(3, 9))])[:1500])
    return {piece for piece in sorted(found) if len(piece) > 20}


def _amount(text: str, found: re.Match[str] | None) -> Row:
    if found is None:
        return {"amount": None, "amount_evidence": None}
    return {
        "amount": float(found[1].replace(",", "")),
        "amount_evidence": _quote(text, found.start() - 12, found.end()),
    }


def _quoted(field: str, text: str, value: str | None) -> Row:
    place = text.lower().find(value.lower()) if value else -1
    if place < 0 or value is None:
        return {field: None, f"{field}_evidence": None}
    end = place + len(value)
    return {field: text[place:end], f"{field}_evidence": _quote(text, place, max(end, place + QUOTE))}


def _quote(text: str, start: int, end: int) -> str:
    """The words of the text that lie between or across these places, spaces collapsed."""
    spaces = [found.start() for found in re.finditer(r"\s|$", text)]
    first = max((one + 1 for one in spaces if one < start), default=0)
    last = min((one for one in spaces if one >= min(end, len(text))), default=len(text))
    return " ".join(text[first:last].split())[:300]


def json_of(row: Row) -> str:
    """The values as the model writes them."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
