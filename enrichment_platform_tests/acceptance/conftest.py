"""Deployments that the acceptance tests drive."""

from __future__ import annotations

from pathlib import Path

import pytest

from enrichment_platform_tests.acceptance.project import Deployment, copy_of_the_platform
from enrichment_platform_tests.servers.openai_server import RunningServer


@pytest.fixture
def deployment(tmp_path: Path, provider: RunningServer) -> Deployment:
    """A copy of the platform without enrichments, on an empty home, answered by the fake provider."""
    root = copy_of_the_platform(tmp_path / "project")
    return Deployment(root, tmp_path / "home", {"ENRICHMENT_ENDPOINT": provider.url})
