"""Parameters of one search, in whichever of three forms a client sends them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from searchsvc.errors import BadQueryError
from searchsvc.events.token import repeatable
from searchsvc.http.algolia.values import (
    Conditions,
    Count,
    Distinct,
    Facts,
    Names,
    Place,
    Radius,
    Shapes,
    Tag,
    Texts,
    as_text,
    found,
)
from searchsvc.limits import fixed_limit
from searchsvc.query.filters.limits import shown
from searchsvc.query.query import MAX_LIMIT, MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN_COMPLAINTS = 5
_PERSONAL = MappingProxyType(
    {
        "userToken": "a text",
        "context": "a JSON object of texts, numbers, true and false",
        "viewed": "texts",
        "ruleContexts": "texts",
    }
)
"""What says who asks: how it should be, since what it is is not repeated."""
_MAY_BE_EMPTY = frozenset(
    {"query", "facetQuery", "highlightPreTag", "highlightPostTag", "snippetEllipsisText"}
    | {"attributesToRetrieve", "attributesToHighlight", "attributesToSnippet", "responseFields"}
)


class Parameters(BaseModel):
    """A search as Algolia's reference names its parts; what it does not know is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    query: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    type: Literal["default", "facet"] = "default"

    page: Annotated[Count, Field(ge=0)] = 0
    hits_per_page: Annotated[Count, Field(ge=0, le=MAX_LIMIT)] = 20
    offset: Annotated[Count | None, Field(ge=0)] = None
    length: Annotated[Count | None, Field(ge=0, le=MAX_LIMIT)] = None

    facets: Texts = ()
    max_values_per_facet: Annotated[Count, Field(ge=0)] = 100
    sort_facet_values_by: Literal["count", "alpha"] = "count"
    facet: str = ""
    facet_query: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    max_facet_hits: Annotated[Count, Field(ge=0)] = 10

    filters: str = ""
    facet_filters: Conditions = ()
    numeric_filters: Conditions = ()
    tag_filters: Conditions = ()
    optional_filters: Conditions = ()
    around_lat_lng: Place | None = None
    around_radius: Radius = None
    inside_bounding_box: Shapes = ()
    inside_polygon: Shapes = ()

    distinct: Annotated[Distinct, Field(ge=0)] = 0
    attribute_for_distinct: str = "item_group_id"
    query_type: Literal["prefixLast", "prefixAll", "prefixNone"] = "prefixLast"
    typo_tolerance: Annotated[
        Literal["true", "false", "min", "strict"], BeforeValidator(as_text)
    ] = "true"
    remove_words_if_no_results: Literal["none", "lastWords", "firstWords", "allOptional"] = (
        "lastWords"
    )

    relevancy_strictness: Annotated[Count | None, Field(ge=0, le=100)] = None

    attributes_to_retrieve: Names = ("*",)
    attributes_to_highlight: Names = ("*",)
    attributes_to_snippet: Names = ()
    highlight_pre_tag: Tag = "<em>"
    highlight_post_tag: Tag = "</em>"
    snippet_ellipsis_text: Tag = "…"
    restrict_highlight_and_snippet_arrays: bool = False
    response_fields: Names = ("*",)
    get_ranking_info: bool = False
    click_analytics: bool = False

    user_token: str | None = None
    enable_personalization: bool | None = None
    personalization_impact: Annotated[float | None, Field(ge=0, le=100)] = None
    rule_contexts: Texts = ()
    # Not Algolia's, but ours:
    consent: bool | None = None
    viewed: Texts = ()
    context: Facts = Field(default_factory=dict)


def flatten(request: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a request under their names, whatever form it has.

    Clients send them flat (version 5), in an object called ``params``, or in a text of that name
    in URL encoding (version 4). What is flat goes before what is nested.

    Raises:
        BadQueryError: ``params`` is neither an object nor a text.
    """
    nested = request.get("params") or {}
    if isinstance(nested, str):
        nested = dict(parse_qsl(nested, keep_blank_values=True))
    if not isinstance(nested, dict):
        raise BadQueryError(f"params: found {found(nested)}, expected an object or a text")
    flat = {name: value for name, value in request.items() if name != "params"}
    merged = {**nested, **{name: value for name, value in flat.items() if value is not None}}
    return {
        name: value
        for name, value in merged.items()
        if value is not None and (value != "" or name in _MAY_BE_EMPTY)
    }


def parse_parameters(flat: Mapping[str, Any]) -> Parameters:
    """The parameters that `flatten` gave.

    Raises:
        BadQueryError: one has a wrong type; the message names it, what it is and should be.
    """
    try:
        return Parameters.model_validate(flat)
    except ValidationError as error:
        complaints = [_complaint(entry) for entry in error.errors(include_url=False)]
        raise BadQueryError("; ".join(complaints[:_SHOWN_COMPLAINTS])) from error


def _complaint(entry: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in entry["loc"])
    message: str = entry["msg"]
    if entry["loc"][0] in _PERSONAL:  # what they say is not repeated
        name = ".".join(repeatable(str(part)) for part in entry["loc"])
        return f"{name}: found something else, expected {_PERSONAL[entry['loc'][0]]}"
    if entry["type"] == "value_error":
        return f"{name}: {message.removeprefix('Value error, ')}"
    expected = message.removeprefix("Input should be ").replace("String should have", "a text of")
    return f"{name}: found {shown(entry['input'])}, expected {expected}{fixed_limit(entry)}"
