"""The synonyms document: what ``synonyms.json`` and the API say."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_WORDS = 6
"""Of one text. A lookup tries so many spans at each word of a query."""
MAX_CHARACTERS = 100
MAX_ALTERNATIVES = 32
"""Texts in one set, or behind one ``from``: each of them widens every query that has one."""
MAX_TEXTS = 10_000
"""In the whole document."""

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CHARACTERS)
]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


class OneWay(_Document):
    """A rule: a query that has `from` also finds products that have one of `to`."""

    source: Text = Field(alias="from")
    to: tuple[Text, ...] = Field(min_length=1, max_length=MAX_ALTERNATIVES)


class SynonymsDocument(_Document):
    """Synonyms of an index. Case, accents and word endings do not matter in them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sets": [["laptop", "notebook", "portable computer"]],
                    "one_way": [{"from": "sneaker", "to": ["trainers", "running shoes"]}],
                    "never": [["vans", "minivan"]],
                }
            ]
        }
    )

    sets: tuple[
        Annotated[tuple[Text, ...], Field(min_length=2, max_length=MAX_ALTERNATIVES)], ...
    ] = Field((), description="Texts that mean the same, each for each other.")
    one_way: tuple[OneWay, ...] = Field(
        (), description="A query with `from` also finds products with `to`, not the reverse."
    )
    never: tuple[tuple[Text, Text], ...] = Field(
        (),
        description="Pairs: the first is never taken for the second, neither as a synonym nor by "
        "spelling correction nor by meaning.",
    )

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        texts = sum(map(len, self.sets)) + 2 * len(self.never)
        texts += sum(1 + len(rule.to) for rule in self.one_way)
        if texts > MAX_TEXTS:
            raise ValueError(f"there are {texts:,} texts in all, expected at most {MAX_TEXTS:,}")
        return self
