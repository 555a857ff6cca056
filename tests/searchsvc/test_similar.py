"""Similar products against cosines computed one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import BadFilterError, ProductNotFoundError
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import AnyOf, Between
from searchsvc.retrieval import unrelated_cosine
from searchsvc.similar import similar
from tests.conftest import Build

POLICY = RankingPolicy()
IN_STOCK = AnyOf("availability", ("in_stock",))


@pytest.fixture(scope="module")
def snapshot(sample_data_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(sample_data_dir, "demo"))


@given(
    row=st.integers(0, 1_500),
    limit=st.integers(1, 100),
    condition=st.sampled_from(
        [None, AnyOf("availability", ("in_stock",)), Between("price", 0, 40)]
    ),
    same_group=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_nearest_products_are_those_with_the_largest_cosines(
    snapshot: Snapshot,
    row: int,
    limit: int,
    condition: AnyOf | Between | None,
    *,
    same_group: bool,
) -> None:
    stored = [orjson.loads(snapshot.products.json(at)) for at in range(len(snapshot.products))]
    vectors = snapshot.vectors.gather(np.arange(len(stored)))
    cosines = vectors.astype(np.float64) @ vectors[row].astype(np.float64)
    least = unrelated_cosine(snapshot, POLICY.strictness)
    group = stored[row].get("item_group_id")
    allowed = {
        product["id"]: float(cosine)
        for product, cosine in zip(stored, cosines, strict=True)
        if product["id"] != stored[row]["id"]
        and (same_group or group is None or product.get("item_group_id") != group)
        and _fulfils(product, condition)
        and cosine >= least + 1e-5
    }
    if not same_group:  # the nearest of each group
        groups = {p["id"]: p.get("item_group_id", p["id"]) for p in stored}
        nearest: dict[str, str] = {}
        for near in sorted(allowed, key=lambda other: (-allowed[other], other)):
            nearest.setdefault(groups[near], near)
        allowed = {near: allowed[near] for near in nearest.values()}
    hits = similar(
        stored[row]["id"],
        snapshot,
        POLICY,
        limit=limit,
        condition=condition,
        same_group=same_group,
    )
    assert len({hit.id for hit in hits}) == len(hits) <= limit
    assert len(hits) >= min(limit, len(allowed))
    best = sorted(allowed.values(), reverse=True)[: len(hits)]
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[: len(best)] == pytest.approx(best, abs=1e-4)
    for hit in hits:
        # Members of a group may be equally near, but for rounding.
        assert any(abs(hit.score - known) < 1e-4 for known in (least, *allowed.values()))
        assert hit.product == snapshot.products.json(snapshot.products.row(hit.id) or 0)


def _fulfils(product: dict[str, object], condition: AnyOf | Between | None) -> bool:
    match condition:
        case None:
            return True
        case AnyOf(field, values):
            return product.get(field) in values
        case Between(_, low, high):
            price = product.get("price")
            return isinstance(price, dict) and low <= price["minor_units"] / 100 <= high


def test_variants_of_the_product_come_only_when_asked_for(snapshot: Snapshot) -> None:
    stored = (orjson.loads(snapshot.products.json(row)) for row in range(len(snapshot.products)))
    groups: dict[str, list[str]] = {}
    for product in stored:
        groups.setdefault(product.get("item_group_id", product["id"]), []).append(product["id"])
    variants = next(ids for ids in groups.values() if len(ids) > 2)
    asked, plain = (
        {hit.id for hit in similar(variants[0], snapshot, POLICY, limit=100, same_group=same)}
        for same in (True, False)
    )
    assert asked & set(variants[1:])
    assert not plain & set(variants)


def test_products_without_a_group_are_no_variants_of_each_other(
    build: Build, layout: IndexLayout
) -> None:
    build([{"id": f"p{n}", "title": "copper lamp"} for n in range(4)])
    hits = similar("p1", open_snapshot(layout), POLICY, limit=10)
    assert [hit.id for hit in hits] == ["p0", "p2", "p3"]
    assert [hit.score for hit in hits] == pytest.approx([1, 1, 1], abs=0.02)


def test_what_is_no_nearer_than_unrelated_queries_find_is_not_similar(
    build: Build, layout: IndexLayout
) -> None:
    build([{"id": name, "title": name} for name in ("copper lamp", "copper lamps", "zyx quv")])
    hits = similar("copper lamp", open_snapshot(layout), POLICY, limit=10)
    assert [hit.id for hit in hits] == ["copper lamps"]
    assert similar("zyx quv", open_snapshot(layout), POLICY, limit=10) == ()


def test_the_same_product_has_the_same_answer_whatever_the_ranking(snapshot: Snapshot) -> None:
    name = snapshot.products.id(3)
    other = replace(POLICY, semantic_weight=0.0, min_cosine_share=1.0, neighbours=1)
    assert similar(name, snapshot, POLICY, limit=9) == similar(name, snapshot, other, limit=9)


def test_an_unknown_product_and_a_wrong_filter_are_told(snapshot: Snapshot) -> None:
    with pytest.raises(ProductNotFoundError, match="'demo' has no product with id 'nope'"):
        similar("nope", snapshot, POLICY, limit=3)
    with pytest.raises(BadFilterError, match="unknown field"):
        similar(snapshot.products.id(0), snapshot, POLICY, limit=3, condition=AnyOf("x!", ("y",)))
