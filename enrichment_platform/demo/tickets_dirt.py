"""The planted dirt: how each kind spoils a text that was clean. A ticket has one kind at most."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date

from enrichment_platform.demo import tickets_dirt_texts as texts
from enrichment_platform.demo.tickets_grammar import Dice
from enrichment_platform.demo.tickets_style import KEPT

# Share of a day's tickets with each kind; the last days have one of each at least.
RATES = {
    "html": 0.06,
    "mojibake": 0.04,
    "footer": 0.09,
    "pii": 0.05,
    "injection": 0.015,
    "blank": 0.015,
    "exact_duplicate": 0.03,
    "near_duplicate": 0.03,
}
DUPLICATES = ("exact_duplicate", "near_duplicate")
BROKEN = ("bad_timestamp", "malformed_line", "duplicate_id")  # rows a source has to keep aside


def with_html(dice: Dice, body: str) -> str:
    """The body as an e-mail client's HTML: tags and entities."""
    parts = [html.escape(part).replace("\n", "<br>\n") for part in body.split("\n\n")]
    form = dice.below(4)
    if form == 0:
        return "".join(f"<p>{part}</p>" for part in parts) + "<p>&nbsp;</p>"
    if form == 1:
        return f'<div dir="ltr">{"<div><br></div>".join(parts)}&nbsp;</div>'
    if form == 2:
        joined = "<br /><br />".join(parts)
        return f'<html><body style="font-family:Calibri;font-size:11pt">{joined}&nbsp;</body></html>'
    first, _, rest = "<br><br>".join(parts).partition(" ")
    return f'<span class="x_MsoNormal">{first} <b>{rest}</b></span>&nbsp;<!-- sent by webmail -->'


def with_mojibake(dice: Dice, body: str) -> str:
    """The body with typographic characters, its UTF-8 read as cp1252 (or latin-1, one time in four)."""
    curly = re.sub(r'"([^"\n]*)"', r"“\1”", body).replace("'", "’").replace("...", "…").replace(" - ", " – ")
    gap = "\n" if "\n" in body else " "
    data = f"{curly}{gap}{dice.pick(texts.ACCENTED_ENDINGS)}".encode()
    return data.decode("latin-1") if dice.chance(0.25) else "".join(_cp1252(byte) for byte in data)


def _cp1252(byte: int) -> str:
    """What Windows shows for the byte; the five that cp1252 leaves open become control characters."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def with_footer(dice: Dice, body: str, writer: str, today: date) -> str:
    """The body with a signature, a disclaimer or the quoted mail it answers."""
    return body + dice.pick(texts.FOOTERS).format(name=writer, day=today.isoformat())


def with_pii(dice: Dice, body: str, writer: str) -> str:
    """The body with an e-mail address, phone number, card or bank account of the writer."""
    user = re.sub(r"[^a-z]+", ".", writer.lower()).strip(".")
    area = dice.pick(("555", "212", "(503)", "+1 415", "+1-617"))
    sentence = dice.pick(texts.PII).format(
        name=writer,
        email=f"{user}{dice.pick(('', '', '77', '.home'))}@{dice.pick(texts.EMAIL_DOMAINS)}",
        phone=f"{area}{dice.pick((' ', '-'))}555{dice.pick(('-', ' '))}01{dice.between(10, 99)}",
        card=dice.pick(texts.CARDS),
        iban=dice.pick(texts.IBANS),
    )
    gap = "\n" if "\n" in body else " " if body[-1] in ".?!" else ". "
    return f"{body}{gap}{sentence}"


def with_injection(dice: Dice, body: str, category: str, labels: tuple[str, ...]) -> str:
    """The body with an attempt to steer the model towards another label."""
    other = dice.pick([label for label in labels if label != category])
    attempt = dice.pick(texts.INJECTIONS).format(label=other)
    return f"{attempt}\n{body}" if dice.chance(0.25) else f"{body}\n\n{attempt}"


def nearly(dice: Dice, body: str) -> str:
    """The body told almost the same: other case, spaces or marks, or one word changed."""
    change: Callable[[Dice, str], str] = dice.pick((_other_case, _other_spaces, _other_marks, _other_word))
    changed = change(dice, body)
    return changed if changed != body else f"{body} !"


def _other_case(dice: Dice, body: str) -> str:
    upper = dice.chance(0.3)
    parts = KEPT.split(body)
    return "".join(part if KEPT.fullmatch(part) else part.upper() if upper else part.lower() for part in parts)


def _other_spaces(dice: Dice, body: str) -> str:
    words = body.split(" ")
    at = dice.below(len(words))
    return f" {' '.join(words[:at])}  {' '.join(words[at:])} \n"


def _other_marks(dice: Dice, body: str) -> str:
    return body.rstrip(".!?") + dice.pick(("!!", " ..", "?!", " :("))


def _other_word(dice: Dice, body: str) -> str:
    words = body.split(" ")
    known = [at for at, word in enumerate(words) if word in texts.SYNONYMS]
    if not known:
        return f"{body} again"
    at = dice.pick(known)
    words[at] = texts.SYNONYMS[words[at]]
    return " ".join(words)
