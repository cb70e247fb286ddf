"""List prices of hosted models, from the data that the library genai-prices carries; nothing is downloaded."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from enrichment_platform.inference.pricing import Price, PriceTier

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices

_log = logging.getLogger("enrichment_platform.inference")
# Prices of these units are charged besides or instead of tokens, which this platform neither counts nor asks for.
_TOKEN_PRICES = ("input_mtok", "cache_read_mtok", "output_mtok")
_PER_REQUEST = "requests_kcount"


@cache
def listed_price(model: str, base_url: str) -> Price | None:
    """The list price of a model today; None where the list does not hold it.

    A provider that the list knows by its URL is asked for its own price of the model; any other URL (a gateway) is
    taken to hand on what the model's maker asks. The price is the one of the moment: providers that charge by
    the time of day are priced by the first look.

    Args:
        model: As it is named in requests.
        base_url: Of the endpoint, without user and password.
    """
    from genai_prices import Usage, calc_price  # 0.1 s, paid only where a price is looked up

    usage, now = Usage(input_tokens=1, output_tokens=1), datetime.now(UTC)
    try:
        found = calc_price(usage, model, provider_api_url=base_url, genai_request_timestamp=now)
    except LookupError:
        if _provider_is_listed(base_url):
            return None
        try:
            found = calc_price(usage, model, genai_request_timestamp=now)
        except LookupError:
            return None
    price = _price(found.model_price)
    if price is not None:
        _log.info(
            "price of %s: that of %s %s in genai-prices, %g in, %g out (US dollars per million tokens)",
            model,
            found.provider.name,
            found.model.id,
            price.input,
            price.output,
        )
    return price


def _provider_is_listed(base_url: str) -> bool:
    from genai_prices.data_snapshot import get_snapshot

    try:
        get_snapshot().find_provider(None, None, base_url)
    except LookupError:
        return False
    return True


def _price(listed: ModelPrice) -> Price | None:
    found = {name: getattr(listed, name) for name in _TOKEN_PRICES}
    if found["input_mtok"] is None or found["output_mtok"] is None or getattr(listed, _PER_REQUEST) is not None:
        return None
    if found["cache_read_mtok"] is None:
        found["cache_read_mtok"] = found["input_mtok"]
    starts = sorted({start for value in found.values() for start in _starts(value)})
    return Price(
        _at(found["input_mtok"], 0),
        _at(found["cache_read_mtok"], 0),
        _at(found["output_mtok"], 0),
        tiers=tuple(PriceTier(start, *(_at(found[name], start + 1) for name in _TOKEN_PRICES)) for start in starts),
    )


def _starts(value: Decimal | TieredPrices) -> list[int]:
    return [] if isinstance(value, Decimal) else [tier.start for tier in value.tiers]


def _at(value: Decimal | TieredPrices, input_tokens: int) -> float:
    if isinstance(value, Decimal):
        return float(value)
    prices = [tier.price for tier in value.tiers if input_tokens > tier.start]
    return float(prices[-1] if prices else value.base)
