"""The walk over the bytes that finds the n-grams of each text, and the sums that name its language (compiled)."""

from typing import Any

import numpy as np

from enrichment_platform.cleaning.buffers import Bytes, Offsets
from enrichment_platform.cleaning.compiled import compiled
from enrichment_platform.cleaning.language import WEIGHT_UNIT

Weights = np.ndarray[Any, np.dtype[np.int16]]
Floats = np.ndarray[Any, np.dtype[np.float32]]
Integers = np.ndarray[Any, np.dtype[np.int32]]
States = np.ndarray[Any, Any]  # uint32: an index that cannot be negative costs no test

_MEMORY = 16  # bytes after which a state has forgotten all before: n-grams are shorter
_WORTH_FOUR = 8 * _MEMORY
_LOGS = 4_096  # an n-gram that is there more often counts as that often


@compiled
def _walk(data: Bytes, start: int, end: int, state: int, moves: States, rows: States) -> int:
    for at in range(start, end):
        state = moves[rows[state] + data[at]]
    return state


@compiled
def _grams(data: Bytes, start: int, end: int, moves: States, rows: States, feature: Integers, out: Integers) -> None:
    """Write for each byte of a text the n-gram that ends there, -1 for none.

    Each step waits for memory that the step before names, so four quarters of the text are walked at once.
    """
    quarter = (end - start) // 4 if end - start >= _WORTH_FOUR else 0
    a, b, c, d = start, start + quarter, start + 2 * quarter, start + 3 * quarter
    first, second, third, fourth = 0, 0, 0, 0
    if quarter:
        second = _walk(data, b - _MEMORY, b, second, moves, rows)
        third = _walk(data, c - _MEMORY, c, third, moves, rows)
        fourth = _walk(data, d - _MEMORY, d, fourth, moves, rows)
    for step in range(quarter):
        first = moves[rows[first] + data[a + step]]
        second = moves[rows[second] + data[b + step]]
        third = moves[rows[third] + data[c + step]]
        fourth = moves[rows[fourth] + data[d + step]]
        out[step] = feature[first]
        out[quarter + step] = feature[second]
        out[2 * quarter + step] = feature[third]
        out[3 * quarter + step] = feature[fourth]
    for at in range(d + quarter, end):
        fourth = moves[rows[fourth] + data[at]]
        out[at - start] = feature[fourth]


@compiled
def classify(
    data: Bytes,
    offsets: Offsets,
    moves: States,
    rows: States,
    feature: Integers,
    weights: Weights,
    prior: Floats,
    label: Integers,
    labels: int,
) -> tuple[Integers, Floats]:
    """Return the number of each text's label and its probability; `labels` where a text has no known n-gram.

    Args:
        data: UTF-8 of all texts.
        offsets: Where each begins, and the end.
        moves: Next state by row of a state and byte.
        rows: Where a state's row begins in `moves`.
        feature: N-gram that ends in a state, -1 for none.
        weights: Log probabilities times WEIGHT_UNIT, n-grams x classes.
        prior: Log probabilities, classes.
        label: Label of each class.
        labels: Number of labels.
    """
    texts, classes = len(offsets) - 1, len(prior)
    found = np.full(texts, labels, np.int32)
    confidence = np.zeros(texts, np.float32)
    count = np.zeros(len(weights), np.int32)
    seen = np.empty(len(weights), np.int32)
    score = np.empty(classes, np.float32)
    share = np.empty(labels, np.float64)
    logs = np.log1p(np.arange(_LOGS)).astype(np.float32) / np.float32(WEIGHT_UNIT)
    longest = 0
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    grams = np.empty(longest, np.int32)
    for text in range(texts):
        distinct = 0
        _grams(data, offsets[text], offsets[text + 1], moves, rows, feature, grams)
        for at in range(offsets[text + 1] - offsets[text]):
            gram = grams[at]
            if gram >= 0:
                if count[gram] == 0:
                    seen[distinct] = gram
                    distinct += 1
                count[gram] += 1
        if distinct == 0:
            continue
        score[:] = prior
        for number in range(distinct):
            gram = seen[number]
            often = logs[min(count[gram], _LOGS - 1)]
            count[gram] = 0
            row = weights[gram]
            for column in range(classes):
                score[column] += often * row[column]
        # the temperature keeps the confidence of long texts from being 1 throughout
        temperature = np.sqrt(np.float64(offsets[text + 1] - offsets[text]))
        most = score.max()
        share[:] = 0
        for column in range(classes):
            share[label[column]] += np.exp((np.float64(score[column]) - most) / temperature)
        best = share.argmax()
        found[text] = best
        confidence[text] = share[best] / share.sum()
    return found, confidence
