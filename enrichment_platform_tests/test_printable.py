"""Control characters are shown, not obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from enrichment_platform.printable import inert_markdown, printable

VISIBLE = {
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "Mn",
    "Mc",
    "Me",
    "Nd",
    "Nl",
    "No",
    *("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
}
VISIBLE |= {"Sm", "Sc", "Sk", "So", "Zs"}


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\x9b", "\x7f", "\r", "\u202e", "\u200b", "\u2066", "\ud800"])
def test_what_a_terminal_would_obey_is_shown_as_an_escape(char: str) -> None:
    shown = printable(f"a{char}b")
    assert char not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b")


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Zürich 東京 مرحبا 🙂\nsecond line"
    assert printable(text) == text


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[31mred\x1b[0m",
        "\x1b[2J\x1b[1;1H",
        "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
        "\x1b]0;title\x07",
        "\x1b]52;c;Y29weQ==\x07",
        "\x1bP+q\x1b\\",
        "\x9b31m",
        "\x9d8;;https://example.com\x9c",
        "ok\rFAILED",
        "ok\x08\x08no",
        "abc\u202egnp.exe\u202c",
        "\u2067x\u2069\u200f\u061c",
        "a\u2028b\u2029c",
        "\U000e0041\U000e007f",
        "a\u00adb\u2060c\ufeffd",
    ],
    ids=ascii,
)
def test_no_sequence_reaches_the_terminal_and_none_of_its_text_is_lost(sequence: str) -> None:
    shown = printable(sequence)
    assert all(unicodedata.category(char)[0] not in "CZ" or char == " " for char in shown)
    left = iter(shown)
    assert all(char in left for char in sequence if char.isprintable())


@given(st.text())
def test_nothing_but_line_breaks_and_visible_characters_comes_out(text: str) -> None:
    shown = printable(text)
    assert all(char == "\n" or unicodedata.category(char) in VISIBLE for char in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![x](http://e/?q=1)", r"!\[x\](http\://e/?q=1)"),
        ("[click](javascript:alert(1))", r"\[click\](javascript:alert(1))"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)>"),
        ("<http://e>", r"\<http\://e>"),
        ("see https://e or www.e.com or me@e.com", r"see https\://e or www\.e.com or me\@e.com"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("a\n# b\n- c", "a # b - c"),
        ("[x]: http://e", r"\[x\]: http\://e"),
        (r"\[x](y)", r"\\\[x\](y)"),
        ("a\u202eb", r"a\\u202eb"),
    ],
)
def test_nothing_in_markdown_becomes_a_link_an_image_or_html(text: str, shown: str) -> None:
    assert inert_markdown(text) == shown


def test_the_messages_of_checks_stay_readable() -> None:
    text = "3 of 2,000 rows (0.15%) fail: category: is not one of the labels (3). Set `checks.mixed_models: block`."
    assert inert_markdown(text) == text


@given(st.text(alphabet=st.sampled_from("ab \n\\`<>[]()!&#;:/@._*~|\"'=x"), max_size=40))
def test_a_renderer_finds_neither_links_nor_images_nor_html(text: str) -> None:
    blocks = MarkdownIt("commonmark").enable("table").parse(inert_markdown(text))
    found = {part.type for block in blocks for part in (block, *(block.children or []))}
    assert not found & {"link_open", "image", "html_inline", "html_block", "table_open"}


def test_a_renderer_shows_the_text_as_it_was() -> None:
    text = "<b> [x](http://e) ![y](z) &amp; me@e.com www.e.com \\"
    (inline,) = [block for block in MarkdownIt("commonmark").parse(inert_markdown(text)) if block.type == "inline"]
    assert "".join(part.content for part in inline.children or []) == text
