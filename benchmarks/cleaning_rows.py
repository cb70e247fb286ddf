"""The text operations in plain Python, a text at a time, for baselines whose tool has nothing of its own.

Written as a careful user of `re` writes them: patterns compiled once, a cheap test before a costly one, the same rules
as the platform's operations. They are the benchmark's own, so that a baseline does not change when the platform does.
"""

from __future__ import annotations

import html
import ipaddress
import re
import unicodedata

import ftfy

INLINE = (
    "a|abbr|acronym|area|audio|b|base|basefont|bdi|bdo|big|button|canvas|cite|code|data|datalist|del|dfn|em|embed|font"
    "|i|iframe|img|input|ins|kbd|label|link|map|mark|meta|noscript|object|output|param|picture|q|rp|rt|ruby|s|samp"
    "|script|select|small|source|span|strike|strong|style|sub|sup|svg|template|time|tt|u|var|video|wbr|t[dh]"
)
BLOCK = (
    "address|article|aside|blockquote|body|caption|center|col|colgroup|dd|details|dialog|div|dl|dt|fieldset|figcaption"
    "|figure|footer|form|h[1-6]|head|header|hgroup|hr|html|legend|li|main|menu|nav|ol|optgroup|option|p|pre|section"
    "|summary|table|tbody|textarea|tfoot|thead|title|tr|ul"
)
_REST = r"""(?:[ \t\r\n]+(?:"[^"]*"|'[^']*'|[^'"<>])*)?/?>"""
TAGS = (  # in this order; RE2 takes them with (?is) before, Python's re with flags
    (r"<!--.*?--+>|<!doctype[^<>]*>", ""),
    (r"<script(?:[ \t\r\n][^<>]*)?>.*?</script[ \t\r\n]*>|<style(?:[ \t\r\n][^<>]*)?>.*?</style[ \t\r\n]*>", ""),
    (rf"[ \t]*<br{_REST}(?:\r?\n)?", "\n"),
    (rf"</t[dh]{_REST}", " "),
    (rf"</?(?:{BLOCK}){_REST}", "\n"),
    (rf"</?(?:{INLINE}){_REST}", ""),
)
GAPS = r"[ \t]*\n[ \t]*\n[ \t\r\n]*"
_TAGS = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), new) for pattern, new in TAGS]
_GAPS = re.compile(GAPS)

INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad{034f}{061c}{180e}{200b}{200e}{200f}{202a}-{202e}{2060}-{206f}{feff}"
    r"{fff9}-{fffb}{e0000}-{e007f}]+|[{fe00}-{fe0f}{e0100}-{e01ef}]{{2,}}"
)
ANSI = r"\x1b\[[0-9;?]*[ -/]*[@-~]"
BREAKS = r"\r\n|[\x0b\x0c\r\x85{2028}{2029}]"
JOINERS = (r"(^|[\x00-\x7f])[{200c}{200d}]+", r"[{200c}{200d}]+([\x00-\x7f]|$)")
SPACES = r"[\t \xa0{1680}{2000}-{200a}{202f}{205f}{3000}]+"


def with_code_points(pattern: str, *, re2: bool) -> str:
    """Return a pattern in which {200b} stands for a code point: as the character, or as RE2 writes it."""
    text = re.sub(r"\{([0-9a-f]{4,5})\}", lambda m: rf"\x{{{m[1]}}}" if re2 else chr(int(m[1], 16)), pattern)
    return text.replace("{{", "{").replace("}}", "}")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(with_code_points(pattern, re2=False))


_ANSI, _BREAKS, _INVISIBLE, _SPACES = _compiled(ANSI), _compiled(BREAKS), _compiled(INVISIBLE), _compiled(SPACES)
_JOINERS = [_compiled(pattern) for pattern in JOINERS]
_LINE_ENDS, _LINES, _EMPTY_LINES = re.compile(r"\r\n?"), re.compile(r" ?\n ?"), re.compile(r"\n{3,}")

