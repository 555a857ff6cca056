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
from searchsvc.answer import SearchResult
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import parse_filter
from searchsvc.query.query import FacetOrder, FacetRequest, Grouping, Interval, Query
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import search
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
    identifies,
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
NARROWEST = replace(NARROW, neighbours=3, min_coverage=1.0)
"""With filters that leave none of the neighbours, and no product by words either."""
UNLIMITED = 10_000
"""More neighbours than there are products."""


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
        [*texts, *identifiers, *[""] * 40, "!!!", "12345678901234"],
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
    return Asked(query, conditions, draw(st.sampled_from([WIDE, NARROW, NARROWEST])))


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
        scores: of their relevance.
        counts: of the groups, where there are any.
        others: ids of the members that are shown of each group.
    """

    def __init__(self, catalogue: Catalogue, query: Query, policy: RankingPolicy) -> None:
        self.first = answer(catalogue, replace(query, limit=1), policy)
        limit = max(query.limit, math.ceil(self.first.total / MOST_PAGES))
        if query.grouping is not None and query.grouping.count_items:
            limit = max(limit, math.ceil(len(catalogue.products) / MOST_PAGES))
        self.products: list[Product] = []
        self.scores: list[float] = []
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
                self.scores.append(hit.score)
                assert catalogue.products[hit.id] == self.products[-1]
                if hit.group is not None:
                    self.counts.append(hit.group.count)
                    self.others.append([member.id for member in hit.group.others])
            offset += limit


def answer(catalogue: Catalogue, query: Query, policy: RankingPolicy) -> SearchResult:
    return search(query, catalogue.snapshot, EMBEDDER, policy)


def walk_members(catalogue: Catalogue, query: Query, policy: RankingPolicy) -> Walk:
    """The match set in its order by relevance, with the scores."""
    plain = replace(query, sort=(), grouping=None, facets=(), limit=1_000)
    walk = Walk(catalogue, plain, policy)
    assert len(walk.products) == walk.first.total
    assert len({product["id"] for product in walk.products}) == walk.first.total
    return walk


def members_of(catalogue: Catalogue, query: Query, policy: RankingPolicy) -> list[Product]:
    return walk_members(catalogue, query, policy).products


@dataclass
class Tally:
    """How many assertions of each kind there were.

    Attributes:
        searched_again: filters that left none of the neighbours, and nothing else.
        capped: drill-downs where more products are near in meaning than are taken.
        others: other drill-downs.
        facets: that were looked at.
        uncertain: of those, how many say that a choice may show something else.
    """

    searched_again: int = 0
    capped: int = 0
    others: int = 0
    facets: int = 0
    uncertain: int = 0


def check(catalogue: Catalogue, asked: Asked, tally: Tally) -> None:
    query, policy = asked.query, asked.policy
    plain = walk_members(catalogue, query, policy)
    members = plain.products
    walk = Walk(catalogue, query, policy)
    _check_filter(catalogue, asked, members, walk.first, tally)
    ordered, relevant = _ordered(asked, plain)
    if query.grouping is not None:
        _check_groups(query.grouping, ordered, walk)
    else:
        assert [it["id"] for it in walk.products] == [it["id"] for it in ordered]
    owners = {_owners(query)(product) for product in ordered[:relevant]}
    assert walk.first.relevant == (len(owners) if query.sort else None)
    counts_groups = query.grouping is not None and not query.grouping.count_items
    assert walk.first.counts_groups == counts_groups
    assert walk.first.total == (len(walk.products) if counts_groups else len(members))
    for facet in walk.first.facets:
        _check_facet(catalogue, asked, members, facet, walk.first, tally)


def _check_filter(
    catalogue: Catalogue,
    asked: Asked,
    members: list[Product],
    first: SearchResult,
    tally: Tally,
) -> None:
    whole = every(asked.conditions)
    if whole is None:
        return
    assert all(whole.holds(product) for product in members)
    if first.relaxed is not None:
        return
    everything = members_of(
        catalogue, replace(asked.query, filter=None, relax=False), asked.policy
    )
    inside = {product["id"] for product in everything if whole.holds(product)}
    shown = {product["id"] for product in members}
    if first.capped and not inside:
        # What is near enough and passes, were there room for all: as many of it as are taken.
        room = replace(asked.policy, neighbours=UNLIMITED)
        near = members_of(catalogue, replace(asked.query, relax=False), room)
        assert shown <= {product["id"] for product in near}
        assert len(shown) == min(len(near), asked.policy.neighbours)
        tally.searched_again += len(shown) > 0
    else:
        assert shown == inside
    if not members:
        keys = _owners(asked.query)
        assert first.unfiltered_total == len({keys(product) for product in everything})


def _owners(query: Query) -> Callable[[Product], Any]:
    """What is counted: products, or groups."""
    if query.grouping is None or query.grouping.count_items:
        return lambda product: product["id"]
    field = query.grouping.field
    return lambda product: group_of(product, field)


def _ordered(asked: Asked, plain: Walk) -> tuple[list[Product], int]:
    """The match set in the order that was asked for, and how many of it are relevant."""
    query = asked.query
    if not query.sort:
        return plain.products, 0
    scored = list(zip(plain.products, plain.scores, strict=True))
    named = [product for product, _ in scored if identifies(query.text, product)]
    others = [(product, score) for product, score in scored if product not in named]
    least = 0.0
    if any(sign.isalnum() for sign in query.text):
        least = asked.policy.sort_relevance * max([0.0, *(score for _, score in others)])
    relevant = [product for product, score in others if score >= least]
    rest = [product for product, score in others if score < least]
    tiers = [sorted_by(tier, query.sort) for tier in (named, relevant, rest)]
    return [product for tier in tiers for product in tier], len(named) or len(relevant)


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
    tally: Tally,
) -> None:
    query, request = asked.query, facet.request
    kept = asked.conditions
    if request.disjunctive:
        kept = tuple(it for it in kept if it.fields != {request.field})
    counts_other = len(kept) < len(asked.conditions)
    tally.facets += 1
    tally.uncertain += not facet.exhaustive
    if first.relaxed and counts_other:
        assert not facet.exhaustive
        return  # with a value chosen, the query may be widened in another way
    products = members
    if counts_other:
        other = replace(query, filter=parsed(kept), relax=False)
        products = members_of(catalogue, other, asked.policy)
    assert facet.exhaustive == (not _cut_off(catalogue, asked, kept, products, first))
    _check_counts(query, facet, products)
    if facet.exhaustive:
        _check_choices(catalogue, asked, kept, facet, tally, capped=first.capped)


def _cut_off(
    catalogue: Catalogue,
    asked: Asked,
    kept: tuple[Condition, ...],
    products: list[Product],
    first: SearchResult,
) -> bool:
    """Whether the products are only the nearest of more that pass the kept conditions."""
    whole = every(kept)
    if whole is None or not first.capped or len(products) < asked.policy.neighbours:
        return False
    everything = replace(asked.query, filter=None, relax=False)
    return not any(map(whole.holds, members_of(catalogue, everything, asked.policy)))


def _check_counts(query: Query, facet: Facet, products: list[Product]) -> None:
    group_by = None
    if query.grouping is not None and not query.grouping.count_items:
        group_by = query.grouping.field
    request = facet.request
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


def _check_choices(
    catalogue: Catalogue,
    asked: Asked,
    kept: tuple[Condition, ...],
    facet: Facet,
    tally: Tally,
    *,
    capped: bool,
) -> None:
    """After choosing a value as many remain as it counted."""
    found = [(value.value, value.count) for value in facet.values]
    for value, count in {*found[:1], *found[-1:]}:
        chosen = parsed((*kept, equals(facet.request.field, value)))
        chosen_query = replace(asked.query, filter=chosen, facets=(), limit=0)
        assert answer(catalogue, chosen_query, asked.policy).total == count
        tally.capped += capped
        tally.others += not capped


def check_many(catalogue: Catalogue) -> None:
    """Everything said of many answers, of which some are of each kind."""
    tally = Tally()

    @given(st.data())
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def every_one(data: st.DataObject) -> None:
        check(catalogue, data.draw(questions(catalogue)), tally)

    every_one()
    assert tally.capped > 0
    assert tally.others > 0
    assert tally.uncertain < tally.facets / 2


def test_everything_that_is_said_of_a_real_catalogue_is_true_of_its_pages(
    icecat: Catalogue,
) -> None:
    check_many(icecat)


def test_everything_that_is_said_of_the_sample_is_true_of_its_pages(sample: Catalogue) -> None:
    check_many(sample)


def test_a_choice_shows_what_was_counted_also_where_more_are_near_than_are_taken(
    sample: Catalogue,
) -> None:
    wanted = tuple(FacetRequest(field, limit=1_000) for field in sample.facets)
    tally = Tally()
    for text in sample.texts[:20]:
        query = Query(text, limit=7, facets=wanted)
        first = answer(sample, query, NARROW)
        assert all(facet.exhaustive for facet in first.facets)  # without a filter, always
        for facet in first.facets:
            _check_choices(sample, Asked(query, (), NARROW), (), facet, tally, capped=first.capped)
    assert tally.capped > 50


def test_a_brand_that_has_none_of_the_nearest_shows_its_own_nearest(sample: Catalogue) -> None:
    wanted = (FacetRequest("brand", disjunctive=True), FacetRequest("product_type"))
    tally = Tally()
    for text in sample.texts[:4]:
        for brand in sample.choices["brand"][::4]:
            condition = equals("brand", brand)
            query = Query(text, limit=50, filter=parsed((condition,)), facets=wanted)
            check(sample, Asked(query, (condition,), NARROWEST), tally)
    assert tally.searched_again > 10
    assert tally.capped > 10
    assert 0 < tally.uncertain < tally.facets / 2


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
