"""Opening a ledger: what cannot be opened is one clear error that holds no password and says what to do."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.ledger import Ledger
from enrichment_platform_tests.servers.ledgers import ask, execute, run, url

__all__ = ["url"]
PASSWORD = "s3cret-password"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            f"postgresql://user:{PASSWORD}@127.0.0.1:1/db",
            r"the ledger at postgresql\+pg8000://user:\*\*\*@127\.0\.0\.1:1/db cannot be opened \(\w+\)",
        ),
        (f"postgresql://user:an@{PASSWORD}@127.0.0.1:1/db", "cannot be opened"),
        (f"postgresql://user:{PASSWORD}@127.0.0.1:port/db", "is not a SQLAlchemy URL; write sqlite:///path or"),
        (f"postgres {PASSWORD}", "is not a SQLAlchemy URL"),
        ("", "is not a SQLAlchemy URL"),
        (f"mysql://user:{PASSWORD}@127.0.0.1/db", "is a mysql URL that cannot be used; write sqlite:///path or"),
        (f"postgresql+psycopg://user:{PASSWORD}@127.0.0.1/db", "psycopg URL that cannot be used"),
        ("sqlite://", "is a sqlite URL that cannot be used"),
        ("sqlite:///:memory:", "is a sqlite URL that cannot be used"),
        ("sqlite:////dev/null/folder/ledger.db", "cannot be opened"),
        ("sqlite:////tmp", r"cannot be opened \(OperationalError\)"),
    ],
)
def test_a_ledger_that_cannot_be_opened_is_one_error_without_the_password(url: str, message: str) -> None:
    with pytest.raises(EnrichmentError, match=message) as caught:
        Ledger(url)
    assert "ENRICHMENT_LEDGER" in str(caught.value)
    # As a log shows it, chained errors included; the line of this test that opens it holds no password.
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_wrong_password_is_one_error_without_it(postgres_url: str) -> None:
    wrong = sa.make_url(postgres_url).set(password=PASSWORD).render_as_string(hide_password=False)
    with pytest.raises(EnrichmentError, match="cannot be opened") as caught:
        Ledger(wrong)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_sqlite_file_that_is_no_database_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("these are not the bytes of a database" * 100)
    with pytest.raises(EnrichmentError, match="cannot be opened"):
        Ledger(f"sqlite:///{path}")


def test_a_holders_folder_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db-holders").write_text("a file")
    with pytest.raises(EnrichmentError, match="cannot be opened"):
        Ledger(f"sqlite:///{tmp_path}/ledger.db")


def test_a_ledger_of_an_earlier_version_says_what_to_do(url: str) -> None:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    execute(url, "CREATE TABLE attempts (attempt_id VARCHAR(64) PRIMARY KEY, request_key VARCHAR(64))")
    with pytest.raises(EnrichmentError, match=r"written by an earlier version of the platform .* ENRICHMENT_LEDGER"):
        Ledger(url)
    assert execute(url, "SELECT count(*) FROM attempts") == [(0,)]


def test_a_ledger_of_a_later_version_says_so(url: str) -> None:
    Ledger(url).close()
    Ledger(url).close()
    execute(url, "UPDATE ledger_version SET version = version + 1")
    with pytest.raises(EnrichmentError, match="written by a later version of the platform"):
        Ledger(url)


def test_tables_of_others_in_the_same_database_do_not_matter(url: str) -> None:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    execute(url, "CREATE TABLE runs (id INTEGER)")
    with Ledger(url) as ledger:
        assert run(ask(ledger, "key-0")).verdict == "admitted"


def test_a_ledger_that_is_opened_and_closed_often_leaves_nothing_open(url: str) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    with Ledger(url) as ledger:
        run(ask(ledger, "key-0"))
    before = descriptors()
    for _ in range(10):
        with Ledger(url) as ledger:
            run(ask(ledger, "key-0"))
            ledger.answers(["key-0"])
    assert descriptors() <= before + 1
