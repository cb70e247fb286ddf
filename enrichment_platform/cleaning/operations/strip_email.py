"""strip_email: takes mail headers, quoted replies, signatures and legal footers off; the message stays."""

import re

import polars as pl

from enrichment_platform.cleaning.guard import TEXT, by_row, where_suspicious
from enrichment_platform.cleaning.operation import operation

SIGNATURE_LINES = 12  # a "--" with more text below it is a divider, not a signature
HEADER = re.compile(
    r"(?:From|To|Cc|CC|Bcc|Subject|Date|Sent|Reply-To|Message-ID|In-Reply-To|References|MIME-Version|Return-Path|"
    r"Received|Importance|X-[A-Za-z-]+|Content-[A-Za-z-]+|Von|An|Betreff|Gesendet|De|Para|Asunto|Enviado|À|Objet|"
    r"Envoyé) ?: "
)
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
SUSPICIOUS = TEXT.str.contains(
    r"\n--[ \n]|\n--$|^(?:From|Subject|Date|Return-Path|Received|Von|De) ?: |wrote ?:"
    r"|schrieb|a écrit|escribió|schreef"
    r"|-- ?Original M|-- ?Forwarded|Ursprüngliche|Begin forwarded|Mensaje original|Message d'origine"
    r"|Sent (?:from|via) |Get Outlook|Gesendet von|gesendet|Envoyé de|Enviado desde"
    r"|(?i:confidential|privileged|disclaimer|legal notice|intended recipient|"
    r"consider the environment|addressee)"
)

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


@operation(version=1, examples=EXAMPLES)
def strip_email(column: pl.Series) -> pl.Series:
    """Leave a text as it is where nothing else would remain of it, and where no sign of mail is in it."""
    return where_suspicious(column, SUSPICIOUS, by_row(_stripped))


def _stripped(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    kept = _trimmed(lines)
    while True:
        shorter = _trimmed(_without_footer(_without_signature(_without_reply(_without_header(kept)))))
        if shorter == kept:
            break
        kept = shorter
    if not kept or kept == _trimmed(lines):
        return text
    return "\n".join(kept)


def _trimmed(lines: list[str]) -> list[str]:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return lines[start:end]


def _without_header(lines: list[str]) -> list[str]:
    """Drop a block of two or more header lines at the top, folded lines included, that an empty line ends."""
    count = 0
    for number, line in enumerate(lines):
        if not line.strip():
            return lines[number + 1 :] if count >= 2 else lines
        if HEADER.match(line):
            count += 1
        elif not (count and line[0] in " \t"):
            return lines
    return lines


def _without_reply(lines: list[str]) -> list[str]:
    """Drop what follows a reply mark, and quoted lines where such a mark shows that they are quotes."""
    for number, line in enumerate(lines):
        if ORIGINAL.fullmatch(line):
            return lines[:number]
        if ATTRIBUTION.fullmatch(line):
            below = [other for other in lines[number + 1 :] if not other.startswith(">")]
            return [other for other in lines[:number] if not other.startswith(">")] + below
    return lines


def _without_signature(lines: list[str]) -> list[str]:
    if lines and SENT_FROM.fullmatch(lines[-1]):
        return lines[:-1]
    for number in range(len(lines) - 1, max(-1, len(lines) - 2 - SIGNATURE_LINES), -1):
        if SIGNATURE.fullmatch(lines[number]):
            return lines[:number]
    return lines


def _without_footer(lines: list[str]) -> list[str]:
    """Drop the last paragraph where it opens as a legal footer does."""
    start = len(lines)
    while start > 0 and lines[start - 1].strip():
        start -= 1
    return lines[:start] if start < len(lines) and FOOTER.match(lines[start]) else lines
