"""One clean ticket: what happened, put together from phrases as one person would write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from enrichment_platform.demo.tickets_grammar import Dice, Facts, dollars, expand, fresh, lines, situations
from enrichment_platform.demo.tickets_style import Style, choose_style, joined, punctuated, styled

SHORTEST, LONGEST = 5, 90  # words of a body
FRAME_WORDS = 14  # the most that greeting, closing and name add
TALKATIVE = {"chat": 0.35, "email": 1.0, "web": 0.75, "phone": 0.8}
LONG_WINDED = 1.6  # talkativeness from which a writer does not come to an end
ORDER_MENTIONED = ("billing", "refund", "delivery", "damaged_item", "cancellation")
TOPIC = re.compile(r"(?!order\b|charge|question|product|where\b|before\b|still\b|twice\b)\b[a-z]{5,}")
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
DETAILS = {label: lines(source.DETAILS) for label, source in SOURCES.items()}
ASIDES = {label: lines(source.ASIDES) for label, source in SOURCES.items()}  # each names another category's word
SUBJECTS = {label: lines(source.SUBJECTS) for label, source in SOURCES.items()}
GENERAL_SUBJECTS = (
    *("Help", "Question", "help needed", "Please help", "URGENT", "Customer service", "My order", "Hi"),
    *("Support request", "no answer so far", "Second attempt", "(no subject)", "Re: your message", "hello"),
)
# How often a ticket of the category names its order, and its amount where the situation itself names none.
ORDER_RATES = {
    **{"billing": 0.6, "refund": 0.7, "delivery": 0.75, "damaged_item": 0.65},
    **{"account_access": 0.08, "technical_issue": 0.12, "cancellation": 0.65, "product_question": 0.05},
}
AMOUNT_RATES = {"refund": 0.3, "delivery": 0.15, "damaged_item": 0.3, "cancellation": 0.12}
WITHOUT_ORDER = re.compile(
    r"\b(Plus|membership|subscription|plan|trial|seats?|appointment|technician|contract|unsubscribe|deliveries|"
    r"subscribe|profile|my account|how long does|do you (deliver|accept)|can i pay|newsletter|gift card|"
    r"collections)\b",
    re.I,
)


@dataclass(frozen=True)
class Text:
    """What a customer wrote; `order_id` and `amount` (dollars, no sign) occur in the body, or are empty."""

    subject: str
    body: str
    order_id: str
    amount: str
    writer: str


def write_text(dice: Dice, category: str, channel: str, today: date) -> Text:
    """A ticket of the category: its main reason is one of the category's situations."""
    facts = Facts(dice, today, has_order=dice.chance(ORDER_RATES[category]))
    style = choose_style(dice, channel)
    talkative = TALKATIVE[channel] * dice.pick((0.0, 0.0, 0.3, 1.0, 1.0, 1.0, 1.3, 2.2))
    told = _told(dice, category, facts, style, talkative)
    body = _framed(dice, channel, style, styled(joined(told.sentences, style), style, dice), facts)
    found = AMOUNT.search(body)
    return Text(
        subject=_subject(dice, channel, SUBJECTS[category], told, body),
        body=body,
        order_id=facts.order_id if facts.order_id in body else "",
        amount=found.group()[1:] if found else "",
        writer=facts.person,
    )


@dataclass(frozen=True)
class Told:
    """What this writer has to say: the situation, and all sentences with it among the first."""

    facts: Facts
    style: Style
    situation: str
    sentences: list[str]


def _told(dice: Dice, category: str, facts: Facts, style: Style, talkative: float) -> Told:

    said = ""

    def say(phrases: Sequence[str]) -> str:
        nonlocal said
        phrase = dice.pick(fresh(phrases, said))
        said += phrase
        return punctuated(expand(phrase, facts, dice), style, dice)

    situation = dice.pick(SITUATIONS[category])
    main = say(situation.phrasings)
    before: list[str] = []
    after: list[str] = []
    about_order = not WITHOUT_ORDER.search(main)
    if facts.order_id and not facts.order_named and about_order and category in ORDER_MENTIONED:
        (before if dice.chance(0.15) else after).append(say(lines(tickets_phrases.ORDER_MENTIONS)))
    if dice.chance(AMOUNT_RATES.get(category, 0.0)) and about_order and not AMOUNT.search(main):
        after.append(say(lines(tickets_phrases.AMOUNT_MENTIONS)))
    mild = category == "product_question"
    feelings = lines(tickets_phrases.MILD_FEELINGS if mild else tickets_phrases.FEELINGS)
    for _ in range(3 if talkative > LONG_WINDED else 1):
        if dice.chance(0.3 * talkative):
            (before if dice.chance(0.6) else after).append(say(lines(tickets_phrases.CONTEXTS)))
        if dice.chance(0.35 * talkative):
            after.append(say(DETAILS[category]))
        if dice.chance(0.25 * talkative):
            after.append(say(ASIDES[category]))
        if dice.chance(0.26 * talkative):
            (before if dice.chance(0.2) and not mild else after).append(say(feelings))
    after = dice.shuffled(after)
    requests = situation.requests if situation.requests and dice.chance(0.75) else REQUESTS[category]
    if dice.chance(0.1 + 0.45 * talkative) or _words([*before, main, *after]) < SHORTEST:
        after.append(say(requests))
    while _words([*before, main, *after]) < SHORTEST:
        after.append(say(REQUESTS[category]))
    while _words([*before, main, *after]) > LONGEST - FRAME_WORDS:
        (after or before).pop()
    return Told(facts, style, main, [*before, main, *after])


