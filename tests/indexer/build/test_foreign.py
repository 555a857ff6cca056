"""What cosines mean: measured by queries that have nothing to do with the catalogue."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build import foreign
from indexer.build.foreign import measure_foreign
from indexer.embedding.hashing import HashingEmbedder
from indexer.manifest import SemanticEntry
from indexer.snapshot import open_snapshot
from indexer.vectors.exact import ExactIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.layout import IndexLayout
    from tests.conftest import Build

_SYLLABLES = ("ba", "do", "ke", "lim", "nor", "pus")
VOCABULARY = ["".join(parts) for parts in product(_SYLLABLES, repeat=3)]
TITLES = [f"{first}{second} lamp" for first, second in product(_SYLLABLES, repeat=2)]


class Wordy(HashingEmbedder):
    """It has a vocabulary, and remembers what it was asked."""

    def __init__(self, words: Sequence[str] = VOCABULARY) -> None:
        super().__init__(64)
        self._words = words
        self.asked: list[str] = []

    def words(self) -> Sequence[str]:
        return self._words

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        return super().embed_query(text)


def catalogue(titles: Sequence[str] = TITLES) -> NDArray[np.float16]:
    return HashingEmbedder(64).embed_documents(titles).astype(np.float16)


def unknown(_: str) -> bool:
    return False


def test_the_quantiles_ascend_and_are_the_same_every_time() -> None:
    one, two = (measure_foreign(Wordy(), catalogue(), unknown) for _ in range(2))
    assert one == two
    assert len(one.foreign_cosines) == 21
    assert list(one.foreign_cosines) == sorted(one.foreign_cosines)
    assert -1 <= one.foreign_cosines[0] < one.foreign_cosines[-1] <= 1.001


@pytest.mark.parametrize("chunk", [1, 7, 1 << 15])
def test_they_are_those_of_the_nearest_product_of_each_query(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(foreign, "_CHUNK_ROWS", chunk)
    embedder = Wordy()
    found = measure_foreign(embedder, catalogue(), unknown)
    index = ExactIndex(catalogue())
    nearest = [
        float(index.search(HashingEmbedder(64).embed_query(text), 1).scores[0])
        for text in embedder.asked
    ]
    for share, cosine in zip(np.linspace(0, 1, 21), found.foreign_cosines, strict=True):
        assert cosine == pytest.approx(np.quantile(nearest, share), abs=1e-4)


def test_words_are_asked_alone_and_in_pairs_and_none_that_a_product_has() -> None:
    embedder = Wordy([*VOCABULARY, "lamp", "oil"])
    measure_foreign(embedder, catalogue(), lambda word: word.startswith("ba"))
    words = [text.split() for text in embedder.asked]
    assert sorted({len(pair) for pair in words}) == [1, 2]
    assert len([pair for pair in words if len(pair) == 1]) == len(words) // 2
    asked = {word for pair in words for word in pair}
    assert asked <= {*VOCABULARY, "lamp"}  # "oil" is short enough to be part of another word
    assert not any(word.startswith("ba") for word in asked)


def test_a_model_without_a_vocabulary_measures_nothing() -> None:
    assert measure_foreign(HashingEmbedder(64), catalogue(), unknown) == SemanticEntry()


def test_a_catalogue_that_has_nearly_all_words_measures_nothing() -> None:
    foreigners = set(VOCABULARY[:63])
    embedder = Wordy()
    assert measure_foreign(embedder, catalogue(), lambda word: word not in foreigners) == (
        SemanticEntry()
    )
    assert embedder.asked == []
    foreigners.add(VOCABULARY[63])
    assert measure_foreign(embedder, catalogue(), lambda word: word not in foreigners) != (
        SemanticEntry()
    )


@given(st.integers(1, len(TITLES) - 1))
def test_in_a_larger_catalogue_something_is_at_least_as_near(count: int) -> None:
    some = measure_foreign(Wordy(), catalogue(TITLES[:count]), unknown).foreign_cosines
    whole = measure_foreign(Wordy(), catalogue(), unknown).foreign_cosines
    assert all(few <= many + 1e-4 for few, many in zip(some, whole, strict=True))


def test_between_two_percentiles_the_cosine_is_interpolated() -> None:
    entry = SemanticEntry(foreign_cosines=tuple(place / 40 for place in range(21)))
    assert entry.foreign_cosine(0.0) == 0.0
    assert entry.foreign_cosine(0.05) == pytest.approx(1 / 40)
    assert entry.foreign_cosine(0.075) == pytest.approx(1.5 / 40)
    assert entry.foreign_cosine(1.0) == 0.5


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_share_never_has_a_smaller_cosine(
    cosines: list[float], one: float, other: float
) -> None:
    entry = SemanticEntry(foreign_cosines=tuple(sorted(cosines)))
    low, high = (entry.foreign_cosine(share) for share in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert min(cosines) - 1e-9 <= low <= high + 1e-9 <= max(cosines) + 2e-9


def test_without_percentiles_there_is_no_cosine() -> None:
    assert SemanticEntry().foreign_cosine(0.5) is None


def test_a_build_writes_what_it_measured(build: Build, layout: IndexLayout) -> None:
    build([{"id": title, "title": title} for title in TITLES], embedder=Wordy())
    snapshot = open_snapshot(layout)
    vectors = snapshot.vectors.gather(np.arange(len(TITLES), dtype=np.int64))
    known = snapshot.lexical.rows
    expected = measure_foreign(
        Wordy(),
        vectors.astype(np.float16),
        lambda word: len(known(snapshot.analyzer.stems([word])[0])) > 0,
    )
    assert snapshot.manifest.semantic == expected
    assert len(expected.foreign_cosines) == 21
