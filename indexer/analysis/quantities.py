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
        "mm": 0.1, "millimeter": 0.1, "millimeters": 0.1, "millimetre": 0.1, "millimetres": 0.1,
        "cm": 1, "cms": 1, "centimeter": 1, "centimeters": 1, "centimetre": 1, "centimetres": 1,
        "dm": 10, "m": 100, "meter": 100, "meters": 100, "metre": 100, "metres": 100,
        "m\u00e8tre": 100, "m\u00e8tres": 100, "metro": 100, "metros": 100, "metri": 100,
        "in": _INCH_CM, "inch": _INCH_CM, "inches": _INCH_CM, "zoll": _INCH_CM, "pouce": _INCH_CM,
        "pouces": _INCH_CM, "pulgada": _INCH_CM, "pulgadas": _INCH_CM, "pollice": _INCH_CM,
        "pollici": _INCH_CM, "polegada": _INCH_CM, "polegadas": _INCH_CM, '"': _INCH_CM,
        "''": _INCH_CM, "ft": 30.48, "feet": 30.48, "foot": 30.48,
    },
    "g": {
        "mg": 0.001, "g": 1, "gr": 1, "gram": 1, "grams": 1, "gramm": 1, "kg": 1000, "kgs": 1000,
        "kilo": 1000, "kilos": 1000, "kilogram": 1000, "kilograms": 1000, "kilogramm": 1000,
        "oz": 28.3495, "ounce": 28.3495, "ounces": 28.3495, "lb": 453.592, "lbs": 453.592,
        "pound": 453.592, "pounds": 453.592,
    },
    "ml": {
        "ml": 1, "milliliter": 1, "milliliters": 1, "millilitre": 1, "millilitres": 1, "cl": 10,
        "dl": 100, "l": 1000, "ltr": 1000, "liter": 1000, "liters": 1000, "litre": 1000,
        "litres": 1000, "litern": 1000, "litro": 1000, "litros": 1000, "litri": 1000,
        "fl oz": 29.5735, "floz": 29.5735, "gal": 3785.41, "gallon": 3785.41, "gallons": 3785.41,
    },
    "gb": {
        "kb": 1e-6, "mb": 1e-3, "megabyte": 1e-3, "megabytes": 1e-3, "gb": 1, "gigabyte": 1,
        "gigabytes": 1, "tb": 1000, "terabyte": 1000, "terabytes": 1000, "pb": 1e6,
    },
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
_IN_PARTS = {"cm", "g", "ml"}  # "8/16 gb" is one of two sizes, "1/2 inch" is half a one
_PARTS = {2, 3, 4, 8, 16, 32, 64}  # "90/200 cm" is a bed

# What stands before the number is looked at afterwards: a pattern that begins with a digit is
# searched for far faster. "2 in 1" is no length, and the "l" of "l'eau" is no unit.
_QUANTITY = re.compile(
    r"(?P<value>\d[\d.,/]{0,20}(?:[\s-]\d{1,2}/\d{1,2})?)[\s-]?"
    r"(?P<unit>fl oz|(?!in[\s-]\d)[^\W\d_]+|\"|'')(?!\w|'\w)"
)
_FRACTION = re.compile(r"(?:(\d{1,4})[\s-])?(\d{1,2})/(\d{1,2})")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?")
_GOES_ON = re.compile(r"[\w.,/]\Z|\w'\Z")
_ALIKE = str.maketrans({"\u2033": '"', "\u201d": '"', "\u201c": '"', "\u2032": "'", "\u2044": "/"})


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
    """The quantities of `text`, which must be caseless already, in their order.

    A quantity begins and ends where words do, or behind a sign for inches.
    """
    if not text.isascii():
        text = text.translate(_ALIKE)
    found = []
    for match in _QUANTITY.finditer(text):
        begin = match.start()
        unit = _FACTORS.get(match["unit"])
        if unit is None or _GOES_ON.search(text, max(begin - 2, 0), begin):
            continue
        base, factor = unit
        value, skipped = _value(match["value"], in_parts=base in _IN_PARTS)
        if value > 0:
            rounded = float(f"{value * factor:.3g}")
            found.append(Quantity(f"#{rounded:g}{base}", begin + skipped, match.end()))
    return found


def _value(text: str, *, in_parts: bool) -> tuple[float, int]:
    """What a number says, 0 if nothing, and how many characters before it do not belong to it."""
    fraction = _FRACTION.fullmatch(text) if in_parts else None
    if fraction is not None:
        whole, over, under = (int(digits or 0) for digits in fraction.groups())
        if over < under and under in _PARTS:
            return whole + over / under, 0
    # Of "10/100 mb", "4/8/16 gb" the last number has the unit.
    begin = text.rfind("/") + 1
    return (_number(text[begin:]) if _NUMBER.fullmatch(text, begin) else 0.0), begin


def _number(text: str) -> float:
    """A number with an English or a continental decimal separator."""
    whole, comma, rest = text.partition(",")
    thousands = len(rest) == 3 and whole != "0"  # noqa: PLR2004 - digits of a thousand
    if comma and not thousands and not {",", "."} & set(rest):
        return float(f"{whole}.{rest}")
    return float(text.replace(",", ""))
