"""Values that stand for no value: placeholders, echoes of the schema, copies of a few-shot example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from enrichment_platform.checks.catalogue import is_free_text
from enrichment_platform.checks.contract import DTYPES
from enrichment_platform.checks.findings import finding, together
from enrichment_platform.checks.grounding import contains
from enrichment_platform.checks.inputs import (
    ROW_ID,
    PartitionTables,
    collapsed,
    require_columns,
)
from enrichment_platform.spec import EnrichmentSpec, OutputField

PLACEHOLDER = "is a placeholder, not a value; the model must answer null instead"
REFUSAL = "is a refusal, not a value; the model must answer null instead"
ECHO = "repeats the field's own name or description"
COPIED = "is copied from a few-shot example, and not in the source"

# What says that there is no value. It says so too where the row's text has the words ("The venue is unknown"), so
# nothing excuses it.
DENIED = (
    *("", "n/a", "n.a", "n / a", "#n/a", "na", "nil", "none", "unknown", "unspecified", "not known", "see above"),
    *("see text", "as above", "same as above", "ditto", "no information", "no info", "no data", "no value"),
    *("insufficient information", "insufficient data", "cannot be determined", "could not be determined"),
    *("cannot determine", "can't tell", "i don't know", "i do not know", "tbd", "t.b.d", "tbc", "to be determined"),
    # German, French, Spanish, Portuguese, Italian, Dutch, Polish, Russian, Chinese, Japanese, Korean
    *("k. a", "k.a", "keine angabe", "keine angaben", "nicht angegeben", "nicht bekannt", "nicht verfügbar"),
    *("unbekannt", "inconnu", "inconnue", "non spécifié", "non précisé", "non renseigné", "non disponible"),
    *("desconocido", "desconocida", "no especificado", "no disponible", "no aplica", "desconhecido", "não informado"),
    *("não especificado", "sconosciuto", "non specificato", "n.v.t", "onbekend", "niet vermeld", "nieznany"),
    *("brak danych", "неизвестно", "не указано", "нет данных", "不明", "未知", "未提供", "不适用", "无", "なし"),
    *("該当なし", "알 수 없음", "해당 없음"),
)
# Words of a schema or a programmer, and words that may be a state of things. A text may have them as words of its own
# ("The G string broke"): then it may be a value.
WORDS = (
    *("string", "str", "integer", "int", "float", "boolean", "bool", "array", "nan", "null", "undefined"),
    *("undisclosed", "undetermined", "unavailable", "no details", "no answer", "no response"),
    *("placeholder", "placeholder text", "todo", "fixme", "lorem", "foo", "foobar", "dummy", "insert here", "%s"),
    *("insert value", "your name", "your name here", "your text here", "your value here", "value here"),
    *("example value", "sample text", "some text", "a short text", "one of the labels"),
)
_ABSENT = (
    r"(?:applicable|available|determined|disclosed|found|given|identified|indicated|known|listed|mentioned|provided|"
    r"specified|stated)"
)
_SAID = r"(?:indicated|mentioned|named|specified|stated)"
_TEXT = r"(?:text|document|source|input|message|email|e-mail|ticket|article|passage|context|description|review)"
_WHERE = rf" (?:in|by|from) (?:(?:the|this) )?(?:\w+ )?{_TEXT}"
_NO_VALUE = (  # of the normalised value
    rf"^(?:not|none) {_ABSENT}(?:{_WHERE})?$"
    rf"|^(?:cannot|can't|could not) be (?:determined|identified|inferred)(?:{_WHERE})?$"
    rf"|^no (?:information|info|data|details|value) {_ABSENT}$"
)
_SAME_AS_ABOVE = r"^[-–—_]{3,}[ .,]*$"  # an author in a bibliography; a placeholder where the row does not write it
_BRACKETED = r"(?:value|answer|text|name|empty|blank|null|none|unknown|missing|redacted|string|n/?a|tb[dc])"
_TEMPLATE = (
    r"^<[^<>]*>$|^\{\{.*\}\}$|^\$\{.*\}$|^(?i)x{3,}$|^(?i)lorem ipsum|^(?i)\[(?:insert|your) [^\]]*\]$"
    rf"|^(?i)[\[({{]\s*{_BRACKETED}\s*[\])}}]$|^\[object Object\]$"
    r"|^(?i)\\?\"?type\\?\"?\s*:\s*\\?\"?(?:string|str|integer|number|boolean)\\?\"?$|^Optional\[\w+\]$"
    r"|^(?i)(?:str|string|int|integer|float|number|bool|boolean)"
    r"(?: \| null| \| none| \((?:max|min|up to|optional)\b.*\))$"
)
# How assistants begin when they decline or talk to whoever asked, in the words that vendors document for refusals; a
# value that quotes the row is excused, and so is a letter's "I'm sorry to hear". Of other languages few are covered.
_REFUSES = (
    r"(?i)^\W*(?:(?:i['’]?m|i am|we are|we['’]re) (?:(?:very|so|really) )?"
    r"(?:unable|not able|sorry(?:$|[,.]|;| (?:but|i|we|that i|that we)\b))"
    r"|(?:i|we) (?:can['’]?t|cannot|can not|could not|couldn['’]t|won['’]t|will not|must decline|apologi[sz]e)\b"
    r"|(?:my )?apologies\b|sorry,? (?:but|i|we)\b|as an? (?:ai|artificial|large language|language model)\b"
    r"|(?:unable|not able) to (?:\w+ )?(?:answer|assist|comply|determine|extract|find|help|process|provide)\b"
    r"|(?:this|the) request (?:can['’]?t|cannot|violates|goes against)\b"
    r"|(?:es )?tut mir (?:sehr )?leid,? (?:aber|ich)\b|(?:je suis )?désolée?,? (?:mais|je)\b|lo siento,? (?:pero|no)\b"
    r"|(?:sure|certainly|of course|absolutely)\s*[!,.:] ?(?:here|the|i)\b"
    r"|here(?:['’]s| is) (?:the|your) (?:answer|summary|extracted|json)\b"
    r"|please provide (?:me with )?the (?:text|document|input)\b|it (?:appears|seems) that no (?:text|input)\b"
    r"|i(?: would|['’]d)? need more (?:context|information)\b"
    r"|(?:error:? )?(?:rate limit exceeded|internal server error|502 bad gateway|503 service unavailable|"
    r"504 gateway time-?out|request timed out)\W*$|traceback \(most recent call last\))"
)
_EDGES = " .,;:!?'\"`()[]*-–—/\\_…"
_QUOTES = " .,;:!?'\"`…"  # of the edges, what a sentence may put around a word
_LETTER = r"[^\W\u2e80-\ud7ff]"  # Chinese, Japanese and Korean write without spaces: their signs bound a word


def no_placeholder(spec: EnrichmentSpec, tables: PartitionTables) -> pl.DataFrame:
    """Rows with a value that is no answer, in strings and in lists without a closed set; labels are exempt.

    A copy of a few-shot answer counts only where that answer was taken from the example's own text: a field
    that maps many spellings to one name gives the same answer to many rows rightly.

    Returns:
        Findings (row_id, detail), detail like `vendor: is a placeholder, not a value; ...`.

    Raises:
        UnusableInputError: an output column, or a column of the prompt, is missing or mistyped.
    """
    answered = tables.answered
    fields = [field for field in spec.output if is_free_text(field)]
    require_columns("staged", answered, {field.name: DTYPES[field.type] for field in fields})
    sources = tables.sources(spec)
    return together(part for field in fields for part in _of_field(spec, field, answered, sources))


def normalised(text: pl.Expr) -> pl.Expr:
    """Lower case, underscores and whitespace as one space, no punctuation at the ends."""
    return collapsed(text.str.to_lowercase().str.replace_all("_", " ")).str.strip_chars(_EDGES)


def _of_field(
    spec: EnrichmentSpec, field: OutputField, answered: pl.DataFrame, sources: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    values = answered.select(ROW_ID, pl.col(field.name).alias("value"))
    values = values.explode("value", empty_as_null=False) if field.type == "list" else values
    # A blank value is the contract's finding.
    values = values.filter(pl.col("value").str.strip_chars() != "").with_columns(
        normalised(pl.col("value")).alias("normal")
    )
    text, normal = collapsed(pl.col("value")), pl.col("normal")
    absent = normal.is_in(_normal(DENIED)) | normal.str.contains(rf"{_NO_VALUE}|{_no_such(field)}")
    dashes = text.str.contains(_SAME_AS_ABOVE)
    denied = (absent & ~dashes) | text.str.contains(_TEMPLATE)
    word = ~denied & normal.is_in(_normal(WORDS))
    echoed = ~denied & ~word & (normal.is_in(_normal(_echoes(field))) | text.str.contains(_as_json(field)))
    yield finding(values.filter(denied), f"{field.name}: {PLACEHOLDER}")
    yield finding(_not_words_of_source(values.filter(word), sources), f"{field.name}: {PLACEHOLDER}")
    yield finding(_not_in_source(values.filter(dashes), sources), f"{field.name}: {PLACEHOLDER}")
    declined = values.filter(~denied & ~word & text.str.contains(_REFUSES))
    yield finding(_not_in_source(declined, sources), f"{field.name}: {REFUSAL}")
    yield finding(_not_words_of_source(values.filter(echoed), sources), f"{field.name}: {ECHO}")
    examples = _normal(_extracted_answers(spec, field))
    yield finding(_not_in_source(values.filter(pl.col("normal").is_in(examples)), sources), f"{field.name}: {COPIED}")


def _not_in_source(values: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    joined = values.join(sources, on=ROW_ID, how="left", maintain_order="left")
    absent = [
        not contains(value, source or "")
        for value, source in joined.select(collapsed(pl.col("value")), "source").iter_rows()
    ]
    return joined.filter(pl.Series(absent, dtype=pl.Boolean))


def _not_words_of_source(values: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """The values that the row's text does not have as words; `vendor:` is the name of what follows, not a value."""
    joined = values.join(sources, on=ROW_ID, how="left", maintain_order="left")
    absent = []
    for value, source in joined.select(collapsed(pl.col("value")), "source").iter_rows():
        wanted = re.escape(value.strip(_QUOTES).casefold())
        found = re.search(rf"(?<!{_LETTER}){wanted}(?!{_LETTER}|\s?[:=])", (source or "").casefold())
        absent.append(not wanted or found is None)
    return joined.filter(pl.Series(absent, dtype=pl.Boolean))


