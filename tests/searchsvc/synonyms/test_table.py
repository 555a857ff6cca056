"""Looking synonyms up, against a scan of all spans."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.analysis.text import fold
from searchsvc.errors import BadLiveSettingsError
from searchsvc.policy import RankingPolicy
from searchsvc.synonyms.compiler import plain_key
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Expansion, Synonyms

Span = tuple[int, int, str]


def table(**content: Any) -> Synonyms:
    return Synonyms.compile(SynonymsDocument.model_validate(content), plain_key)


def spans(synonyms: Synonyms, query: str) -> list[tuple[int, int, tuple[str, ...]]]:
    found = synonyms.expansions(query.split())
    return [(expansion.begin, expansion.end, expansion.texts) for expansion in found]


def test_every_text_of_a_set_is_expanded_to_the_others_as_they_are_written() -> None:
    synonyms = table(sets=[["laptop", "Notebook", "portable computer"]])
    assert spans(synonyms, "red laptop") == [(1, 2, ("Notebook", "portable computer"))]
    assert spans(synonyms, "portable computer bag") == [(0, 2, ("laptop", "Notebook"))]


def test_a_one_way_rule_is_not_turned_around() -> None:
    synonyms = table(one_way=[{"from": "sneaker", "to": ["trainers", "running shoes"]}])
    assert spans(synonyms, "sneaker") == [(0, 1, ("trainers", "running shoes"))]
    assert spans(synonyms, "running shoes") == []


def test_of_overlapping_spans_the_leftmost_and_longest_one_counts() -> None:
    synonyms = table(
        sets=[["new york", "nyc"], ["york", "eboracum"], ["york peppermint", "sweet"]],
        one_way=[{"from": "new", "to": ["unused"]}],
    )
    assert spans(synonyms, "new york peppermint") == [(0, 2, ("nyc",))]
    assert spans(synonyms, "york peppermint new") == [(0, 2, ("sweet",)), (2, 3, ("unused",))]


def test_spans_that_only_touch_are_both_expanded() -> None:
    synonyms = table(sets=[["tv", "television"]])
    assert [span[:2] for span in spans(synonyms, "tv tv television")] == [(0, 1), (1, 2), (2, 3)]


def test_prohibitions_are_told_of_all_spans_also_where_they_overlap() -> None:
    synonyms = table(
        never=[["apple watch", "watch band"], ["watch", "clock"], ["watch", "see"], ["x", "y"]]
    )
    assert synonyms.never(["red", "apple", "watch"]) == (
        (1, 3, "watch band"),
        (2, 3, "clock"),
        (2, 3, "see"),
    )


def test_a_wider_prohibition_takes_a_synonym_away_and_a_narrower_one_does_not() -> None:
    synonyms = table(sets=[["van", "minivan"]], never=[["moving van", "Minivan"]])
    assert spans(synonyms, "van") == [(0, 1, ("minivan",))]
    assert spans(synonyms, "moving van") == []
    assert spans(synonyms, "van moving") == [(0, 1, ("minivan",))]
    other = table(
        sets=[["moving van", "truck", "lorry"]], never=[["van", "truck"], ["moving van", "bus"]]
    )
    assert spans(other, "moving van") == [(0, 2, ("truck", "lorry"))]


def test_none_has_nothing_to_say() -> None:
    none = Synonyms.none()
    assert none.expansions(["tv"]) == []
    assert none.never(["tv"]) == ()
    assert none == Synonyms.compile(SynonymsDocument(), plain_key)


def test_an_empty_query_has_no_spans() -> None:
    synonyms = table(sets=[["a", "b"]], never=[["c", "d"]])
    assert (synonyms.expansions([]), synonyms.never([])) == ([], ())


def test_a_policy_with_synonyms_is_compared_hashed_and_written_as_before() -> None:
    one = RankingPolicy(synonyms=table(sets=[["a", "b"]], never=[["a", "c"]]))
    other = RankingPolicy(synonyms=table(sets=[["b", "a"]], never=[["a", "c"]]))
    one.synonyms.expansions(["a"])  # a look-up leaves no trace
    assert one == other
    assert hash(one) == hash(other)
    assert one != RankingPolicy()
    assert asdict(RankingPolicy())["synonyms"] == {"rules": (), "prohibitions": ()}
    written = json.loads(json.dumps(asdict(one)))["synonyms"]
    assert written["rules"][0] == {"key": ["a"], "phrases": [{"text": "b", "key": ["b"]}]}


# Against the definition.

_WORDS = "abcd"
_texts = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).map(" ".join)
_documents = st.builds(
    lambda sets, one_way, never: SynonymsDocument.model_validate(
        {
            "sets": sets,
            "one_way": [{"from": source, "to": to} for source, to in one_way],
            "never": never,
        }
    ),
    st.lists(st.lists(_texts, min_size=2, max_size=3, unique=True), max_size=3),
    st.lists(st.tuples(_texts, st.lists(_texts, min_size=1, max_size=2, unique=True)), max_size=2),
    st.lists(st.tuples(_texts, _texts), max_size=3),
)
_queries = st.lists(st.sampled_from(_WORDS + "e"), max_size=7)


def _allowed(document: SynonymsDocument, text: str) -> set[str]:
    """What products may have for `text`, straight from the document."""
    found = {other for texts in document.sets if text in texts for other in texts}
    found |= {to for rule in document.one_way if rule.source == text for to in rule.to}
    return found - {text}


def _all_never(document: SynonymsDocument, words: list[str]) -> set[Span]:
    return {
        (begin, end, second)
        for begin in range(len(words))
        for end in range(begin + 1, len(words) + 1)
        for first, second in document.never
        if " ".join(words[begin:end]) == first
    }


def _expected(document: SynonymsDocument, words: list[str]) -> dict[tuple[int, int], set[str]]:
    """Scan from the left: at each word the longest span with synonyms, then go on behind it."""
    never = _all_never(document, words)
    found = {}
    begin = 0
    while begin < len(words):
        ends = [
            end
            for end in range(begin + 1, len(words) + 1)
            if _allowed(document, " ".join(words[begin:end]))
        ]
        if not ends:
            begin += 1
            continue
        end = max(ends)
        texts = _allowed(document, " ".join(words[begin:end]))
        texts -= {text for first, last, text in never if first <= begin and end <= last}
        if texts:
            found[begin, end] = texts
        begin = end
    return found


@given(_documents, _queries)
def test_look_ups_find_what_a_scan_of_the_document_finds(
    document: SynonymsDocument, words: list[str]
) -> None:
    try:
        synonyms = Synonyms.compile(document, plain_key)
    except BadLiveSettingsError:
        assume(False)  # noqa: FBT003 - hypothesis has it so
        return
    expansions = synonyms.expansions(words)
    expected = _expected(document, words)
    assert {(e.begin, e.end): set(e.texts) for e in expansions} == expected
    assert all(len(e.texts) == len(set(e.texts)) for e in expansions)
    assert [e.begin for e in expansions] == sorted(e.begin for e in expansions)
    never = synonyms.never(words)
    assert set(never) == _all_never(document, words)
    assert len(never) == len(set(never))


@given(_documents)
def test_whatever_compiles_never_expands_a_text_to_what_it_must_not_be_taken_for(
    document: SynonymsDocument,
) -> None:
    try:
        synonyms = Synonyms.compile(document, plain_key)
    except BadLiveSettingsError:
        return
    for first, second in document.never:
        for expansion in synonyms.expansions(first.split()):
            assert (expansion.end - expansion.begin, second) not in [
                (len(first.split()), text) for text in expansion.texts
            ]


@pytest.mark.parametrize("text", ["Café", "CAFÉ", "café"])
def test_the_key_decides_what_is_the_same(text: str) -> None:
    document = SynonymsDocument.model_validate({"sets": [[text, "coffee house"]]})
    synonyms = Synonyms.compile(document, lambda text: tuple(fold(text).split()))
    assert synonyms.expansions(["cafe"]) == [Expansion(0, 1, ("coffee house",))]
