"""When tickets come in: how many on a day, and at what time of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from enrichment_platform.demo.tickets_grammar import Dice

WEEKDAY_FACTORS = (1.22, 1.1, 1.03, 1.0, 0.98, 0.84, 0.83)  # Monday first; mean 1
DAY_NOISE = 0.1
HOUR_WEIGHTS = {
    **{0: 2, 1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 4, 7: 7, 8: 11, 9: 14, 10: 15, 11: 14},
    **{12: 12, 13: 12, 14: 12, 15: 11, 16: 10, 17: 10, 18: 10, 19: 10, 20: 9, 21: 7, 22: 5, 23: 3},
}


def ticket_count(dice: Dice, day: date, per_day: int) -> int:
    """Tickets of the day: `per_day` on average over a week, most on a Monday, give or take a tenth."""
    noise = 1 - DAY_NOISE + 2 * DAY_NOISE * dice.below(1001) / 1000
    return max(1, int(per_day * WEEKDAY_FACTORS[day.weekday()] * noise + 0.5))


def moment(dice: Dice, day: date) -> datetime:
    """A time of the day, to the second; few come at night."""
    return datetime.combine(day, time(dice.weighted(HOUR_WEIGHTS), dice.below(60), dice.below(60)))


def soon_after(dice: Dice, earlier: datetime) -> datetime:
    """Up to two hours later, still the same day."""
    later = earlier + timedelta(seconds=dice.between(40, 7200))
    return min(later, datetime.combine(earlier.date(), time(23, 59, 59)))
