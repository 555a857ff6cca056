"""Filters and orders: a text is a filter that selects products, or a complaint with its place."""

from __future__ import annotations

from searchsvc.errors import BadQueryError
from searchsvc.query.filters import parse_filter_text
from searchsvc.query.query import Query
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import search
from tests.fuzz.shop import EMBEDDER, audience

SEEDS = (
    b"brand:HP AND price < 250",
    b"NOT (color:\"Navy\" OR color:'Red') AND price:10 TO 20",
    b"attributes.waterproof:true OR rating >= 3.5 OR product_type:'Home > shoe'",
    b'{"and": [{"field": "brand", "any_of": ["HP", "x"]}, {"not": {"field": "price", "gt": 2}}]}',
    b'[{"near": {"latitude": 50, "longitude": 8, "within_m": 1000}}, "brand:HP"]',
    b'{"polygon": [[1, 2], [3, 4], [5, 6]]}',
    b'{"box": {"north": 51, "west": 7, "south": 49, "east": 9}}',
    b'{"field": "price", "gte": 1, "lt": 1e308}',
    b"NEAR(50.1, 8.2, 500)",
    b"\x00price:desc,near(50,8),title:asc",
    b"\x00relevance,newest,bestselling",
)


def target(data: bytes) -> None:
    """Filter the shop by `data`; order it by that behind a leading zero."""
    text = data.decode("utf-8", "replace")
    catalogue = audience()
    try:
        if text.startswith("\0"):
            query = Query("shoe", sort=parse_sort(text[1:]))
        else:
            query = Query("", filter=parse_filter_text(text))
        search(query, catalogue.snapshot, EMBEDDER, catalogue.policy)
    except BadQueryError:
        return  # as it is documented
