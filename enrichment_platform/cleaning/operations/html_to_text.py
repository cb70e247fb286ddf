"""html_to_text: the text of HTML: tags, comments, scripts and styles go, entities are decoded.

A list of HTML's own tag names decides, not a parser: `<3`, `a < b`, `<jane@example.com>` and `List<String>` stay.
A parser such as html.parser swallows them, and what it makes of broken markup differs between Python's releases.
"""

import html
import re
from html.entities import html5

import polars as pl

from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.guard import TEXT, by_row, where_suspicious
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pattern import any_of

INLINE = (
    "a abbr acronym area audio b base basefont bdi bdo big button canvas cite code data datalist del "
    "dfn em embed font i iframe img input ins kbd label link map mark meta noscript object output param "
    "picture q rp rt ruby s samp script select small source span strike strong style sub sup svg "
    "template time tt u var video wbr"
)
BLOCK = (
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol "
    "optgroup option p pre section summary table tbody tfoot thead title tr ul caption colgroup col "
    "textarea"
)
ATTRIBUTES = r"""(?:[ \t\r\n]+(?:"[^"]*"|'[^']*'|[^'"<>])*)?/?>"""
COMMENT = r"<!--(?:[^-]|-[^-]|--+[^->])*--+>|<![dD][oO][cC][tT][yY][pP][eE][^<>]*>"
DROPPED = "|".join(
    rf"<{any_of(tag)}{ATTRIBUTES}(?:[^<]|<[^/]|</[^{tag[0]}{tag[0].upper()}])*</{any_of(tag)}[ \t\r\n]*>"
    for tag in ("script", "style")
)
BREAK = rf"[ \t]*<{any_of('br')}{ATTRIBUTES}(?:\r?\n)?"
CELL = rf"</{any_of('td th')}{ATTRIBUTES}"
CELL_START = rf"<{any_of('td th')}{ATTRIBUTES}"
BLOCKS = rf"</?{any_of(BLOCK)}{ATTRIBUTES}"
INLINES = rf"</?{any_of(INLINE)}{ATTRIBUTES}"
ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
ENTITY_RE = re.compile(ENTITY)

TAGGED = TEXT.str.contains("<[A-Za-z/!]")
ENTITIES = TEXT.str.contains(ENTITY)

EXAMPLES = [
    (None, None),
    ("a < b and b > c, I <3 you", "a < b and b > c, I <3 you"),
    ("<jane@example.com> wrote List<String>", "<jane@example.com> wrote List<String>"),
    (
        "AT&T &amp; &quot;Co&quot; &#39;x&#x27; &unknown; ?a=1&copy=2",
        "AT&T & \"Co\" 'x' &unknown; ?a=1&copy=2",
    ),
    ('<div class="a>b"><p>One</p><p>Two <b>bold</b></p></div>', "One\n\nTwo bold"),
    ("<script>if (a<b) {}</script><STYLE>p{}</STYLE><p>Text</p>", "Text"),
    ("one<br/>\ntwo<br>three<!-- no -->", "one\ntwo\nthree"),
    ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
    ("&lt;b&gt; stays a mention", "<b> stays a mention"),
]


@operation(
    version=1,
    idempotent=False,
    needs=Feature.MARKUP,
    gpu=on_host_where(Feature.MARKUP),
    examples=EXAMPLES,
)
def html_to_text(column: pl.Series) -> pl.Series:
    """Block tags become line breaks; not idempotent: `&lt;b&gt;` is the text `<b>`, a tag next time."""
    untagged = where_suspicious(column, TAGGED, _untagged)
    return where_suspicious(untagged, ENTITIES, by_row(lambda text: ENTITY_RE.sub(_character, text)))


def _untagged(texts: pl.Series) -> pl.Series:
    text = texts
    for pattern, replacement in (
        (COMMENT, ""),
        (DROPPED, ""),
        (BREAK, "\n"),
        (CELL, " "),
        (BLOCKS, "\n"),
        (rf"{INLINES}|{CELL_START}", ""),
    ):
        text = text.str.replace_all(pattern, replacement)
    tidy = text.str.replace_all(r"[ \t]*\n[ \t]*\n[ \t\r\n]*", "\n\n").str.strip_chars(" \t\r\n")
    return pl.select(pl.when(text.ne_missing(texts)).then(tidy).otherwise(texts)).to_series().alias(texts.name)


def _character(match: re.Match[str]) -> str:
    entity = match.group()
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)
