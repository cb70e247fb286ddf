"""Finds exact, normalised and near duplicates of texts in a partition and against earlier partitions.

Near duplicates have the same numbers and negations, as far as `guard_words` knows them, and its docstring names the
languages. Their order counts, their places do not: a text in which a negation was moved may be merged.
"""

from enrichment_platform.cleaning.duplicates.finder import DuplicateFinder, EarlierTexts
from enrichment_platform.cleaning.duplicates.matching import Matching

__all__ = ["DuplicateFinder", "EarlierTexts", "Matching"]
