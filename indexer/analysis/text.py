"""Text without what does not tell words apart: case, accents, separators."""

from __future__ import annotations

import re
import unicodedata

DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""Hyphens, dashes, the soft hyphen and the minus sign."""

_DECIMAL = re.compile(r"\d{1,3}[.,]\d{1,2}")  # longer ones are part numbers
_SEPARATORS = re.compile(r"[\W_]+")


def caseless(text: str) -> str:
    """`text` in its compatibility form (NFKC), case folded, with straight apostrophes."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text.replace("\u2019", "'")).casefold()


def fold(text: str) -> str:
    r"""`text` without case, accents and compatibility forms (``CAF\u00c9`` becomes ``cafe``)."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", caseless(text))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def normalize_identifier(text: str) -> str:
    """An id, SKU, GTIN or part number by its letters and digits, without leading zeros.

    ``"TN-2110"``, ``"tn 2110"`` and ``"TN2110"`` are one identifier, as are ``"HX437/8"`` and
    ``"hx437 8"``, and a GTIN-13 and the same number padded to 14 digits. ``"3.5"`` is a decimal
    number and no other way to write 35.
    """
    caseless_text = unicodedata.normalize("NFKC", text).casefold().strip()
    if _DECIMAL.fullmatch(caseless_text):
        return caseless_text
    bare = _SEPARATORS.sub("", caseless_text)
    if bare.isdecimal():
        return bare.lstrip("0") or bare[-1:]
    return bare
