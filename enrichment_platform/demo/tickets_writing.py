"""One clean ticket: what happened, put together from phrases as one person would write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from enrichment_platform.demo import (
    tickets_account_access,
    tickets_billing,
    tickets_cancellation,
    tickets_damaged_item,
    tickets_delivery,
    tickets_phrases,
    tickets_product_question,
    tickets_refund,
    tickets_technical_issue,
)
from enrichment_platform.demo.tickets_grammar import Dice, Facts, expand, lines, situations
from enrichment_platform.demo.tickets_style import Style, choose_style, joined, punctuated, styled

SHORTEST, LONGEST = 5, 90  # words of a body
AMOUNT = re.compile(r"\$\d+\.\d\d")
SOURCES = {
    "billing": tickets_billing,
    "refund": tickets_refund,
    "delivery": tickets_delivery,
    "damaged_item": tickets_damaged_item,
    "account_access": tickets_account_access,
    "technical_issue": tickets_technical_issue,
    "cancellation": tickets_cancellation,
    "product_question": tickets_product_question,
}
SITUATIONS = {label: situations(source.SITUATIONS) for label, source in SOURCES.items()}
REQUESTS = {label: lines(source.REQUESTS) for label, source in SOURCES.items()}
SUBJECTS = {label: lines(source.SUBJECTS) for label, source in SOURCES.items()}
CONFUSERS = {label: lines(block) for label, block in tickets_phrases.CONFUSERS.items()}
GENERAL_SUBJECTS = (
    *("Help", "Question", "help needed", "Please help", "URGENT", "Customer service", "My order", "Complaint"),
    *("Support request", "no answer so far", "Second attempt", "(no subject)", "Re: your message", "hello"),
)
# How often a ticket of the category names its order, and its amount where the situation itself names none.
ORDER_RATES = {
    **{"billing": 0.6, "refund": 0.7, "delivery": 0.75, "damaged_item": 0.65},
    **{"account_access": 0.08, "technical_issue": 0.12, "cancellation": 0.65, "product_question": 0.05},
}
AMOUNT_RATES = {"refund": 0.3, "delivery": 0.15, "damaged_item": 0.3, "cancellation": 0.12}


@dataclass(frozen=True)
class Text:
    """What a customer wrote; `order_id` and `amount` (dollars, no sign) occur in the body, "" where none does."""

    subject: str
    body: str
    order_id: str
    amount: str
    writer: str


def write_text(dice: Dice, category: str, channel: str, today: date) -> Text:
    """A ticket of the category; its main reason comes from the category's situations, all else is around it."""
    facts = Facts(dice, today, has_order=dice.chance(ORDER_RATES[category]))
    style = choose_style(dice, channel)
    sentences = _sentences(dice, category, channel, facts, style)
    paragraph = styled(joined(sentences, style), style, dice)
    body = _framed(dice, channel, style, paragraph, facts)
    found = AMOUNT.search(body)
    return Text(
        subject=_subject(dice, category, channel, style, facts, paragraph),
        body=body,
        order_id=facts.order_id if facts.order_id in body else "",
        amount=found.group()[1:] if found else "",
        writer=facts.person,
    )


