"""The segments document: what ``segments.json`` and the API say.

The file is one index's own. Conditions and filters are kept as they are written here; what they
mean is for `searchsvc.segments.compiler` to find out, which names the place of what it refuses.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from searchsvc.segments.moments import check_moment, zone_of

MAX_SEGMENTS = 200
"""Of an index."""
MAX_BOOSTS = 1_000
"""Of all segments of an index together."""
MAX_TEXTS = 100
"""Texts or categories that a boost may be limited to."""
MAX_CHARACTERS = 200
MAX_FIELDS = 50
"""Fields that a segment may have learned affinities for."""
MAX_VALUES = 500
"""Values of one field that a segment may have learned affinities for."""
DEFAULT_STRENGTH = 60.0

SegmentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHARACTERS)
]
Moment = Annotated[str, AfterValidator(check_moment)]


def _known_zone(name: str) -> str:
    zone_of(name)
    return name


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, allow_inf_nan=False
    )


class BoostContext(_Document):
    """The searches that a boost is limited to; all that is given must hold."""

    query: tuple[Text, ...] = Field(
        (),
        max_length=MAX_TEXTS,
        description="Searches that have all words of one of these, whatever their endings.",
    )
    category: tuple[Text, ...] = Field(
        (),
        max_length=MAX_TEXTS,
        description="Searches within one of these categories or one below, `A > B`: named by the "
        "filter, or by the fact `category` of the request.",
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.query and not self.category:
            raise ValueError("names neither query nor category; give one, or leave 'when' out")
        return self


class BoostRule(_Document):
    """What a segment likes or dislikes."""

    filter: JsonValue = Field(description="Which products: any filter expression of a search.")
    weight: float = Field(
        ge=-1, le=1, description="1 moves them up as far as anything may, -1 down."
    )
    name: Text | None = Field(None, description="For explanations.")
    begin: Moment | None = Field(
        None, alias="from", description="A date, or a date with time and zone. From then on."
    )
    until: Moment | None = Field(
        None, description="A date, which is the last day, or a date with time and zone."
    )
    when: BoostContext | None = Field(None, description="Limits it to some searches.")


class Likeness(_Document):
    """Affinities that were learned from events; who has similar ones is in the segment."""

    affinities: Annotated[
        dict[
            Text,
            Annotated[
                dict[Annotated[str, Field(max_length=500)], float], Field(max_length=MAX_VALUES)
            ],
        ],
        Field(max_length=MAX_FIELDS, description="By field and value."),
    ]
    threshold: float = Field(description="How similar a shopper must be.")


class SegmentRule(_Document):
    """A segment: who is in it, and what it prefers."""

    name: SegmentName = Field(description="Small letters, digits, - and _; at most 63.")
    title: Text | None = Field(None, description="For people.")
    when: dict[str, JsonValue] | None = Field(
        None, description="A condition on the shopper; whoever fulfils it is in the segment."
    )
    listed: bool = Field(default=False, description="Whether lists of users may be imported.")
    like: Likeness | None = Field(None, description="Whose learned affinities are similar is in.")
    enabled: bool = Field(default=True, description="Nobody is in a segment that is not.")
    boosts: tuple[BoostRule, ...] = Field((), description="What it likes and dislikes.")


_EXAMPLE: dict[str, Any] = {
    "strength": 60,
    "timezone": "Europe/Berlin",
    "segments": [
        {
            "name": "rainy-coast",
            "title": "Rainy coast",
            "when": {
                "and": [
                    {"fact": "country", "eq": "DE"},
                    {"fact": "region", "any_of": ["Hamburg", "Bremen"]},
                ]
            },
            "boosts": [
                {
                    "filter": "material:Gore-Tex",
                    "weight": 0.8,
                    "name": "waterproof",
                    "from": "2026-10-01",
                    "until": "2027-03-31",
                    "when": {"query": ["jacket", "shoes"]},
                }
            ],
        },
        {
            "name": "vip",
            "listed": True,
            "boosts": [{"filter": {"field": "price", "gte": 150}, "weight": 0.4}],
        },
    ],
}


class SegmentsDocument(_Document):
    """Segments of an index's shoppers, and what each prefers."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    strength: float = Field(
        DEFAULT_STRENGTH, ge=0, le=100, description="Of the personalization; 0 is none."
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="Of dates and hours that name none, such as Europe/Berlin."
    )
    segments: tuple[SegmentRule, ...] = Field((), max_length=MAX_SEGMENTS)

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        boosts = sum(len(segment.boosts) for segment in self.segments)
        if boosts > MAX_BOOSTS:
            raise ValueError(
                f"there are {boosts:,} boosts in all, expected at most {MAX_BOOSTS:,}; join those "
                "of equal weight by OR"
            )
        return self
