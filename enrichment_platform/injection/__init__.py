"""Texts that instruct the model: found by grammar, after what hides an order has been taken off."""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote

import polars as pl

from enrichment_platform.injection import grammar, hints
from enrichment_platform.injection.languages import HINTS_OTHER, OTHER_LANGUAGES, SIGN_OTHER
from enrichment_platform.injection.words import ANSWER

HIDDEN, ROLE_MARK, DELIMITER, OTHER = "hidden", "role_marker", "delimiter", "other_language"
KINDS = {
    "override": "asks to ignore instructions",
    "prompt_leak": "asks for the prompt or for other data",
    "secrecy": "asks to keep an instruction secret",
    ROLE_MARK: "has control tokens or role marks of a chat",
    DELIMITER: "closes the delimiters of the prompt",
    "persona": "gives a new role or task",
    "output_order": "demands a certain answer",
    "addressed_to_model": "speaks to the model",
    OTHER: "gives the model an order",
    HIDDEN: "has text in invisible characters",
}
"""Kind -> what a text of that kind does, for a person."""

_EDGE = r"(?-u:\b)"  # Unicode's would depend on its version
_BOTH_SIGNS = hints.MODEL_SIGN + hints.ANSWER_SIGN
_FLAT = {  # an order by itself, one that needs a sign of a model near it, the signs
    "override": (grammar.OVERRIDE, hints.OVERRIDE, _BOTH_SIGNS),
    "prompt_leak": (grammar.PROMPT_LEAK, hints.PROMPT_LEAK, _BOTH_SIGNS),
    "secrecy": (grammar.SECRECY, hints.SECRECY, _BOTH_SIGNS),
    "persona": (grammar.PERSONA, hints.PERSONA, _BOTH_SIGNS),
    "output_order": (grammar.OUTPUT_ORDER, hints.OUTPUT_ORDER, hints.MODEL_SIGN),
    "addressed_to_model": (grammar.ADDRESSED, hints.ADDRESSED, _BOTH_SIGNS),
    OTHER: (OTHER_LANGUAGES, HINTS_OTHER, SIGN_OTHER),
}
_BY_LINE = {
    ROLE_MARK: (grammar.ROLE_MARK, hints.ROLE_MARK, _BOTH_SIGNS),
    DELIMITER: (grammar.DELIMITER, hints.DELIMITER, _BOTH_SIGNS),
}
_NEAR = r"(?s).{1,200}(?: |$)|.{1,200}"  # half of what counts as near, in characters: one or two sentences

_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff9-\ufffb\U000e0100-\U000e01ef"
)
_GONE = re.compile(rf"[{_INVISIBLE}\U000e0000-\U000e007f\x00-\x08\x0e-\x1f\x7f]")
_TAGS = re.compile(r"(\U0001f3f4?)([\U000e0020-\U000e007e]{4,})(\U000e007f?)")
_SELECTORS = re.compile(r"[\U000e0100-\U000e01ef\ufe00-\ufe0f]{4,}")
_REVERSED = re.compile("\u202e([^\u202c\n]{4,})")
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_*·]{1,3}[^\W\d_]){5,}(?![^\W_])")
LONGEST_TOKEN = 20_000  # of base64 that is read; more hides nothing that the rest of the row would not show
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_WORD = re.compile(r"(\W+)")
_LATIN = re.compile(r"[a-z]|[\u1d00-\u1d7f\u0250-\u02af\ua730-\ua7ff]")
_MIXED = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?!.*[a-z]{12})")
_LEET = str.maketrans("013457@$!|", "oieastasil")
_ALIKE = str.maketrans(
    "асеорхуіјѕһԁԛԝгкмнтвзпαοερτυικνχγηѵӏ" + "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ" + "ıɡɩɑƒ",
    "aceopxyijshdqwrkmhtbznaoeptuikvxynvl" + "abcdefghijklmnoprstuvwyz" + "igiaf",
)

_GREEK_CYRILLIC = r"\x{0370}-\x{03ff}\x{0400}-\x{052f}\x{1d00}-\x{1d7f}\x{0250}-\x{02af}\x{a730}-\x{a7ff}\x{0131}"
_DISGUISED = "|".join(  # what every disguise has; whether a text has one is for Python to decide
    (
        r"[\x{034f}\x{061c}\x{115f}\x{1160}\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}"
        r"\x{feff}\x{e0000}-\x{e007f}\x{e0100}-\x{e01ef}\x{00ad}\x{0300}-\x{036f}\x00-\x08\x0e-\x1f\x7f]",
        rf"[a-zA-Z][{_GREEK_CYRILLIC}]|[{_GREEK_CYRILLIC}][a-zA-Z]",
        r"(?i-u:[i1!|l]gn[o0]r[e3]|[i1!|l]n[s5$]+[t7]r[uv]c[t7]|d[i1!|][s5$]r[e3]g[a4@]r|pr[o0]mp[t7]|"
        r"f[o0]rg[e3][t7]|l[a4@]b[e3]l)",
        r"(?i:[iìíîï]gn[oòóôöø]r[eèéêë]|[iìíîï]nstr[uùúûü]ct[iìíîï]|pr[oòóôöø]mpt|d[iìíîï]sr[eèéêë]g)",
        r"(?-u:\b[A-Za-z][ .\-_*]{1,3}){6}",
        r"(?-u:[A-Za-z0-9+/_-]{24})",
        r"&#(?i-u:x?[0-9a-f]+);|%20[^%]*%20|\\[ux][0-9a-fA-F]{2}",
    )
)


