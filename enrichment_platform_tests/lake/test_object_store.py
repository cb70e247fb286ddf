"""The same lake on S3."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.errors import TableNotFoundError
from enrichment_platform.lake.location import warehouse_path
from enrichment_platform.lake.query import query
from enrichment_platform.lake.tables import Lake


@pytest.fixture
def lake(home: Path, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ENRICHMENT_LAKE", f"s3://{s3_bucket}/lakes/one/")
    return Lake.from_environment()


def rows(key: str, *ids: str) -> pl.DataFrame:
    return pl.DataFrame({"row_id": list(ids), "partition_key": [key] * len(ids)})


def test_partitions_are_written_read_replaced_and_queried(lake: Lake) -> None:
    assert lake.tables() == []
    with pytest.raises(TableNotFoundError):
        lake.read("letters/raw")
    lake.replace_partition("letters/raw", "2026-01-01-00:00", rows("2026-01-01-00:00", "1", "2"))
    assert lake.tables() == ["letters/raw"], "a table is seen at once"
    lake.replace_partition("letters/raw", "b", rows("b", "3"))
    lake.replace_partition("letters/raw", "2026-01-01-00:00", rows("2026-01-01-00:00", "4"))
    lake.replace_partition("letters/cleaned", "b", rows("b", "3"))
    assert lake.tables() == ["letters/cleaned", "letters/raw"]
    assert lake.read("letters/raw", "2026-01-01-00:00")["row_id"].to_list() == ["4"]
    assert sorted(lake.read("letters/raw")["row_id"]) == ["3", "4"]
    oldest = lake.commits("letters/raw", "2026-01-01-00:00")[-1]
    earlier = lake.read("letters/raw", "2026-01-01-00:00", version=oldest.version)
    assert sorted(earlier["row_id"]) == ["1", "2"]
    joined = query(lake, "select r.row_id from letters.raw r join letters.cleaned c using (row_id)")
    assert joined.to_pylist() == [{"row_id": "3"}]
    assert not warehouse_path().exists(), "views over a bucket need the reader's own credentials"
