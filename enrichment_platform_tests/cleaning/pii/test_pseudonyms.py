"""With a key, an identifier has one token in all texts; without one, nothing runs, and the key is told to nobody."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings

from enrichment_platform.errors import InputError
from enrichment_platform_tests.cleaning.conftest import applied
from enrichment_platform_tests.cleaning.pii.conftest import NEAR_PII

KEY = "a key of the tests, 16 or more"


@pytest.fixture(autouse=True, scope="module")
def key() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENRICHMENT_PII_KEY", KEY)
        yield


def token(kind: str, normal: str) -> str:
    digest = hmac.new(KEY.encode(), f"{kind}:{normal}".encode(), hashlib.sha256).hexdigest()
    return f"[{kind.upper()}:{digest[:12]}]"


@pytest.mark.parametrize(
    ("kind", "normal", "written"),
    [
        (
            "email",
            "jane.doe@example.com",
            ["Jane.Doe@Example.com", "jane.doe@example.com", "?to='jane.doe@example.com'"],
        ),
        ("card", "4111111111111111", ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"]),
        ("iban", "DE89370400440532013000", ["DE89 3704 0044 0532 0130 00", "de89370400440532013000"]),
        ("ssn", "540283799", ["540-28-3799", "ssn 540 28 3799"]),
        ("national_id", "12345678Z", ["12345678Z", "12.345.678-Z"]),
        ("ip", "2001:db8::1", ["2001:DB8::1", "2001:0db8:0:0:0:0:0:1"]),
        ("email", "jürgen@münchen.de", ["JÜRGEN@München.de", "ju\u0308rgen@mu\u0308nchen.de", "jürgen＠münchen.de"]),
        (
            "card",
            "4111111111111111",
            ["4111\u20131111\u00a01111\u22121111", "４１１１１１１１１１１１１１１１", "٤١١١١١١١١١١١١١١١"],
        ),
        ("iban", "DE89370400440532013000", ["DE89\u00a03704\u202f0044\u20070532\u20090130\u00a000"]),
        ("ssn", "540283799", ["540\u201128\u20113799"]),
        (
            "phone",
            "442079460958",
            ["+44 20 7946 0958", "0044 20 7946 0958", "+44 (0)20 7946 0958", "+44\u00a020\u00a07946\u20100958"],
        ),
        ("phone", "12025550119", ["+1 (202) 555-0119", "+1 (202) 555-0119 ext. 5", "+1 202 555 0119 x77"]),
    ],
)
def test_token_is_the_same_however_the_identifier_is_written(kind: str, normal: str, written: list[str]) -> None:
    masked = applied("mask_pii", written, pseudonyms=True)
    assert [token(kind, normal) in text for text in masked] == [True] * len(written)


def test_other_keys_and_kinds_give_other_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    first = applied("mask_pii", ["a@b.de", "a@b.com"], pseudonyms=True)
    monkeypatch.setenv("ENRICHMENT_PII_KEY", KEY + "!")
    assert len({*first, *applied("mask_pii", ["a@b.de", "a@b.com"], pseudonyms=True)}) == 4


@given(text=NEAR_PII)
@settings(max_examples=200)
def test_masked_texts_stay_as_they_are(text: str) -> None:
    once = applied("mask_pii", [text], pseudonyms=True)
    assert applied("mask_pii", once, pseudonyms=True) == once
    assert applied("mask_pii", applied("mask_pii", [text]), pseudonyms=True) == applied("mask_pii", [text])


@pytest.mark.parametrize("key", [None, "", "fifteen letters"])
def test_missing_or_short_key_says_what_to_do_and_not_what_it_is(
    key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENRICHMENT_PII_KEY")
    if key is not None:
        monkeypatch.setenv("ENRICHMENT_PII_KEY", key)
    with pytest.raises(InputError, match=r"ENRICHMENT_PII_KEY .* at least 16.*openssl rand") as error:
        applied("mask_pii", ["a@b.de"], pseudonyms=True)
    assert not key or key not in str(error.value)
    assert applied("mask_pii", ["a@b.de"]) == ["[EMAIL]"]
