"""A kind of product, with everything that can be said of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour; `hex` has six lower-case digits and no ``#``."""

    name: str
    hex: str
    family: str
    shade: str


@dataclass(frozen=True, slots=True)
class Size:
    """A size and whom it suits; `dearer` is its extra price in percent."""

    label: str
    suits: str
    dearer: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a garment is made for; `key` is men, women, unisex or kids."""

    key: str
    gender: str
    title: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trait:
    """An attribute value with its words, in the number (one, several) of its kind."""

    attribute: str
    value: str
    title: str
    says: tuple[str, ...]
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """A number with a unit; `values` from cheap to dear, texts with one ``{}``."""

    attribute: str
    values: tuple[int | float, ...]
    title: str
    says: str


@dataclass(frozen=True, slots=True)
class Material:
    """What a product is made of, and a word of praise for it."""

    name: str
    quality: str


@dataclass(frozen=True, slots=True)
class Department:
    """What the kinds of one department share."""

    name: str
    brands: tuple[str, ...]
    lines: tuple[str, ...]
    editions: tuple[str, ...]
    closings: tuple[str, ...]
    model_in_title: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of product.

    Attributes:
        plural: several things (boots) rather than one.
        nouns: what shoppers call it; the first is the plainest.
        price: lowest and highest, in whole currency units.
        colours: colours on offer; of a colourless kind the tints of its picture.
        contains: whether a material is an ingredient.
        sizes: per audience key (``""`` without audiences); empty where there are no sizes.
        axes: a model has one trait of each.
    """

    slug: str
    name: str
    plural: bool
    product_type: str
    nouns: tuple[str, ...]
    pitches: tuple[str, ...]
    price: tuple[int, int]
    colours: tuple[Colour, ...]
    colourless: bool
    contains: bool
    sizes: Mapping[str, tuple[Size, ...]]
    audiences: tuple[Audience, ...]
    materials: tuple[Material, ...]
    axes: tuple[tuple[Trait, ...], ...]
    specs: tuple[Spec, ...]
    department: Department

    @property
    def fewest_sizes(self) -> int:
        """The number of sizes that every audience has."""
        return min(len(sizes) for sizes in self.sizes.values())
