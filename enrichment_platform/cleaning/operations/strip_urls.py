"""strip_urls: takes web addresses out of a text, or leaves their host; the sentence around them stays as it is."""

import polars as pl

from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation
from enrichment_platform.cleaning.pattern import SPACES, any_case

# An address ends before white space, brackets, quotes and pipes, and before the punctuation of Chinese and Japanese.
_NEVER = rf"{SPACES}\n\r\x0b\x0c\x85\x{{2028}}\x{{2029}}<>\"`|\\^{{}}()\[\]“”„«»。，、；：？！（）「」『』【】《》"
_INSIDE = rf"(?:[^{_NEVER}]|\([^{_NEVER}]*\))"  # brackets in pairs belong to it, as Wikipedia's do
_LAST = rf"(?:[^{_NEVER}.,;:!?'*…’]|\([^{_NEVER}]*\))"  # a sentence's punctuation does not
_LABEL = r"[-_A-Za-z0-9%\x{a1}-\x{1fff}\x{2c00}-\x{2fff}\x{3040}-\x{feff}]+"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_REST = rf"(?:{_INSIDE}*{_LAST})?"
_USER = rf"(?:[^{_NEVER}/?#@]*@)?"
_SCHEME = f"(?:{any_case('http')}[sS]?|{any_case('ftp')}[sS]?)://"
WITH_SCHEME = rf"{_SCHEME}{_USER}({_HOST}){_REST}"
WITHOUT_SCHEME = rf"(^|[^-_A-Za-z0-9@/.])({any_case('www')}\.{_HOST}){_REST}"
_TITLE = r"""(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'))?"""
_TARGET = f"(?:{_SCHEME}{_USER}|{any_case('www')}\\.){_HOST}{_REST}"
MARKDOWN = rf"!?\[([^\[\]\n]*)\]\(<?{_TARGET}>?{_TITLE}\)"

EXAMPLES = [
    (None, None),
    ("no link: a//b, 3:/4, wwww.", "no link: a//b, 3:/4, wwww."),
    ("See https://example.com/a?b=1#c, then reply.", "See [URL], then reply."),
    ("(http://example.com/a_(b)). Or www.example.org!", "([URL]). Or [URL]!"),
    ("FTP://files.example.com/x;y=1; HTTPS://user:pw@example.com:8080/", "[URL]; [URL]"),
    ('[the form](https://example.com/f_(1) "A title") and ![logo](http://example.com/l.png)', "the form and logo"),
    ('<https://example.com/> "http://example.com" 见http://例え.jp/あ。然后', '<[URL]> "[URL]" 见[URL]。然后'),
    ("http:// and https://... and me@www.example.com", "http:// and https://... and me@www.example.com"),
]


@operation(version=1, needs=Feature.LINK, gpu=on_host_where(Feature.LINK), examples=EXAMPLES)
def strip_urls(column: pl.Series, *, replacement: str = "[URL]", keep_host: bool = False) -> pl.Series:
    """Write `replacement` ("" for nothing) for each http, https, ftp and www. address, or its host with `keep_host`.

    Of a Markdown link or image its text stays. A `replacement` that is an address itself is replaced next time.
    """
    literal = replacement.replace("$", "$$")
    scheme, www = ("${1}", "${1}${2}") if keep_host else (literal, "${1}" + literal)
    text = column.str.replace_all(MARKDOWN, "${1}")
    return text.str.replace_all(WITH_SCHEME, scheme).str.replace_all(WITHOUT_SCHEME, www)
