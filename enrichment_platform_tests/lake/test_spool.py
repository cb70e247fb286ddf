"""A table on its way into the lake: what was appended comes back, and a full disk hides nothing."""

from __future__ import annotations

import errno
from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.lake.spool import Spool

FRAME = pl.DataFrame({"row_id": ["1", "2"]})


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A disk that is full when a spool ends; the files of those spools."""
    files: list[str] = []

    def end(spool: Spool) -> None:
        files.append(spool._file.name)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "_end", end)
    return files


def test_what_was_appended_is_read_as_often_as_wanted() -> None:
    with Spool(FRAME.schema) as spool:
        spool.append(FRAME)
        spool.append(FRAME)
        for _ in range(2):
            assert pl.concat(spool.batches()).equals(pl.concat([FRAME, FRAME]))


def test_a_full_disk_at_the_end_does_not_hide_what_went_wrong_first(full: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), Spool(FRAME.schema):
        raise ZeroDivisionError
    assert not Path(full[0]).exists()


def test_a_full_disk_is_told_where_nothing_else_went_wrong_and_leaves_no_file(full: list[str]) -> None:
    with pytest.raises(OSError, match="No space left"), Spool(FRAME.schema) as spool:
        spool.append(FRAME)
    assert not Path(full[0]).exists()