def _spoken(field: OutputField) -> str:
    return " ".join(field.name.split("_"))


def _echoes(field: OutputField) -> tuple[str, ...]:
    name = _spoken(field)
    phrases = (f"the {name}", f"{name} name", f"the {name} name", f"name of {name}", f"name of the {name}")
    return (name, *phrases, *filter(None, [field.description]))


def _as_json(field: OutputField) -> str:
    return rf'^\{{\s*"{field.name}"\s*:'


def _no_such(field: OutputField) -> str:
    """`no vendor mentioned`, `the vendor is not stated in the text`; of the normalised value."""
    name = _spoken(field)
    return (
        rf"^no {name}(?: is| was)? {_SAID}(?:{_WHERE})?$|^there is no {name}{_WHERE}$"
        rf"|^the {name} (?:is|was) not {_SAID}(?:{_WHERE})?$"
        rf"|^the (?:\w+ )?{_TEXT} (?:does not|doesn't) (?:mention|specify|state|indicate) (?:an? |the |any )?{name}$"
    )


def _normal(texts: tuple[str, ...]) -> list[str]:
    return (
        pl.DataFrame({"text": texts}, schema={"text": pl.String})
        .select(normalised(pl.col("text")))
        .to_series()
        .to_list()
    )


def _extracted_answers(spec: EnrichmentSpec, field: OutputField) -> tuple[str, ...]:
    found = []
    for example in spec.prompt.examples:
        shown = " ".join(" ".join(example.input.values()).split())
        found += [text for text in _texts(example.output.get(field.name)) if contains(" ".join(text.split()), shown)]
    return tuple(found)


def _texts(answer: Any) -> list[str]:
    if isinstance(answer, dict):
        return _texts(answer.get("value"))
    if isinstance(answer, list):
        return [text for item in answer for text in _texts(item)]
    return [answer] if isinstance(answer, str) else []
