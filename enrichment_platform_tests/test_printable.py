"""Control characters are shown, not obeyed."""

from __future__ import annotations

import pytest

from enrichment_platform.printable import printable


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\x9b", "\x7f", "\r", "\u202e", "\u200b", "\u2066", "\ud800"])
def test_what_a_terminal_would_obey_is_shown_as_an_escape(char: str) -> None:
    shown = printable(f"a{char}b")
    assert char not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b")


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Zürich 東京 مرحبا 🙂\nsecond line"
    assert printable(text) == text
