"""Finds exact, normalised and near duplicates of texts in a partition and against earlier partitions."""

from enrichment_platform.cleaning.duplicates.finder import DuplicateFinder, EarlierTexts
from enrichment_platform.cleaning.duplicates.matching import Matching

__all__ = ["DuplicateFinder", "EarlierTexts", "Matching"]
