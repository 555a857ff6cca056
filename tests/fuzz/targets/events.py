"""Events over HTTP: any body is events, or a complaint with its place; ours and Algolia's."""

from __future__ import annotations

from searchsvc.errors import BadQueryError
from searchsvc.events.retention import Span
from searchsvc.events.sent import SentEvents
from searchsvc.http.algolia.insights import Insights
from searchsvc.http.bodies import parse_body

SEEDS = (
    (
        b'\x00{"events": [{"type": "click", "items": [{"id": "p1", "position": 2}], "query_id": '
        b'"0123456789abcdef0123456789abcdef", "time": "2026-11-22T10:00:00Z"}], "index": "shop", '
        b'"user_token": "u", "consent": true}'
    ),
    (
        b'\x00{"events": [{"type": "purchase", "index": "shop", "items": [{"id": "p1", '
        b'"quantity": 2, '
        b'"price": 9.5}], "currency": "EUR", "order_id": "o", "user_token": "u", '
        b'"consent": true}]}'
    ),
    b'\x00{"events": [{"type": "search", "index": "shop", "query": "shoe", "user_token": "u"}]}',
    (
        b'\x01{"events": [{"eventType": "click", "eventName": "x", "index": "shop", '
        b'"userToken": "u", '
        b'"objectIDs": ["p1"], "positions": [1], "queryID": "0123456789abcdef0123456789abcdef"}]}'
    ),
    (
        b'\x01{"events": [{"eventType": "conversion", "eventSubtype": "purchase", '
        b'"eventName": "x", '
        b'"index": "shop", "userToken": "u", "objectIDs": ["p1"], "currency": "EUR", '
        b'"objectData": '
        b'[{"price": "9.50", "quantity": 1, "discount": 0}], "timestamp": 1700000000000}]}'
    ),
    (
        b'\x01{"events": [{"eventType": "view", "eventName": "x", "index": "shop", '
        b'"userToken": 5, '
        b'"filters": ["brand%3AHP"]}, {"eventType": "instantsearch"}]}'
    ),
)
_NOW_MS = 1_795_000_000_000
_SPAN = Span(_NOW_MS, _NOW_MS - 31_536_000_000, _NOW_MS + 60_000)


def target(data: bytes) -> None:
    """Read `data` as a body in our form, or in Algolia's, as its first byte has it."""
    try:
        if data[:1] == b"\x01":
            Insights().drafts(data[1:], _SPAN, consent=True)
        else:
            parse_body(SentEvents, data[1:]).drafts(_SPAN)
    except BadQueryError:
        return  # as it is documented
