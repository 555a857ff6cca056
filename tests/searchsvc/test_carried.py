"""What a patched generation takes over from the one before, and what it must not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.product import Price, Product
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.carried import carry_over, made_of, same_rows
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import parse_filter
from searchsvc.query.query import FacetRequest, Grouping, Query
from searchsvc.results.presence import Presence
from searchsvc.search import search
from tests.patched import publish_patch

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from searchsvc.answer import SearchResult
    from tests.conftest import Build

RECORDS: list[dict[str, Any]] = [
    {
        "id": f"p{n:02}",
        "title": f"red shoe {n}",
        "brand": "AB"[n % 2],
        "price": f"{n + 1}.00 EUR",
        "product_type": "Shoes > Red",
        "location": f"{40 + n % 3}.5,2.25",
        "popularity": n,
    }
    for n in range(30)
]
FACETS = tuple(map(FacetRequest, ("brand", "price", "product_type", "sale_price")))


def asked(snapshot: Snapshot) -> list[SearchResult]:
    """Answers that need all that is derived from columns."""
    filters = ["brand:A", "price < 12", "brand:A AND price < 12", "NOT brand:A"]
    conditions = [None, *map(parse_filter, filters)]
    return [
        search(
            Query(text, filter=condition, facets=FACETS, grouping=grouping, limit=40),
            snapshot,
            HashingEmbedder(64),
            RankingPolicy(),
        )
        for text in ("", "red")
        for condition in conditions
        for grouping in (None, Grouping("brand"))
    ]


def cheaper(product: Product) -> Product:
    return replace(product, sale_price=Price(50, "EUR"))


def plain(results: list[SearchResult]) -> list[object]:
    return [
        (
            it.total,
            [(hit.id, hit.product) for hit in it.hits],
            [facet.values for facet in it.facets],
        )
        for it in results
    ]


@pytest.fixture
def before(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    snapshot = open_snapshot(layout)
    asked(snapshot)
    Presence.of(snapshot)
    return snapshot


def test_answers_of_a_patched_generation_are_those_of_one_opened_alone(
    before: Snapshot, layout: IndexLayout
) -> None:
    publish_patch(layout, {"p20": cheaper})
    after = open_snapshot(layout, before=before)
    carry_over(before, after)
    assert after.derived.used_bytes > 0
    found = asked(after)
    assert plain(found) == plain(asked(open_snapshot(layout)))
    assert found[0].facets[3].values[0].count == 1


def test_what_is_made_of_columns_that_are_the_same_is_not_made_again(
    before: Snapshot, layout: IndexLayout
) -> None:
    publish_patch(layout, {"p20": cheaper})
    after = open_snapshot(layout, before=before)
    carry_over(before, after)
    earlier, kept = set(before.derived.keys()), set(after.derived.keys())
    assert {("coded", "brand"), ("group keys", "brand")} <= kept
    of_columns = {key for key in earlier if made_of(key) is not None}
    assert kept == {key for key in of_columns if "sale_price" not in made_of(key)}  # type: ignore[operator]
    assert of_columns - kept >= {("coded", "sale_price")}
    # A key of another form would silently be computed again after each change.
    assert {key[0] for key in earlier - of_columns} <= {"presence"}  # type: ignore[index]


def test_presence_stays_where_values_only_became_others(
    before: Snapshot, layout: IndexLayout
) -> None:
    publish_patch(layout, {"p20": lambda it: replace(it, price=Price(1, "EUR"))})
    after = open_snapshot(layout, before=before)
    carry_over(before, after)
    assert Presence.of(after) is Presence.of(before)


def test_nothing_is_taken_over_from_other_products(
    before: Snapshot, build: Build, layout: IndexLayout
) -> None:
    build(RECORDS[1:])
    after = open_snapshot(layout, before=before)
    assert not same_rows(before, after)
    carry_over(before, after)
    assert after.derived.used_bytes == 0


def test_presence_is_made_again_where_a_column_is_new(
    before: Snapshot, layout: IndexLayout
) -> None:
    publish_patch(layout, {"p20": lambda it: replace(it, attributes={"weight": 2.0})})
    after = open_snapshot(layout, before=before)
    carry_over(before, after)
    assert Presence.of(after) is not Presence.of(before)
    assert np.count_nonzero(after.columns.get("attributes.weight").present()) == 1  # type: ignore[union-attr]


def test_unknown_keys_are_made_of_who_knows_what() -> None:
    assert made_of("a text") is None
    assert made_of(("something else", "brand")) is None
    assert made_of(("mask", parse_filter("brand:A OR price < 3"))) == {"brand", "price"}
    assert made_of(("tally of everything", "brand", None)) == {"brand"}
    assert made_of(("ranges of everything", "price", "brand", ())) == {"price", "brand"}