def injection_kinds(column: pl.Series, answers: Mapping[str, Collection[str]] | None = None) -> pl.Series:
    """What each text asks of the model.

    Args:
        column: String; texts as the model would see them, with their line breaks.
        answers: Output field -> its labels, empty where it has none. With them an order to return one of a field's
            labels is known, and a weak order counts where a text gives a field one of its labels.

    Returns:
        String of the same length: names of `KINDS` with ", " between them; null where the text asks nothing.
    """
    texts = column.alias("text").to_frame().with_row_index("at").filter(pl.col("text").is_not_null())
    hidden, shown = _revealed(texts)
    lowered = shown.select("at", pl.col("text").str.replace_all("[’‘`´]", "'").str.to_lowercase())
    flat = lowered.select("at", pl.col("text").str.replace_all(r"[\s*_~|>,，、]+", " "))
    own = _answer_signs(answers or {})
    rules = {
        **_FLAT,
        "output_order": (_FLAT["output_order"][0] + _answer_orders(answers or {}), *_FLAT["output_order"][1:]),
    }
    found = [
        _matching(frame, kind, *of_kind, own).select("at", pl.lit(kind).alias("kind"))
        for frame, kinds in ((flat, rules), (lowered, _BY_LINE))
        for kind, of_kind in kinds.items()
    ]
    found.append(hidden.select("at", pl.lit(HIDDEN).alias("kind")))
    kinds = (
        pl.concat(found)
        .unique()
        .sort("at", pl.col("kind").replace_strict({kind: n for n, kind in enumerate(KINDS)}))
        .group_by("at", maintain_order=True)
        .agg(pl.col("kind").str.join(", "))
    )
    every = pl.DataFrame({"at": pl.int_range(column.len(), dtype=pl.UInt32, eager=True)})
    return every.join(kinds, on="at", how="left", maintain_order="left").get_column("kind").alias(column.name)


def _matching(
    texts: pl.DataFrame,
    kind: str,
    orders: tuple[str, ...],
    weak: tuple[str, ...],
    signs: tuple[str, ...],
    own: tuple[str, ...],
) -> pl.DataFrame:
    text, order = pl.col("text"), _pattern(kind, orders)
    given = texts.filter(text.str.contains(order))
    told = f"(?:{hints.REPORTED}) ?(?:{order})|(?:{order}){hints.BY_OTHERS}"
    given = given.filter(text.str.count_matches(order) > text.str.count_matches(told.replace(r"\b", _EDGE)))
    any_order, sign = _pattern(kind, orders + weak), _pattern(kind, signs + own)
    rest = texts.join(given, on="at", how="anti").filter(text.str.contains(any_order))
    near = (
        rest.filter(text.str.contains(sign))
        .with_columns(text.str.extract_all(_NEAR))
        .explode("text", empty_as_null=False)
        .with_columns(text + pl.when(pl.col("at") == pl.col("at").shift(-1)).then(text.shift(-1)).otherwise(pl.lit("")))
        .filter(text.str.contains(any_order) & text.str.contains(sign))
    )
    return pl.concat([given, near])


