"""Answers after any sequence of deltas are those of a full build from the final feed."""

from __future__ import annotations

from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.build.delta import DeltaOptions, apply_delta
from indexer.build.reindex import Recipe, ReindexOptions, compact, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.lexical.clause import plain_clauses
from indexer.settings import IndexSettings
from indexer.snapshot import LEXICAL_FILE, SPELLING_FILE, Snapshot, open_snapshot, verify
from indexer.storage import read_arrays
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import AnyOf, Between
from searchsvc.query.query import FacetRequest, Query
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Record = dict[str, Any]


class Spelling(HashingEmbedder):
    """Knows words of its language, so that the dictionary has to keep count of them."""

    def words(self) -> Sequence[str]:
        return ("red", "blue", "shoe", "boat", "sandal")


EMBEDDER = Spelling(64)
SETTINGS = IndexSettings()
# Nothing of a relevance that is as much of the best's counts: the match set of the words alone is
# exact, while scores are not until the next full build.
POLICY = RankingPolicy(min_cosine_share=0.0, min_cosine=0.2)
WORDS = [
    "red",
    "blue",
    "shoe",
    "shoes",
    "ear",
    "phone",
    "earphone",
    "boat",
    "boot",
    "4",
    "gb",
    "4gb",
]
IDS = ["a", "b", "c", "d", "aa", "SKU-1", "ä"]
QUERIES = [
    "",
    "red",
    "blue shoe",
    "earphone",
    "ear phone",
    "boat",
    "botas",
    "4gb",
    "sku1",
    "4006381333931",
]
FILTERS = [
    None,
    AnyOf("availability", ("in_stock",)),
    Between("price", 0, 20),
    AnyOf("attributes.lining", ("wool",)),
]
FACETS = tuple(map(FacetRequest, ("brand", "availability", "product_type", "attributes.lining")))

titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
stated = st.fixed_dictionaries(
    {},
    optional={
        "title": titles,
        "description": titles,
        "brand": st.sampled_from(["Acme", "Bolt", "Red Boat"]),
        "price": st.sampled_from(["5 EUR", "15.50 EUR", "30 EUR"]),
        "sale_price": st.sampled_from(["4 EUR", "14 EUR"]),
        "availability": st.sampled_from(["in stock", "out of stock"]),
        "product_type": st.sampled_from(["Shoes", "Shoes > Boots", "Audio"]),
        "gtin": st.sampled_from(["4006381333931", "96385074"]),
        "location": st.sampled_from(["48.1,2.3", "0,0"]),
        "lining": st.sampled_from(["wool", "fur"]),
        "popularity": st.sampled_from([1, 2.5, "many", True]),
        "length": st.sampled_from(["5", 5]),
    },
)
blanks = st.sets(
    st.sampled_from(["description", "brand", "price", "gtin", "location", "lining", "popularity"])
)
upserts = st.builds(
    lambda fields, product_id, title: {**fields, "title": title, "id": product_id, "op": "upsert"},
    stated, st.sampled_from(IDS), titles,
)  # fmt: skip
updates = st.builds(
    lambda fields, gone, product_id: {**fields, **dict.fromkeys(gone), "id": product_id},
    stated, blanks, st.sampled_from(IDS),
)  # fmt: skip
prices = st.builds(
    lambda price, stock, product_id: {"id": product_id, "price": price, "availability": stock},
    st.sampled_from(["1 EUR", "40 EUR", None]), st.sampled_from(["in stock", None]),
    st.sampled_from(IDS),
)  # fmt: skip
deletions = st.builds(lambda it: {"id": it, "delete": True}, st.sampled_from(IDS))
deltas = st.lists(st.one_of(upserts, updates, prices, deletions), max_size=5) | st.lists(
    prices, max_size=3
)
catalogues = st.lists(upserts, min_size=1, max_size=6)
BASE = [{"op": "upsert", "id": "keep", "title": "green lamp", "price": "20 EUR", "lining": "wool"}]


def applied(feed: Mapping[str, Record], delta: Sequence[Record]) -> dict[str, Record]:
    """What a shop's own database would come to."""
    after = {product_id: dict(record) for product_id, record in feed.items()}
    for change in delta:
        product_id = change["id"]
        fields = {name: it for name, it in change.items() if name not in ("op", "delete")}
        if change.get("delete"):
            after.pop(product_id, None)
        elif change.get("op") == "upsert":
            after[product_id] = fields
        elif product_id in after:
            merged = after[product_id] | fields
            after[product_id] = {name: it for name, it in merged.items() if it is not None}
    return after


