"""The JSON of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.answer import Hit, SearchResult
from searchsvc.experiments.assignment import Arm
from searchsvc.http.schemas import SearchResponse
from searchsvc.personalizing.answered import Answered
from searchsvc.personalizing.personalization import NotApplied, Personalization
from searchsvc.policy import RankingOverrides, RankingPolicy
from searchsvc.preferences.preferences import Preferences
from searchsvc.query.query import Query
from searchsvc.query.slot import Step, StepKind
from searchsvc.query.understanding import Understanding
from searchsvc.ranking.explanation import Explanation
from searchsvc.ranking.reason import Reason, ReasonKind
from searchsvc.response import View, encode_response, new_query_id
from searchsvc.segments.segments import ActiveSegment
from searchsvc.segments.segments import Reason as Why

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [
    "index",
    "generation",
    "query",
    "corrected_query",
    "relaxed",
    "query_id",
    "total",
    "counted",
    "relevant",
    "unfiltered_total",
    "offset",
    "limit",
    "hits",
    "facets",
    "personalization",
    "degraded",
    "degraded_reasons",
    "took_ms",
]
QUERY_ID = "0123456789abcdef" * 2
EXPLAINED = Explanation(
    identified=True,
    lexical_rank=1,
    lexical_score=12.345678912,
    coverage=0.75,
    semantic_rank=None,
    similarity=0.123456789,
    fused_score=2 / 3,
    feedback=0.1234567891,
    popularity=0.0123456789,
    boost=-0.1234567891,
    boosted_from=3,
    preferences=(
        Reason(ReasonKind.SEGMENT, "waterproof", 0.0123456789, "rainy-coast"),
        Reason(ReasonKind.SESSION, "resembles what was viewed", -0.135802468),
    ),
)
EVERYBODY = Personalization(RankingPolicy())
UNDERSTOOD = Understanding(clauses=(), text="shoe")
CORRECTED = Understanding(
    clauses=(),
    text="red shoe",
    readings=("red boot",),
    corrected="red shoe",
    steps=(Step(StepKind.CORRECTED, "sheo", "shoe", 0.123456789),),
)


@pytest.fixture(scope="module")
def snapshot(sample_data_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(sample_data_dir, "demo"))


def answer(
    snapshot: Snapshot,
    *hits: Hit,
    query: Query | None = None,
    took_ms: float = 1.0,
    personal: Personalization = EVERYBODY,
    **changes: Any,
) -> bytes:
    stages = {"mask": 0.00049, "fetch": 1.23456}
    result = SearchResult(
        **{
            "total": 7,
            "hits": hits,
            "understood": UNDERSTOOD,
            "degraded": (),
            "stage_ms": stages,
            **changes,
        }
    )
    answered = Answered(snapshot, result, personal)
    return encode_response(answered, query or Query("shoe"), View(), QUERY_ID, took_ms)


def test_stored_bytes_go_out_as_they_are(snapshot: Snapshot) -> None:
    # Neither the spaces nor the spelling of the number would survive parsing.
    stored = '{"id": "ü",  "weight":1.50e+2,"title":"\\u00fc/\\/"}'.encode()
    assert b'"product":' + stored + b"}" in answer(snapshot, Hit("ü", 0.5, stored, None))


def test_products_of_the_sample_go_out_as_they_are_stored(snapshot: Snapshot) -> None:
    stored = [snapshot.products.json(row) for row in range(0, len(snapshot.products), 20)]
    body = answer(snapshot, *(Hit("x", 0.0, product, None) for product in stored))
    assert all(b'"product":' + product + b"}" in body for product in stored)
    found = [hit["product"] for hit in orjson.loads(body)["hits"]]
    assert found == [orjson.loads(product) for product in stored]


def test_the_keys_are_those_that_are_documented(snapshot: Snapshot) -> None:
    body = orjson.loads(answer(snapshot, Hit("a", 1.0, b"{}", None)))
    assert list(body) == KEYS
    assert list(body["hits"][0]) == ["id", "score", "product"]
    explained = orjson.loads(
        answer(snapshot, Hit("a", 1.0, b"{}", EXPLAINED), query=Query("shoe", explain=True))
    )
    assert list(explained) == [*KEYS, "understood", "stages_ms"]
    assert list(explained["hits"][0]) == ["id", "score", "product", "explain"]
    assert set(KEYS) | {"understood", "stages_ms"} == set(SearchResponse.model_fields)


def test_numbers_are_rounded_to_what_they_hold(snapshot: Snapshot) -> None:
    body = orjson.loads(
        answer(
            snapshot,
            Hit("a", 0.30000001192092896, b"{}", EXPLAINED),
            query=Query("shoe", explain=True),
            took_ms=1.23456,
        )
    )
    (hit,) = body["hits"]
    assert hit["score"] == 0.3
    assert hit["explain"] == {
        "identified": True,
        "lexical_rank": 1,
        "lexical_score": 12.345679,
        "coverage": 0.75,
        "semantic_rank": None,
        "similarity": 0.123457,
        "fused_score": 0.666667,
        "feedback": 0.123457,
        "reranked_from": None,
        "popularity": 0.012346,
        "boost": -0.123457,
        "boosted_from": 3,
        "preferences": [
            {
                "kind": "segment",
                "name": "waterproof",
                "gain": 0.012346,
                "segment": "rainy-coast",
            },
            {
                "kind": "session",
                "name": "resembles what was viewed",
                "gain": -0.135802,
                "segment": None,
            },
        ],
    }
    assert body["took_ms"] == 1.235
    assert body["stages_ms"] == {"mask": 0.0, "fetch": 1.235}


def test_a_corrected_query_is_always_told_and_how_it_came_about_on_request(
    snapshot: Snapshot,
) -> None:
    assert orjson.loads(answer(snapshot))["corrected_query"] is None
    plain = orjson.loads(answer(snapshot, query=Query("red sheo"), understood=CORRECTED))
    assert (plain["query"], plain["corrected_query"]) == ("red sheo", "red shoe")
    assert "understood" not in plain
    query = Query("red sheo", explain=True)
    body = answer(snapshot, query=query, understood=CORRECTED)
    assert orjson.loads(body)["understood"] == {
        "steps": [{"kind": "corrected", "typed": "sheo", "meant": "shoe", "weight": 0.123457}],
        "embedded": ["red shoe", "red boot"],
        "encoders": [],
    }


@pytest.mark.parametrize("kind", StepKind)
def test_every_kind_of_step_fits_the_schema(snapshot: Snapshot, kind: StepKind) -> None:
    understood = Understanding((), "b", steps=(Step(kind, "a", "b"),))
    body = answer(snapshot, query=Query("a", explain=True), understood=understood)
    read = SearchResponse.model_validate_json(body, strict=True)
    assert read.understood is not None
    assert [step.kind for step in read.understood.steps] == [kind.value]


def test_degradation_and_the_place_of_the_page_are_told(snapshot: Snapshot) -> None:
    query = Query("shoe", limit=3, offset=40)
    body = orjson.loads(answer(snapshot, query=query, degraded=("semantic: late",)))
    assert body["degraded"] == ["semantic: late"]
    assert (body["total"], body["limit"], body["offset"], body["hits"]) == (7, 3, 40, [])
    assert (body["index"], body["generation"]) == ("demo", snapshot.generation)


def test_every_search_has_an_id_of_its_own_and_the_answer_tells_it(snapshot: Snapshot) -> None:
    ids = {new_query_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(len(name) == 32 and int(name, 16) for name in ids)
    assert orjson.loads(answer(snapshot))["query_id"] == QUERY_ID


def test_what_was_made_of_who_asked_is_told_and_fits_the_schema(snapshot: Snapshot) -> None:
    arm = Arm("autumn", "strong", 0.5, 90.0, RankingOverrides())
    regulars = ActiveSegment("regulars", "Regular customers", Why.RULE, "orders at least 3", 4)
    personal = Personalization(
        RankingPolicy(), Preferences(), None, 90.0, (regulars,), arm, user="f" * 64, complete=False
    )
    body = answer(snapshot, personal=personal)
    assert b"f" * 64 not in body
    assert orjson.loads(body)["personalization"] == {
        "applied": True,
        "reason": None,
        "strength": 90.0,
        "segments": [
            {
                "name": "regulars",
                "title": "Regular customers",
                "why": "rule",
            }
        ],
        "experiment": {"name": "autumn", "arm": "strong"},
        "complete": False,
    }
    SearchResponse.model_validate_json(body, strict=True)


@pytest.mark.parametrize("reason", NotApplied)
def test_why_the_order_is_that_of_everybody_is_told(
    snapshot: Snapshot, reason: NotApplied
) -> None:
    body = answer(snapshot, personal=Personalization(RankingPolicy(), reason=reason))
    told = orjson.loads(body)["personalization"]
    assert (told["applied"], told["reason"], told["experiment"]) == (False, reason.value, None)
    SearchResponse.model_validate_json(body, strict=True)


@given(st.text(), st.floats(-1, 3, width=32))
def test_any_text_and_score_give_an_answer_that_fits_the_schema(
    snapshot: Snapshot, text: str, score: float
) -> None:
    product = orjson.dumps({"id": text, "title": text})
    body = answer(snapshot, Hit(text, score, product, None), query=Query(text))
    read = SearchResponse.model_validate_json(body, strict=True)
    assert (read.query, read.hits[0].id, read.hits[0].product["title"]) == (text, text, text)
    assert read.hits[0].score == pytest.approx(score, abs=1e-6)
