"""The form of the vocabulary's TOML files."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColourEntry(_Entry):
    """A colour: ``hex`` without ``#``, the family shoppers filter by, and words for it."""

    hex: Annotated[str, Field(pattern=r"^[0-9a-f]{6}$")]
    family: Text
    shade: Text


class AudienceEntry(_Entry):
    """Whom a garment is made for."""

    gender: Text
    title: Text
    says: Texts


class TraitEntry(_Entry):
    """An attribute value that can be seen in texts.

    ``says`` are the rests of sentences after their subject, ``asks`` are the words of a shopper
    who wants the trait, around ``{noun}``; ``title`` is the word shops put into a title, if any.
    """

    attribute: Text
    value: Text
    title: str = ""
    says: Texts
    asks: Texts


class SpecEntry(_Entry):
    """A number with a unit; ``values`` from cheap to dear."""

    attribute: Text
    values: Annotated[tuple[int | float, ...], Field(min_length=1)]
    title: Text
    says: Text


class KindEntry(_Entry):
    """A kind of product; one trait of each axis goes into a model."""

    slug: Slug
    name: Text
    plural: bool = False
    category: Text
    nouns: Texts
    pitches: Annotated[tuple[Text, ...], Field(min_length=2)]
    price: tuple[int, int]
    scale: str = ""
    audiences: tuple[Text, ...] = ()
    palette: str = ""
    colourless: bool = False
    contains: bool = False
    materials: Texts
    axes: Annotated[tuple[Texts, ...], Field(min_length=1)]
    specs: tuple[SpecEntry, ...] = ()


class DepartmentFile(_Entry):
    """``departments/<name>.toml``."""

    name: Text
    brands: Texts
    lines: Texts
    editions: tuple[str, ...]
    palette: Text
    model_in_title: bool = False
    closings: Texts
    materials: dict[str, Text]
    traits: dict[str, TraitEntry]
    kinds: Annotated[tuple[KindEntry, ...], Field(min_length=1)]


class CommonFile(_Entry):
    """``common.toml``: what several departments share."""

    priced_scales: tuple[Text, ...]
    colours: dict[str, ColourEntry]
    palettes: dict[str, Texts]
    scales: dict[str, tuple[tuple[Text, Text], ...]]
    kids_scales: dict[str, Text]
    audiences: dict[str, AudienceEntry]
    traits: dict[str, TraitEntry]
