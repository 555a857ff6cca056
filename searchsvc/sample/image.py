"""Pictures of the sample's products, drawn instead of photographed."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from searchsvc.sample.shape import SHAPES

if TYPE_CHECKING:
    from collections.abc import Mapping

# Kinds that are not drawn under their own name.
_DRAWN_AS: Mapping[str, str] = MappingProxyType(
    {
        "fleece": "jacket",
        "hiking-trousers": "trousers",
        "leggings": "trousers",
        "t-shirt": "shirt",
        "base-layer": "shirt",
        "gloves": "glove",
        "work-gloves": "glove",
        "beanie": "hat",
        "hiking-socks": "sock",
        "hiking-boots": "boot",
        "winter-boots": "boot",
        "rubber-boots": "boot",
        "running-shoes": "shoe",
        "sneakers": "shoe",
        "slippers": "sandal",
        "sandals": "sandal",
        "water-bottle": "bottle",
        "headlamp": "torch",
        "bike-light": "torch",
        "bike-helmet": "helmet",
        "yoga-mat": "mat",
        "coffee-table": "table",
        "desk": "table",
        "office-chair": "chair",
        "bookshelf": "shelf",
        "bed-frame": "bed",
        "floor-lamp": "lamp",
        "frying-pan": "pan",
        "saucepan": "pot",
        "kitchen-knife": "knife",
        "lunch-box": "box",
        "storage-box": "box",
        "cutting-board": "board",
        "usb-hub": "hub",
        "ssd": "drive",
        "phone-case": "phone",
        "circular-saw": "saw",
        "screwdriver-set": "screwdriver",
        "lawn-mower": "mower",
        "garden-hose": "hose",
        "pruning-shears": "shears",
        "building-blocks": "blocks",
        "plush-bear": "bear",
        "plush-rabbit": "rabbit",
        "board-game": "dice",
        "rc-car": "car",
        "kick-scooter": "scooter",
        "play-kitchen": "stove",
        "face-cream": "jar",
        "body-lotion": "dispenser",
        "shampoo": "dispenser",
        "sunscreen": "tube",
        "electric-toothbrush": "toothbrush",
        "vacuum-cleaner": "vacuum",
        "laundry-detergent": "jug",
        "bed-linen": "linen",
        "dog-bed": "pet-bed",
    }
)
_COLOUR = re.compile(r"[0-9a-fA-F]{6}")


def product_image(kind: str, colour: str) -> bytes | None:
    """An SVG of a product kind in a colour, on a light ground.

    Nothing of the arguments but a known name and six checked digits gets into the picture.

    Args:
        kind: the kind's slug, as in the sample's image links: ``hiking-boots``.
        colour: six hexadecimal digits without ``#``.

    Returns:
        UTF-8 XML, the same bytes each time; None when there is no such kind or colour.
    """
    shape = SHAPES.get(_DRAWN_AS.get(kind, kind))
    if shape is None or _COLOUR.fullmatch(colour) is None:
        return None
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" role="img" '
        f'aria-label="{kind.replace("-", " ")}" color="#{colour.lower()}">'
        '<rect width="200" height="200" fill="#e4e3dd"/>'
        '<ellipse cx="100" cy="176" rx="66" ry="6" fill="#000" fill-opacity=".07"/>'
        '<g fill="currentColor" stroke="#000" stroke-opacity=".18" stroke-width="2" '
        f'stroke-linejoin="round">{shape}</g></svg>\n'
    ).encode()