def _sentences(dice: Dice, category: str, channel: str, facts: Facts, style: Style) -> list[str]:
    """The situation first, then whatever else this writer adds, in one of several orders."""

    def say(phrases: tuple[str, ...]) -> str:
        return punctuated(expand(dice.pick(phrases), facts, dice), style, dice)

    main = [say(dice.pick(SITUATIONS[category]))]
    talkative = {"chat": 0.35, "email": 1.0, "web": 0.75, "phone": 0.8}[channel] * dice.pick((0.3, 1.0, 1.0, 1.5))
    before: list[str] = []
    after: list[str] = []
    if facts.order_id and not facts.order_named:
        (before if dice.chance(0.15) else after).append(say(lines(tickets_phrases.ORDER_MENTIONS)))
    if dice.chance(AMOUNT_RATES.get(category, 0.0)) and not any(AMOUNT.search(text) for text in main):
        after.append(say(lines(tickets_phrases.AMOUNT_MENTIONS)))
    if dice.chance(0.32 * talkative):
        (before if dice.chance(0.6) else after).append(say(lines(tickets_phrases.CONTEXTS)))
    if dice.chance(0.3 * talkative):
        after.append(say(lines(tickets_phrases.DETAILS)))
    if dice.chance(0.22 * talkative):
        other = dice.pick([label for label in CONFUSERS if label != category])
        (before if dice.chance(0.2) else after).append(say(CONFUSERS[other]))
    if dice.chance(0.28 * talkative):
        (before if dice.chance(0.25) else after).append(say(lines(tickets_phrases.FEELINGS)))
    after = dice.shuffled(after)
    if dice.chance(0.25 + 0.35 * talkative) or _words([*before, *main, *after]) < SHORTEST:
        (before if dice.chance(0.08) else after).append(say(REQUESTS[category]))
    while _words([*before, *main, *after]) > LONGEST - 12 and len(after) > 1:
        after.pop()
    while _words([*before, *main, *after]) < SHORTEST:
        after.append(say(REQUESTS[category]))
    return [*before, *main, *after]


def _framed(dice: Dice, channel: str, style: Style, paragraph: str, facts: Facts) -> str:
    """The paragraph with a greeting and a closing, as the channel has them."""
    if channel == "phone":
        opening = dice.pick(("hi this is {}, ", "hello {} speaking ", "yeah hi um {} here, ", "good morning this is {} "))
        end = dice.pick((" okay thanks bye", " please call me back", " thank you", ""))
        return f"{dice.pick(('Voicemail: ', '[voicemail] ', ''))}{opening.format(facts.person.lower())}{paragraph}{end}"
    greeting = dice.pick(lines(tickets_phrases.OPENINGS)) if dice.chance(0.85 if style.name == "formal" else 0.45) else ""
    closing = dice.pick(lines(tickets_phrases.CLOSINGS)) if dice.chance(0.85 if style.name == "formal" else 0.4) else ""
    signed = channel == "email" and dice.chance(0.6)
    name = dice.pick((facts.person, facts.person.split(" ")[0])) if signed else ""
    if style.lower:
        greeting, closing = greeting.lower(), closing.lower()
        name = name.lower() if dice.chance(0.5) else name
    gap = "\n\n" if channel == "email" and dice.chance(0.6) else " "
    comma = "" if style.lower and dice.chance(0.5) else ","
    body = f"{greeting}{comma}{gap}{paragraph}" if greeting else paragraph
    tail = f"{closing}{',' if name and closing else ''}{chr(10) if gap != ' ' else ' '}{name}".strip()
    if not tail:
        return body
    if body[-1] not in ".?!)" and gap == " ":
        body += ","if style.lower else "."
    return f"{body}{gap}{tail}"


def _subject(dice: Dice, category: str, channel: str, style: Style, facts: Facts, paragraph: str) -> str:
    if channel == "phone":
        return dice.pick(("Voicemail", "Missed call", f"Call from {facts.person}", "Voicemail transcript"))
    if channel == "chat" and dice.chance(0.6):
        return dice.pick(("Chat", "Live chat", "chat transcript", "Chat request"))
    if dice.chance(0.3):
        return dice.pick(GENERAL_SUBJECTS)
    if dice.chance(0.3):
        words = paragraph.split()
        return " ".join(words[: dice.between(4, 7)]).rstrip(".,") + ("..." if dice.chance(0.4) else "")
    named = facts.order_named  # a subject names the order only where the body does
    phrases = tuple(phrase for phrase in SUBJECTS[category] if named or "<order>" not in phrase)
    subject = expand(dice.pick(phrases), facts, dice)
    return subject.lower() if style.lower else subject


def _words(sentences: list[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)
