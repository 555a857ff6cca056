"""The suggestions document: what ``suggestions.json`` and the API say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_CHARACTERS = 100
MAX_QUERIES = 10_000
MAX_BLOCKED = 1_000
_MAX_COUNT = 2**32 - 1

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHARACTERS)
]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PopularQuery(_Document):
    """A query that many shoppers ask."""

    text: Text = Field(description="As it is to be shown.")
    count: int = Field(ge=1, le=_MAX_COUNT, description="How often; more often comes first.")


class SuggestionsDocument(_Document):
    """What an index suggests beside its catalogue's phrases, and what it never suggests."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "queries": [
                        {"text": "running shoes", "count": 1200},
                        {"text": "gift ideas", "count": 340},
                    ],
                    "blocked": ["refurbished", "brand x"],
                }
            ]
        }
    )

    queries: tuple[PopularQuery, ...] = Field(
        (), max_length=MAX_QUERIES, description="Popular queries."
    )
    blocked: tuple[Text, ...] = Field(
        (),
        max_length=MAX_BLOCKED,
        description="Words and phrases that no suggestion has, whatever their case and endings.",
    )
