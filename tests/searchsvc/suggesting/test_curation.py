"""Popular queries and blocked words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from indexer.analysis.analyzer import Analyzer
from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import parse
from searchsvc.suggesting.curation import Curation
from searchsvc.suggesting.document import MAX_BLOCKED, MAX_QUERIES, SuggestionsDocument

ANALYZER = Analyzer("english")


def document(content: Any) -> SuggestionsDocument:
    return parse(SuggestionsDocument, orjson.dumps(content))


def curation(**content: Any) -> Curation:
    return Curation.compile(document(content), lambda text: tuple(ANALYZER.terms(text)))


def queries(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text, "count": 10 - number} for number, text in enumerate(texts)]


def test_popular_queries_are_found_by_their_words_most_asked_first() -> None:
    popular = curation(queries=queries("red shoes", "running shoes", "shoe rack")).popular
    numbers = popular.complete("shoe", 9)
    assert [popular.text(it) for it in numbers] == ["shoe rack", "red shoes", "running shoes"]
    assert [popular.weight(it) for it in numbers] == [8, 10, 9]


@pytest.mark.parametrize("text", ["Guns", "toy gun set", "GUN"])
def test_a_blocked_word_is_in_no_popular_query_whatever_its_form(text: str) -> None:
    found = curation(queries=queries(text, "lamp"), blocked=["gun"])
    assert [found.popular.text(it) for it in found.popular.complete("", 9)] == ["lamp"]


def test_a_blocked_phrase_is_blocked_in_its_order_only() -> None:
    found = curation(blocked=["brand x", "gun"])
    blocks = {text: found.blocks(ANALYZER.terms(text)) for text in ("a brand x lamp", "x brand")}
    assert blocks == {"a brand x lamp": True, "x brand": False}
    assert not found.blocks([])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"queries": queries("Lamp", "lamp")}, r"queries\[1\].text: 'lamp' is queries\[0\]"),
        ({"queries": queries("--")}, r"queries\[0\].text: '--' has no word"),
        ({"blocked": ["a", "?"]}, r"blocked\[1\]: '\?' has no word"),
    ],
)
def test_what_cannot_be_looked_up_is_refused_with_its_place(content: Any, message: str) -> None:
    with pytest.raises(BadLiveSettingsError, match=message):
        curation(**content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"queries": [{"text": "a", "count": 0}]}, "queries.0.count"),
        ({"queries": [{"text": "a", "count": "1"}]}, "queries.0.count"),
        ({"queries": [{"text": "a"}]}, "queries.0.count"),
        ({"queries": [{"text": "a" * 101, "count": 1}]}, "queries.0.text"),
        ({"queries": [{"text": "a", "count": 1}] * (MAX_QUERIES + 1)}, "queries"),
        ({"blocked": [" "]}, "blocked.0"),
        ({"blocked": ["a"] * (MAX_BLOCKED + 1)}, "blocked"),
        ({"popular": []}, "expected one of queries, blocked"),
    ],
)
def test_a_document_of_another_shape_is_refused(content: Any, message: str) -> None:
    with pytest.raises(BadLiveSettingsError, match=message):
        document(content)


def test_curations_of_one_document_are_equal_and_what_they_block_has_one_name() -> None:
    one, other = curation(blocked=["a lamp", "gun"]), curation(blocked=["a lamp", "gun"])
    assert one == other != Curation.none()
    assert one.identity == other.identity != curation(blocked=["gun"]).identity
