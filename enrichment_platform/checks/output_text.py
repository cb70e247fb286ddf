"""Text that the model wrote, as text: no broken encoding, no markup, no leaked tokens, no strange script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
from ftfy.badness import BADNESS_RE

from enrichment_platform.checks.catalogue import is_free_text
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import finding, together
from enrichment_platform.checks.inputs import ROW_ID, PartitionTables, require_columns
from enrichment_platform.spec import EnrichmentSpec, OutputField

TOKENS = "has control tokens or role marks of a chat"
SCRIPT = "is in a script that the row's text does not have"

_HTML = (
    "a|b|i|u|p|s|em|li|td|th|tr|ul|ol|br|hr|h[1-6]|pre|div|sub|sup|code|span|font|body|html|head|table|strong|img|"
    "script|style|blockquote"
)
_TOKEN = re.compile(
    r"<[|｜][^|｜<>\n]{1,40}[|｜]>|<\||\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<end_of_utterance>|"
    r"</?think>|<unused\d+>"
    r"|<0x[0-9A-F]{2}>|<(?:bos|eos|pad|unk)>|\[(?:PAD|CLS|SEP|UNK|MASK|BOS|EOS)\]|▁"
)
_FAULTS = {  # pattern; what of it stands in the row's own text is excused
    "has a character that was lost in decoding (U+FFFD)": re.compile("\ufffd"),
    # ftfy's heuristic takes a capital A with a circumflex after a capital or a bracket for a letter; before a space it
    # is what is left of a no-break space.
    "has text that was decoded with the wrong encoding": re.compile(
        f"(?:{BADNESS_RE.pattern}\n)" r"|(?<=\S)\u00c2(?=\s)", BADNESS_RE.flags
    ),
    "has an HTML entity": re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"),
    "has an HTML tag": re.compile(rf"(?i)</?(?:{_HTML})(?:\s[^<>]*)?/?>|<!--|<!doctype"),
    "has an escape sequence": re.compile(r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|(?:=[C-F][0-9A-F]=[89AB][0-9A-F])+"),
    "has control, invisible or direction characters": re.compile(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ue000-\uf8ff"
        r"\U000e0000-\U000e007f\U000e0100-\U000e01ef]|(?:^|(?<=[\x00-\x7f]))[\u200c\u200d]+|"
        r"[\u200c\u200d]+(?=[\x00-\x7f]|$)"
    ),
    "has a Markdown fence": re.compile(r"```|~~~"),
    TOKENS: re.compile(
        r"(?i:(?:^|\n)\s*(?:assistant|user|human|system)\s*:)|</?s>|"
        rf"(?i:</?(?:thinking|reasoning|scratchpad|answer|tool_calls?|tool_response|function_calls?)>)|{_TOKEN.pattern}"
    ),
}
_SUSPECT = (  # a superset of the above, without look-around
    r"[^\x20-\x7e\t\n\r]|&[A-Za-z#][A-Za-z0-9]*;|</?[A-Za-z!]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|```|~~~|<[|｜0]|[|"
    r"]>|\[/?[A-Z]{3,4}\]|<<"
    r"|\\[ux][0-9A-Fa-f]|=[C-F][0-9A-F]="
    r"|(?i:(?:^|\n)\s*(?:assistant|user|human|system)\s*:)"
)
_NAMED = (
    *("Cyrillic", "Greek", "Latin", "Arabic", "Hebrew", "Devanagari", "Bengali", "Tamil", "Telugu", "Gujarati"),
    *("Gurmukhi", "Thai", "Khmer", "Hangul", "Georgian", "Armenian", "Ethiopic"),
)
_SCRIPTS = {
    **{name: rf"\p{{{name}}}" for name in _NAMED},
    "Han": r"[\p{Han}\p{Hiragana}\p{Katakana}]",  # Japanese writes in all three
}
_EXPRESSION = re.compile(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")  # of Jinja
_ALPHABETS = ("Cyrillic", "Greek", "Latin")  # a single letter of them is a symbol, unless it stands within a word


def clean_output(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows with a value or quote that is damaged text, or not text of this row's language.

    Looked at are strings, lists without a closed set, and evidence. What stands in the row's own text is excused: it
    was there before the model. Control tokens are never excused. A script is strange where the row's text has no
    letter of it; a field without evidence may also be in the script that its prompt is written in.

    Returns:
        Findings (row_id, detail), detail like `vendor: has an HTML entity`.

    Raises:
        UnusableInputError: an output, evidence or prompt column is missing or mistyped.
    """
    answered = tables.answered
    sources = tables.sources(spec)
    return together(part for field in spec.output for part in _of_field(spec, field, answered, sources))


