"""The demo's tickets: reproducible, balanced, told in many ways, and true to the truth file."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from enrichment_platform.demo.tickets import CATEGORIES, TRUTH_COLUMNS, TicketFiles, write_tickets
from enrichment_platform.demo.tickets_writing import LONGEST, SHORTEST, SITUATIONS
from enrichment_platform.errors import InputError

Rows = list[dict[str, str]]
UNREADABLE = ("bad_timestamp", "malformed_line")
# The first guess anybody has: the words of the label's own name.
NAME_RULE = {
    "billing": r"\bbill",
    "refund": r"refund",
    "delivery": r"deliver",
    "damaged_item": r"damage|\bitem",
    "account_access": r"account|access",
    "technical_issue": r"technical|issue",
    "cancellation": r"cancel",
    "product_question": r"product|question",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TicketFiles:
    return write_tickets(tmp_path_factory.mktemp("tickets"))


@pytest.fixture(scope="module")
def truth(files: TicketFiles) -> dict[str, dict[str, str]]:
    with files.truth.open(encoding="utf-8", newline="") as lines:
        return {row["ticket_id"]: row for row in csv.DictReader(lines)}


@pytest.fixture(scope="module")
def rows(files: TicketFiles) -> Rows:
    with files.tickets.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def labelled(rows: Rows, truth: dict[str, dict[str, str]]) -> Rows:
    """Readable rows that have a category, each with its truth; no duplicates, no second use of an id."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        facts = truth[row["ticket_id"]]
        if facts["category"] and not facts["duplicate_of"] and row["ticket_id"] not in found:
            found[row["ticket_id"]] = row | facts
    return list(found.values())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others(tmp_path: Path, files: TicketFiles) -> None:
    again = write_tickets(tmp_path / "again")
    other = write_tickets(tmp_path / "other", seed=8)
    assert again.tickets.read_bytes() == files.tickets.read_bytes()
    assert again.truth.read_bytes() == files.truth.read_bytes()
    assert other.tickets.read_bytes() != files.tickets.read_bytes()


def test_files_that_are_right_already_are_left_alone_and_others_replaced(tmp_path: Path) -> None:
    first = write_tickets(tmp_path, days=2)
    first.truth.write_text("spoilt")
    before = first.tickets.stat()
    second = write_tickets(tmp_path, days=2)
    assert (second.tickets.stat().st_mtime_ns, second.tickets.stat().st_ino) == (
        before.st_mtime_ns,
        before.st_ino,
    )
    assert second.truth.read_text().startswith(",".join(TRUTH_COLUMNS))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tickets.csv", "truth.csv"]


def test_thirty_days_hold_about_two_thousand_tickets_and_differ_in_size(files: TicketFiles, rows: Rows) -> None:
    assert files.rows == len(rows)
    assert 1850 <= files.rows <= 2150
    assert (files.days[0], files.days[-1], len(files.days)) == ("2026-01-01", "2026-01-30", 30)
    per_day = Counter(row["created_at"][:10] for row in rows if row["created_at"][:10] in files.days)
    assert set(per_day) == set(files.days)
    assert max(per_day.values()) > 1.4 * min(per_day.values())


def test_tickets_are_in_order_of_time_and_come_all_day(rows: Rows, files: TicketFiles) -> None:
    times = [row["created_at"] for row in rows if re.fullmatch(r"2026-01-\d\dT[\d:]{8}", row["created_at"] or "")]
    assert times == sorted(times)
    assert len({time[11:13] for time in times}) >= 20


def test_truth_joins_one_to_one_on_readable_rows(rows: Rows, truth: dict[str, dict[str, str]]) -> None:
    assert set(truth) == {row["ticket_id"] for row in rows}
    used = Counter(row["ticket_id"] for row in rows)
    assert {ticket for ticket, times in used.items() if times > 1} == {
        ticket for ticket, facts in truth.items() if facts["dirt"] == "duplicate_id"
    }
    assert max(used.values()) == 2
    for facts in truth.values():
        assert facts["category"] in CATEGORIES or facts["dirt"] in (*UNREADABLE, "blank")


def test_order_ids_and_amounts_of_the_truth_are_in_the_body_and_no_others(labelled: Rows) -> None:
    for row in labelled:
        body = row["body"].replace("$999.00", "")  # an injection's own
        assert set(re.findall(r"ORD-\d{6}", row["subject"] + body)) <= {row["order_id"]} - {""}, row
        assert row["order_id"] in body
        first = re.search(r"\$(\d+\.\d\d)", body)
        assert row["amount"] == (first.group(1) if first else "")
    share = sum(bool(row["order_id"]) for row in labelled) / len(labelled)
    assert 0.25 < share < 0.75


def test_no_category_is_rare_or_common(labelled: Rows) -> None:
    counts = Counter(row["category"] for row in labelled)
    assert set(counts) == set(CATEGORIES)
    for category, count in counts.items():
        assert 0.05 < count / len(labelled) < 0.25, category


def test_every_category_has_many_situations_told_in_several_ways() -> None:
    for category, situations in SITUATIONS.items():
        assert len(situations) >= 25, category
        for situation in situations:
            forms = len(situation.phrasings) + sum(text.count("{") for text in situation.phrasings)
            assert forms >= 2, (category, situation)


def test_bodies_differ_and_do_not_start_alike(labelled: Rows) -> None:
    assert len({row["body"] for row in labelled}) > 0.98 * len(labelled)
    starts: dict[str, list[str]] = defaultdict(list)
    for row in labelled:
        starts[row["category"]].append(" ".join(row["body"].lower().split()[:4]))
    for category, found in starts.items():
        assert Counter(found).most_common(1)[0][1] <= 0.1 * len(found), category


def test_clean_bodies_are_as_long_as_people_write(labelled: Rows) -> None:
    lengths = [len(row["body"].split()) for row in labelled if not row["dirt"]]
    assert min(lengths) >= SHORTEST - 1  # an abbreviation may join two words
    assert max(lengths) <= LONGEST
    assert max(lengths) > 60
    assert sum(length <= 12 for length in lengths) > 0.1 * len(lengths)


def test_the_words_of_the_label_do_not_give_it_away(labelled: Rows) -> None:
    """Even where the rule may choose, knowing the answer, among all labels whose words occur."""
    right = sum(
        re.search(NAME_RULE[row["category"]], f"{row['subject']} {row['body']}".lower()) is not None for row in labelled
    )
    assert right / len(labelled) < 0.6


def test_every_category_names_words_of_the_others_in_passing(labelled: Rows) -> None:
    for label, words in NAME_RULE.items():
        users = {row["category"] for row in labelled if re.search(words, row["body"].lower())}
        assert len(users) >= 4, label


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"start": "1 January"}, "start"), ({"days": 0}, "days"), ({"per_day": 3}, "per_day")],
)
def test_wrong_input_is_named(tmp_path: Path, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_tickets(tmp_path, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_any_seed_and_size_can_be_written(tmp_path: Path, seed: int) -> None:
    files = write_tickets(tmp_path, seed=seed, start="2024-02-26", days=4, per_day=20)
    assert files.days[-1] == "2024-02-29"
    assert files.rows >= 50
