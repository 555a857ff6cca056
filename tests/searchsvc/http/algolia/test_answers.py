"""Answers to what was not asked exactly so."""

from __future__ import annotations

from dataclasses import replace

from indexer.embedding.hashing import HashingEmbedder
from indexer.snapshot import Snapshot
from searchsvc.answer import SearchResult
from searchsvc.http.algolia.answers import Asked, encode_answer
from searchsvc.http.algolia.attributes import Attributes
from searchsvc.http.algolia.parameters import parse_parameters
from searchsvc.http.algolia.question import ask
from searchsvc.personalizing.answered import Answered
from searchsvc.personalizing.personalization import Personalization
from searchsvc.policy import RankingPolicy
from searchsvc.search import search
from searchsvc.widening import Relaxation, Widening

QUERY_ID = "0123456789abcdef" * 2


def answered(snapshot: Snapshot, result: SearchResult) -> Answered:
    return Answered(snapshot, result, Personalization(RankingPolicy()))


def test_words_that_were_left_out_are_emphasized(snapshot: Snapshot) -> None:
    flat = {"query": "Velvet <b> sofa", "facets": ["brand"]}
    parameters = parse_parameters(flat)
    question = ask(parameters, Attributes(snapshot), lambda _: {})
    asked = Asked("shop", flat, parameters, question, QUERY_ID)
    found = search(question.query, snapshot, HashingEmbedder(64), RankingPolicy())
    relaxed = replace(found, relaxed=Relaxation(Widening.WORDS, ("velvet",), "b sofa"))
    answer = encode_answer(asked, answered(snapshot, relaxed), 1.0)
    assert answer["queryAfterRemoval"] == "<em>Velvet</em> &lt;b&gt; sofa"
    assert answer["extensions"]["searchsvc"]["relaxed"]["dropped"] == ("velvet",)
    assert "queryAfterRemoval" not in encode_answer(asked, answered(snapshot, found), 1.0)


def test_facets_that_are_not_counted_to_the_end_say_so(snapshot: Snapshot) -> None:
    flat = {"facets": ["brand"]}
    parameters = parse_parameters(flat)
    question = ask(parameters, Attributes(snapshot), lambda _: {})
    asked = Asked("shop", flat, parameters, question, QUERY_ID)
    found = search(question.query, snapshot, HashingEmbedder(64), RankingPolicy())
    rough = replace(
        found, facets=tuple(replace(facet, exhaustive=False) for facet in found.facets)
    )
    answer = encode_answer(asked, answered(snapshot, rough), 1.0)
    assert answer["exhaustiveFacetsCount"] is answer["exhaustive"]["facetsCount"] is False
    assert answer["exhaustiveNbHits"] is True
