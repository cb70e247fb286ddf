"""Which failed attempts may have been charged."""

from __future__ import annotations

import pytest

from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure, may_be_billed


@pytest.mark.parametrize("status", [302, 400, 401, 404, 408, 422, 429, 500, 501, 503, 529])
def test_what_the_server_itself_turned_away_is_not_billed(status: int) -> None:
    assert not may_be_billed(status)


@pytest.mark.parametrize("status", [None, 200, 502, 504, 520, 524])
def test_what_may_have_reached_the_model_may_be_billed(status: int | None) -> None:
    assert may_be_billed(status)


def test_what_never_left_is_not_billed() -> None:
    assert not may_be_billed(None, sent=False)
    assert EndpointError(Failure.TIMEOUT, "no answer").may_be_billed
    assert not EndpointError(Failure.CONNECTION, "refused", sent=False).may_be_billed
