"""What the values of Google's attributes mean; each function parses one kind of value.

Every function takes what a feed states and returns what `Product` holds. Blank is absent. A
``ValueError`` says what was expected, in words for the person who maintains the feed.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from indexer.feeds.markup import clean, plain_text, shorten
from indexer.product import Availability

MAX_ID_BYTES = 200
MAX_TITLE_CHARS = 1_000
MAX_DESCRIPTION_CHARS = 50_000

_MAX_EXACT_FLOAT = 2**53
_MAX_COUNT_DIGITS = 9

_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_ISBN10 = re.compile(r"[0-9]{9}[0-9Xx]")

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_WEB_ADDRESS = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_BETWEEN_ADDRESSES = re.compile(r",\s+|,(?=https?://|//|$)", re.IGNORECASE)
_UNSAFE_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f]")

_SCHEMA_ORG = re.compile(r"https?://(?:www\.)?schema\.org/|schema:", re.IGNORECASE)
_NOT_A_LETTER = re.compile(r"[\W_]+")

_AVAILABILITY = MappingProxyType(
    {
        "instock": Availability.IN_STOCK,
        "available": Availability.IN_STOCK,
        # Google's former fourth value, which it merged into "in stock"
        "availablefororder": Availability.IN_STOCK,
        "limitedavailability": Availability.IN_STOCK,
        "instoreonly": Availability.IN_STOCK,
        "onlineonly": Availability.IN_STOCK,
        "madetoorder": Availability.IN_STOCK,
        "outofstock": Availability.OUT_OF_STOCK,
        "oos": Availability.OUT_OF_STOCK,
        "soldout": Availability.OUT_OF_STOCK,
        "notavailable": Availability.OUT_OF_STOCK,
        "unavailable": Availability.OUT_OF_STOCK,
        "discontinued": Availability.OUT_OF_STOCK,
        "preorder": Availability.PREORDER,
        "presale": Availability.PREORDER,
        "backorder": Availability.BACKORDER,
        "onbackorder": Availability.BACKORDER,
    }
)
_CONDITION = MappingProxyType(
    {
        "new": "new",
        "brandnew": "new",
        "newcondition": "new",
        "refurbished": "refurbished",
        "refurb": "refurbished",
        "reconditioned": "refurbished",
        "renewed": "refurbished",
        "refurbishedcondition": "refurbished",
        "used": "used",
        "preowned": "used",
        "secondhand": "used",
        "usedcondition": "used",
        "damagedcondition": "used",
    }
)
_BOOLEANS = MappingProxyType(
    {"yes": True, "true": True, "y": True, "1": True}
    | {"no": False, "false": False, "n": False, "0": False}
)


def scalar(value: object) -> str:
    """One value as text, as it stands; of a list with one kind of value, that one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        distinct = dict.fromkeys(texts(value))
        if len(distinct) > 1:
            raise ValueError(f"expected one value, found {len(distinct)}")
        return next(iter(distinct), "")
    if value is None:
        return ""
    raise ValueError("expected a text, found an object")


def texts(value: object) -> tuple[str, ...]:
    """The non-blank texts of a list (of lists), or of one value."""
    if isinstance(value, list):
        return tuple(text for item in value for text in texts(item))
    text = plain_text(scalar(value))
    return (text,) if text else ()


def text(value: object) -> str:
    """A feature such as colour or brand; several values are joined by " / "."""
    return plain_text(value) if isinstance(value, str) else " / ".join(texts(value))


def title(value: object) -> str:
    """A text with at least one character, cut at `MAX_TITLE_CHARS`."""
    cleaned = text(value)
    if not cleaned:
        raise ValueError("expected a title")
    return shorten(cleaned, MAX_TITLE_CHARS)


def description(value: object) -> str:
    """A text, cut at `MAX_DESCRIPTION_CHARS`."""
    return shorten(text(value), MAX_DESCRIPTION_CHARS)


def identity(value: object) -> str:
    """An id, kept as text: a JSON number as its digits, markup signs as they are."""
    if isinstance(value, bool) or (isinstance(value, float) and abs(value) >= _MAX_EXACT_FLOAT):
        raise ValueError("expected the id as a text")
    cleaned = clean(scalar(value))
    if len(cleaned) * 4 > MAX_ID_BYTES and len(cleaned.encode()) > MAX_ID_BYTES:
        raise ValueError(f"expected at most {MAX_ID_BYTES} bytes")
    return cleaned


def product_id(value: object) -> str:
    """An identity that is not blank."""
    cleaned = identity(value)
    if not cleaned:
        raise ValueError("expected an id")
    return cleaned


def code(value: object) -> str:
    """A manufacturer's number; the first of several."""
    return next(iter(texts(value)), "")


def gtin(value: object) -> str:
    """A GTIN or ISBN as its bare digits; anything else as given, since feeds are full of it."""
    given = code(value)
    digits = given.replace(" ", "").replace("-", "")
    is_gtin = len(digits) in _GTIN_LENGTHS and digits.isascii() and digits.isdecimal()
    return digits.upper() if is_gtin or _ISBN10.fullmatch(digits) else given


def url(value: object) -> str:
    """An http(s) address, or one relative to the shop, with blanks and controls escaped."""
    address = scalar(value).strip().replace("&amp;", "&")
    if _UNSAFE_IN_ADDRESS.search(address):
        # Browsers ignore them, so they must not hide a scheme; a space is a common slip.
        address = _UNSAFE_IN_ADDRESS.sub(lambda m: "%20" if m[0] == " " else "", address).strip()
    if _SCHEME.match(address) and not _WEB_ADDRESS.match(address):
        raise ValueError("expected a URL with http:// or https://, or a relative one")
    return address


def urls(value: object) -> tuple[str, ...]:
    """Addresses, from a list or separated by commas."""
    if isinstance(value, list):
        return tuple(address for item in value for address in urls(item))
    given = scalar(value)
    parts = _BETWEEN_ADDRESSES.split(given) if "//" in given else given.split(",")
    return tuple(address for part in parts if (address := url(part)))


def availability(value: object) -> Availability | None:
    """One of the four states, from Google's, schema.org's and shops' usual words for them."""
    given = scalar(value)
    word = _word(given)
    if word in _AVAILABILITY:
        return _AVAILABILITY[word]
    if not given.strip():
        return None
    raise ValueError("expected in_stock, out_of_stock, preorder or backorder")


def condition(value: object) -> str:
    """New, refurbished or used; a shop's own grading as given, in lower case."""
    given = text(value)
    return _CONDITION.get(_word(given)) or given.lower()


def paths(value: object) -> tuple[str, ...]:
    """Category paths, each with `` > `` between its levels."""
    if isinstance(value, str):
        path = _path(value)
        return (path,) if path else ()
    if isinstance(value, list):
        return tuple(path for item in value for path in paths(item))
    return paths(scalar(value))


def boolean(value: object) -> bool | None:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    word = scalar(value).strip().lower()
    if word and word not in _BOOLEANS:
        raise ValueError("expected yes or no")
    return _BOOLEANS.get(word)


def count(value: object) -> int | None:
    """A whole number."""
    digits = scalar(value).strip().removesuffix(".0")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_COUNT_DIGITS):
        raise ValueError("expected a whole number")
    return int(digits)


def _path(given: str) -> str:
    levels = plain_text(given.replace("&gt;", ">")).split(">")
    return " > ".join(level for part in levels if (level := part.strip()))


def _word(given: str) -> str:
    """The letters of a term in lower case, without schema.org's address."""
    return _NOT_A_LETTER.sub("", _SCHEMA_ORG.sub("", given.strip(), count=1)).lower()
