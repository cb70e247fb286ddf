"""Where local state, the lake and the ledger are, read from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from enrichment_platform.errors import InputError


def home() -> Path:
    """Folder of all local state: `ENRICHMENT_HOME`, or `.enrichment` in the current folder; absolute."""
    return Path(os.environ.get("ENRICHMENT_HOME") or ".enrichment").expanduser().absolute()


def lake_uri() -> str:
    """URI of the lake: `ENRICHMENT_LAKE` (a path or `s3://bucket/prefix`), or `lake/` under the home."""
    configured = os.environ.get("ENRICHMENT_LAKE") or str(home() / "lake")
    if "://" in configured:
        if not configured.startswith("s3://"):
            raise InputError(f"ENRICHMENT_LAKE is {configured}; allowed are a path and s3://bucket/prefix")
        return configured.rstrip("/")
    path = Path(configured).expanduser().absolute()
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not existing.is_dir():
        raise InputError(f"the lake cannot be at {path}: {existing} is a file; see ENRICHMENT_HOME and ENRICHMENT_LAKE")
    return str(path)


def ledger_url() -> str:
    """SQLAlchemy URL of the ledger: `ENRICHMENT_LEDGER`, or a SQLite file under the home.

    A PostgreSQL URL without a password gets the one of `ENRICHMENT_LEDGER_PASSWORD`, as it is.
    """
    url = os.environ.get("ENRICHMENT_LEDGER") or f"sqlite:///{home() / 'ledger.db'}"
    password = os.environ.get("ENRICHMENT_LEDGER_PASSWORD")
    if not password or not url.startswith("postgresql"):
        return url
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError):
        return url  # who opens it says what is wrong
    return url if parsed.password else parsed.set(password=password).render_as_string(hide_password=False)


def warehouse_path() -> Path:
    """DuckDB file with one view a table."""
    return home() / "warehouse.duckdb"


def storage_options(uri: str) -> dict[str, str] | None:
    """Object-store options for deltalake; credentials come from the usual AWS variables.

    An endpoint that is plain HTTP (MinIO, a test server) has to be allowed by name.
    """
    if not uri.startswith("s3://"):
        return None
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options = {"aws_conditional_put": "etag"}
    if endpoint:
        options["aws_endpoint"] = endpoint
        if endpoint.startswith("http://"):
            options["aws_allow_http"] = "true"
    return options
