"""The tickets of one day: written clean, then with the dirt and the broken rows that are due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from enrichment_platform.demo import tickets_dirt as dirt
from enrichment_platform.demo.tickets_calendar import moment, soon_after
from enrichment_platform.demo.tickets_dirt_texts import BAD_TIMESTAMPS, BLANKS
from enrichment_platform.demo.tickets_grammar import Dice
from enrichment_platform.demo.tickets_writing import write_text

WEIGHTS = {
    **{"billing": 15, "refund": 14, "delivery": 18, "damaged_item": 12},
    **{"account_access": 11, "technical_issue": 12, "cancellation": 9, "product_question": 9},
}
CHANNELS = {"email": 45, "chat": 25, "web": 22, "phone": 8}
TIERS = {"standard": 62, "plus": 28, "business": 10}
TRIES = 25  # to write a body that no ticket has yet
CURLY_RATE = 0.1  # e-mails with typographic apostrophes that are all right


@dataclass(frozen=True)
class Ticket:
    """One ticket before it has an id; `original` is the position of the ticket it repeats within its day."""

    created_at: datetime
    channel: str
    tier: str
    subject: str
    body: str
    category: str
    order_id: str
    amount: str
    writer: str
    dirt: str = ""
    original: int | None = None
    timestamp: str = ""


def clean_tickets(dice: Dice, day: date, count: int, seen: set[str]) -> list[Ticket]:
    """So many tickets of the day; `seen` holds the bodies there are, so that hardly any comes twice."""
    tickets = []
    for _ in range(count):
        category, channel = dice.weighted(WEIGHTS), dice.weighted(CHANNELS)
        text = write_text(dice, category, channel, day)
        for _ in range(TRIES):
            if text.body not in seen:
                break
            text = write_text(dice, category, channel, day)
        seen.add(text.body)
        body = text.body
        if channel == "email" and dice.chance(CURLY_RATE):
            body = body.replace("'", "’")
        tier = dice.weighted(TIERS)
        if " Plus" in body or "membership" in body.lower():
            tier = "plus"
        elif "business" in body or "company" in body:
            tier = "business"
        facts = (category, text.order_id, text.amount, text.writer)
        tickets.append(Ticket(moment(dice, day), channel, tier, text.subject, body, *facts))
    return tickets


def with_dirt(dice: Dice, day: date, clean: list[Ticket], due: dict[str, int]) -> list[Ticket]:
    """The tickets in order of time, with dirt; a duplicate takes the place of a ticket, the count stays."""
    kinds = [kind for kind, number in due.items() if kind not in dirt.DUPLICATES for _ in range(number)]
    repeats = [kind for kind in dirt.DUPLICATES for _ in range(due[kind])]
    order = dice.shuffled(range(len(clean)))
    order.sort(key=lambda at: clean[at].channel == "phone")  # a voicemail holds no HTML
    dropped, rest = order[: len(repeats)], order[len(repeats) :]
    tickets = dict(enumerate(clean))
    for at in dropped:
        del tickets[at]
    for at, kind in zip(rest, kinds, strict=False):
        tickets[at] = _spoilt(dice, tickets[at], kind, day)
    untouched = rest[len(kinds) :]
    originals = [at for at in untouched if len(tickets[at].body.split()) >= 10] or untouched
    for new, (kind, at) in enumerate(zip(repeats, originals, strict=False), start=len(clean)):
        source = tickets[at]
        body = dirt.nearly(dice, source.body) if kind == "near_duplicate" else source.body
        created = soon_after(dice, source.created_at)
        tickets[new] = replace(source, created_at=created, body=body, dirt=kind, original=at)
    by_time = sorted(tickets, key=lambda at: (tickets[at].created_at, at))
    place = {at: position for position, at in enumerate(by_time)}
    return [
        ticket if ticket.original is None else replace(ticket, original=place[ticket.original])
        for ticket in (tickets[at] for at in by_time)
    ]


def _spoilt(dice: Dice, ticket: Ticket, kind: str, day: date) -> Ticket:
    body = ticket.body
    if kind == "blank":
        subject = dice.pick(("", "", "(no subject)", "Support request"))
        blank = replace(ticket, subject=subject, body=dice.pick(BLANKS), dirt=kind)
        return replace(blank, category="", order_id="", amount="")
    if kind == "footer":
        return replace(ticket, channel="email", body=dirt.with_footer(dice, body, ticket.writer, day), dirt=kind)
    if kind == "html":
        return replace(ticket, channel="email", body=dirt.with_html(dice, body), dirt=kind)
    if kind == "mojibake":
        body = dirt.with_mojibake(dice, body)
    elif kind == "pii":
        body = dirt.with_pii(dice, body, ticket.writer)
    else:
        body = dirt.with_injection(dice, body, ticket.category, tuple(WEIGHTS))
    return replace(ticket, body=body, dirt=kind)


def with_broken(dice: Dice, tickets: list[Ticket], kinds: tuple[str, ...]) -> list[Ticket]:
    """The tickets with clean ones broken; for `duplicate_id`, a later row takes an earlier one's id."""
    repeated = {ticket.original for ticket in tickets}
    clean = [at for at, ticket in enumerate(tickets) if not ticket.dirt and at not in repeated]
    order = dice.shuffled(clean)
    broken = list(tickets)
    for kind in kinds:
        at = order.pop()
        if kind == "bad_timestamp":
            broken[at] = replace(tickets[at], dirt=kind, timestamp=dice.pick(BAD_TIMESTAMPS))
        elif kind == "malformed_line":
            broken[at] = replace(tickets[at], dirt=kind)
        else:
            first, second = sorted((at, order.pop()))
            broken[first] = replace(tickets[first], dirt=kind)
            broken[second] = replace(tickets[second], dirt=kind, original=first)
    return broken
