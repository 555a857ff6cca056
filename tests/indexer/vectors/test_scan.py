"""A pass through the lists, against one in NumPy that keeps everything."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.vectors.codes import Codes
from indexer.vectors.lists import Lists
from indexer.vectors.scan import Depth, Query, Scanner

_ROWS, _DIMENSION = 3_000, 70
_BINS = 4_096


def units(seed: int, count: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((25, _DIMENSION))
    points = centres[rng.integers(25, size=count)] + rng.standard_normal((count, _DIMENSION))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def parts() -> tuple[Lists, Codes]:
    vectors = units(0, _ROWS).astype(np.float16)
    return Lists.of(vectors), Codes.of_all(vectors)


def nearest(
    values: NDArray[np.float64], sizes: NDArray[np.int64], wanted: int
) -> NDArray[np.int64]:
    """The places of the greatest values that have `wanted` together, whole bins of them."""
    bins = np.clip((values + 1) * _BINS / 2, 0, _BINS - 1).astype(int)
    totals = np.cumsum(np.bincount(bins, sizes, _BINS)[::-1])[::-1]
    enough = np.flatnonzero(totals >= wanted)
    return np.flatnonzero(bins >= (enough[-1] if len(enough) else 0))


def plain_scan(
    lists: Lists, codes: Codes, query: NDArray[np.float32], depth: Depth, mask: NDArray[np.bool_]
) -> dict[int, float]:
    sizes = np.diff(lists.begins)
    groups = nearest(
        lists.groups.widen().astype(float) @ query,
        np.diff(lists.begins[lists.group_begins]),
        depth.groups,
    )
    of_groups = np.concatenate(
        [np.arange(lists.group_begins[it], lists.group_begins[it + 1]) for it in groups]
    )
    bases = lists.centroids.widen()[of_groups].astype(float) @ query
    chosen = nearest(bases / lists.norms[of_groups], sizes[of_groups], depth.lists)
    signed = Query.of(query).signed
    rounded = np.zeros(_DIMENSION)
    for plane, value in zip(signed.planes, (1, 2, 4, -8), strict=True):
        bits = np.unpackbits(plane.view(np.uint8), bitorder="little")[:_DIMENSION]
        rounded += float(value) * bits
    estimates, rows = [], []
    for place in chosen:
        number = of_groups[place]
        for position in range(lists.begins[number], lists.begins[number + 1]):
            if mask[lists.rows[position]]:
                words = lists.signs.words[position].view(np.uint8)
                signs = 2.0 * np.unpackbits(words, bitorder="little")[:_DIMENSION] - 1
                factor = signed.unit * lists.signs.factors[position]
                estimates.append(bases[place] + factor * (signs @ rounded))
                rows.append(lists.rows[position])
    kept = nearest(np.array(estimates), np.ones(len(rows), np.int64), depth.candidates)
    found = np.array(rows)[kept]
    scores = codes.widen()[found].astype(float) @ query
    return dict(zip(found.tolist(), scores.tolist(), strict=True))


@pytest.mark.parametrize("depth", [Depth(900, 300, 100), Depth(3_000, 2_000, 30)])
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_a_scan_keeps_what_a_plain_one_keeps(
    parts: tuple[Lists, Codes], depth: Depth, share: float
) -> None:
    mask = np.random.default_rng(2).random(_ROWS) < share
    scanner = Scanner(*parts)
    differing = 0
    for query in units(5, 20):
        expected = plain_scan(*parts, query, depth, mask)
        rows, scores, looked = scanner.scan(Query.of(query), depth, mask if share < 1 else None)
        assert looked.scored == len(rows) == len(set(rows.tolist()))
        assert looked.passed <= looked.products
        assert mask[rows].all()
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            assert score == pytest.approx(expected.get(row, score), abs=1e-4)
        differing += len(set(rows.tolist()) ^ set(expected))
    # What lies at the border of a bin may be rounded to its other side.
    assert differing <= 20


def test_who_looks_everywhere_finds_everything(parts: tuple[Lists, Codes]) -> None:
    query = units(6, 1)[0]
    rows, _, looked = Scanner(*parts).scan(Query.of(query), Depth(*[10 * _ROWS] * 3), None)
    assert sorted(rows.tolist()) == list(range(_ROWS))
    assert looked == (len(parts[0].norms), _ROWS, _ROWS, _ROWS)


def test_where_nothing_passes_nothing_is_found(parts: tuple[Lists, Codes]) -> None:
    nothing = np.zeros(_ROWS, np.bool_)
    rows, scores, looked = Scanner(*parts).scan(
        Query.of(units(6, 1)[0]), Depth(900, 300, 100), nothing
    )
    assert (len(rows), len(scores), looked.passed, looked.scored) == (0, 0, 0, 0)


def test_a_list_whose_vectors_cancel_each_other_is_gone_through_like_any_other() -> None:
    one = units(7, 1).astype(np.float16)
    vectors = np.concatenate((one, -one))
    lists = Lists.of(vectors)
    assert 0 in np.abs(lists.centroids.widen()).sum(axis=1)
    scanner = Scanner(lists, Codes.of_all(vectors))
    rows, scores, _ = scanner.scan(Query.of(one[0].astype(np.float32)), Depth(2, 2, 2), None)
    assert dict(zip(rows.tolist(), scores.round(2).tolist(), strict=True)) == {0: 1.0, 1: -1.0}


def test_what_is_not_a_number_is_never_an_index(parts: tuple[Lists, Codes]) -> None:
    lists, codes = parts
    damaged = lists._replace(norms=np.full_like(lists.norms, np.nan))
    query = units(6, 1)[0]
    rows, _, _ = Scanner(damaged, codes).scan(Query.of(query), Depth(*[10 * _ROWS] * 3), None)
    assert sorted(rows.tolist()) == list(range(_ROWS))
