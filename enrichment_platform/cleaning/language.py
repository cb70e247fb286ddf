"""The language of each text, by py3langid's model (139 languages, in the wheel) in a compiled kernel.

py3langid was chosen among five for its accuracy, its licence (BSD-3-Clause, the model included) and its size (4.6 MB);
docs/cleaning.md has the comparison. Its own code walks the bytes in Python, 3 to 4 MB/s: the kernel does the same sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from enrichment_platform.cleaning.buffers import TextBuffers
from enrichment_platform.cleaning.guard import NOT_ASCII, TEXT, by_row, where_suspicious

Weights = np.ndarray[Any, np.dtype[np.int16]]
Floats = np.ndarray[Any, np.dtype[np.float32]]
Integers = np.ndarray[Any, np.dtype[np.int32]]
States = np.ndarray[Any, Any]  # uint32

# ISO 639-1 of the model's languages, and of the dialects that it names apart.
_CODES = (
    "af am an ar as az ba be bg bn br bs ca cs cy da de dz el en eo es et eu fa fi fo fr fy ga gd gl gn gu ha he "
    "hi hr ht hu hy id ig is it ja jv ka ki kk km kn ko ku ky la lb lg ln lo lt lv mg mk ml mn mr ms mt my ne nl "
    "nn no oc om or pa pl ps pt qu ro ru rw sa se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur "
    "uz vi vo wa xh yo zh zu"
)
LANGUAGES = _CODES.split()
_DIALECTS = {"ary": "ar", "arz": "ar", "grc": "el", "gug": "gn", "hbo": "he", "kik": "ki", "sdh": "ku", "uzs": "uz"}
_DIALECTS |= {"wuu": "zh", "yue": "zh"}
_NO_LANGUAGE = "zxx"
WEIGHT_UNIT = 512  # makes integers of the float16 numbers, -15 to -2, without loss: half of the memory to walk through


@dataclass(frozen=True)
class _Model:
    """py3langid's naive Bayes over byte n-grams, which a table of states finds in one walk.

    Attributes:
        moves: Row of the next state x 256, by byte.
        rows: Where a state's row begins in `moves`.
        feature: The n-gram that ends in a state, -1 for none.
        weights: Log probability of an n-gram by class times WEIGHT_UNIT, features x classes.
        prior: Log probability by class.
        label: Number of the class's language in `languages`; classes of one language are dialects and scripts.
        languages: ISO 639-1, or None for text in no language.
    """

    moves: States
    rows: States
    feature: Integers
    weights: Weights
    prior: Floats
    label: Integers
    languages: tuple[str | None, ...]


def languages(column: pl.Series) -> pl.DataFrame:
    """Return the language of each text, and how sure that is.

    Args:
        column: String.

    Returns:
        `language` (String): ISO 639-1; null for null, for text without signs of any language, such as numbers, and for
        text of no language, such as code. `confidence` (Float32): 0 to 1, the probability that the model gives it, held
        apart from the length of the text by py3langid's temperature; null where the language is.
    """
    from enrichment_platform.cleaning.language_kernel import classify

    model = _model()
    composed = where_suspicious(column, NOT_ASCII, lambda texts: texts.str.normalize("NFC"))
    lower = where_suspicious(composed, ~TEXT.str.contains("[a-z]"), by_row(_lowered))
    buffers = TextBuffers.of(lower)
    found, confidence = classify(
        buffers.data,
        buffers.offsets,
        model.moves,
        model.rows,
        model.feature,
        model.weights,
        model.prior,
        model.label,
        len(model.languages),
    )
    names = pl.Series([*model.languages, None], dtype=pl.String)
    frame = pl.DataFrame({"language": names.gather(found), "confidence": confidence})
    return frame.with_columns(pl.when(pl.col("language").is_not_null()).then("confidence"))


def _lowered(text: str) -> str:
    return text.lower() if text.isupper() else text


@cache
def _model() -> _Model:
    """Load the model: 0.7 s; 62 MiB of memory, 210 MiB while it loads."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    loaded = LanguageIdentifier.from_model_file(MODEL_FILE)
    named = [_DIALECTS.get(name, name) for name in loaded.nb_classes]
    kept = [number for number, name in enumerate(named) if len(name) == 2 or name == _NO_LANGUAGE]
    known = sorted({named[number] for number in kept})
    return _Model(
        np.array(loaded.tk_nextmove, np.uint32),
        np.array(loaded.tk_row, np.uint32) * np.uint32(256),
        np.array(loaded.tk_output, np.int32),
        np.ascontiguousarray(np.rint(loaded.nb_ptc[:, kept] * np.float32(WEIGHT_UNIT)), np.int16),
        np.array(loaded.nb_pc[kept], np.float32),
        np.array([known.index(named[number]) for number in kept], np.int32),
        tuple(None if name == _NO_LANGUAGE else name for name in known),
    )
