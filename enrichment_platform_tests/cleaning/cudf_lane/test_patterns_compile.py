"""cuDF's own compiler takes every pattern that device kernels use, and misreads what the dialect refuses."""

# ruff: noqa: TID253 - collected where the wheels are installed only

import pytest
from pylibcudf.strings.regex_flags import RegexFlags
from pylibcudf.strings.regex_program import RegexProgram

from enrichment_platform.cleaning import operations, tokens
from enrichment_platform.cleaning.device_pattern import DevicePattern, compile_problem
from enrichment_platform.cleaning.dialect import problem
from enrichment_platform.cleaning.on_host import device_patterns
from enrichment_platform_tests.cleaning.test_dialect import ALLOWED

pytestmark = pytest.mark.cudf
COUNTED = [tokens.WORD, tokens.DIGITS, tokens.PUNCTUATION, tokens.CJK, tokens.SEMITIC]


def compiles(pattern: str) -> bool:
    try:
        RegexProgram.create(pattern, RegexFlags.DEFAULT)
    except (RuntimeError, ValueError):
        return False
    return True


def test_every_pattern_of_the_shipped_operations_compiles() -> None:
    assert len(operations.__all__) > 10
    patterns = device_patterns()
    assert len(patterns) >= 15
    assert {pattern.source: found for pattern in patterns if (found := compile_problem(pattern))} == {}


@pytest.mark.parametrize("pattern", [*ALLOWED, *COUNTED])
def test_what_the_dialect_allows_compiles(pattern: str) -> None:
    assert problem(pattern) is None
    assert compile_problem(DevicePattern(pattern)) is None


@pytest.mark.parametrize("pattern", COUNTED)
def test_patterns_of_the_tail_are_given_to_cudf_as_they_are(pattern: str) -> None:
    assert DevicePattern(pattern).cudf == pattern  # cudf-polars hands Polars' spelling on


def test_the_end_of_a_range_is_still_not_unescaped() -> None:
    # From tab to 5 runs backwards; escaped, the end is read as an "x", and the range as one from tab to "x".
    assert not compiles("[\x09-\x05]")
    assert compiles(r"[\x09-\x05]")


def test_escapes_above_7f_are_still_no_code_points() -> None:
    # As code points this range would run backwards: U+00FF to U+00E9.
    assert not compiles("[ÿ-é]")
    assert compiles(r"[\xff-é]")


@pytest.mark.parametrize("pattern", [r"\x{1680}", r"\u1680", r"\p{L}", "(?=a)", "(?i)a", "(?P<n>a)", "a**", r"\z"])
def test_what_cudf_does_not_know_is_refused_by_both(pattern: str) -> None:
    assert not compiles(pattern)
    assert problem(pattern) is not None or pattern == r"\x{1680}"  # which is written as a character