def _framed(dice: Dice, channel: str, style: Style, paragraph: str, facts: Facts) -> str:
    """The paragraph with a greeting and a closing, as the channel and the writer have them."""
    if channel == "phone":
        opening = dice.pick(
            ("hi this is {}, ", "hello {} speaking ", "yeah hi um {} here, ", "good morning this is {} ", "")
        )
        end = dice.pick((" okay thanks bye", " call me back please", " thank you", ""))
        mark = dice.pick(("Voicemail: ", "[voicemail] ", ""))
        return f"{mark}{opening.format(facts.person.lower())}{paragraph}{end}"
    formal = style.name == "formal"
    openings = lines(tickets_phrases.FORMAL_OPENINGS if formal else tickets_phrases.OPENINGS)
    closings = {True: tickets_phrases.FORMAL_CLOSINGS, False: tickets_phrases.CLOSINGS}[formal]
    if channel == "chat":
        closings = tickets_phrases.CHAT_CLOSINGS
    greeting = dice.pick(openings) if dice.chance(0.9 if formal else 0.42) else ""
    closing = dice.pick(lines(closings)) if dice.chance(0.9 if formal else 0.36) else ""
    name = dice.pick((facts.person, facts.person.split(" ")[0])) if channel == "email" and dice.chance(0.55) else ""
    if style.lower:
        greeting, closing = greeting.lower(), closing.lower()
        name = name.lower() if dice.chance(0.5) else name
    apart = channel == "email" and dice.chance(0.6)  # on lines of their own
    farewell = _farewell(closing, name, apart=apart, last=paragraph[-1])
    return _greeted(dice, greeting, paragraph, apart=apart) + farewell


def _greeted(dice: Dice, greeting: str, paragraph: str, *, apart: bool) -> str:
    if not greeting:
        return paragraph
    mark = dice.pick((",", ",", "!", ""))
    if apart:
        return f"{greeting}{mark}\n\n{paragraph}"
    if mark != "!" and dice.chance(0.6) and paragraph[:2].isalpha() and paragraph[:2] != paragraph[:2].upper():
        paragraph = paragraph[0].lower() + paragraph[1:]
    return f"{greeting}{mark or dice.pick((',', '.', ' -'))} {paragraph}"


def _farewell(closing: str, name: str, *, apart: bool, last: str) -> str:
    if not closing and not name:
        return ""
    if apart:
        return f"\n\n{closing},\n{name}" if closing and name else f"\n\n{closing or name}"
    mark = "" if last in ".?!)" else ","
    return f"{mark} {closing}, {name}" if closing and name else f"{mark} {closing or name}"


def _subject(dice: Dice, channel: str, subjects: tuple[str, ...], told: Told, body: str) -> str:
    """A subject that goes with the body: it names no order, amount or topic that the body does not."""
    if channel == "phone":
        return dice.pick(("Voicemail", "Missed call", f"Call from {told.facts.person}", "Voicemail transcript"))
    if channel == "chat" and dice.chance(0.6):
        return dice.pick(("Chat", "Live chat", "chat transcript", "Chat request"))
    if dice.chance(0.3):
        words = told.situation.split()
        subject = " ".join(words[: dice.between(4, 7)]).rstrip(".,") + ("..." if dice.chance(0.4) else "")
        return subject[0].upper() + subject[1:]
    named = {"<order>": told.facts.order_named, "<amount>": dollars(told.facts.cents) in body}
    possible = [text for text in subjects if all(known or slot not in text for slot, known in named.items())]
    expanded = [expand(text.replace("<order>", "<order_id>"), told.facts, dice) for text in possible]
    fitting = [text for text in expanded if any(word in body.lower() for word in TOPIC.findall(text.lower()))]
    if not fitting or dice.chance(0.3):
        return dice.pick(GENERAL_SUBJECTS)
    subject = dice.pick(fitting)
    return subject.lower() if told.style.lower and "ORD-" not in subject else subject


def _words(sentences: list[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)
