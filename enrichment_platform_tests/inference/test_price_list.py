"""List prices come from the library's own data: right provider, cached input, tiers, no network."""

from __future__ import annotations

import socket
from decimal import Decimal

import pytest
from genai_prices.types import ModelPrice, Tier, TieredPrices

from enrichment_platform.inference.price_list import _price, listed_price
from enrichment_platform.inference.pricing import Price, PriceTier

OPENAI = "https://api.openai.com/v1"
GATEWAY = "https://gateway.example.com/v1"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a price was asked for over the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    listed_price.cache_clear()


def test_a_hosted_model_has_the_price_of_its_provider_with_cached_input() -> None:
    price = listed_price("gpt-4o-mini", OPENAI)
    assert price is not None
    assert price.known
    assert price.cached_input is not None
    assert 0 < price.cached_input < price.input < price.output
    assert listed_price("gpt-4o-mini-2024-07-18", OPENAI) == price, "a dated name is the same model"


def test_a_gateway_hands_on_what_the_maker_asks() -> None:
    assert listed_price("gpt-4o-mini", GATEWAY) == listed_price("gpt-4o-mini", OPENAI)


@pytest.mark.parametrize(
    ("model", "url"),
    [("fake-model", GATEWAY), ("gpt-99", OPENAI), ("fake-model", OPENAI), ("Qwen/Qwen3-8B", GATEWAY)],
)
def test_a_model_that_is_not_listed_has_no_price(model: str, url: str) -> None:
    assert listed_price(model, url) is None


def test_a_listed_provider_is_never_priced_as_another_one() -> None:
    assert listed_price("gpt-4o-mini", "https://api.groq.com/openai/v1") is None


def test_tiers_are_kept() -> None:
    listed = ModelPrice(
        input_mtok=TieredPrices(Decimal(1), [Tier(200_000, Decimal(2))]),
        cache_read_mtok=Decimal(0),
        output_mtok=TieredPrices(Decimal(10), [Tier(200_000, Decimal(15))]),
    )
    assert _price(listed) == Price(1.0, 0.0, 10.0, tiers=(PriceTier(200_000, 2.0, 0.0, 15.0),))


@pytest.mark.parametrize(
    "listed",
    [
        ModelPrice(input_mtok=Decimal(1)),
        ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(1), requests_kcount=Decimal(5)),
    ],
)
def test_a_price_that_tokens_alone_do_not_tell_is_none(listed: ModelPrice) -> None:
    assert _price(listed) is None


def test_what_is_not_cached_apart_costs_what_input_costs() -> None:
    price = _price(ModelPrice(input_mtok=Decimal(3), output_mtok=Decimal(4)))
    assert price == Price(3.0, 3.0, 4.0)
