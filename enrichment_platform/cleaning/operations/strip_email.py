"""strip_email: takes mail headers, quoted replies, signatures and legal footers off; the message stays."""

import re

import polars as pl

from enrichment_platform.cleaning.feature import Feature
from enrichment_platform.cleaning.guard import TEXT, by_row, where_suspicious
from enrichment_platform.cleaning.on_host import on_host_where
from enrichment_platform.cleaning.operation import operation

SIGNATURE_LINES = 12  # a "--" with more text below it is a divider, not a signature
_HEADERS = (
    "From|To|Cc|CC|Bcc|Subject|Date|Sent|Reply-To|Message-ID|In-Reply-To|References|MIME-Version|Return-Path|Received"
    "|Importance|X-[A-Za-z-]+|Content-[A-Za-z-]+|Von|An|Betreff|Gesendet|De|Para|Asunto|Enviado|À|Objet|Envoyé"
)
HEADER = re.compile(rf"(?:{_HEADERS}) ?: ")
ATTRIBUTION = re.compile(
    r"[> ]*(?:On .{3,200} wrote|Am .{3,200} schrieb.{0,80}|Le .{3,200} a écrit|El .{3,200} escribió|"
    r"Op .{3,200} schreef.{0,80}) ?: *"
)
ORIGINAL = re.compile(
    r"[> ]*(?:-{2,} ?(?:Original Message|Forwarded [Mm]essage|Ursprüngliche Nachricht|Message d'origine|"
    r"Mensaje original) ?-{2,}|Begin forwarded message:) *"
)
SENT_FROM = re.compile(
    r" *(?:Sent (?:from|via) (?:my|Yahoo|Outlook|Mail|Gmail|Proton).{0,60}|Get Outlook for .{0,60}|"
    r"Gesendet von (?:meinem|Mail|Outlook).{0,60}|Von meinem .{1,40} gesendet|Envoyé de(?:puis)? mon .{1,40}|"
    r"Enviado desde mi .{1,40}) *"
)
FOOTER = re.compile(
    r"[> ]*(?:confidentiality (?:notice|note)|legal (?:notice|disclaimer)|disclaimer ?:|"
    r"privileged (?:and|&|/) ?confidential|please consider the environment|"
    r"(?:the information (?:contained )?in )?(?:this|the) (?:e-?mail|message|communication|transmission)\b"
    r".{0,200}?"
    r"(?:confidential|privileged|intended (?:only|solely|recipient|for the)|addressee)|"
    r"if you (?:are not the intended|have received this (?:e-?mail|message|communication) in error)|"
    r"diese e-?mail enthält vertrauliche)",
    re.IGNORECASE | re.ASCII,
)
SIGNATURE = re.compile(r"-- ?")
_ORIGINAL_BEGINS = (
    r"[> ]*(?:-{2,} ?(?:Original M|Forwarded [Mm]|Ursprüngliche|Message d|Mensaje o)|Begin forwarded message:)"
)
_END = r" *(?:\r?\n|$)"
# Each names every text that its rule changes, by what must stand at the beginning or end of a line. Apart from each
# other they are twice as fast as in one pattern.
_SIGNS = (
    rf"^\s*(?:{_HEADERS}) ?: ",
    rf"(?:wrote|a écrit|escribió|schrieb[^\n]{{0,80}}|schreef[^\n]{{0,80}}) ?:{_END}",
    rf"^{_ORIGINAL_BEGINS}",
    rf"\n{_ORIGINAL_BEGINS}",
    r"\n *(?:Sent (?:from|via) |Get Outlook for |Gesendet von |Von meinem |Envoyé de|Enviado desde mi )",
    r"\n-- ?(?:\r?\n|$)",
    r"\n[> ]*(?i:confidentiality not|legal (?:notice|disclaimer)|disclaimer ?:|privileged (?:and|&|/) ?confidential"
    r"|please consider the environment|the information |(?:this|the) (?:e-?mail|message|communication|transmission)"
    r"|if you (?:are not the|have received this) |diese e-?mail enthält vertrauliche)",
)
SUSPICIOUS = pl.any_horizontal(TEXT.str.contains(sign) for sign in _SIGNS)