SIGN_OF_MAIL = (  # of a dialect that RE2 takes, too
    r"\n--[ \r\n]|\n--$|^[ \r\n]*(?:From|Subject|Date|Return-Path|Received|Von|De) ?: |wrote ?:|schrieb|a écrit"
    r"|escribió|schreef|-- ?Original M|-- ?Forwarded|Ursprüngliche|Begin forwarded|Mensaje original|Message d'origine"
    r"|Sent (?:from|via) |Get Outlook|[Gg]esendet|Envoyé de|Enviado desde"
)
MAIL_WORDS = (
    *("confidential", "privileged", "disclaimer", "legal notice", "intended recipient", "consider the environment"),
    "addressee",
)
_MAIL_PARTS = (  # one of them is in each text that SIGN_OF_MAIL finds; looking for words is faster than `re`
    *("\n--", "From", "Subject", "Date", "Return-Path", "Received", "Von", "De", "wrote", "schrieb", "a écrit"),
    *("escribió", "schreef", "-- Orig", "--Orig", "-- Forw", "--Forw", "Urspr", "Begin f", "Mensaje", "Message d"),
    *("Sent ", "Get Out", "esendet", "Envoyé", "Enviado"),
)
_SIGN_OF_MAIL = re.compile(SIGN_OF_MAIL)
_REPLY = re.compile(
    r"[> ]*(?:On .{3,200} wrote|Am .{3,200} schrieb.{0,80}|Le .{3,200} a écrit|El .{3,200} escribió|Op .{3,200} schreef"
    r".{0,80}) ?: *"
)
_ORIGINAL = re.compile(
    r"[> ]*(?:-{2,} ?(?:Original Message|Forwarded [Mm]essage|Ursprüngliche Nachricht|Message d'origine"
    r"|Mensaje original) ?-{2,}|Begin forwarded message:) *"
)
_HEADERS = re.compile(
    r"\s*(?:(?:From|To|C[Cc]|Bcc|Subject|Date|Sent|Reply-To|Message-ID|In-Reply-To|References|MIME-Version|Return-Path"
    r"|Received|Importance|X-[A-Za-z-]+|Content-[A-Za-z-]+|Von|An|Betreff|Gesendet|De|Para|Asunto|Enviado|À|Objet"
    r"|Envoyé) ?: .*\n(?:[ \t]+\S.*\n)*){2,}[ \t]*\n"
)
_SENT_FROM = re.compile(
    r" *(?:Sent (?:from|via) (?:my|Yahoo|Outlook|Mail|Gmail|Proton).{0,60}|Get Outlook for .{0,60}"
    r"|Gesendet von (?:meinem|Mail|Outlook).{0,60}|Von meinem .{1,40} gesendet|Envoyé de(?:puis)? mon .{1,40}"
    r"|Enviado desde mi .{1,40}) *"
)
_FOOTER = re.compile(
    r"[> ]*(?:confidentiality (?:notice|note)|legal (?:notice|disclaimer)|disclaimer ?:|privileged (?:and|&|/) "
    r"?confidential|please consider the environment|(?:the information (?:contained )?in )?(?:this|the) (?:e-?mail"
    r"|message|communication|transmission)\b.{0,200}?(?:confidential|privileged|intended (?:only|solely|recipient"
    r"|for the)|addressee)|if you (?:are not the intended|have received this (?:e-?mail|message|communication) in "
    r"error)|diese e-?mail enthält vertrauliche)",
    re.IGNORECASE | re.ASCII,
)
SIGNATURE_LINES = 12

fix_encoding = ftfy.fix_encoding


def html_to_text(text: str) -> str:
    """Tags and entities."""
    if "<" in text:
        untagged = text
        for pattern, new in _TAGS:
            untagged = pattern.sub(new, untagged)
        if untagged != text:
            text = _GAPS.sub("\n\n", untagged).strip(" \t\r\n")
    return html.unescape(text) if "&" in text else text


def remove_invisible(text: str) -> str:
    """Control, zero-width and bidi characters; colour codes; line breaks."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    text = _INVISIBLE.sub("", _BREAKS.sub("\n", _ANSI.sub("", text)))
    if "\u200c" in text or "\u200d" in text:
        text = _JOINERS[1].sub(r"\1", _JOINERS[0].sub(r"\1", text))
    return text


def nfc(text: str) -> str:
    """Unicode's composed form."""
    return unicodedata.normalize("NFC", text)


def strip_email(text: str) -> str:
    """Headers, quoted replies, signatures and legal footers."""
    signed = any(part in text for part in _MAIL_PARTS) and _SIGN_OF_MAIL.search(text) is not None
    if not signed:
        lower = text.lower()
        signed = any(word in lower for word in MAIL_WORDS)
    return stripped(text) if signed else text


def stripped(text: str) -> str:
    """A text that shows signs of mail."""
    lines = text.replace("\r\n", "\n").split("\n")
    original = next((at for at, line in enumerate(lines) if _ORIGINAL.fullmatch(line)), len(lines))
    written = [line for line in lines[:original] if not _REPLY.fullmatch(line)]
    if len(written) < len(lines):
        written = [line for line in written if not line.startswith(">")]
    body = "\n".join(written)
    while found := _HEADERS.match(body):
        body = body[found.end() :]
    kept = body.rstrip().split("\n")
    while (end := _footer(kept)) < len(kept):
        kept = "\n".join(kept[:end]).rstrip().split("\n")
    rest = "\n".join(kept).strip("\n")
    return rest if rest.strip() and rest != "\n".join(lines).strip() else text


def _footer(lines: list[str]) -> int:
    if _SENT_FROM.fullmatch(lines[-1]):
        return len(lines) - 1
    for at in range(len(lines) - 1, max(0, len(lines) - 1 - SIGNATURE_LINES) - 1, -1):
        if lines[at] in ("--", "-- "):
            return at
    at = len(lines)
    while at and lines[at - 1].strip():
        at -= 1
    return at if at < len(lines) and _FOOTER.match(lines[at]) else len(lines)


def collapse_whitespace(text: str) -> str:
    """Runs of blanks and of empty lines."""
    text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", text))
    return _EMPTY_LINES.sub("\n\n", _LINES.sub("\n", text)).strip(" \n")


def truncate(text: str, limit: int = 8_000) -> str:
    """Head and tail of a long text."""
    if len(text) <= limit:
        return text
    kept = limit - len("\n[...  characters cut ...]\n") - 12
    head = int(kept * 0.75)
    return f"{text[:head]}\n[... {len(text) - kept} characters cut ...]\n{text[head - kept :]}"


def is_ip(text: str) -> bool:
    """Whether it is an address that says something: not of this machine, not unspecified."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)