def _of_field(
    spec: EnrichmentSpec, field: OutputField, answered: pl.DataFrame, sources: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    wanted = {field.name: DTYPES[field.type]} if is_free_text(field) else {}
    wanted |= {field.evidence_column: pl.String()} if field.evidence else {}
    require_columns("staged", answered, wanted)
    for column in wanted:
        values = answered.select(ROW_ID, pl.col(column).alias("value"))
        if isinstance(answered.schema[column], pl.List):
            values = values.explode("value", empty_as_null=False)
        values = values.filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
        suspects = values.filter(pl.col("value").str.contains(_SUSPECT))
        suspects = suspects.join(sources, on=ROW_ID, how="left", maintain_order="left")
        faults = [_faults(value, source or "") for value, source in suspects.select("value", "source").iter_rows()]
        for problem in _FAULTS:
            mask = pl.Series([problem in found for found in faults], dtype=pl.Boolean)
            yield finding(suspects.filter(mask), f"{column}: {problem}")
        known = "" if field.evidence else _instructions(spec, field)
        yield finding(_in_strange_script(values, sources, known), f"{column}: {SCRIPT}")


def _faults(value: str, source: str) -> set[str]:
    found = {TOKENS} if _TOKEN.search(value) else set()
    if " ".join(value.split()) in source:
        return found
    for problem, pattern in _FAULTS.items():
        matches = (" ".join(match.group().split()) or match.group() for match in pattern.finditer(value))
        if any(match not in source for match in matches):
            found.add(problem)
    return found


def _in_strange_script(values: pl.DataFrame, sources: pl.DataFrame, known: str) -> pl.DataFrame:
    """Values with a script that neither the source nor the known text has."""
    shown = pl.Series([known])
    numbered = values.with_row_index("at")
    places = [pl.Series("at", [], pl.UInt32)]
    for name, letter in _SCRIPTS.items():
        if shown.str.contains(letter)[0]:
            continue
        # Values are short and in few scripts: a source is searched for those alone.
        written = numbered.filter(pl.col("value").str.contains(_written_in(name)))
        written = written.join(sources, on=ROW_ID, how="left", maintain_order="left")
        absent = ~pl.col("source").fill_null("").str.contains(letter)
        places.append(written.filter(absent).get_column("at"))
    return values[pl.concat(places).unique().sort()]


def _written_in(name: str) -> str:
    if name not in _ALPHABETS:
        return _SCRIPTS[name]
    others = "".join(_SCRIPTS[other] for other in _ALPHABETS if other != name)
    letter = _SCRIPTS[name]
    return f"{letter}{{2}}" if name == "Latin" else f"{letter}{{2}}|[{others}]{letter}|{letter}[{others}]"


def _instructions(spec: EnrichmentSpec, field: OutputField) -> str:
    """What the model was told and shown: it may answer in that script, as a summary in another language does.

    The names of columns in the template are no words to the model.
    """
    shown = [str(example.output.get(field.name) or "") for example in spec.prompt.examples]
    return " ".join([spec.prompt.system, _EXPRESSION.sub(" ", spec.prompt.template), field.description, *shown])
