"""Expansion of phrases: `{this|that}` is a choice, `<slot>` a word of the ticket's facts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from enrichment_platform.demo.tickets_vocabulary import (
    ACCENTED_NAMES,
    FIRST_NAMES,
    LAST_NAMES,
    MONTHS,
    PRODUCT_PREFIXES,
    PRODUCTS,
    SLOTS,
    WEEKDAYS,
)

CHOICE = re.compile(r"\{([^{}]*)\}")
TIMES = re.compile(r"<(ago|date|days|n|minutes)>")
SLOT = re.compile(r"(?:\b([Aa]) )?<([a-z_0-9]+)>")
ACCENTED_RATE = 0.02
T = TypeVar("T")


class Dice:
    """Seeded choices. Only `Random.random()` is used: its sequence is the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (sample data, no secret)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def below(self, count: int) -> int:
        """A whole number in [0, count)."""
        return int(self._random.random() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return low + self.below(high - low + 1)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[self.below(len(options))]

    def weighted(self, weights: dict[T, int]) -> T:
        """One of the keys, as likely as its weight says; the dict's own order counts, no hash order."""
        mark = self.below(sum(weights.values()))
        for option, weight in weights.items():
            mark -= weight
            if mark < 0:
                return option
        raise AssertionError("unreachable: the weights sum to more than the mark")

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options in random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(len(rest))]


@dataclass(frozen=True)
class Situation:
    """Something that happens to a customer: ways to tell it, and what is asked for in this case only."""

    phrasings: tuple[str, ...]
    requests: tuple[str, ...]


class Facts:
    """What one ticket is about: its order, amount and product stay the same in every sentence."""

    def __init__(self, dice: Dice, today: date, *, has_order: bool) -> None:
        self._dice = dice
        self._today = today
        self._known: dict[str, str] = {}
        self.order_id = _order_id(dice) if has_order else ""
        self.order_named = False
        self.cents = 900 + dice.below(23000) if dice.chance(0.5) else 95 + 100 * dice.between(8, 180)
        self.person = _person(dice)

    def slot(self, name: str) -> str:
        """The words for a slot; the same slot gives the same words within one ticket."""
        if name == "order":
            return self._order()
        if name == "order_id":
            self.order_id = self.order_id or _order_id(self._dice)
            self.order_named = True
            return self.order_id
        if name not in self._known:
            self._known[name] = self._choose(name)
        return self._known[name]

    def _order(self) -> str:
        if not self.order_id:
            return self._dice.pick(("my order", "my order", "my last order"))
        if self.order_named:
            return self._dice.pick(("this order", "the order"))
        self.order_named = True
        forms = ("order {}", "{}", "{}", "my order {}", "order #{}", "my order ({})", "order no. {}")
        return self._dice.pick(forms).format(self.order_id)

    def _choose(self, name: str) -> str:
        if name in PRODUCTS:
            product = self._dice.pick(PRODUCTS[name])
            if self._dice.chance(0.2):
                product = f"{self._dice.pick(PRODUCT_PREFIXES)} {product}"
            self._known.setdefault("product", product)
            return product
        amounts = {
            "amount": self.cents,
            "more": self.cents + self._dice.between(3, 40) * 50,
            "less": self.cents * 6 // 10,
            "small": self._dice.pick((299, 499, 595, 799, 990, 1250)),
        }
        if name in amounts:
            return dollars(amounts[name])
        if name == "date":
            return _day_name(self._dice, self._today - timedelta(days=self._dice.between(1, 24)), self._today)
        if name == "future":
            return _day_name(self._dice, self._today + timedelta(days=self._dice.between(2, 14)), self._today)
        if name == "person":
            return self._dice.pick(FIRST_NAMES)
        return self._dice.pick(SLOTS[name])


def _order_id(dice: Dice) -> str:
    return f"ORD-{dice.between(100000, 999999)}"


def dollars(cents: int) -> str:
    """Cents as `$12.34`."""
    return f"${cents // 100}.{cents % 100:02d}"


def lines(block: str) -> tuple[str, ...]:
    """The lines of a block of phrases."""
    return tuple(line for line in block.strip().split("\n") if line)


def situations(block: str) -> tuple[Situation, ...]:
    """The situations of a block, parted by blank lines; a request of one situation only starts with `+ `."""
    return tuple(
        Situation(
            phrasings=tuple(line for line in lines(part) if not line.startswith("+ ")),
            requests=tuple(line[2:] for line in lines(part) if line.startswith("+ ")),
        )
        for part in block.strip().split("\n\n")
    )


def fresh(phrases: Sequence[str], said: str) -> list[str]:
    """The phrases that were not said before and repeat no date or number of those that were."""
    used = set(TIMES.findall(said))
    return [text for text in phrases if text not in said and not used.intersection(TIMES.findall(text))]


def expand(phrase: str, facts: Facts, dice: Dice) -> str:
    """The phrase with its choices made and its slots filled; `a <slot>` becomes `an` before a vowel."""
    chosen = CHOICE.sub(lambda found: dice.pick(found.group(1).split("|")), phrase)

    def fill(found: re.Match[str]) -> str:
        words = facts.slot(found.group(2))
        article = found.group(1)
        if not article:
            return words
        return f"{article}{'n' if words[0].lower() in 'aeiou' else ''} {words}"

    return SLOT.sub(fill, chosen)


def _person(dice: Dice) -> str:
    if dice.chance(ACCENTED_RATE):
        return dice.pick(ACCENTED_NAMES)
    return f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}"


def _day_name(dice: Dice, day: date, today: date) -> str:
    month = MONTHS[day.month - 1]
    forms = [f"{month} {day.day}", f"{month[:3]} {day.day}", f"{day.month}/{day.day}", day.isoformat()]
    forms += [
        f"{month} {_ordinal(day.day)}",
        f"the {_ordinal(day.day)}",
        f"{day.month:02d}/{day.day:02d}/{day.year}",
    ]
    if abs((day - today).days) < 7:
        forms += [WEEKDAYS[day.weekday()]] * 4
    return dice.pick(forms)


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"
