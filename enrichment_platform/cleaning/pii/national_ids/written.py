"""A national number as people write it: its shape, the word that has to name it, and its check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from enrichment_platform.cleaning.pii.boundary import Span, is_named, label, stands_alone

_GAP = (
    r"(?:[- ]?(?:number|n[uúÚ]mero|nummer|numer|no|nr|num|id|ident|card|code|is|was|my|the|the patient"
    r"|[:.#(=]))*[ :\n]*"
)


def named(words: str) -> re.Pattern[str]:
    """Return the pattern of a naming word before the number: `BSN`, `BSN-nummer:`, `SIN is`."""
    return label(words, _GAP)


@dataclass(frozen=True)
class Written:
    """One way to write a number.

    Attributes:
        shape: Matched where the number begins.
        holds: Whether the check holds; given the letters and digits alone, letters in upper case.
        leads: How many characters before its first digit the number may begin (its letters).
        naming: What must name it before; None where shape and check are enough.
    """

    shape: re.Pattern[str]
    holds: Callable[[str], bool]
    leads: tuple[int, ...] = (0,)
    naming: re.Pattern[str] | None = None

    def find(self, text: str, at: int, floor: int) -> Span | None:
        """Return where the number is whose first digit is at the position."""
        for lead in self.leads:
            start = at - lead
            match = self.shape.match(text, start) if start >= floor else None
            if match is None or not stands_alone(text, start, match.end(), "-."):
                continue
            if self.naming is not None and not is_named(self.naming, text, start):
                continue
            if self.holds("".join(filter(str.isalnum, match.group())).upper()):
                return match.span()
        return None
