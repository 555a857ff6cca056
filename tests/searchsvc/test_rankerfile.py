"""The ranker file: what is written is read, and what cannot be used says why."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from indexer.storage import write_arrays
from searchsvc.errors import LiveSettingsUnreadableError, LiveSettingsUnwritableError
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.rankerfile import MAX_BYTES, RankerFile, RankerOrigin, ranking_of
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.trees import LEAF, TreeEnsemble, Trees

if TYPE_CHECKING:
    from indexer.layout import IndexLayout

TREES = Trees(
    roots=np.array([0], np.int32),
    features=np.array([2, LEAF, LEAF], np.int32),
    thresholds=np.array([0.5, 0, 0], np.float32),
    left=np.array([1, 0, 0], np.int32),
    right=np.array([2, 0, 0], np.int32),
    values=np.array([0, -1, 1], np.float32),
    linear=np.arange(len(FEATURES), dtype=np.float32),
)
ORIGIN = RankerOrigin(
    features=FEATURES,
    judgments="a" * 64,
    queries=7,
    generation="g00000001-00000000",
    embedder="b" * 64,
    ranking=ranking_of(RankingPolicy(fusion=Fusion.RRF)),
    held_out={},
)
MATRIX = np.random.default_rng(3).random((20, len(FEATURES)), np.float32)


@pytest.fixture
def file(layout: IndexLayout) -> RankerFile:
    layout.root.mkdir(parents=True)
    return RankerFile(layout)


def arrays(trees: Trees = TREES) -> dict[str, Any]:
    return {entry.name: getattr(trees, entry.name) for entry in fields(Trees)}


def text(**changes: Any) -> dict[str, str]:
    return {"ranker": ORIGIN.model_copy(update=changes).model_dump_json()}


def test_what_is_written_is_read_and_ranks_alike(file: RankerFile) -> None:
    assert file.read() is None
    assert file.stamp() == ()
    file.replace(TREES, ORIGIN)
    ranker = file.read()
    assert ranker is not None
    assert ranker.origin == ORIGIN
    assert ranker.trees == 1
    expected = TreeEnsemble(TREES, len(FEATURES)).rerank(MATRIX)
    np.testing.assert_array_equal(ranker.reranker.rerank(MATRIX), expected)
    assert file.stamp() != ()
    file.remove()
    assert file.read() is None
    file.remove()  # nothing to remove is no error


def test_what_was_read_outlives_the_file(file: RankerFile, layout: IndexLayout) -> None:
    file.replace(TREES, ORIGIN)
    ranker = file.read()
    os.truncate(layout.ranker_file, 0)  # a mapped array would end the process here
    assert ranker is not None
    assert np.isfinite(ranker.reranker.rerank(MATRIX)).all()


def test_features_are_found_by_name(file: RankerFile, layout: IndexLayout) -> None:
    names = tuple(reversed(FEATURES))[:-2]  # another version: fewer, in another order
    place = names.index(FEATURES[2])
    older = replace(
        TREES,
        features=np.array([place, LEAF, LEAF], np.int32),
        linear=TREES.linear[::-1][:-2].copy(),
    )
    write_arrays(layout.ranker_file, arrays(older), text(features=names))
    ranker = file.read()
    assert ranker is not None
    without = replace(TREES, linear=np.where(np.arange(len(FEATURES)) < 2, 0, TREES.linear))
    expected = TreeEnsemble(without, len(FEATURES)).rerank(MATRIX)
    np.testing.assert_array_equal(ranker.reranker.rerank(MATRIX), expected)


@pytest.mark.parametrize(
    ("content", "metadata", "complaint"),
    [
        (arrays(), text(features=("colour", *FEATURES[1:])), "trained on the features colour"),
        (arrays(), text(features=FEATURES[:2]), "expected features below 2|2 linear weights"),
        (arrays(), text(format=2), "no known format at 'format'"),
        (arrays(), text(queries=0), "no known format at 'queries'"),
        (arrays(), {}, "no known format at 'its text'"),
        ({"roots": TREES.roots}, text(), "damaged"),
        (arrays() | {"roots": np.array([1.5])}, text(), "array 'roots' is float64"),
        (arrays() | {"left": TREES.left[None]}, text(), "array 'left' is int32, 2-d"),
        (arrays() | {"left": np.zeros(3, np.int32)}, text(), "children after their parent"),
        (arrays() | {"extra": np.zeros(MAX_BYTES)}, text(), "expected at most"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_remedy(
    file: RankerFile,
    layout: IndexLayout,
    content: dict[str, Any],
    metadata: dict[str, str],
    complaint: str,
) -> None:
    write_arrays(layout.ranker_file, content, metadata)
    with pytest.raises(LiveSettingsUnreadableError, match=complaint) as caught:
        file.read()
    assert str(caught.value).startswith("ranker.safetensors: ")
    assert "searchsvc ranker train" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_file_that_was_cut_short_is_refused(
    file: RankerFile, layout: IndexLayout, kept: int
) -> None:
    file.replace(TREES, ORIGIN)
    size = layout.ranker_file.stat().st_size
    os.truncate(layout.ranker_file, kept % size)
    with pytest.raises(LiveSettingsUnreadableError, match="ranker"):
        file.read()


def test_a_path_that_cannot_be_looked_at_is_refused(layout: IndexLayout) -> None:
    layout.root.parent.mkdir(parents=True)
    layout.root.write_bytes(b"")  # a file where the directory should be
    with pytest.raises(LiveSettingsUnreadableError, match="cannot be read"):
        RankerFile(layout).read()
    with pytest.raises(LiveSettingsUnwritableError, match="cannot be written"):
        RankerFile(layout).replace(TREES, ORIGIN)
    with pytest.raises(LiveSettingsUnwritableError, match="cannot be written"):
        RankerFile(layout).remove()


def test_the_settings_of_the_first_stage_are_recorded_and_no_others() -> None:
    recorded = ranking_of(RankingPolicy(fusion=Fusion.RRF, min_cosine=0.25, rerank=False))
    assert recorded["fusion"] == "rrf"
    assert recorded["min_cosine"] == 0.25
    assert not {"rerank", "reranker", "synonyms"} & set(recorded)
