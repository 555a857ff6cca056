"""A family: the variants of one model, and where it stands in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.catalogue.draw import Draw
from benchmarks.catalogue.model import Model, draw_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.catalogue.kind import Colour, Kind, Size

BLOCK = 120
"""Items are laid out in blocks of this many, so that any item is found without the ones before."""
_COLOURS_PER_FAMILY = (1, 1, 2, 3)
_SIZES_PER_FAMILY = (1, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Family:
    """Variants with consecutive item numbers, sizes running faster than colours.

    Attributes:
        first: the item number of the first variant.
        count: the number of variants: colours times sizes, fewer where a block ends.
        colours: on offer; of a colourless model the tint of its picture.
        sizes: on offer; ``()`` where there are none.
        draw: the stream for whatever else is to be chosen for the family.
    """

    model: Model
    first: int
    count: int
    colours: tuple[Colour, ...]
    sizes: tuple[Size, ...]
    draw: Draw

    def variant(self, place: int) -> tuple[Colour, Size | None]:
        """Colour and size of the variant at `place`, from 0."""
        if not self.sizes:
            return self.colours[place], None
        colour, size = divmod(place, len(self.sizes))
        return self.colours[colour], self.sizes[size]


def families(kinds: Sequence[Kind], seed: int, products: int) -> Iterator[Family]:
    """The families of the first `products` items; the last one may be cut."""
    for block in range(-(-products // BLOCK)):
        yield from _block(kinds, seed, block, min(BLOCK, products - block * BLOCK))


def _block(kinds: Sequence[Kind], seed: int, block: int, items: int) -> Iterator[Family]:
    """The families of one block, the last one cut at the block's end."""
    layout = Draw(seed, "block", block)
    start = 0
    while start < items:
        kind = layout.pick(kinds)
        colours = 1 if kind.colourless else layout.pick(_COLOURS_PER_FAMILY)
        sizes = min(layout.pick(_SIZES_PER_FAMILY), kind.fewest_sizes)
        size = colours * max(sizes, 1)
        first = block * BLOCK + start
        yield _family(kind, seed, first, (min(size, items - start), colours, sizes))
        start += size


def _family(kind: Kind, seed: int, first: int, shape: tuple[int, int, int]) -> Family:
    count, colours, sizes = shape
    draw = Draw(seed, "family", first)
    model = draw_model(kind, draw, item=first, seed=seed)
    scale = kind.sizes[model.audience.key if model.audience else ""]
    smallest = draw.below(len(scale) - sizes + 1) if scale else 0
    return Family(
        model=model,
        first=first,
        count=count,
        colours=tuple(draw.some(kind.colours, colours)),
        sizes=scale[smallest : smallest + sizes],
        draw=draw,
    )