class Shop:
    """An index, the feed that it should be equal to, and builds of that feed."""

    def __init__(self, folder: Path, build: IndexSettings = SETTINGS) -> None:
        self._folder = folder
        self._build = build
        self._names = count()
        self.layout = IndexLayout.of(folder, "shop")
        self.feed: dict[str, Record] = {}

    def reindex(self, feed: Mapping[str, Record], layout: IndexLayout | None = None) -> Snapshot:
        path = self._folder / "feed.jsonl"
        path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in feed.values()))
        layout = layout or self.layout
        reindex(str(path), layout, self._build, EMBEDDER, ReindexOptions(force=True))
        self.feed = dict(feed)
        return open_snapshot(layout)

    def change(self, delta: Sequence[Record]) -> Snapshot:
        report = apply_delta(delta, self.layout, self.recipe, DeltaOptions(force=True))
        self.feed = applied(self.feed, delta)
        assert report.products == len(self.feed)
        return open_snapshot(self.layout)

    def recipe(self) -> Recipe:
        return Recipe(self._build, EMBEDDER)

    def fresh(self) -> tuple[IndexLayout, Snapshot]:
        """A full build of the feed, in an index of its own."""
        layout = IndexLayout.of(self._folder, f"fresh{next(self._names)}")
        return layout, self.reindex(self.feed, layout)


def facts(snapshot: Snapshot, text: str, **asked: Any) -> Any:
    """Everything of an answer but the order by relevance."""
    query = Query(text, limit=100, facets=FACETS, sort_relevance=0.0, survey=True, **asked)
    result = search(query, snapshot, EMBEDDER, POLICY)
    return (
        result.total,
        sorted(result.facets, key=repr),
        result.present,
        result.understood.corrected,
        {hit.id: hit.product for hit in result.hits},
    )


def in_order(snapshot: Snapshot, text: str, field: str) -> list[Any]:
    query = Query(text, limit=100, sort=parse_sort(f"{field}:desc"), sort_relevance=0.0)
    hits = search(query, snapshot, EMBEDDER, POLICY).hits
    return [orjson.loads(hit.product).get("attributes", {}).get(field) for hit in hits]


def identified(snapshot: Snapshot, text: str) -> list[str]:
    return [snapshot.products.id(int(row)) for row in snapshot.products.identified_by(text)]


def averages(snapshot: Snapshot, layout: IndexLayout) -> NDArray[Any]:
    directory = layout.generation_dir(snapshot.generation)
    return cast("NDArray[Any]", read_arrays(directory / LEXICAL_FILE).array("averages"))


def compare(changed: Snapshot, fresh: Snapshot, drift: float) -> None:
    """Equal in everything, scores as far as the average lengths are."""
    assert len(changed.products) == len(fresh.products)
    assert changed.columns.kinds() == fresh.columns.kinds()
    for text, condition in product(QUERIES, FILTERS):
        asked = {"filter": condition} if condition is not None else {}
        if condition is None or set(_columns(condition)) <= changed.columns.kinds().keys():
            assert facts(changed, text, **asked) == facts(fresh, text, **asked), (text, condition)
    if "attributes.popularity" in changed.columns.kinds():
        assert in_order(changed, "", "attributes.popularity") == in_order(
            fresh, "", "attributes.popularity"
        )
    for identifier in ("sku1", "4006381333931", "96385074", *IDS):
        assert identified(changed, identifier) == identified(fresh, identifier)
    for word in WORDS:
        clauses = plain_clauses(changed.analyzer.terms(word))
        here, there = changed.lexical.match(clauses), fresh.lexical.match(clauses)
        assert here.rows.tolist() == there.rows.tolist()
        np.testing.assert_allclose(here.scores, there.scores, rtol=drift + 1e-3)


def _columns(condition: Any) -> list[str]:
    return [condition.field]


def files(layout: IndexLayout, snapshot: Snapshot) -> dict[str, bytes]:
    directory = layout.generation_dir(snapshot.generation)
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@given(catalogues, st.lists(deltas, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_answers_after_any_deltas_are_those_of_a_full_build(
    catalogue: list[Record], sequence: list[list[Record]]
) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        shop.reindex(applied({}, [*BASE, *[{**it, "op": "upsert"} for it in catalogue]]))
        for delta in sequence:
            changed = shop.change([change for change in delta if change["id"] != "keep"])
        fresh_layout, fresh = shop.fresh()
        assert verify(shop.layout, changed.generation) == []
        here, there = averages(changed, shop.layout), averages(fresh, fresh_layout)
        compare(changed, fresh, float(np.max(np.abs(np.log(here / there)))))
        spelled = (files(shop.layout, changed), files(fresh_layout, fresh))
        assert spelled[0][SPELLING_FILE] == spelled[1][SPELLING_FILE]

        compact(shop.layout, shop.recipe)
        compacted = open_snapshot(shop.layout)
        assert files(shop.layout, compacted) == files(fresh_layout, fresh)