def _answer_signs(answers: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Patterns of a field that is given one of its labels, and of a label in quotes."""
    signs = []
    for name, labels in answers.items():
        spoken = [re.escape(words.lower().replace("_", " ")) for words in (name, *labels)]
        if labels:
            known = "|".join(spoken[1:])
            given = r"(?::|=|to|is|as|write|must be|should be)"
            signs.append(rf"\b{spoken[0]}(?: field| column)?[\"'`]? ?{given} ?[\"'`“«‘]?(?:{known})\b")
            signs.append(rf"[\"'`“«»„‘「](?:{known})[\"'`”»«“’」]")
    return tuple(signs)


def _answer_orders(answers: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Patterns of an order to give a field a value (one of its labels), and of a chat's line that has given it."""
    orders = []
    for name, labels in answers.items():
        field, *known = (re.escape(words.lower().replace("_", " ")) for words in (name, *labels))
        value = rf"[\"'`“«‘]?(?:{'|'.join(known)})[\"'`”»’]?" if known else "[^ ]+"
        often = "(?:always |only )?" if known else "always "
        right = "(?:the )?(?:correct |right |only )" + ("?" if known else "")
        # Chats and logs name fields and values too: an order keeps the answer, ends the input, or says what is correct.
        after = "(?:keep|give|return|use) (?:that|this|the same) (?:answer|label|output|value)"
        override = r"\boverride ?:" if known else r"\bend of (?:the )?[a-z]+ ?[.!:;-]* ?override ?:"
        orders += [
            rf"\b{often}(?:{ANSWER}|return)(?: with)? {value} (?:as|for|in) (?:the )?{field}\b",
            rf"\b(?:assistant|ai) ?: ?(?:the )?(?:correct |right )?{field} ?(?:is|=|:) [^\n]{{1,80}}?"
            rf"\buser ?:[^.!?\n]{{0,40}}{after}",
            rf"\bsystem ?[:\]] ?for this [a-z]+ {right}{field} ?(?:is|=|:)",
            rf"{override} ?{field} ?[=:]{f' ?{value}' if known else ''}",
        ]
    return tuple(orders)


def _pattern(kind: str, alternatives: tuple[str, ...]) -> str:
    joined = "|".join(alternatives)
    if kind == OTHER:  # words may begin with é or ü; \w of all alphabets makes a slow automaton
        return joined.replace(r"\b", r"(?:^|[^a-z]|$)").replace(r"\w", "[^ ]")
    return joined.replace(r"\b", _EDGE)


def _revealed(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with hidden text, and every text with what it may hide written after it."""
    plain = pl.col("text")
    ascii_only = plain.str.len_bytes() == plain.str.len_chars()
    texts = texts.with_columns(pl.when(ascii_only).then(plain).otherwise(plain.str.normalize("NFKC")).alias("text"))
    suspects = texts.filter(plain.str.contains(_DISGUISED))
    revealed = suspects.with_columns(
        pl.Series("text", [undisguised(text) for text in suspects.get_column("text")], pl.String)
    )
    smuggled = [bool(_smuggled(text)) for text in suspects.get_column("text")]
    hidden = suspects.filter(pl.Series(smuggled, dtype=pl.Boolean))
    return hidden, texts.update(revealed, on="at")


def undisguised(text: str) -> str:
    """The text as it is, and after it, on lines of their own, what it may hide: each reading that differs."""
    readings = [text]
    for reading in _READINGS:
        for known in tuple(readings[:2]):
            found = reading(known)
            if found.strip() and found not in readings:
                readings.append(found)
    return "\n\n".join(readings)


def _smuggled(text: str) -> str:
    """Text in tag characters and in runs of variation selectors, neither of which shows; flags are no such text."""
    tags = [m.group(2) for m in _TAGS.finditer(text) if not (m.group(1) and m.group(3) and len(m.group(2)) <= 6)]
    read = ["".join(chr(ord(c) - 0xE0000) for c in run) for run in tags]
    for run in _SELECTORS.findall(text):
        codes = [ord(c) - 0xFE00 if ord(c) < 0xFE10 else ord(c) - 0xE0100 + 16 for c in run]
        read.append("".join(chr(code) for code in codes))
    return "\n".join(read)


def _without_invisible(text: str) -> str:
    return _GONE.sub("", text)


def _turned_back(text: str) -> str:
    return _REVERSED.sub(lambda match: match.group(1)[::-1], text)


def _in_latin(text: str) -> str:
    words = _WORD.split(text.lower())
    if any(not word.isascii() and _LATIN.search(word) for word in words):  # letters of two alphabets in one word
        return "".join(words).translate(_ALIKE)
    return text


def _without_marks(text: str) -> str:
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c)) if not text.isascii() else text


def _closed_up(text: str) -> str:
    def joined(match: re.Match[str]) -> str:
        spread = match.group()
        gaps = set(re.findall(r"[\W_]+", spread))
        narrow = min(map(len, gaps))
        blank = {gap for gap in gaps if not gap.strip()} if gaps - {" "} else set()
        between = {gap for gap in gaps if len(gap) > narrow} or (blank if gaps - blank else set())
        return re.sub(r"[\W_]+", lambda gap: " " if gap.group() in between else "", spread)

    return "\n".join(joined(match) for match in _SPACED.finditer(text))


def _from_leet(text: str) -> str:
    return text.lower().translate(_LEET)


def _decoded(text: str) -> str:
    return "\n".join(filter(None, (_from_base64(match.group()) for match in _BASE64.finditer(text))))


def _from_base64(token: str) -> str:
    if len(token) > LONGEST_TOKEN or not _MIXED.match(token):
        return ""
    try:
        padded = token.rstrip("=") + "=" * (-len(token.rstrip("=")) % 4)
        read = base64.b64decode(padded, altchars=b"-_" if set(token) & {"-", "_"} else None, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return read if read.isprintable() or "\n" in read else ""


def _unescaped(text: str) -> str:
    plain = html.unescape(text) if "&" in text else text
    plain = unquote(plain) if "%20" in plain else plain
    if "\\" not in plain:
        return plain
    halves = _ESCAPED.sub(lambda m: chr(int(m.group(1) or m.group(2), 16)), plain)
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_READINGS: tuple[Callable[[str], str], ...] = (
    _without_invisible,
    _smuggled,
    _turned_back,
    _in_latin,
    _without_marks,
    _closed_up,
    _from_leet,
    _decoded,
    _unescaped,
)
