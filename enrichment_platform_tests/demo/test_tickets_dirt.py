"""The planted dirt: every kind is there on each of the last days, and each is what it says."""

from __future__ import annotations

import csv
import re
from collections import Counter

import ftfy
import pytest

from enrichment_platform.demo.tickets import TicketFiles, write_tickets
from enrichment_platform.demo.tickets_dirt import BROKEN, RATES
from enrichment_platform.demo.tickets_dirt_texts import BLANKS, CARDS, IBANS

Row = dict[str, str]


@pytest.fixture(scope="module", params=[7, 8])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TicketFiles:
    return write_tickets(tmp_path_factory.mktemp("tickets"), seed=request.param)


@pytest.fixture(scope="module")
def rows(files: TicketFiles) -> list[Row]:
    """Every row with the truth of its id."""
    with files.truth.open(encoding="utf-8", newline="") as lines:
        truth = {row["ticket_id"]: row for row in csv.DictReader(lines)}
    with files.tickets.open(encoding="utf-8", newline="") as lines:
        return [row | truth[row["ticket_id"]] for row in csv.DictReader(lines)]


def of_kind(rows: list[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["dirt"] == kind]


def test_each_of_the_last_three_days_has_every_kind(files: TicketFiles, rows: list[Row]) -> None:
    for day in files.days[-3:]:
        kinds = Counter(row["dirt"] for row in rows if row["created_at"].startswith(day))
        assert set(RATES) <= set(kinds), day
        assert {"malformed_line", "duplicate_id"} <= set(kinds), day
    for kind in BROKEN:
        assert len(of_kind(rows, kind)) >= 3


def test_an_injection_comes_at_least_once_in_two_hundred_tickets(rows: list[Row]) -> None:
    places = [at for at, row in enumerate(rows) if row["dirt"] == "injection"]
    gaps = [later - earlier for earlier, later in zip([0, *places], [*places, len(rows)], strict=True)]
    assert max(gaps) <= 200


def test_kinds_are_planted_at_their_rates(rows: list[Row]) -> None:
    for kind, rate in RATES.items():
        assert rate * 0.8 <= len(of_kind(rows, kind)) / len(rows) <= rate * 1.2 + 0.002, kind


def test_exact_duplicates_repeat_their_original_later_the_same_day(rows: list[Row]) -> None:
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["ticket_id"], row)
    for row in of_kind(rows, "exact_duplicate"):
        original = first[row["duplicate_of"]]
        assert (row["subject"], row["body"]) == (original["subject"], original["body"])
        assert original["dirt"] == ""
        assert original["created_at"] <= row["created_at"]
        assert original["created_at"][:10] == row["created_at"][:10]


def test_near_duplicates_are_other_texts_with_almost_the_same_words(rows: list[Row]) -> None:
    by_id = {row["ticket_id"]: row for row in rows}
    for row in of_kind(rows, "near_duplicate"):
        original = by_id[row["duplicate_of"]]
        assert row["body"] != original["body"]
        assert row["order_id"] in row["body"]
        one, two = (Counter(re.findall(r"[\w$.-]*\w", text.lower())) for text in (row["body"], original["body"]))
        assert sum((one - two).values()) <= 1
        assert sum((two - one).values()) <= 1


def test_html_has_tags_and_entities(rows: list[Row]) -> None:
    for row in of_kind(rows, "html"):
        assert re.search(r"<(p|div|html|span)\b", row["body"])
        assert re.search(r"&(nbsp|amp|#x27|quot|lt);", row["body"])


def test_mojibake_can_be_repaired(rows: list[Row]) -> None:
    for row in of_kind(rows, "mojibake"):
        assert re.search("[âÃÅ]", row["body"])
        repaired = ftfy.fix_text(row["body"])
        assert not re.search("â€|Ã[^a-z ]|Â", repaired), (row["body"], repaired)


def test_blanks_say_nothing_and_have_no_label(rows: list[Row]) -> None:
    blanks = of_kind(rows, "blank")
    assert {row["body"] for row in blanks} == set(BLANKS)
    assert not any(row["category"] or row["order_id"] or row["amount"] for row in blanks)


def test_cards_pass_luhn_and_ibans_their_checksum() -> None:
    for card in CARDS:
        digits = [int(digit) for digit in reversed(card) if digit.isdigit()]
        doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
        assert (sum(digits[::2]) + sum(doubled)) % 10 == 0, card
    for iban in IBANS:
        text = iban.replace(" ", "")
        assert int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1, iban


def test_pii_names_an_address_a_number_a_card_or_an_account(rows: list[Row]) -> None:
    found = Counter[str]()
    for row in of_kind(rows, "pii"):
        kinds = {
            "email": r"@(example\.(com|org|net)|mail\.example)\b",
            "phone": r"555[- ]01\d\d\b",
            "card": "|".join(map(re.escape, CARDS)),
            "iban": "|".join(map(re.escape, IBANS)),
        }
        here = [kind for kind, pattern in kinds.items() if re.search(pattern, row["body"])]
        assert here, row["body"]
        found.update(here)
    assert set(found) == {"email", "phone", "card", "iban"}


def test_broken_rows_miss_fields_or_have_no_time(rows: list[Row]) -> None:
    assert all(row["body"] is None and row["subject"] is None for row in of_kind(rows, "malformed_line"))
    good = re.compile(r"2026-(01|02)-\d\dT")
    assert all(
        not good.match(row["created_at"]) or "02-30" in row["created_at"] for row in of_kind(rows, "bad_timestamp")
    )


def test_the_file_has_one_kind_of_line_end(files: TicketFiles) -> None:
    assert b"\r" not in files.tickets.read_bytes()
    assert b"\r" not in files.truth.read_bytes()
