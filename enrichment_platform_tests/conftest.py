"""What tests of all folders share: an empty home, and servers that are started once a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from enrichment_platform_tests.servers.openai_server import RunningServer, openai_server
from enrichment_platform_tests.servers.postgres import postgres_url
from enrichment_platform_tests.servers.s3 import s3_bucket, s3_endpoint

# Here and nowhere else: a session's fixture that a test module imports is a second one, with a server of its own.
__all__ = ["home", "postgres_url", "provider", "s3_bucket", "s3_endpoint"]

# Both measure the wall clock, which is the machine's affair.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ENRICHMENT_HOME that does not exist yet; nothing else of the platform is set in the environment."""
    for name in list(os.environ):
        if name.startswith(("ENRICHMENT_", "DAGSTER_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("ENRICHMENT_HOME", str(folder))
    # The code under test sets it; registered here so that it is taken back after the test.
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    return folder


@pytest.fixture
def provider() -> Iterator[RunningServer]:
    """An OpenAI-compatible server with an empty bill."""
    with openai_server() as server:
        yield server
