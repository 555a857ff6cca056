"""What the catalogue has for a query, and what filters leave of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.understanding import understand
from searchsvc.retrieval import MatchSet, Retrieval, retrieve
from tests.conftest import Build
from tests.searchsvc.shelf import EMBEDDER

ROWS = st.lists(st.integers(0, 20), unique=True)


@given(ROWS, ROWS, ROWS)
def test_a_match_set_is_the_union_of_what_matches_in_any_way(
    lexical: list[int], semantic: list[int], identified: list[int]
) -> None:
    near = Hits(np.array(semantic, np.int64), np.zeros(len(semantic), np.float32))
    matches = MatchSet(
        Matches.equal(np.array(sorted(lexical), np.int64)),
        near,
        np.array(sorted(identified), np.int64),
    )
    assert matches.rows().tolist() == sorted({*lexical, *semantic, *identified})
    assert len(matches) == len(matches.rows())


@pytest.fixture
def shelf(build: Build, layout: IndexLayout) -> Snapshot:
    titles = ["lamp", "lamps", "lampshade", "lamplight", "oak desk", "copper pot"]
    build([{"id": title, "title": title, "mpn": f"X-{n}"} for n, title in enumerate(titles)])
    return open_snapshot(layout)


def retrieved(snapshot: Snapshot, text: str, policy: RankingPolicy) -> Retrieval:
    stages: list[str] = []
    understood = understand(text, snapshot, policy)
    found = retrieve(text, understood, snapshot, EMBEDDER, policy, stages.append)
    assert stages == ["lexical", "embed", "semantic"]
    return found


@pytest.mark.parametrize(("neighbours", "capped"), [(3, True), (100, False)])
def test_only_more_neighbours_than_are_taken_are_looked_for_again(
    shelf: Snapshot, neighbours: int, *, capped: bool
) -> None:
    policy = RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0, neighbours=neighbours)
    found = retrieved(shelf, "lamp", policy)
    assert found.capped == capped
    assert found.within(None) is found.found
    mask = np.array([False, False, False, True, True, True])
    near = shelf.vectors.search(EMBEDDER.embed_query("lamp"), 6, mask).at_least(0.0)
    assert len(near) > 1
    # All of them, however many are among the nearest of the whole catalogue.
    assert found.within(mask).semantic.rows.tolist() == near.rows.tolist()


@given(st.lists(st.booleans(), min_size=6, max_size=6))
@settings(max_examples=20)
def test_a_filter_keeps_what_is_inside(mask: list[bool]) -> None:
    rows = np.arange(6, dtype=np.int64)
    near = Hits(rows[::-1].copy(), np.arange(6, dtype=np.float32)[::-1].copy())
    kept = near.within(np.array(mask))
    assert kept.rows.tolist() == [row for row in range(5, -1, -1) if mask[row]]


def test_a_filter_applies_to_what_is_identified(shelf: Snapshot) -> None:
    found = retrieved(shelf, "X-4", RankingPolicy())
    assert shelf.products.id(int(found.found.identified[0])) == "oak desk"
    row = int(found.found.identified[0])
    mask = np.ones(6, np.bool_)
    mask[row] = False
    assert len(found.within(mask).identified) == 0
    assert found.within(~mask).rows().tolist() == [row]


def test_the_nearest_are_found_however_far_they_are(shelf: Snapshot) -> None:
    found = retrieved(shelf, "lamp", RankingPolicy(min_cosine=1.0)).nearest(4)
    assert (len(found.found), found.capped) == (4, True)
    nearest = shelf.vectors.search(EMBEDDER.embed_query("lamp"), 4)
    assert found.found.semantic.rows.tolist() == nearest.rows.tolist()
    mask = np.array([False] * 4 + [True] * 2)
    assert found.within(mask).rows().tolist() == [4, 5]


def test_what_has_no_vector_has_no_nearest(shelf: Snapshot) -> None:
    found = retrieved(shelf, "", RankingPolicy()).nearest(4)
    assert (len(found.found), found.capped) == (0, False)
