"""Writes the demo's support tickets and the truth about them; the same seed gives the same bytes everywhere.

The label of a ticket is its main reason, which is what happened and not the remedy that is asked for:

- goods that arrived broken, faulty or incomplete: `damaged_item`, also where money back is wanted for them;
- a charge that is wrong: `billing`, also where the customer wants it paid back;
- a return, or money that was promised or is due for one: `refund`;
- an order or plan to be stopped: `cancellation`, also because it is late or costs too much;
- a login that fails: `account_access`; any other fault of site, app or device software: `technical_issue`.

`truth.csv` has one row for each ticket id of `tickets.csv`. Its `dirt` is the kind that was planted, if any.
Order id and amount are the first that the body names. Blank tickets have no category: nobody could tell it.
Rows with a bad timestamp or missing fields (`bad_timestamp`, `malformed_line`) cannot be read. `duplicate_id`
marks an id that two rows use; the first of them is the one described. Near and exact duplicates name their
original in `duplicate_of`.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from enrichment_platform.demo import tickets_dirt as dirt
from enrichment_platform.demo.tickets_calendar import ticket_count
from enrichment_platform.demo.tickets_days import Ticket, clean_tickets, with_broken, with_dirt
from enrichment_platform.demo.tickets_grammar import Dice
from enrichment_platform.errors import InputError

CATEGORIES: dict[str, str] = {
    "billing": "a charge, price, invoice, tax, discount or payment method is wrong or unclear",
    "refund": "wants to return something, or waits for money back from a return or a promised refund",
    "delivery": "a parcel is late, lost, sent to the wrong place, or a question about shipping or tracking",
    "damaged_item": "the item arrived broken, faulty or with parts missing, or stopped working",
    "account_access": "cannot log in: password, verification code, locked or hacked account, login details",
    "technical_issue": "the website, app or device software has an error, crashes or does not connect",
    "cancellation": "wants to cancel an order, stop a subscription or membership, or close an account",
    "product_question": "asks about a product: size, material, use, care, compatibility, warranty, stock",
}
TICKET_COLUMNS = ("ticket_id", "created_at", "channel", "customer_tier", "subject", "body")
TRUTH_COLUMNS = ("ticket_id", "category", "order_id", "amount", "dirt", "duplicate_of")
FULL_DAYS = 3  # the last days, which the demo runs, hold every kind of dirt
BROKEN_EVERY = 6  # days between two broken rows before that
FIRST_ID = 10001
LEAST_PER_DAY = 20  # fewer leave too little room for one of each kind of dirt


@dataclass(frozen=True)
class TicketFiles:
    """What was written: `rows` records below the header, broken ones included; `days` as ISO dates."""

    tickets: Path
    truth: Path
    rows: int
    days: tuple[str, ...]


def write_tickets(
    folder: Path, *, seed: int = 7, start: str = "2026-01-01", days: int = 30, per_day: int = 67
) -> TicketFiles:
    """Write `tickets.csv` and `truth.csv` into the folder; a file that is the same already is left alone.

    Args:
        folder: made if it is missing.
        seed: another seed, other tickets.
        start: first day, an ISO date.
        days: number of days, at least 1.
        per_day: tickets a day on average, at least 20; Mondays have more, weekends fewer.

    Raises:
        InputError: for a start that is no date, or too few days or tickets a day.
    """
    first = _first_day(start, days, per_day)
    dice = Dice(seed)
    seen: set[str] = set()
    owed = dict.fromkeys(dirt.RATES, 0.0)
    rows: list[tuple[str, ...]] = [TICKET_COLUMNS]
    truth: list[tuple[str, ...]] = [TRUTH_COLUMNS]
    dates = tuple(first + timedelta(days=number) for number in range(days))
    next_id = FIRST_ID
    for number, day in enumerate(dates):
        full = number >= days - FULL_DAYS
        tickets = clean_tickets(dice, day, ticket_count(dice, day, per_day), seen)
        tickets = with_dirt(dice, day, tickets, _due(owed, len(tickets), full=full))
        broken = dirt.BROKEN if full else (dirt.BROKEN[number // BROKEN_EVERY % 3],) * (number % BROKEN_EVERY == 4)
        tickets = with_broken(dice, tickets, broken)
        day_rows, day_truth = _records(tickets, next_id)
        rows += day_rows
        truth += day_truth
        next_id += len(tickets)
    folder.mkdir(parents=True, exist_ok=True)
    files = TicketFiles(
        tickets=folder / "tickets.csv",
        truth=folder / "truth.csv",
        rows=len(rows) - 1,
        days=tuple(day.isoformat() for day in dates),
    )
    _write(files.tickets, rows, quoting=csv.QUOTE_ALL)
    _write(files.truth, truth, quoting=csv.QUOTE_MINIMAL)
    return files


def _first_day(start: str, days: int, per_day: int) -> date:
    try:
        first = date.fromisoformat(start)
    except ValueError:
        raise InputError(f"start: {start!r} is no date; write it as 2026-01-01") from None
    if days < 1:
        raise InputError(f"days: {days} is too few; at least 1")
    if per_day < LEAST_PER_DAY:
        raise InputError(f"per_day: {per_day} is too few; at least {LEAST_PER_DAY}")
    return first


def _due(owed: dict[str, float], count: int, *, full: bool) -> dict[str, int]:
    """How many of each kind the day gets; what a day is too short for is carried over to the next."""
    due = {}
    for kind, rate in dirt.RATES.items():
        owed[kind] += rate * count
        due[kind] = max(int(owed[kind]), 1 if full else 0)
        owed[kind] = max(owed[kind] - due[kind], 0.0)
    return due


def _records(tickets: list[Ticket], next_id: int) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The day's rows of `tickets.csv` and of `truth.csv`."""
    rows: list[tuple[str, ...]] = []
    truth: list[tuple[str, ...]] = []
    for at, ticket in enumerate(tickets):
        original = "" if ticket.original is None else f"T-{next_id + ticket.original}"
        shares_id = ticket.dirt == "duplicate_id" and bool(original)
        ticket_id = original if shares_id else f"T-{next_id + at}"
        created = ticket.timestamp or ticket.created_at.isoformat(timespec="seconds")
        row = (ticket_id, created, ticket.channel, ticket.tier, ticket.subject, ticket.body)
        rows.append(row[:3] if ticket.dirt == "malformed_line" else row)
        if ticket.dirt in ("malformed_line", "bad_timestamp"):
            truth.append((ticket_id, "", "", "", ticket.dirt, ""))
        elif not shares_id:
            truth.append((ticket_id, ticket.category, ticket.order_id, ticket.amount, ticket.dirt, original))
    return rows, truth


def _write(path: Path, rows: list[tuple[str, ...]], *, quoting: Literal[0, 1]) -> None:
    """Write the rows in one step: a reader sees the old file or the new one, never half of it."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
    content = text.getvalue().encode()
    if path.exists() and path.read_bytes() == content:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    os.replace(draft, path)
