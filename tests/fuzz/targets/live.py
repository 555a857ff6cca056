"""Live documents: any body is a document that the index can take, or a complaint."""

from __future__ import annotations

from searchsvc.errors import BadQueryError
from searchsvc.livedocuments import EXPERIMENT, RANKING, SEGMENTS, SUGGESTIONS, SYNONYMS
from searchsvc.livefile import parse
from tests.fuzz.shop import audience

_KINDS = (SYNONYMS, RANKING, SUGGESTIONS, SEGMENTS, EXPERIMENT)
SEEDS = (
    (
        b'\x00{"sets": [["laptop", "notebook"]], "one_way": [{"from": "sneaker", "to": '
        b'["shoe"]}], '
        b'"never": [["vans", "minivan"]]}'
    ),
    b'\x01{"semantic_weight": 0.5, "min_coverage": 0.5, "window": 100}',
    b'\x02{"queries": [{"text": "red shoe", "count": 3}], "blocked": ["desk"]}',
    (
        b'\x03{"segments": [{"name": "vip", "when": {"and": [{"fact": "country", "eq": "DE"}, '
        b'{"not": {"fact": "visits", "gt": 2}}]}, "boosts": [{"filter": "price > 15", '
        b'"weight": 0.5, '
        b'"from": "2026-10-01", "when": {"query": ["jacket"]}}]}], "timezone": "Europe/Berlin"}'
    ),
    (
        b'\x04{"name": "x", "arms": [{"name": "a", "share": 50}, {"name": "b", "share": 50, '
        b'"ranking": {"semantic_weight": 0.1}}], "traffic": 50, "salt": "s"}'
    ),
)


def target(data: bytes) -> None:
    """Check `data` as a document of the kind that its first byte has."""
    kind = _KINDS[data[0] % len(_KINDS) if data else 0]
    try:
        document = parse(kind.model, data[1:])
        if kind.check is not None:
            kind.check(document, audience().snapshot)  # type: ignore[arg-type]  # of its own model
    except BadQueryError:
        return  # as it is documented
