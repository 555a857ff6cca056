"""What the catalogue has for a query, and what filters leave of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.hits import Hits, Matches
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.understanding import understand
from searchsvc.retrieval import MatchSet, Retrieval, retrieve
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms
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
    assert matches.rows.tolist() == sorted({*lexical, *semantic, *identified})
    assert len(matches) == len(matches.rows)


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


EVERYTHING_IS_NEAR = RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0)
"""That is not turned away, so that little but the number of neighbours leaves products out."""
FOREIGN = "lampshadecopperdesk"
"""No product has the word; all have parts of it, which is what the embedder sees."""


def by_meaning(snapshot: Snapshot, text: str, neighbours: int) -> Retrieval:
    policy = replace(EVERYTHING_IS_NEAR, neighbours=neighbours, correct_spelling=False)
    return retrieved(snapshot, text, policy)


def only(snapshot: Snapshot, *names: str) -> NDArray[np.bool_]:
    """The mask of these products."""
    return np.array([snapshot.products.id(row) in names for row in range(len(snapshot.products))])


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(1, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_filter_takes_away_and_adds_nothing_unless_it_leaves_nothing(
    shelf: Snapshot, passing: list[bool], neighbours: int
) -> None:
    found = by_meaning(shelf, "lamp", neighbours)
    assert found.within(None) is found.found
    assert found.found.complete
    mask = np.array(passing)
    every = found.found.rows
    left = every[mask[every]]
    inside = found.within(mask)
    if len(left) or not found.capped:
        assert inside.rows.tolist() == left.tolist()
        assert inside.complete
        return
    # As many of those that pass as are taken of all: the nearest.
    near = shelf.vectors.search(EMBEDDER.embed_query("lamp"), neighbours, mask).at_least(0.0)
    assert inside.semantic.rows.tolist() == near.rows.tolist()
    assert len(inside.lexical) == len(inside.identified) == 0
    assert inside.complete == (len(near) < neighbours)


@pytest.mark.parametrize(("neighbours", "complete"), [(1, False), (2, False), (3, True)])
def test_where_a_filter_leaves_nothing_the_neighbours_are_searched_again_inside_it(
    shelf: Snapshot, neighbours: int, *, complete: bool
) -> None:
    found = by_meaning(shelf, FOREIGN, neighbours)
    assert (len(found.found), found.capped) == (neighbours, True)
    assert len(found.found.lexical) == 0
    farthest = shelf.vectors.search(EMBEDDER.embed_query(FOREIGN), 6).rows[-2:].tolist()
    mask = np.zeros(6, np.bool_)
    mask[farthest] = True
    inside = found.within(mask)
    assert inside.semantic.rows.tolist() == farthest[:neighbours]
    assert inside.complete == complete


def test_words_that_match_inside_a_filter_are_enough(shelf: Snapshot) -> None:
    found = by_meaning(shelf, "oak", 1)
    assert found.capped
    inside = found.within(only(shelf, "oak desk", "copper pot"))
    assert [shelf.products.id(int(row)) for row in inside.rows] == ["oak desk"]
    assert inside.complete


def test_neighbours_found_again_must_be_as_near_as_the_first(shelf: Snapshot) -> None:
    near = shelf.vectors.search(EMBEDDER.embed_query(FOREIGN), 6)
    policy = RankingPolicy(min_cosine=float(near.scores[2]), min_cosine_share=0.0, neighbours=1)
    found = retrieved(shelf, FOREIGN, replace(policy, correct_spelling=False))
    assert found.capped
    mask = np.ones(6, np.bool_)
    mask[near.rows[0]] = False
    assert found.within(mask).rows.tolist() == [near.rows[1]]
    mask[near.rows[:3]] = False
    assert (len(found.within(mask)), found.within(mask).complete) == (0, True)


def test_what_must_never_be_meant_is_not_found_again_either(shelf: Snapshot) -> None:
    document = SynonymsDocument.model_validate({"never": [[FOREIGN, "copper"]]})
    never = Synonyms.compile(document, lambda text: tuple(shelf.analyzer.terms(text)))
    policy = replace(EVERYTHING_IS_NEAR, neighbours=1, correct_spelling=False, synonyms=never)
    found = retrieved(shelf, FOREIGN, policy)
    assert found.capped
    assert len(found.within(only(shelf, "copper pot"))) == 0
    kept = by_meaning(shelf, FOREIGN, 1).within(only(shelf, "copper pot"))
    assert [shelf.products.id(int(row)) for row in kept.rows] == ["copper pot"]


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
    assert found.within(~mask).rows.tolist() == [row]


def test_the_nearest_are_those_of_the_whole_catalogue_however_far_they_are(
    shelf: Snapshot,
) -> None:
    found = retrieved(shelf, "lamp", RankingPolicy(min_cosine=1.0)).nearest(4)
    assert (len(found.found), found.capped) == (4, False)
    nearest = shelf.vectors.search(EMBEDDER.embed_query("lamp"), 4).rows
    assert found.found.semantic.rows.tolist() == nearest.tolist()
    # A filter leaves what it leaves of those, also where that is nothing.
    mask = np.ones(6, np.bool_)
    mask[nearest[:2]] = False
    assert found.within(mask).semantic.rows.tolist() == nearest[2:].tolist()
    mask[nearest] = False
    assert mask.any()
    assert (len(found.within(mask)), found.within(mask).complete) == (0, True)


class Refusing:
    """Nothing is to be embedded."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        raise AssertionError(f"{text!r} was embedded")


def unembedded(snapshot: Snapshot, text: str, **changes: Any) -> Retrieval:
    policy = replace(EVERYTHING_IS_NEAR, **changes)
    understood = understand(text, snapshot, policy)
    found = retrieve(text, understood, snapshot, Refusing(), policy, lambda _: None)
    assert (found.vector, found.degraded, found.capped) == (None, (), False)
    assert len(found.found.semantic) == 0
    assert len(found.nearest(4).found) == 0
    return found


@pytest.mark.parametrize("text", ["", "  ", "!!!", "???", "🎧", "- / -"])
def test_a_text_without_words_asks_for_everything_and_has_no_vector(
    shelf: Snapshot, text: str
) -> None:
    found = unembedded(shelf, text)
    assert found.found.lexical.rows.tolist() == list(range(6))
    mask = only(shelf, "lamp", "copper pot")
    assert found.within(mask).rows.tolist() == np.flatnonzero(mask).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "12345678901234",
        "910-005123",
        "TN2110",
        "the 910-005123",
        "9105 77123",
        "LMP-77x",
        "ZQ-2110",
    ],
)
def test_a_number_that_no_product_has_has_no_vector(shelf: Snapshot, text: str) -> None:
    assert len(unembedded(shelf, text).found) == 0


@pytest.mark.parametrize("text", ["lantern 910-005123", FOREIGN, "iron 9105"])
def test_words_beside_a_number_have_a_meaning(shelf: Snapshot, text: str) -> None:
    found = retrieved(shelf, text, replace(EVERYTHING_IS_NEAR, correct_spelling=False))
    assert len(found.found.lexical) == 0
    assert found.vector is not None
    assert len(found.found.semantic) > 0


def test_a_number_that_products_have_in_their_titles_has_a_meaning(
    build: Build, layout: IndexLayout
) -> None:
    build([{"id": "a", "title": "toner 2110"}, {"id": "b", "title": "toner 2120"}])
    found = retrieved(open_snapshot(layout), "2110", EVERYTHING_IS_NEAR)
    assert len(found.found.lexical) == 1
    assert found.vector is not None
