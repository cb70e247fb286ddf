"""A table on its way into the lake: what was appended comes back, and a full disk hides nothing."""

from __future__ import annotations

import errno
from pathlib import Path

import polars as pl
import pytest

from enrichment_platform.lake.spool import Spool

FRAME = pl.DataFrame({"row_id": ["1", "2"]})


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of temporary files, on a disk that is full when a spool ends."""

    def end(spool: Spool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "_end", end)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_what_was_appended_is_read_as_often_as_wanted() -> None:
    with Spool(FRAME.schema) as spool:
        spool.append(FRAME)
        spool.append(FRAME)
        for _ in range(2):
            assert pl.concat(spool.batches()).equals(pl.concat([FRAME, FRAME]))


def test_a_full_disk_at_the_end_does_not_hide_what_went_wrong_first(full: Path) -> None:
    with pytest.raises(ZeroDivisionError), Spool(FRAME.schema):
        raise ZeroDivisionError
    assert list(full.iterdir()) == []


def test_a_full_disk_is_told_where_nothing_else_went_wrong_and_leaves_no_file(full: Path) -> None:
    with pytest.raises(OSError, match="No space left"), Spool(FRAME.schema) as spool:
        spool.append(FRAME)
    assert list(full.iterdir()) == []


def test_readers_of_one_spool_do_not_disturb_each_other() -> None:
    with Spool(FRAME.schema) as spool:
        for _ in range(5):
            spool.append(FRAME)
        first, second = spool.batches(), spool.batches()
        assert [next(first).height, next(second).height, next(first).height] == [2, 2, 2]
        assert len(list(first)) + len(list(second)) == 7
