"""A pattern that passes means the same to Polars and to cuDF, and one that does not is named with the place."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.dialect import DialectError, for_cudf, is_run, problem

REFUSED = {
    "ab(?=c)": "lookahead (?= at 2",
    "(?!a)b": "negative lookahead (?! at 0",
    "(?<=a)b": "lookbehind (?<= at 0",
    "(?<!a)b": "negative lookbehind (?<! at 0",
    "(?P<n>a)": "named group (?P at 0",
    "(?<n>a)": "named group (?< at 0",
    "a(?i)b": "flags (?i at 1",
    r"a\w": r"\w at 1",
    r"\d": r"\d at 0",
    r"[\s]": r"\s at 1",
    r"\bfoo": r"\b at 0",
    r"\p{L}": r"\p at 0",
    r"\u1680": r"\u at 0",
    r"\z": r"\z at 0",
    "a$b": "$ at 1",
    "a^": "^ at 1",
    "a|": "empty alternative at 2",
    "": "empty alternative at 0",
    "()": "empty alternative at 1",
    "a*": "matches the empty text at 0",
    "a?b?": "matches the empty text at 0",
    "a*?b": "lazy quantifier *? at 1",
    "a{2}?b": "lazy quantifier {2}? at 1",
    "a**": "repeat of a repeat at 2",
    "a+{2}": "repeat of a repeat at 2",
    "(a*)+b": "repeat of what can be empty at 0",
    "a{0}b": "repeat outside 1 to 999 at 1",
    "a{1000}": "repeat outside 1 to 999 at 1",
    "a{3,2}": "repeat outside 1 to 999 at 1",
    "a{,3}b": "repeat without a lower bound at 1",
    "a{b": "{ at 1",
    "*a": "nothing to repeat: * at 0",
    "}": "nothing to repeat: } at 0",
    "a)": "unmatched ) at 1",
    "(a": "( without ) at 0",
    "[a": "[ without ] at 0",
    "[]": "empty class at 0",
    "[b-a]": "range that runs backwards at 1",
    "[a[b]]": "[ in a class at 2",
    "[a&&b]": "& in a class at 2",
    "[a-]": "- in a class at 2",
    "[-a]": "- in a class at 1",
    r"\x{d800}": r"\x without a character at 0",
    r"\x+1": r"\x without a character at 0",
    r"\x": r"\x without a character at 0",
    "[a-z]{999}{3}": "repeat of a repeat at 10",
    "(?:[a-z]{999}){3}": "2997 characters when written out, more than 2000 at 0",
    "\\": "\\ at 0",
}
# Patterns of all that is allowed, tried on texts of the characters that they tell apart.
ALLOWED = [
    "a",
    r"\.",
    "[a-c]+",
    "[^a-c]",
    "a|bc|^d",
    "(?:a|b){2,3}c",
    "(a|b)+c",
    "ab?c*d+",
    ".b",
    r"[\x00-\x08\x0b]",
    r"[\x80-\x9f\xe9\x{1680}\x{2000}-\x{200a}]+",
    r"[\x{d7ff}-\x{e000}\x{10000}-\x{10ffff}]",
    r"[\]\-\^\\\[]",
    r"[\t\n\r ]{2,}",
    r"[+-9]",
    r"[ -\]]",
    r"\x{e9}\x41",
    "é|日",
    r"^[ \n]|[a\n]$",
]
ALPHABET = "abcd.+-^[]\\ \t\n\r\0\x05\x08\x09x08\x80\x85\x9fé\u1680\u2003\u200b\ud7ff\ue000日\U00010000\U0010ffff"


@pytest.mark.parametrize(("pattern", "wanted"), REFUSED.items())
def test_what_the_engines_read_differently_is_refused_with_its_place(pattern: str, wanted: str) -> None:
    found = problem(pattern)
    assert found is not None
    assert found.startswith(wanted)


@pytest.mark.parametrize("pattern", ALLOWED)
@given(text=st.text(ALPHABET, max_size=12))
@settings(max_examples=150)
def test_the_spelling_for_cudf_finds_what_polars_finds(pattern: str, text: str) -> None:
    polars = pl.Series([text]).str.contains(pattern)[0]
    spelt = re.search(for_cudf(pattern), text) is not None
    if pattern.endswith("$"):
        assert spelt or not polars  # a guard: cuDF's and Python's $ also match before a last line break
    else:
        assert spelt == polars


@given(first=st.characters(codec="utf-8"), last=st.characters(codec="utf-8"), text=st.text(max_size=8))
@settings(max_examples=300)
def test_any_range_is_written_so_that_no_end_is_a_letter_or_hexadecimal_escape(
    first: str, last: str, text: str
) -> None:
    first, last = min(first, last), max(first, last)
    pattern = rf"[\x{{{ord(first):x}}}-\x{{{ord(last):x}}}]"
    written = for_cudf(pattern)
    assert re.search(r"-\\[A-Za-z0-9]", written) is None
    assert re.search(r"\\x[^0]", written) is None  # bytes, to cuDF
    assert "\0" not in written  # ends a pattern in cuDF
    assert [re.search(written, one) is not None for one in text] == [first <= one <= last for one in text]


@pytest.mark.parametrize("pattern", ["a", "[a-c]", "[a-c]+", "[^a]{2,}", r"\n{3,}", "a+"])
def test_a_class_and_its_runs_can_be_replaced(pattern: str) -> None:
    assert is_run(pattern)
    assert problem(pattern, "replace") is None


@pytest.mark.parametrize("pattern", ["ab", "a|b", "(a)+", "a?", "[a]{2}", "[a]{2,3}", "^a", "a$", "[a]*", "[a]+b"])
def test_what_may_match_to_another_extent_cannot(pattern: str) -> None:
    with pytest.raises(DialectError):
        for_cudf(pattern, "replace")
