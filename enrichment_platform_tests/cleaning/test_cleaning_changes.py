"""The judges of benchmarks/cleaning_quality.py allow what an operation is for, and see whatever else changed."""

import pytest

from benchmarks.cleaning_changes import JUDGES, changed_characters

LONG = "h" * 6_000 + "t" * 6_000
ALLOWED = {
    "fix_mojibake": ("caf\u00c3\u00a9", "café"),
    "html_to_text": ("<p>a &amp; b</p><script>x<y</script> <jane@example.com>", "a & b\n <jane@example.com>"),
    "remove_invisible": ("a\u200bb\r\nc\x1b[31m\ufeff", "ab\nc"),
    "unicode_nfc": ("cafe\u0301", "café"),
    "strip_email": ("From: a\nTo: b\n\nIt broke.\n-- \nJane", "It broke."),
    "collapse_whitespace": (" a \u00a0b\n\n\nc", "a b\n\nc"),
    "mask_pii": ("mail a@b.example now, 192.0.2.1", "mail [EMAIL] now, [IP]"),
    "truncate_text": (LONG, "h" * 5_970 + "\n[... 4039 characters cut ...]\n" + "t" * 1_991),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_an_operation_is_for_is_allowed(name: str) -> None:
    assert JUDGES[name](*ALLOWED[name])


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("damage", ["first letter lost", "last letter lost", "letter added", "case changed"])
def test_any_other_change_is_seen(name: str, damage: str) -> None:
    before, after = ALLOWED[name]
    letters = [at for at, character in enumerate(after) if character.isalpha()]
    first, last = letters[0], letters[-1]
    damaged = {
        "first letter lost": after[:first] + after[first + 1 :],
        "last letter lost": after[:last] + after[last + 1 :],
        "letter added": after[: first + 1] + "q" + after[first + 1 :],
        "case changed": after[:first] + after[first].swapcase() + after[first + 1 :],
    }[damage]
    assert not JUDGES[name](before, damaged)


def test_words_may_not_take_the_place_of_markup_or_of_a_mask() -> None:
    assert not JUDGES["html_to_text"]("<b>one</b> two", "two")
    assert not JUDGES["mask_pii"]("mail Jane Doe now", "mail [EMAIL] now")
    assert not JUDGES["strip_email"]("one two\nthree", "two\nthree")


def test_characters_are_counted_both_ways() -> None:
    assert changed_characters("abc", "abd") == 2
    assert changed_characters("a  b", "a b") == 1
