"""The facets of an answer, each counted in the match set that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from searchsvc.query.filters import without_field
from searchsvc.query.mask import row_mask
from searchsvc.results.counting import count_facets

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.query.filters import Filter
    from searchsvc.query.query import FacetRequest, Query
    from searchsvc.results.facet import Facet
    from searchsvc.retrieval import MatchSet, Retrieval


def count(
    query: Query,
    retrieval: Retrieval,
    matches: MatchSet,
    snapshot: Snapshot,
    *,
    widened: bool = False,
) -> tuple[Facet, ...]:
    """The facets that `query` asks for, in its order.

    A disjunctive one counts what would match without the filter's conditions on its own field;
    all others, and those without such conditions, count `matches`.

    Args:
        query: with the facets.
        retrieval: what the whole catalogue has, in the sense in which the query was answered.
        matches: what of it is inside the query's filter.
        snapshot: that was searched.
        widened: whether that sense is a wider one. How wide depends on the filter, so that with
            another value of a disjunctive facet chosen it may be another one.

    Raises:
        BadQueryError: there is no such column to count or group by.
    """
    group_by = None
    if query.grouping is not None and not query.grouping.count_items:
        group_by = query.grouping.field
    by_filter: dict[Filter | None, list[FacetRequest]] = {}
    for request in query.facets:
        by_filter.setdefault(_filter_of(request, query), []).append(request)
    counted: dict[FacetRequest, Facet] = {}
    for condition, requests in by_filter.items():
        counted_in = _match_set(condition, query, retrieval, matches, snapshot)
        found = count_facets(
            requests, counted_in.rows, snapshot.columns, snapshot.derived, group_by
        )
        exhaustive = counted_in.complete and (not widened or condition == query.filter)
        for request, facet in zip(requests, found, strict=True):
            counted[request] = replace(facet, exhaustive=exhaustive)
    return tuple(counted[request] for request in query.facets)


def _filter_of(request: FacetRequest, query: Query) -> Filter | None:
    if query.filter is None or not request.disjunctive:
        return query.filter
    return without_field(query.filter, request.field)


def _match_set(
    condition: Filter | None,
    query: Query,
    retrieval: Retrieval,
    matches: MatchSet,
    snapshot: Snapshot,
) -> MatchSet:
    if condition == query.filter:
        return matches
    mask = None
    if condition is not None:
        mask = row_mask(condition, snapshot.columns, len(snapshot.products), snapshot.derived)
    return retrieval.within(mask)
