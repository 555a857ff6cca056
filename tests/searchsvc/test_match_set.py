"""One match set: everything that an answer says is recounted from the products on its pages."""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from indexer.build.reindex import ReindexOptions, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import parse_filter
from searchsvc.query.query import FacetOrder, FacetRequest, Grouping, Interval, Query
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import SearchResult, search
from tests.searchsvc.recount import (
    Condition,
    Product,
    below,
    between,
    counted,
    either,
    equals,
    every,
    exists,
    group_of,
    negated,
    sorted_by,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from searchsvc.results.facet import Facet

ICECAT = Path(__file__).parents[3] / "shared/data/icecat"
EVERY = 7  # of the real feed's products: 2,773 are enough to differ, and quickly built
EMBEDDER = HashingEmbedder(256)
MOST_PAGES = 6
WIDE = RankingPolicy(min_cosine=0.3, neighbours=10_000)
"""No product is left out for lack of room."""
NARROW = RankingPolicy(min_cosine=0.1, min_cosine_share=0.3, window=20, neighbours=25)
"""With products behind the window, and more neighbours than are taken."""


@dataclass(frozen=True)
class Catalogue:
    """An index and what to ask of it.

    Attributes:
        products: their JSON by id.
        texts: queries.
        choices: fields of texts, numbers and truths, to filter by.
        sorts: orders as a request has them.
        facets: fields to count, besides the price.
        groups: fields to group by.
    """

    snapshot: Snapshot
    products: dict[str, Product]
    texts: list[str]
    choices: dict[str, list[Any]]
    sorts: list[str]
    facets: list[str]
    groups: list[str]


def _catalogue(
    snapshot: Snapshot, queries: bytes, fields: dict[str, list[str]], sorts: list[str]
) -> Catalogue:
    stored = [orjson.loads(snapshot.products.json(row)) for row in range(len(snapshot.products))]
    choices = {
        field: sorted({value for product in stored for value in values(product, field)}, key=str)
        for field in fields["filters"]
    }
    texts = [orjson.loads(line)["text"] for line in queries.splitlines()]
    identifiers = [it["mpn"] for it in islice(stored, 0, None, 200)] + [stored[5]["id"]]
    return Catalogue(
        snapshot,
        {product["id"]: product for product in stored},
        [*texts, *identifiers, *[""] * 40],
        choices,
        sorts,
        fields["facets"],
        fields["groups"],
    )


@pytest.fixture(scope="module")
def sample(sample_data_dir: Path) -> Catalogue:
    folder = files("searchsvc.sample")
    return _catalogue(
        open_snapshot(IndexLayout.of(sample_data_dir, "demo")),
        (folder / "queries.jsonl").read_bytes(),
        {
            "filters": ["brand", "price", "attributes.colour_family", "product_type", "rating"],
            "facets": ["brand", "product_type", "attributes.colour_family", "availability"],
            "groups": ["item_group_id", "brand", "product_type"],
        },
        ["", "price", "newest", "popularity,price", "rating:desc,brand", "brand:desc", "-color"],
    )


@pytest.fixture(scope="module")
def icecat(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    if not ICECAT.is_dir():
        pytest.skip("the shared data sets are not beside the repository")
    folder = tmp_path_factory.mktemp("icecat")
    feed = folder / "feed.jsonl"
    with gzip.open(ICECAT / "feed.jsonl.gz") as whole:
        feed.write_bytes(b"".join(islice(whole, 0, None, EVERY)))
    layout = IndexLayout.of(folder / "data", "icecat")
    reindex(str(feed), layout, IndexSettings(), EMBEDDER, ReindexOptions())
    weight, colour = "attributes.n_weight", "attributes.t_product_colour"
    return _catalogue(
        open_snapshot(layout),
        (ICECAT / "queries.jsonl").read_bytes(),
        {
            "filters": ["brand", "price", colour, weight, "attributes.b_colour"],
            "facets": ["brand", "product_type", colour, weight, "attributes.b_colour"],
            "groups": ["item_group_id", "brand", colour],
        },
        ["", "price", "newest", "brand,price:desc", f"{weight}:desc,newest", f"-{colour}"],
    )


# What is asked.


@st.composite
def texts(draw: st.DrawFn, catalogue: Catalogue) -> str:
    text = draw(st.sampled_from(catalogue.texts))
    place = draw(st.integers(0, max(len(text) - 1, 0)))
    match draw(st.sampled_from(["as judged", "as judged", "misspelt", "typed so far"])):
        case "misspelt":
            return text[:place] + text[place + 1 :]
        case "typed so far":
            return text[: place + 1]
    return text


@st.composite
def leaves(draw: st.DrawFn, catalogue: Catalogue) -> Condition:
    field = draw(st.sampled_from(sorted(catalogue.choices)))
    known = st.sampled_from(catalogue.choices[field])
    kind = draw(st.sampled_from(["equals", "any of", "range", "range", "exists"]))
    if kind == "exists":
        return exists(field)
    first, second = draw(known), draw(known)
    if kind == "range" and isinstance(first, float):
        low, high = min(first, second), max(first, second)
        return draw(st.sampled_from([between(field, low, high), below(field, high)]))
    if kind == "any of" and first != second:
        return equals(field, first, second)
    return equals(field, first)


@st.composite
def conjuncts(draw: st.DrawFn, catalogue: Catalogue) -> Condition:
    leaf = draw(leaves(catalogue))
    match draw(st.sampled_from(["leaf", "leaf", "leaf", "not", "or"])):
        case "not":
            return negated(leaf)
        case "or":
            return either(leaf, draw(leaves(catalogue)))
    return leaf


@st.composite
def facets(draw: st.DrawFn, catalogue: Catalogue) -> tuple[FacetRequest, ...]:
    field = st.sampled_from(catalogue.facets)
    wanted = [
        FacetRequest(
            name,
            limit=draw(st.sampled_from([1_000, 3])),
            order=draw(st.sampled_from(FacetOrder)),
            disjunctive=draw(st.booleans()),
            level=1 if name == "product_type" and draw(st.booleans()) else None,
        )
        for name in draw(st.lists(field, max_size=2, unique=True))
    ]
    bounds = sorted(draw(st.lists(st.sampled_from(catalogue.choices["price"]), max_size=3)))
    ranges = zip([-math.inf, *bounds], [*bounds, math.inf], strict=True)
    price = FacetRequest(
        "price",
        limit=5,
        disjunctive=draw(st.booleans()),
        ranges=tuple(Interval(low, high) for low, high in ranges),
    )
    return (*wanted, price)


@dataclass(frozen=True)
class Asked:
    """A question, with its filter as it is and as the obvious predicate."""

    query: Query
    conditions: tuple[Condition, ...]
    policy: RankingPolicy


@st.composite
def questions(draw: st.DrawFn, catalogue: Catalogue) -> Asked:
    conditions = tuple(draw(st.lists(conjuncts(catalogue), max_size=3)))
    grouping = st.builds(
        Grouping, st.sampled_from(catalogue.groups), st.sampled_from([0, 3]), st.booleans()
    )
    query = Query(
        text=draw(texts(catalogue)),
        limit=draw(st.sampled_from([7, 50, 333])),
        filter=parsed(conditions, as_text=draw(st.booleans())),
        typing=draw(st.booleans()),
        sort=parse_sort(draw(st.sampled_from(catalogue.sorts))),
        facets=draw(facets(catalogue)),
        grouping=draw(st.none() | grouping),
        relax=draw(st.booleans()),
    )
    return Asked(query, conditions, draw(st.sampled_from([WIDE, NARROW])))


def parsed(conditions: Sequence[Condition], *, as_text: bool = False) -> Any:
    whole = every(conditions)
    if whole is None:
        return None
    return parse_filter(whole.text if as_text else whole.json)


# What is answered.


class Walk:
    """All pages of an answer.

    Attributes:
        first: the answer with the first page.
        products: the JSON of what is shown, in its order.
        counts: of the groups, where there are any.
        others: ids of the members that are shown of each group.
    """

    def __init__(self, catalogue: Catalogue, query: Query, policy: RankingPolicy) -> None:
        self.first = answer(catalogue, replace(query, limit=1), policy)
        limit = max(query.limit, math.ceil(self.first.total / MOST_PAGES))
        if query.grouping is not None and query.grouping.count_items:
            limit = max(limit, math.ceil(len(catalogue.products) / MOST_PAGES))
        self.products: list[Product] = []
        self.counts: list[int] = []
        self.others: list[list[str]] = []
        page: SearchResult | None = None
        offset = 0
        while page is None or len(page.hits) == limit:
            page = answer(catalogue, replace(query, limit=limit, offset=offset), policy)
            same = (page.total, page.facets, page.relevant, page.relaxed, page.capped)
            one = self.first
            assert same == (one.total, one.facets, one.relevant, one.relaxed, one.capped)
            for hit in page.hits:
                self.products.append(orjson.loads(hit.product))
                assert catalogue.products[hit.id] == self.products[-1]
                if hit.group is not None:
                    self.counts.append(hit.group.count)
                    self.others.append([member.id for member in hit.group.others])
            offset += limit


def answer(catalogue: Catalogue, query: Query, policy: RankingPolicy) -> SearchResult:
    return search(query, catalogue.snapshot, EMBEDDER, policy)


def members_of(catalogue: Catalogue, query: Query, policy: RankingPolicy) -> list[Product]:
    """The match set in its order by relevance."""
    plain = replace(query, sort=(), grouping=None, facets=(), limit=1_000)
    walk = Walk(catalogue, plain, policy)
    assert len(walk.products) == walk.first.total
    assert len({product["id"] for product in walk.products}) == walk.first.total
    return walk.products


def check(catalogue: Catalogue, asked: Asked) -> None:
    query, policy = asked.query, asked.policy
    members = members_of(catalogue, query, policy)
    walk = Walk(catalogue, query, policy)
    _check_filter(catalogue, asked, members, walk.first)
    ordered = _check_order(query, members, walk)
    if query.grouping is not None:
        _check_groups(query.grouping, ordered, walk)
    counts_groups = query.grouping is not None and not query.grouping.count_items
    assert walk.first.counts_groups == counts_groups
    assert walk.first.total == (len(walk.products) if counts_groups else len(members))
    for facet in walk.first.facets:
        _check_facet(catalogue, asked, members, facet, walk.first)


def _check_filter(
    catalogue: Catalogue, asked: Asked, members: list[Product], first: SearchResult
) -> None:
    whole = every(asked.conditions)
    if whole is None:
        return
    assert all(whole.holds(product) for product in members)
    if first.relaxed is None and not first.capped:
        everything = members_of(
            catalogue, replace(asked.query, filter=None, relax=False), asked.policy
        )
        inside = {product["id"] for product in everything if whole.holds(product)}
        assert {product["id"] for product in members} == inside
        if not members:
            keys = _owners(asked.query)
            assert first.unfiltered_total == len({keys(product) for product in everything})


def _owners(query: Query) -> Callable[[Product], Any]:
    """What is counted: products, or groups."""
    if query.grouping is None or query.grouping.count_items:
        return lambda product: product["id"]
    field = query.grouping.field
    return lambda product: group_of(product, field)


def _check_order(query: Query, members: list[Product], walk: Walk) -> list[Product]:
    """The match set in the order that was asked for."""
    relevant = walk.first.relevant
    if not query.sort:
        assert relevant is None
        ordered = members
    else:
        assert relevant is not None
        assert 0 <= relevant <= len(members)
        first, rest = members[:relevant], members[relevant:]
        ordered = sorted_by(first, query.sort) + sorted_by(rest, query.sort)
    if query.grouping is None:
        assert [it["id"] for it in walk.products] == [it["id"] for it in ordered]
    return ordered


def _check_groups(grouping: Grouping, ordered: list[Product], walk: Walk) -> None:
    groups: dict[Any, list[str]] = {}
    for product in ordered:
        groups.setdefault(group_of(product, grouping.field), []).append(product["id"])
    expected = list(groups.values())
    assert [product["id"] for product in walk.products] == [ids[0] for ids in expected]
    assert walk.counts == [len(ids) for ids in expected]
    assert walk.others == [ids[1 : 1 + grouping.others] for ids in expected]


def _check_facet(
    catalogue: Catalogue,
    asked: Asked,
    members: list[Product],
    facet: Facet,
    first: SearchResult,
) -> None:
    query, request = asked.query, facet.request
    kept = asked.conditions
    if request.disjunctive:
        kept = tuple(it for it in kept if it.fields != {request.field})
    counts_other = len(kept) < len(asked.conditions)
    assert facet.exhaustive == (not first.capped and not (first.relaxed and counts_other))
    products = members
    if counts_other:
        if first.relaxed:
            return  # with a value chosen, the query may be widened in another way
        other = replace(query, filter=parsed(kept), relax=False)
        products = members_of(catalogue, other, asked.policy)
    group_by = None
    if query.grouping is not None and not query.grouping.count_items:
        group_by = query.grouping.field
    expected = counted(request, products, group_by)
    found = [(value.value, value.count) for value in facet.values]
    assert found == expected.values[: request.limit]
    assert facet.distinct == len(expected.values)
    assert list(facet.counts) == expected.ranges
    if expected.numbers:
        stats = facet.statistics
        assert stats is not None
        assert (stats.minimum, stats.maximum) == (min(expected.numbers), max(expected.numbers))
        assert stats.count == len(expected.numbers)
        assert stats.total == pytest.approx(math.fsum(expected.numbers))
    else:
        assert facet.statistics is None
    if facet.exhaustive:
        for value, count in {*found[:1], *found[-1:]}:
            chosen = parsed((*kept, equals(request.field, value)))
            chosen_query = replace(query, filter=chosen, facets=(), limit=0)
            assert answer(catalogue, chosen_query, asked.policy).total == count


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_everything_that_is_said_of_a_real_catalogue_is_true_of_its_pages(
    icecat: Catalogue, data: st.DataObject
) -> None:
    check(icecat, data.draw(questions(icecat)))


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_everything_that_is_said_of_the_sample_is_true_of_its_pages(
    sample: Catalogue, data: st.DataObject
) -> None:
    check(sample, data.draw(questions(sample)))


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_notations_of_a_filter_have_the_same_answer(
    sample: Catalogue, data: st.DataObject
) -> None:
    conditions = data.draw(st.lists(conjuncts(sample), min_size=1, max_size=3))
    whole = every(conditions)
    assume(whole is not None)
    assert whole is not None
    asked = [
        Query("", filter=parse_filter(form), limit=1_000) for form in (whole.json, whole.text)
    ]
    one, two = (answer(sample, query, WIDE) for query in asked)
    assert one.total == two.total
    assert [hit.id for hit in one.hits] == [hit.id for hit in two.hits]
    expected = sum(whole.holds(product) for product in sample.products.values())
    assert one.total == expected
