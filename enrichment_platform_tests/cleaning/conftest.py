"""The data and specs that the cleaning tests share."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform.spec import EnrichmentSpec

DATA = Path(__file__).parents[3] / "shared" / "data"


def data_file(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def json_lines(name: str) -> list[dict[str, Any]]:
    # "\n" only: the texts hold U+2028 and U+0085, which str.splitlines would cut at
    return [json.loads(line) for line in data_file(name).read_text("utf-8").split("\n") if line]


@pytest.fixture(scope="session")
def planted() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Defect -> (damaged text, what was planted); "none" holds the texts that nothing was done to."""
    texts = json_lines("dirty_text/texts.jsonl")
    defects = json_lines("dirty_text/defects.jsonl")
    found = defaultdict(list)
    for defect in defects:
        found[defect["defect"]].append((texts[defect["line"]]["text"], defect))
    damaged = {defect["line"] for defect in defects if "of_line" not in defect}
    found["none"] = [(row["text"], {}) for number, row in enumerate(texts) if number not in damaged]
    return dict(found)


def applied(name: str, texts: list[Any], **parameters: Any) -> list[Any]:
    return REGISTRY[name].kernel(pl.Series("text", texts, dtype=pl.String), **parameters).to_list()


@pytest.fixture
def make_spec() -> Callable[..., EnrichmentSpec]:
    def make(steps: list[Any], columns: tuple[str, ...] = ("text",), cleaning_columns: tuple[str, ...] = ()) -> Any:
        return EnrichmentSpec.model_validate(
            {
                "name": "tickets",
                "source": {"path": "x.csv", "key": "id", "timestamp": "at"},
                "partitions": {"start": "2026-01-01"},
                "cleaning": {"steps": steps, "columns": list(cleaning_columns)},
                "prompt": {"columns": list(columns)},
                "output": [{"name": "topic", "type": "label", "labels": ["a", "b"]}],
            }
        )

    return make
