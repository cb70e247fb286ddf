"""Attempts reach the archive exactly once, wherever the process that moves them dies."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from enrichment_platform.inference import archive, ledger_engine
from enrichment_platform.inference.archive import TABLE, archive_partition, mark_partition, move
from enrichment_platform.inference.history import attempt_frames, attempts_of, hot_partitions
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform.lake.tables import Lake
from enrichment_platform_tests.inference.history_ledger import PARTITION, answered, record, sent
from enrichment_platform_tests.servers.ledgers import ledger, url

__all__ = ["ledger", "url"]


@pytest.fixture
def lake(home: Path) -> Lake:
    return Lake.from_environment()


def history(lake: Lake, ledger: Ledger, partition: str = PARTITION) -> Counter[str]:
    frames = attempt_frames(lake, ledger, "letters", partition)
    return Counter(one for frame in frames for one in frame["attempt_id"])


def archived(lake: Lake) -> Counter[str]:
    return Counter(lake.read(TABLE)["attempt_id"]) if lake.exists(TABLE) else Counter()


def fill(ledger: Ledger, rows: int = 25, partition: str = PARTITION) -> Counter[str]:
    """Settled attempts of as many rows."""
    many = [sent(f"{number:03}", f"{partition}-{number}", partition_key=partition) for number in range(rows)]
    record(ledger, *(answered(one) for one in many))
    return Counter(one.attempt_id for one in many)


class Killed(Exception):
    """The process ends here."""


def test_settled_attempts_move_with_all_their_columns_and_answers_stay(lake: Lake, ledger: Ledger) -> None:
    wanted = fill(ledger, 3)
    (before,) = attempts_of(lake, ledger, "letters", PARTITION, "001")
    keys = [f"{PARTITION}-{number}" for number in range(3)]
    assert archive_partition(lake, ledger, "letters", PARTITION) == 3
    assert archived(lake) == history(lake, ledger) == wanted
    assert hot_partitions(ledger) == set()
    (after,) = attempts_of(lake, ledger, "letters", PARTITION, "001")
    assert after.pop("archive_id") is not None
    before.pop("archive_id")
    assert after == before
    assert set(ledger.answers(keys)) == set(keys)
    assert archive_partition(lake, ledger, "letters", PARTITION) == 0
    assert lake.open(TABLE).metadata().partition_columns == ["enrichment", "partition_key"]


def test_partitions_and_enrichments_are_kept_apart(lake: Lake, ledger: Ledger) -> None:
    a, b = fill(ledger), fill(ledger, partition="b")
    archive_partition(lake, ledger, "letters", "a")
    assert archived(lake) == a
    assert hot_partitions(ledger) == {("letters", "b")}
    assert (history(lake, ledger, "a"), history(lake, ledger, "b")) == (a, b)


@pytest.mark.parametrize("step", ["marked", "between commits", "appended", "deleted"])
def test_a_process_that_dies_between_any_two_steps_loses_and_doubles_nothing(
    lake: Lake, ledger: Ledger, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ROWS_PER_COMMIT", 10)
    wanted = fill(ledger)
    if step == "marked":
        mark_partition(ledger, "letters", PARTITION)
    elif step == "deleted":
        move(lake, ledger, mark_partition(ledger, "letters", PARTITION)[:1])
    else:
        append, commits = archive._append, [0]

        def dying(*arguments: Any) -> None:
            commits[0] += 1
            if step == "between commits" and commits[0] == 2:
                raise Killed
            append(*arguments)
            if step == "appended":
                raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(archive, "_append", dying)
            with pytest.raises(Killed):
                archive_partition(lake, ledger, "letters", PARTITION)
    assert history(lake, ledger) == wanted, "each attempt is seen once at any time"
    more = fill_again(ledger)
    archive_partition(lake, ledger, "letters", PARTITION)
    assert archived(lake) == history(lake, ledger) == wanted + more
    assert hot_partitions(ledger) == set()


def fill_again(ledger: Ledger) -> Counter[str]:
    one = sent("003", "another-key")
    record(ledger, answered(one))
    return Counter([one.attempt_id])


def test_two_processes_that_archive_at_once_append_each_batch_once(
    lake: Lake, url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ROWS_PER_COMMIT", 5)
    wanted = fill(ledger, 20) + fill(ledger, 20, partition="b")
    mark_partition(ledger, "letters", "a")  # left behind by a third one
    errors: list[BaseException] = []

    def work(partition: str) -> None:
        try:
            with Ledger(url) as own:
                archive_partition(lake, own, "letters", partition)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(partition,)) for partition in ("a", "a", "b", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert archived(lake) == wanted
    assert hot_partitions(ledger) == set()


def test_what_is_in_flight_elsewhere_stays_and_what_the_dead_left_is_lost(lake: Lake, url: str, ledger: Ledger) -> None:
    alive, dead = sent("alive"), sent("dead")
    with Ledger(url) as other:
        record(other, alive)
        with Ledger(url) as dying:
            record(dying, dead)
        assert archive_partition(lake, ledger, "letters", PARTITION) == 1
        (row,) = lake.read(TABLE).to_dicts()
        assert (row["row_id"], row["outcome"], row["input_tokens"]) == ("dead", "lost", None)
        assert hot_partitions(ledger) == {("letters", PARTITION)}
    assert archive_partition(lake, ledger, "letters", PARTITION) == 1
    assert archived(lake) == Counter([alive.attempt_id, dead.attempt_id])


NEW = ("lease_key", "temperature", "seed", "max_output_tokens")


def test_an_archive_that_an_earlier_version_wrote_is_read_and_gains_the_new_columns(lake: Lake, ledger: Ledger) -> None:
    fill(ledger, 2)
    archive_partition(lake, ledger, "letters", PARTITION)
    earlier = lake.read(TABLE).drop(NEW)
    shutil.rmtree(lake.table_uri(TABLE))
    lake.append(TABLE, earlier, partition_by=["enrichment", "partition_key"])
    (old,) = attempts_of(lake, ledger, "letters", PARTITION, "001")
    assert [old[name] for name in NEW] == [None] * 4
    asked = sent("new", lease_key="row", temperature=0.5, seed=2**40, max_output_tokens=512)
    record(ledger, answered(asked))
    (hot,) = attempts_of(lake, ledger, "letters", PARTITION, "new")
    assert archive_partition(lake, ledger, "letters", PARTITION) == 1
    (cold,) = attempts_of(lake, ledger, "letters", PARTITION, "new")
    assert [cold[name] for name in NEW] == ["row", 0.5, 2**40, 512]
    assert cold | {"archive_id": None} == hot
    assert attempts_of(lake, ledger, "letters", PARTITION, "001") == [old]


def test_two_processes_that_widen_the_archive_at_once_append_each_batch_once(
    lake: Lake, url: str, ledger: Ledger
) -> None:
    first = fill(ledger, 2)
    archive_partition(lake, ledger, "letters", PARTITION)
    earlier = lake.read(TABLE).drop(NEW)
    shutil.rmtree(lake.table_uri(TABLE))
    lake.append(TABLE, earlier, partition_by=["enrichment", "partition_key"])
    wanted = first + sum((fill(ledger, 5, partition=key) for key in "bcde"), Counter())
    errors: list[BaseException] = []

    def work(partition: str) -> None:
        try:
            with Ledger(url) as own:
                archive_partition(lake, own, "letters", partition)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(partition,)) for partition in "bcde"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert archived(lake) == wanted


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_only_reads_waits_for_nobody_who_writes(
    lake: Lake, url: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = fill(ledger, 3)
    mark_partition(ledger, "letters", PARTITION)
    monkeypatch.setattr(ledger_engine, "BUSY_TIMEOUT_MS", 100)
    with Ledger(url) as other, other.transaction():
        assert history(lake, ledger) == wanted
        assert hot_partitions(ledger) == {("letters", PARTITION)}
        assert len(mark_partition(ledger, "letters", PARTITION)) == 1, "one that was marked before"
        assert archive_partition(lake, ledger, "letters", "another") == 0


def test_the_archive_may_be_a_bucket(
    home: Path, tmp_path: Path, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENRICHMENT_LAKE", f"s3://{s3_bucket}/lake")
    lake = Lake.from_environment()
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        wanted = fill(ledger, 12)
        batches, append = mark_partition(ledger, "letters", PARTITION), archive._append

        def dying(*arguments: Any) -> None:
            append(*arguments)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(archive, "_append", dying)
            with pytest.raises(Killed):
                move(lake, ledger, batches)
        archive_partition(lake, ledger, "letters", PARTITION)
        assert archived(lake) == history(lake, ledger) == wanted
