"""How people type: casing, punctuation, abbreviations and typos; order ids and amounts stay intact."""

from __future__ import annotations

import re
from dataclasses import dataclass

from enrichment_platform.demo.tickets_grammar import Dice

QUESTION = re.compile(
    r"^(where|how|can|could|is|are|do|does|did|will|would|why|which|who|any|what(?! a\b)|when(?! i\b| you\b))"
    r"\b(?!')",
    re.I,
)
ABBREVIATIONS = (
    *(("please", "pls"), ("please", "plz"), ("thanks", "thx"), ("thank you", "ty"), ("because", "bc")),
    *((" and ", " & "), (" with ", " w/ "), ("as soon as possible", "asap"), (" are you ", " are u ")),
    *(("really", "rly"), ("though", "tho"), ("account", "acct"), ("message", "msg"), (" you ", " u ")),
    *(("before", "b4"), ("tomorrow", "tmrw"), ("information", "info"), ("minutes", "min")),
)
MISSPELLINGS = {
    **{"received": "recieved", "address": "adress", "definitely": "definately", "their": "there"},
    **{"delivered": "deliverd", "package": "pacakge", "until": "untill", "which": "wich", "tried": "tryed"},
    **{"because": "becuase", "already": "allready", "really": "realy", "different": "diffrent"},
    **{"charged": "chraged", "password": "pasword", "wrong": "worng", "happened": "happend"},
    **{"broken": "brocken", "arrived": "arived", "waiting": "wating", "money": "mony", "believe": "beleive"},
}
SHORTENED = re.compile(r"\b(can|don|won|isn|doesn|didn|wasn|couldn|aren)'t\b", re.I)
PLAIN_WORD = re.compile(r"[a-z]{5,}")
KEPT = re.compile(r"(ORD-\d{6}|\$\d+\.\d\d|[A-Z]{4,}\d+)")


@dataclass(frozen=True)
class Style:
    """How one writer types. `joiner` parts the sentences; `stop` ends one that has no mark of its own."""

    name: str
    lower: bool = False
    shout: float = 0.0
    abbreviate: float = 0.0
    typos: float = 0.12
    joiner: str = " "
    stop: str = "."
    apostrophes: bool = True


STYLES = (
    Style("plain"),
    Style("formal", typos=0.02),
    Style("careless", abbreviate=0.25, typos=0.45),
    Style("angry", shout=0.3, stop="!", typos=0.15),
    Style("lower", lower=True, abbreviate=0.4, typos=0.3, stop="", joiner=", ", apostrophes=False),
    Style("lower", lower=True, abbreviate=0.25, typos=0.2),
    Style("dots", lower=True, stop="", joiner="... ", typos=0.2),
    Style("dashes", stop="", joiner=" - ", abbreviate=0.1),
)
WEIGHTS = {0: 40, 1: 12, 2: 13, 3: 8, 4: 9, 5: 10, 6: 4, 7: 4}


def choose_style(dice: Dice, channel: str) -> Style:
    """A style for the channel: nobody writes a formal chat line, and a voicemail has no capitals."""
    if channel == "phone":
        return Style("voicemail", lower=True, typos=0.0, stop="", joiner=dice.pick((" ", " uh ", ", ")))
    weights = dict(WEIGHTS)
    if channel == "chat":
        weights |= {0: 20, 1: 0, 4: 20, 5: 20}
    return STYLES[dice.weighted(weights)]


def punctuated(sentence: str, style: Style, dice: Dice) -> str:
    """The sentence with a closing mark: `?` for a question, else the style's own."""
    text = sentence.strip()
    if text[-1] in ".?!,)":
        return text
    last = re.split(r"[.?!] +", text)[-1]
    if QUESTION.match(last):
        return f"{text}?" if style.stop or dice.chance(0.6) else text
    mark = style.stop
    if mark == "!":
        mark = dice.pick((".", "!", "!!", "!!!"))
    return text + mark


def joined(sentences: list[str], style: Style) -> str:
    """Sentences as one paragraph; the joiner only where no mark of their own ends a sentence."""
    text = ""
    for sentence in sentences:
        if text:
            text += " " if text[-1] in ".?!," else style.joiner
        text += sentence
    return text


def styled(text: str, style: Style, dice: Dice) -> str:
    """The text as this writer types it."""
    if style.abbreviate:
        for word, short in ABBREVIATIONS:
            if dice.chance(style.abbreviate):
                text = re.sub(re.escape(word), short, text, flags=re.I)
    if dice.chance(style.typos):
        text = _with_typo(text, dice)
    if not style.apostrophes:
        text = text.replace("'", "")
    elif dice.chance(0.12):
        text = SHORTENED.sub(r"\1t", text)
    parts = KEPT.split(text)
    if style.lower:
        return "".join(part if KEPT.fullmatch(part) else part.lower() for part in parts)
    text = _capitalised(text)
    return _shouted(text, style, dice) if style.shout else text


def _capitalised(text: str) -> str:
    text = re.sub(r"(^|[.?!]\s+|\n)([a-z])", lambda found: found.group(1) + found.group(2).upper(), text)
    return re.sub(r"\bi\b(?=[ '])", "I", text)


def _shouted(text: str, style: Style, dice: Dice) -> str:
    sentences = re.split(r"(?<=[.?!]) ", text)
    loud = [
        "".join(part if KEPT.fullmatch(part) else part.upper() for part in KEPT.split(sentence))
        if dice.chance(style.shout)
        else sentence
        for sentence in sentences
    ]
    return " ".join(loud)


def _with_typo(text: str, dice: Dice) -> str:
    """One or two words misspelt: a common misspelling, two letters swapped, one dropped or doubled."""
    words = text.split(" ")
    for _ in range(dice.between(1, 2)):
        known = [at for at, word in enumerate(words) if word in MISSPELLINGS]
        if known:
            at = dice.pick(known)
            words[at] = MISSPELLINGS[words[at]]
            continue
        plain = [at for at, word in enumerate(words) if PLAIN_WORD.fullmatch(word)]
        if not plain:
            break
        at = dice.pick(plain)
        word = words[at]
        cut = dice.between(1, len(word) - 3)
        words[at] = dice.pick(
            (
                word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :],
                word[:cut] + word[cut + 1 :],
                word[:cut] + word[cut] + word[cut:],
            )
        )
    return " ".join(words)
