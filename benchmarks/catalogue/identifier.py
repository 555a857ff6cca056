"""Article numbers: GTIN-13 with its check digit, model numbers and MPNs."""

from __future__ import annotations

from functools import cache

_GTIN_NUMBERS = 10**10
_GTIN_STEP = 7_368_787_301
"""Coprime to 10**10: multiplying by it visits every number once, in no visible order."""
_RESTRICTED_PREFIX = "29"
"""GS1 leaves 20-29 to in-house numbering: our numbers are no other company's."""

_LETTERS = "ACDEFGHJKLMNPQRTUVWXY3479"
"""No letter or digit that a customer could misread (0/O, 1/I, 5/S, 8/B, 2/Z)."""
_MODEL_LENGTH = 5
_MODEL_NUMBERS = len(_LETTERS) ** _MODEL_LENGTH
_MODEL_STEP = 6_180_341
"""Coprime to 25**5."""


def gtin13_check_digit(digits: str) -> int:
    """The last digit of a GTIN-13, from its first twelve (GS1 General Specifications, 7.9)."""
    return -(sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10


def gtin13(item: int, seed: int) -> str:
    """The GTIN of an item: valid, in the in-house range, distinct below 10**10 items."""
    number = (item * _GTIN_STEP + seed * 104_729) % _GTIN_NUMBERS
    digits = f"{_RESTRICTED_PREFIX}{number:010d}"
    return f"{digits}{gtin13_check_digit(digits)}"


def model_number(brand: str, item: int, seed: int) -> str:
    """Such as ``FJE-7KX3A``: distinct for the first items of families below 25**5 items."""
    number = (item * _MODEL_STEP + seed * 7_919) % _MODEL_NUMBERS
    letters = []
    for _ in range(_MODEL_LENGTH):
        number, digit = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[digit])
    return f"{_code(brand)}-{''.join(letters)}"


@cache
def _code(name: str) -> str:
    """The first three Latin letters, upper case; there are few names, so they are kept."""
    letters = [letter for letter in name if letter.isascii() and letter.isalpha()]
    return "".join(letters[:3]).upper()


def variant_mpn(model: str, colour: str, size: str) -> str:
    """The manufacturer's number of one variant: model, colour and size, as far as they exist."""
    parts = [model]
    if colour:
        parts.append(_code(colour))
    if size:
        parts.append(size.replace(" ", "").removesuffix("cm").upper())
    return "-".join(parts)
