"""The regular expressions that Polars and cuDF read alike: an allow-list parser, which also writes them for cuDF.

Patterns are written as Polars (Rust) reads them. What is refused here is what the engines read differently, as cuDF's
parser (cpp/src/strings/regex/regcomp.cpp) and `RegexProgram.create` of 26.10 show:

- `\\x85` and above are code points in Rust, single bytes in cuDF, which has no `\\x{...}`: characters are written.
- The end of a range is not unescaped: cuDF reads `[\\x00-\\x08]` as NUL to "x", "0" and "8". Again characters.
- `$` also matches before a last "\\n" in cuDF: only a guard may have it, which may find too much.
- Alternatives: Rust takes the first that fits, cuDF the longest where its Glushkov engine runs. Whether there is a
  match is the same, how far it goes is not: what is replaced must be a run of one class (`is_run`).
- Lookaround, flags, named groups, `\\w \\d \\s \\b \\p`, lazy quantifiers: absent there, or by another Unicode version.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from string import hexdigits
from typing import Literal

Use = Literal["guard", "replace"]

MOST_REPEATS = 999  # cuDF's own limit
MOST_POSITIONS = 2_000  # characters of the expanded pattern; cuDF's working memory is rows times this
_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_ESCAPABLE = frozenset(".-+*\\?^$|{}()[]\"~'`@=;:!#%&,/")  # punctuation that both unescape
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_CLASS_SPECIAL = frozenset("\\^-[]")
_REFUSED = {
    **dict.fromkeys("bB", "word boundaries depend on the Unicode version"),
    **dict.fromkeys("wWdDsS", "depends on the Unicode version; spell the class out"),
    **dict.fromkeys("pP", "cuDF has no Unicode classes"),
}
_GROUPS = {
    "(?=": "lookahead",
    "(?!": "negative lookahead",
    "(?<=": "lookbehind",
    "(?<!": "negative lookbehind",
    "(?P": "named group",
    "(?<": "named group",
}


class DialectError(ValueError):
    """A pattern that the engines may read differently; the message says what is not allowed and where."""


@dataclass(frozen=True)
class _Part:
    text: str  # as cuDF reads it
    nullable: bool  # may match nothing
    positions: int  # characters after repeats are written out


def problem(pattern: str, use: Use = "guard") -> str | None:
    """Return what is not allowed in a pattern and where (`lookahead (?= at 3`), None where all is."""
    try:
        for_cudf(pattern, use)
    except DialectError as error:
        return str(error)
    return None


@lru_cache(maxsize=1024)
def for_cudf(pattern: str, use: Use = "guard") -> str:
    """Return the pattern as cuDF reads it.

    Args:
        pattern: As Polars reads it.
        use: "guard": it may find more than Polars does, never less; "replace": the same extent in both.

    Raises:
        DialectError: Something in it is not allowed.
    """
    part = _Parser(pattern, use).whole()
    if use == "replace" and not is_run(pattern):
        raise DialectError(
            f"only a class and its repeats ([...], [...]+, [...]{{2,}}) can be replaced, not {pattern!r}"
        )
    return part.text


def is_run(pattern: str) -> bool:
    """Return whether a pattern is one class or character, or an unbounded run of it: the same extent everywhere."""
    try:
        parser = _Parser(pattern, "replace")
        parser.atom()
        rest = pattern[parser.at :]
        parser.quantifier()
    except DialectError:
        return False
    return parser.at == len(pattern) and pattern[0] not in "(^" and (rest in {"", "+"} or rest.endswith(",}"))


class _Parser:
    """Recursive descent over a pattern; `at` is the next character."""

    def __init__(self, pattern: str, use: Use) -> None:
        self.pattern = pattern
        self.use = use
        self.at = 0

    def whole(self) -> _Part:
        part = self.alternatives()
        if self.at < len(self.pattern):
            raise self.error("unmatched )", self.at)
        if part.nullable:
            raise self.error("matches the empty text", 0)
        if part.positions > MOST_POSITIONS:
            raise self.error(f"{part.positions} characters when written out, more than {MOST_POSITIONS}", 0)
        return part

    def alternatives(self) -> _Part:
        parts = [self.sequence()]
        while self.next() == "|":
            self.at += 1
            parts.append(self.sequence())
        return _Part(
            "|".join(part.text for part in parts),
            any(part.nullable for part in parts),
            sum(part.positions for part in parts),
        )

    def sequence(self) -> _Part:
        start, parts, anchored = self.at, [], False
        if self.next() == "^":
            self.at += 1
            anchored = True
        while self.next() not in ("", "|", ")", "$"):
            parts.append(self.item())
        end = self.end_anchor()
        if not parts:
            raise self.error("empty alternative", start)
        text = ("^" if anchored else "") + "".join(part.text for part in parts) + end
        return _Part(text, all(part.nullable for part in parts), sum(part.positions for part in parts))

    def end_anchor(self) -> str:
        if self.next() != "$":
            return ""
        start = self.at
        self.at += 1
        if self.use != "guard":
            raise self.error("$", start, "cuDF's also matches before a last line break")
        if self.next() not in ("", "|", ")"):
            raise self.error("$", start, "only the end of an alternative may have it")
        return "$"

    def item(self) -> _Part:
        start = self.at
        part = self.atom()
        text, least, most = self.quantifier()
        if not text:
            return part
        if part.nullable:
            raise self.error("repeat of what can be empty", start)
        return _Part(part.text + text, least == 0, part.positions * most)

    def quantifier(self) -> tuple[str, int, int]:
        """Return the quantifier, its least count, and how often the item is written out; "" where there is none."""
        start, sign = self.at, self.next()
        if sign in ("?", "*", "+"):
            self.at += 1
            text, least, most = sign, int(sign == "+"), 1
        elif sign == "{":
            close = self.pattern.find("}", start)
            counts = self.pattern[start + 1 : max(close, start)].split(",")
            if (
                close < 0
                or len(counts) > 2
                or not all(count.isascii() and count.isdigit() for count in counts if count)
            ):
                raise self.error("{", start, "a literal one is written \\{")
            if not counts[0]:
                raise self.error("repeat without a lower bound", start)
            least, most = int(counts[0]), int(counts[-1] or counts[0])
            if most < max(least, 1) or max(least, most) > MOST_REPEATS:
                raise self.error(f"repeat outside 1 to {MOST_REPEATS}", start)
            self.at = close + 1
            text, most = self.pattern[start : self.at], max(most, 1)
        else:
            return "", 1, 1
        if self.next() == "?":
            raise self.error(f"lazy quantifier {text}?", start)
        if self.next() in ("*", "+", "{"):
            raise self.error("repeat of a repeat", self.at)
        return text, least, most

    def atom(self) -> _Part:
        start, character = self.at, self.next()
        if character == "(":
            return self.group()
        if character == "[":
            return self.character_class()
        if character == ".":
            self.at += 1
            return _Part(".", False, 1)
        if character == "\\":
            return _Part(_written(self.escape(), _SPECIAL), False, 1)
        if character == "^":
            raise self.error("^", start, "only the start of an alternative may have it")
        if character in _SPECIAL or not character:
            raise self.error(f"nothing to repeat: {character}" if character else "pattern without an end", start)
        self.at += 1
        return _Part(_written(character, _SPECIAL), False, 1)

    def group(self) -> _Part:
        start = self.at
        plain = self.pattern.startswith("(?:", start)
        if not plain and self.pattern.startswith("(?", start):
            raise self.group_error(start)
        self.at += 3 if plain else 1
        inner = self.alternatives()
        if self.next() != ")":
            raise self.error("( without )", start)
        self.at += 1
        return _Part(f"(?:{inner.text})", inner.nullable, inner.positions)

    def group_error(self, start: int) -> DialectError:
        for opening, name in _GROUPS.items():
            if self.pattern.startswith(opening, start):
                return self.error(f"{name} {opening}", start)
        return self.error(f"flags {self.pattern[start : start + 3]}", start, "spell both cases out, as in [aA]")

    def character_class(self) -> _Part:
        start = self.at
        self.at += 1
        negated = self.next() == "^"
        self.at += negated
        text = []
        while self.next() != "]":
            text.append(self.member(start))
        if not text:
            raise self.error("empty class", start)
        self.at += 1
        return _Part(f"[{'^' if negated else ''}{''.join(text)}]", False, 1)

    def member(self, start: int) -> str:
        at, first = self.at, self.class_character(start)
        if self.next() != "-":
            return _written(first, _CLASS_SPECIAL)
        self.at += 1
        if self.next() == "]":
            raise self.error("- in a class", self.at - 1, "write \\-")
        last = self.class_character(start)
        if last < first:
            raise self.error("range that runs backwards", at)
        if first == last:
            return _written(first, _CLASS_SPECIAL)
        return f"{_written(first, _CLASS_SPECIAL)}-{_written(last, _CLASS_SPECIAL)}"

    def class_character(self, start: int) -> str:
        at, character = self.at, self.next()
        if not character:
            raise self.error("[ without ]", start)
        if character == "\\":
            return self.escape()
        if character in "[-^]" or (character in "&~" and self.pattern[at : at + 2] == 2 * character):
            raise self.error(f"{character} in a class", at, f"write \\{character}; Rust has classes within classes")
        self.at += 1
        return character

    def escape(self) -> str:
        start = self.at
        self.at += 1
        character = self.next()
        self.at += 1
        if character in _CONTROL:
            return _CONTROL[character]
        if character == "x":
            return self.hexadecimal(start)
        if character and character in _ESCAPABLE:
            return character
        raise self.error(f"\\{character}", start, _REFUSED.get(character, "cuDF has no such escape"))

    def hexadecimal(self, start: int) -> str:
        braced = self.next() == "{"
        end = self.pattern.find("}", self.at) if braced else self.at + 2
        digits = self.pattern[self.at + braced : max(end, self.at)]
        self.at = end + braced
        code = int(digits, 16) if digits and not digits.strip(hexdigits) and len(digits) <= 6 else -1
        if not (0 <= code < 0x110000) or 0xD800 <= code < 0xE000 or (len(digits) < 2 and not braced):
            raise self.error("\\x without a character", start)
        return chr(code)

    def next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def error(self, what: str, at: int, why: str = "") -> DialectError:
        return DialectError(f"{what} at {at}" + (f" ({why})" if why else ""))


def _written(character: str, special: frozenset[str]) -> str:
    """Return a character as a literal; a NUL itself would end the pattern.

    Of an escaped end of a range cuDF takes what follows the backslash: right for `special`; a NUL is never an end.
    """
    if character == "\0":
        return "\\x00"
    return "\\" + character if character in special else character
