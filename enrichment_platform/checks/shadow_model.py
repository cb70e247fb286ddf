"""The shadow: a text classifier in closed form, and what it would have said of rows that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import linalg, sparse

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

MAX_TRAINED = 3000
"""Rows that are trained on: the closed form costs their cube, 0.6 s on one core at 3,000."""

MAX_CHARACTERS = 600
"""Characters of a text that are read; a row of 600 costs about 60 microseconds."""

WORDS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[\p{L}\p{N}&&[^\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]]+"
"""Words, and single characters of scripts that put no space between words."""

BUCKETS = 1 << 18
RIDGE = 0.5
TEMPERATURES = (4.0, 6.0, 8.0, 11.0, 15.0, 20.0)
FLOORS = (0.01, 0.03, 0.06, 0.12, 0.25)


@dataclass(frozen=True)
class Shadow:
    """A trained classifier, with its opinion of its own training rows from models without their partition.

    Args:
        prior: Share of each class among the training rows, smoothed so that none is 0.
        out_of_sample: Probabilities (given rows x classes), each row's from a model that saw none of its partition.
        columns: Column of each bucket of the hash, -1 where no training row has it.
        weights: Rarity of each column among the training rows.
        coefficients: Columns x classes.
        temperature: Sharpness of the probabilities.
        floor: Share of the prior in the probabilities.
    """

    prior: Floats
    out_of_sample: Floats
    columns: Integers
    weights: Floats
    coefficients: Floats
    temperature: float
    floor: float

    def probabilities(self, texts: pl.Series, chunk: int = 4096) -> Floats:
        """Probability of each class for each text (texts x classes)."""
        parts = [np.zeros((0, len(self.prior)), np.float32)]
        for start in range(0, len(texts), chunk):
            features = _weighted(_counts(texts.slice(start, chunk), self.columns, len(self.weights)), self.weights)
            parts.append(_probabilities(features @ self.coefficients, self.prior, self.temperature, self.floor))
        return np.concatenate(parts)


def trained_shadow(texts: pl.Series, given: Integers, partitions: Integers, classes: int) -> Shadow:
    """Kernel ridge regression of the given class on hashed words and pairs of words.

    What a model without a partition's rows would have said of them follows from the one matrix that is inverted
    (Rifkin and Lippert 2007, Notes on Regularized Least Squares), so that every partition is judged out of sample.

    Args:
        texts: One a row, those to be trained on first; `MAX_TRAINED` of them are, the others are only judged.
        given: Class of each row, from 0.
        partitions: Partition of each row, from 0.
        classes: How many classes there are.
    """
    counts = np.bincount(given, minlength=classes)
    prior = ((counts + 0.5) / (counts.sum() + 0.5 * classes)).astype(np.float32)
    trained = min(len(given), MAX_TRAINED)
    columns, weights = _vocabulary(texts.head(trained))
    features = _weighted(_counts(texts, columns, len(weights)), weights)
    known = features[:trained]
    targets = np.zeros((trained, classes), np.float32)
    targets[np.arange(trained), given[:trained]] = 1
    targets -= prior
    inverse = _inverse(_kernel(known))
    dual = inverse @ targets
    scores = np.empty((len(given), classes), np.float32)
    for partition in np.unique(partitions):
        rows = np.flatnonzero(partitions == partition)
        own = rows[rows < trained]
        without = dual
        if len(own):
            removed = linalg.solve(inverse[np.ix_(own, own)], dual[own], assume_a="pos")
            without = dual - inverse[:, own] @ removed
        scores[rows] = features[rows] @ (known.T @ without)
    temperature, floor = _calibrated(scores, given, prior)
    return Shadow(
        prior,
        _probabilities(scores, prior, temperature, floor),
        columns,
        weights,
        np.asarray(known.T @ dual, np.float32),
        temperature,
        floor,
    )


def _kernel(known: sparse.csr_array, block: int = 500) -> Floats:
    """Products of all pairs of rows; block by block, since the whole as a sparse array takes three times the memory."""
    kernel = np.empty((known.shape[0], known.shape[0]), np.float32)
    columns = known.T.tocsr()
    for start in range(0, known.shape[0], block):
        kernel[start : start + block] = (known[start : start + block] @ columns).toarray()
    return kernel


def _inverse(kernel: Floats) -> Floats:
    kernel[np.diag_indices_from(kernel)] += RIDGE
    # Transposed, it is in the order that LAPACK works on in place.
    factor, _ = linalg.lapack.spotrf(kernel.T, lower=1, overwrite_a=1)
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    for row in range(len(inverse)):
        inverse[row, row + 1 :] = inverse[row + 1 :, row]
    return np.asarray(inverse, np.float32)


def _calibrated(scores: Floats, given: Integers, prior: Floats) -> tuple[float, float]:
    """Temperature and floor under which the given classes are likeliest, out of sample."""
    rows = np.arange(len(given))
    likelihoods = {}
    for temperature in TEMPERATURES:
        sharp = _probabilities(scores, prior, temperature, 0.0)[rows, given]
        for floor in FLOORS:
            likelihoods[temperature, floor] = float(np.log((1 - floor) * sharp + floor * prior[given]).sum())
    return max(likelihoods, key=lambda pair: likelihoods[pair])


def _probabilities(scores: Floats, prior: Floats, temperature: float, floor: float) -> Floats:
    power = np.exp(temperature * (scores - scores.max(axis=1, keepdims=True)))
    power /= power.sum(axis=1, keepdims=True)
    return np.asarray((1 - floor) * power + floor * prior, np.float32)


def _vocabulary(texts: pl.Series) -> tuple[Integers, Floats]:
    """Column of each bucket that at least two training rows share, and its weight."""
    rows, buckets = _buckets(texts)
    pairs = np.unique(rows * BUCKETS + buckets)
    frequency = np.bincount(pairs % BUCKETS, minlength=BUCKETS)
    kept = np.flatnonzero((frequency >= 2) & (frequency <= max(2, len(texts) // 2)))
    columns = np.full(BUCKETS, -1, np.int64)
    columns[kept] = np.arange(len(kept))
    return columns, np.log((1 + len(texts)) / (1 + frequency[kept])).astype(np.float32)


def _counts(texts: pl.Series, columns: Integers, width: int) -> sparse.csr_array:
    rows, buckets = _buckets(texts)
    known = columns[buckets]
    inside = known >= 0
    counted = sparse.csr_array(
        (np.ones(int(inside.sum()), np.float32), (rows[inside], known[inside])), shape=(len(texts), width)
    )
    counted.sum_duplicates()
    return counted


def _weighted(counts: sparse.csr_array, weights: Floats) -> sparse.csr_array:
    """Each row's counts, damped and weighted, to length 1."""
    values = (1 + np.log(counts.data)) * weights[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    norms = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=counts.shape[0]))
    counts.data = (values / np.maximum(norms, 1e-9)[rows]).astype(np.float32)
    return counts


def _buckets(texts: pl.Series) -> tuple[Integers, Integers]:
    """Row and bucket of every word and of every pair of words that follow each other."""
    frame = pl.DataFrame({"text": texts}).with_row_index("row")
    words = (
        frame.select(
            pl.col("row").cast(pl.Int64),
            pl.col("text").str.slice(0, MAX_CHARACTERS).str.to_lowercase().str.extract_all(WORDS).alias("word"),
        )
        .explode("word", empty_as_null=True)
        .drop_nulls()
    )
    rows = words.get_column("row").to_numpy()
    hashes = words.get_column("word").hash(seed=1).to_numpy()
    following = rows[1:] == rows[:-1]
    pairs = (hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashes[1:])[following]
    both = np.concatenate([hashes, pairs])
    buckets = (both >> np.uint64(7)) % np.uint64(BUCKETS)
    return np.concatenate([rows, rows[:-1][following]]), buckets.astype(np.int64)
