"""The question that parameters put to one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from searchsvc.errors import BadQueryError
from searchsvc.http.algolia.areas import area_filter
from searchsvc.http.algolia.boosts import read_boosts
from searchsvc.http.algolia.conditions import (
    both,
    facet_filter,
    numeric_filter,
    tag_filter,
    text_filter,
)
from searchsvc.query.query import (
    BESTSELLING,
    MAX_FACET_VALUES,
    MAX_FACETS,
    MAX_OFFSET,
    MAX_OTHERS,
    FacetOrder,
    FacetRequest,
    Grouping,
    Query,
    SortKey,
)

if TYPE_CHECKING:
    from searchsvc.http.algolia.attributes import Attribute, Attributes
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.query.filters import Filter

Survey = Callable[[Query], Mapping[str, int]]
"""How many of the products that match a query have each column."""

_FEWEST_OTHERS = 3
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and what its facets are called on the page.

    Attributes:
        names: of the query's facets, in their order.
    """

    query: Query
    names: tuple[str, ...] = ()


def ask(
    parameters: Parameters,
    attributes: Attributes,
    survey: Survey,
    order: tuple[SortKey, ...] = (),
) -> Question:
    """The question of a search.

    Args:
        parameters: of the request.
        attributes: of the snapshot that is asked.
        survey: tells how many products that match have each column.
        order: of the replica that is asked; none for relevance.

    Raises:
        BadQueryError: they ask for what there is not; the message names the parameter.
    """
    query = _query(parameters, attributes, _page(parameters))
    wanted = attributes.wanted(parameters.facets, lambda: survey(query))
    if len(wanted) > MAX_FACETS:
        raise BadQueryError(
            f"facets: {len(wanted)}, expected at most {MAX_FACETS} (fixed; SEARCHSVC_MAX_FACETS "
            "can only lower it)"
        )
    requests = tuple(_facet(attribute, parameters) for attribute in wanted)
    names = tuple(attribute.name for attribute in wanted)
    return Question(replace(query, facets=requests, sort=order or query.sort), names)


def ask_facet(parameters: Parameters, attributes: Attributes) -> Question:
    """The question for the values of one facet that a shopper types.

    Raises:
        BadQueryError: there is no such facet, or nothing of what else is asked for.
    """
    attribute = attributes.require(parameters.facet, "facet")
    request = FacetRequest(
        attribute.field,
        min(parameters.max_facet_hits, MAX_FACET_VALUES),
        _values_order(parameters),
        parameters.facet_query,
        level=attribute.level,
    )
    query = _query(parameters, attributes, (0, 0))
    return Question(replace(query, facets=(request,)), (attribute.name,))


def order_of(keys: tuple[SortKey, ...], attributes: Attributes) -> tuple[SortKey, ...]:
    """The order of a replica, by columns instead of attributes.

    Raises:
        BadFilterError: an attribute is unknown.
    """
    return tuple(
        key
        if key.near is not None or key.field == BESTSELLING
        else replace(key, field=attributes.require(key.field, "indexName").field)
        for key in keys
    )


def _query(parameters: Parameters, attributes: Attributes, page: tuple[int, int]) -> Query:
    offset, limit = page
    return Query(
        parameters.query,
        limit,
        offset,
        _filter(parameters, attributes),
        explain=parameters.get_ranking_info,
        as_typed=parameters.typo_tolerance == "false",
        typing=parameters.query_type != "prefixNone",
        sort=_nearest_first(parameters, attributes),
        grouping=_grouping(parameters, attributes),
        boosts=read_boosts(parameters.optional_filters, attributes),
        sort_relevance=(
            None
            if parameters.relevancy_strictness is None
            else parameters.relevancy_strictness / _PERCENT
        ),
        relax=parameters.remove_words_if_no_results != "none",
        relax_by_meaning=parameters.remove_words_if_no_results == "allOptional",
        scope=attributes.scope,
    )


def _page(parameters: Parameters) -> tuple[int, int]:
    if parameters.length is not None or parameters.offset is not None:
        offset = parameters.offset or 0
        limit = parameters.hits_per_page if parameters.length is None else parameters.length
    else:
        offset = parameters.page * parameters.hits_per_page
        limit = parameters.hits_per_page
    if offset > MAX_OFFSET:
        raise BadQueryError(
            f"page: {offset:,} hits before it, expected at most {MAX_OFFSET:,} (fixed; "
            "SEARCHSVC_MAX_OFFSET can only lower it)"
        )
    return offset, limit


def _filter(parameters: Parameters, attributes: Attributes) -> Filter | None:
    found: Filter | None = None
    for condition in (
        text_filter(parameters.filters, attributes),
        facet_filter(parameters.facet_filters, attributes),
        numeric_filter(parameters.numeric_filters, attributes),
        tag_filter(parameters.tag_filters, attributes),
        area_filter(parameters),
    ):
        found = both(found, condition)
    return found


def _nearest_first(parameters: Parameters, attributes: Attributes) -> tuple[SortKey, ...]:
    """Distance orders what no words do, where products have places."""
    place = parameters.around_lat_lng
    if place is None or parameters.query.strip() or not attributes.have_places:
        return ()
    return (SortKey("", near=place),)


def _grouping(parameters: Parameters, attributes: Attributes) -> Grouping | None:
    if not parameters.distinct:
        return None
    by = attributes.require(parameters.attribute_for_distinct, "attributeForDistinct")
    others = max(_FEWEST_OTHERS, parameters.distinct - 1)
    return Grouping(by.field, min(others, MAX_OTHERS))


def _facet(attribute: Attribute, parameters: Parameters) -> FacetRequest:
    limit = min(parameters.max_values_per_facet, MAX_FACET_VALUES)
    return FacetRequest(attribute.field, limit, _values_order(parameters), level=attribute.level)


def _values_order(parameters: Parameters) -> FacetOrder:
    return FacetOrder.VALUE if parameters.sort_facet_values_by == "alpha" else FacetOrder.COUNT