EXAMPLES = [
    (None, None),
    (
        "My card -- the blue one -- was lost.\n> is a prompt",
        "My card -- the blue one -- was lost.\n> is a prompt",
    ),
    ("Refund me.\n\n-- \nJane Doe\nACME", "Refund me."),
    ("It broke.\n\nSent from my iPhone", "It broke."),
    ("Thanks.\n\nOn Mon, 5 Jan 2026, Support wrote:\n> Dear customer,\n> hello", "Thanks."),
    ("Yes please.\n\n-----Original Message-----\nFrom: x\nhello", "Yes please."),
    ("From: Jane <j@example.com>\nTo: s@example.com\nSubject: help\n\nIt broke.", "It broke."),
    ("It broke.\n\nCONFIDENTIALITY NOTICE: This e-mail is\nfor the addressee only.", "It broke."),
    ("> a\nagreed\nOn Monday support wrote:\n> b", "agreed"),
    ("Sent from my iPhone", "Sent from my iPhone"),
]


@operation(version=2, needs=Feature.LINES, gpu=on_host_where(Feature.LINES), examples=EXAMPLES)
def strip_email(column: pl.Series) -> pl.Series:
    """Leave a text as it is where nothing else would remain of it, and where no sign of mail is in it."""
    return where_suspicious(column, SUSPICIOUS, by_row(_stripped))


def _stripped(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    written = _without_replies(lines)
    start = _after_headers(written)
    end = _before_footers(written, start)
    if start == end or (len(written) == len(lines) and written[start:end] == _trimmed(lines)):
        return text
    return "\n".join(written[start:end])


def _trimmed(lines: list[str]) -> list[str]:
    return lines[_first(lines, 0) : _last(lines, 0, len(lines))]


def _first(lines: list[str], start: int) -> int:
    """Return the first line from `start` on that is not blank."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    return start


def _last(lines: list[str], start: int, end: int) -> int:
    """Return the end of the lines before `end`, blank ones at their end left out."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    return end


def _without_replies(lines: list[str]) -> list[str]:
    """Drop reply marks, all below an "Original Message", and, where a mark is, the lines quoted with `>`."""
    kept, marked = [], False
    for line in lines:
        if ORIGINAL.fullmatch(line):
            marked = True
            break
        if ATTRIBUTION.fullmatch(line):
            marked = True
        else:
            kept.append(line)
    return [line for line in kept if not line.startswith(">")] if marked else kept


def _after_headers(lines: list[str]) -> int:
    """Return where the text begins after blocks of two or more header lines, each ended by an empty line."""
    start = _first(lines, 0)
    while (end := _header_end(lines, start)) > start:
        start = _first(lines, end)
    return start


def _header_end(lines: list[str], start: int) -> int:
    count = 0
    for number in range(start, len(lines)):
        line = lines[number]
        if not line.strip():
            return number if count >= 2 else start
        if HEADER.match(line):
            count += 1
        elif not (count and line[0] in " \t"):  # a folded header goes on after a blank
            return start
    return start


def _before_footers(lines: list[str], start: int) -> int:
    """Return where the text ends before signatures, "Sent from my ..." lines and legal footers."""
    end = _last(lines, start, len(lines))
    while (shorter := _footer_start(lines, start, end)) < end:
        end = _last(lines, start, shorter)
    return end


def _footer_start(lines: list[str], start: int, end: int) -> int:
    if start < end and SENT_FROM.fullmatch(lines[end - 1]):
        return end - 1
    for number in range(end - 1, max(start, end - 1 - SIGNATURE_LINES) - 1, -1):
        if SIGNATURE.fullmatch(lines[number]):
            return number
    paragraph = end
    while paragraph > start and lines[paragraph - 1].strip():
        paragraph -= 1
    return paragraph if paragraph < end and FOOTER.match(lines[paragraph]) else end
