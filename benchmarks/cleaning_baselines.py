"""The same cleaning with pandas, DuckDB and datatrove, each as its users write it, at the faster of their idioms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import polars as pl

from benchmarks import cleaning_row_pii as pii
from benchmarks import cleaning_rows as rows

Prepared = tuple[Callable[[], Any], Callable[[Any], list[str]]]
"""What is timed, from the tool's own column in memory to its own column; and how to read the texts from that."""

NOTES = {
    "pandas": "Arrow-backed `str`; vectorised, or `.map` with compiled patterns, whichever is faster; ftfy",
    "DuckDB": "native table, SQL; ftfy, html.unescape, mail and checked identifiers as Arrow UDFs in Python",
    "datatrove": "FTFYFormatter, PIIFormatter and own formatters over Documents; masks e-mail and IP only: less work",
}
WHITESPACE = r"  |[\t\r\xa0{1680}{2000}-{200a}{202f}{205f}{3000}]| \n|\n |\n\n\n|^[ \n]|[ \n]$"
PII_BY_ROW = {"iban": pii.ibans, "card": pii.cards, "ssn": pii.ssns, "ip": pii.ips, "phone": pii.phones}


def _re2(pattern: str) -> str:
    return rows.with_code_points(pattern, re2=True)


def in_pandas(texts: pl.Series) -> Prepared:
    """Masks where a step is costly and few texts need it, as pandas users know them from `df.loc[mask, column]`."""
    import pandas as pd

    column = pd.Series(texts.to_list(), dtype="str")

    def where(series: Any, pattern: str, change: Callable[[Any], Any]) -> Any:
        hit = series.str.contains(pattern)
        changed = series.copy()
        changed[hit] = change(series[hit])
        return changed

    def visible(series: Any) -> Any:
        series = series.str.replace(_re2(rows.ANSI), "", regex=True)
        series = series.str.replace(_re2(rows.BREAKS), "\n", regex=True)
        series = series.str.replace(_re2(rows.INVISIBLE), "", regex=True)
        return where(series, "[\u200c\u200d]", lambda some: some.map(rows.remove_invisible))

    def collapsed(series: Any) -> Any:
        series = series.str.replace(r"\r\n?", "\n", regex=True).str.replace(_re2(rows.SPACES), " ", regex=True)
        series = series.str.replace(r" ?\n ?", "\n", regex=True).str.replace(r"\n{3,}", "\n\n", regex=True)
        return series.str.strip(" \n")

    def mapped(function: Callable[[str], str], some: Any) -> Any:
        return some.map(function)

    def run() -> Any:
        series = column.map(rows.fix_encoding)
        series = where(series, "[<&]", lambda some: some.map(rows.html_to_text))
        series = visible(series).str.normalize("NFC").map(rows.strip_email)
        series = where(series, _re2(WHITESPACE), collapsed)
        series = where(series, "@", lambda some: some.str.replace(pii.EMAIL, "[EMAIL]", regex=True))
        for kind, mask in PII_BY_ROW.items():
            series = where(series, pii.MAY_BE[kind], partial(mapped, mask))
        return series.map(rows.truncate)

    return run, list


def in_duckdb(texts: pl.Series) -> Prepared:
    """One statement from a table of DuckDB's to another, on one thread."""
    import duckdb
    import pyarrow as pa

    database: Any = duckdb.connect(config={"threads": 1})  # its types differ with what is installed beside it
    frame = texts.alias("text").to_frame().with_row_index("id").to_arrow()
    database.execute("CREATE TABLE texts AS SELECT id::BIGINT AS id, text::VARCHAR AS text FROM frame")
    assert frame is not None  # DuckDB finds it by its name
    by_row = {"fix_encoding": rows.fix_encoding, "unhtml": rows.html_to_text, "unmail": rows.stripped, **PII_BY_ROW}
    for name, function in by_row.items():
        database.create_function(name, _on_arrow(pa, function), ["VARCHAR"], "VARCHAR", type="arrow")

    def replaced(text: str, *pairs: tuple[str, str]) -> str:
        for pattern, new in pairs:
            text = f"regexp_replace({text}, {_quoted(_re2(pattern))}, {_quoted(new)}, 'g')"
        return text

    def where(condition: str, changed: str) -> str:
        return f"CASE WHEN {condition} THEN {changed} ELSE text END"

    def found(pattern: str) -> str:
        return f"regexp_matches(text, {_quoted(_re2(pattern))})"

    signed = [found(rows.SIGN_OF_MAIL), *(f"contains(lower(text), {_quoted(word)})" for word in rows.MAIL_WORDS)]
    lines = replaced("text", (r"\r\n?", "\n"), (rows.SPACES, " "), (r" ?\n ?", "\n"), (r"\n{3,}", "\n\n"))
    joiners = replaced("text", *((pattern, r"\1") for pattern in rows.JOINERS))
    steps = [
        where("NOT regexp_matches(text, '^[\\x00-\\x7f]*$')", "fix_encoding(text)"),
        where("contains(text, '<') OR contains(text, '&')", "unhtml(text)"),
        replaced("text", (rows.ANSI, ""), (rows.BREAKS, "\n"), (rows.INVISIBLE, "")),
        where(found("[{200c}{200d}]"), joiners),
        "nfc_normalize(text)",
        where(" OR ".join(signed), "unmail(text)"),
        where(found(WHITESPACE), f"trim({lines}, ' ' || chr(10))"),
        where("contains(text, '@')", replaced("text", (pii.EMAIL, "[EMAIL]"))),
        *(where(found(pii.MAY_BE[kind]), f"{kind}(text)") for kind in PII_BY_ROW),
        where("length(text) > 8000", "truncated(text)"),
    ]
    database.create_function("truncated", _on_arrow(pa, rows.truncate), ["VARCHAR"], "VARCHAR", type="arrow")
    query = "texts"
    for step in steps:
        query = f"(SELECT id, {step} AS text FROM {query})"

    def run() -> Any:
        return database.execute(f"CREATE OR REPLACE TABLE cleaned AS SELECT * FROM {query}")

    def read(_: Any) -> list[str]:
        return [text for (text,) in database.execute("SELECT text FROM cleaned ORDER BY id").fetchall()]

    return run, read


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _on_arrow(pa: Any, function: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda column: pa.array([function(text) for text in column.to_pylist()], pa.string())


def in_datatrove(texts: pl.Series) -> Prepared:
    """Its pipeline blocks, one behind the other in this process; no reader, no writer."""
    from datatrove.data import Document
    from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter
    from datatrove.pipeline.formatters.base import BaseFormatter

    class Own(BaseFormatter):  # type: ignore[misc]
        def __init__(self, function: Callable[[str], str]) -> None:
            super().__init__()
            self.function = function

        def format(self, text: str) -> str:
            return self.function(text)

    Own.name = "own"
    blocks = [
        # the encoding only: its other repairs are the work of later blocks
        FTFYFormatter(unescape_html=False, remove_terminal_escapes=False, remove_control_chars=False),
        *map(Own, (rows.html_to_text, rows.remove_invisible, rows.nfc, rows.strip_email, rows.collapse_whitespace)),
        PIIFormatter(only_remove_public_ips=False, email_replacement=("[EMAIL]",), ip_replacement=("[IP]",)),
        Own(rows.truncate),
    ]
    originals = texts.to_list()

    def run() -> list[Any]:
        # Blocks change the documents they are given, so each run makes its own, as a reader would.
        data: Iterable[Any] = (Document(text=text, id=str(at)) for at, text in enumerate(originals))
        for block in blocks:
            data = block.run(data)
        return list(data)

    return run, lambda documents: [document.text for document in documents]
