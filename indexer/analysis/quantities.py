"""Quantities: numbers with a unit, in one form whatever unit they are written in.

``17 inch``, ``17"`` and ``43.2 cm`` are one length. Values are converted to the base unit of
their kind and rounded to three significant digits, which is as exact as shops convert.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_INCH_CM = 2.54
_UNITS: dict[str, dict[str, float]] = {
    "cm": {
        "mm": 0.1, "cm": 1, "dm": 10, "m": 100, "meter": 100, "meters": 100, "metre": 100,
        "metres": 100, "inch": _INCH_CM, "inches": _INCH_CM, "in": _INCH_CM, "zoll": _INCH_CM,
        "pouces": _INCH_CM, "pulgadas": _INCH_CM, "pollici": _INCH_CM, '"': _INCH_CM,
        "''": _INCH_CM, "ft": 30.48, "feet": 30.48, "foot": 30.48,
    },
    "g": {
        "mg": 0.001, "g": 1, "gr": 1, "gram": 1, "grams": 1, "gramm": 1, "kg": 1000, "kilo": 1000,
        "kilos": 1000, "oz": 28.3495, "ounce": 28.3495, "ounces": 28.3495, "lb": 453.592,
        "lbs": 453.592, "pound": 453.592, "pounds": 453.592,
    },
    "ml": {
        "ml": 1, "cl": 10, "dl": 100, "l": 1000, "ltr": 1000, "liter": 1000, "liters": 1000,
        "litre": 1000, "litres": 1000, "fl oz": 29.5735, "floz": 29.5735, "gal": 3785.41,
        "gallon": 3785.41, "gallons": 3785.41,
    },
    "gb": {"kb": 1e-6, "mb": 1e-3, "gb": 1, "tb": 1000, "pb": 1e6},
    "w": {"mw": 1e-3, "w": 1, "watt": 1, "watts": 1, "kw": 1000},
    "mah": {"mah": 1, "ah": 1000},
    "wh": {"wh": 1, "kwh": 1000},
    "v": {"mv": 1e-3, "v": 1, "volt": 1, "volts": 1, "kv": 1000},
    "hz": {"hz": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
}  # fmt: skip
"""Factor of each unit to the base unit of its kind. Temperatures, times and counts are left
out: they are written in one way."""

_FACTORS = {
    unit: (base, factor) for base, units in _UNITS.items() for unit, factor in units.items()
}
_NAMES = "|".join(
    # "2 in 1" is no length.
    rf"{re.escape(unit)}(?![\s-]\d)" if unit == "in" else re.escape(unit)
    for unit in sorted(_FACTORS, key=len, reverse=True)
)
_QUANTITY = re.compile(
    r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)[\s-]?"
    rf"(?P<unit>{_NAMES})(?!\w)"
)
_ALIKE = str.maketrans({"\u2033": '"', "\u201d": '"', "\u201c": '"', "\u2032": "'"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a text.

    Attributes:
        term: its one form, which no word of a text can be (``#43.2cm``).
        begin: where it begins in the text.
        end: where it ends.
    """

    term: str
    begin: int
    end: int


def find_quantities(text: str) -> list[Quantity]:
    """The quantities of `text`, which must be caseless already, in their order."""
    found = []
    for match in _QUANTITY.finditer(text.translate(_ALIKE)):
        base, factor = _FACTORS[match["unit"]]
        value = _number(match["number"]) * factor
        if value > 0:
            rounded = float(f"{value:.3g}")
            found.append(Quantity(f"#{rounded:g}{base}", match.start(), match.end()))
    return found


def _number(text: str) -> float:
    """A number with an English or a continental decimal separator."""
    whole, comma, rest = text.partition(",")
    if comma and len(rest) != 3 and "." not in rest:  # noqa: PLR2004 - digits of a thousand
        return float(f"{whole}.{rest}")
    return float(text.replace(",", ""))
