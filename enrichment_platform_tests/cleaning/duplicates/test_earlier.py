"""Texts of earlier partitions are found again from what was kept of them."""

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning.duplicates import DuplicateFinder, Matching
from enrichment_platform.cleaning.duplicates.matching import Match
from enrichment_platform_tests.cleaning.duplicates.reference import brute_force
from enrichment_platform_tests.cleaning.duplicates.test_rules import LONG, texts_like_each_other


class Kept:
    """What partitions kept, in memory."""

    def __init__(self, batch: int = 3) -> None:
        self.frames: list[pl.DataFrame] = []
        self.kept = pl.DataFrame(schema={"partition_key": pl.String, "row_id": pl.String, "text": pl.String})
        self.asked: list[pl.DataFrame] = []
        self._batch = batch

    def keep(self, key: str, finder: DuplicateFinder, texts: list[str | None]) -> None:
        for signatures in finder.signatures():
            ids = {"partition_key": pl.lit(key), "row_id": pl.col("row").cast(pl.String)}
            self.frames.append(signatures.with_columns(**ids).drop("row"))
        ids = {"partition_key": [key] * len(texts), "row_id": [str(row) for row in range(len(texts))]}
        self.kept = pl.concat([self.kept, pl.DataFrame(ids | {"text": texts}, schema=self.kept.schema)])

    def signatures(self) -> Iterator[pl.DataFrame]:
        for frame in self.frames:
            yield from frame.iter_slices(self._batch)

    def texts(self, wanted: pl.DataFrame) -> pl.DataFrame:
        self.asked.append(wanted)
        return self.kept.join(wanted, on=["partition_key", "row_id"], how="semi").sort("row_id", descending=True)


def day(kept: Kept, key: str, texts: list[str | None], matching: Matching, contexts: list[str | None]) -> pl.DataFrame:
    with DuplicateFinder(matching) as finder:
        finder.add(pl.Series(texts, dtype=pl.String), pl.Series(contexts, dtype=pl.String))
        found = finder.find(kept)
        kept.keep(key, finder, texts)
    return found


@settings(max_examples=150)
@given(
    texts=texts_like_each_other(),
    cut=st.integers(0, 14),
    matching=st.builds(
        Matching, match=st.sampled_from(["exact", "normalized", "near"]), threshold=st.sampled_from([0.51, 0.8])
    ),
    contexts=st.lists(st.sampled_from(["a", None]), min_size=14, max_size=14),
)
def test_two_partitions_decide_as_all_pairs_do_and_prefer_the_earlier_one(
    texts: list[str | None], cut: int, matching: Matching, contexts: list[str | None]
) -> None:
    cut = min(cut, len(texts))
    contexts = contexts[: len(texts)]
    kept = Kept()
    day(kept, "first", texts[:cut], matching, contexts[:cut])
    links = day(kept, "second", texts[cut:], matching, contexts[cut:])
    expected = brute_force(matching, texts, contexts, cut)
    found = {}
    for row in links.iter_rows(named=True):
        assert (row["of_row"] is None) == (row["of_row_id"] is not None)
        assert row["of_partition_key"] == (None if row["of_row_id"] is None else "first")
        of = int(row["of_row_id"]) if row["of_row"] is None else row["of_row"] + cut
        found[row["row"] + cut] = (of, row["kind"], pytest.approx(row["similarity"]))
    assert found == {row: (link.of, link.kind, link.similarity) for row, link in expected.items() if row >= cut}


def test_a_chain_of_days_leads_back_to_the_first() -> None:
    kept = Kept()
    for key in ("1", "2", "3"):
        links = day(kept, key, [LONG, LONG + " again"], Matching(), [None, None])
    assert links["of_partition_key"].to_list() == ["1", "1"]
    assert links["kind"].to_list() == ["exact", "near"]


def test_a_text_that_is_no_longer_kept_gives_no_link() -> None:
    kept = Kept()
    day(kept, "1", [LONG], Matching(), [None])
    kept.kept = kept.kept.clear()
    assert day(kept, "2", [LONG + " again"], Matching(), [None]).is_empty()
    kept.frames, kept.kept = kept.frames[:1], kept.kept.clear()
    assert day(kept, "3", [LONG.upper()], Matching(), [None]).is_empty()
    kept.frames, kept.kept = kept.frames[:1], kept.kept.clear()
    assert day(kept, "4", [LONG], Matching("exact"), [None]).is_empty()


@pytest.mark.parametrize("context", [None, "a"])
@pytest.mark.parametrize("match", ["exact", "normalized", "near"])
def test_a_text_that_was_changed_after_it_was_signed_gives_no_link(match: Match, context: str | None) -> None:
    text = LONG + " and I was asked for a fee of 5 dollars"
    for now in (text.replace("5", "900"), text.replace("was declined", "has been declined"), text.upper()):
        for new in (text, text.upper(), text.replace("morning", "evening")):
            kept = Kept()
            day(kept, "1", [text], Matching(match), [context])
            kept.kept = kept.kept.with_columns(text=pl.lit(now))
            assert day(kept, "2", [new], Matching(match), [context]).is_empty()
    kept = Kept()
    day(kept, "1", [text], Matching(match), [context])
    assert len(day(kept, "2", [text], Matching(match), [context])) == 1


def test_only_texts_that_share_a_band_are_read() -> None:
    kept = Kept()
    others = [f"{word} is another text entirely about {word}s and {word}" for word in ("tea", "coal", "wool", "tin")]
    day(kept, "1", [LONG, *others], Matching(), [None] * 5)
    kept.asked.clear()
    day(kept, "2", [LONG + " again"], Matching(), [None])
    assert pl.concat(kept.asked)["row_id"].to_list() == ["0"]


def test_signatures_of_another_setting_give_no_near_link() -> None:
    kept = Kept()
    day(kept, "1", [LONG], Matching("normalized"), [None])
    assert day(kept, "2", [LONG + " again"], Matching(), [None]).is_empty()
    assert day(kept, "3", [LONG], Matching(threshold=0.9), [None])["kind"].to_list() == ["exact"]
