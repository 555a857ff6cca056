"""Texts as shoppers type them: every text is understood, answered and completed."""

from __future__ import annotations

from searchsvc.query.query import MAX_TEXT, Query
from searchsvc.response import View, encode_response
from searchsvc.segments.shopper import Shopper
from searchsvc.suggesting.suggest import SuggestionRequest
from tests.fuzz.shop import INDEX, service

SEEDS = (
    b"\x00red shoe",
    b"\x01rde shoo under 20 eur",
    b"\x020049234500001",
    b"\x03navy jack",
    b"\x042.5 l, 1/2 inch 10x20cm HP-123 a.b.c",
    "\x00ＲＥＤ\u0301 ﷺ Straße İstanbul naïve café".encode(),
    "\x01红色 鞋 👟‍🔥 \u202e\u0000\u200b".encode(),
    b"\x00don't what's 'quoted' \"exact phrase\" -minus",
)
_TYPING, _AS_TYPED = 1, 2


def target(data: bytes) -> None:
    """Ask for, and complete, the text behind the first byte."""
    choice = data[0] if data else 0
    text = data[1:].decode("utf-8", "replace")[:MAX_TEXT]
    query = Query(text, typing=bool(choice & _TYPING), as_typed=bool(choice & _AS_TYPED))
    answered = service().search(INDEX, query, Shopper())
    encode_response(answered, query, View(highlight=("title", "description")), "0" * 32, 1.0)
    service().suggest(INDEX, SuggestionRequest(text))
