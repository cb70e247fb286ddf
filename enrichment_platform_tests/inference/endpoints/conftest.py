"""What the tests of the HTTP client share."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop

from enrichment_platform_tests.inference.endpoints.http_clients import Run, Scenario


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a scenario in a loop of either kind."""

    def in_loop(scenario: Scenario) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop if request.param == "uvloop" else None) as runner:
            return runner.run(asyncio.wait_for(scenario(), 30))

    return in_loop
