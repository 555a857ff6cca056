"""The router: the distilled encoder where it can be trusted, else the transformer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.embedding.distilled import TRUSTED, DistilledEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.layout import IndexLayout
from indexer.settings import EmbeddingSettings, IndexSettings
from indexer.snapshot import open_snapshot
from searchsvc.embedders import Embedders, NoEmbedder
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.routing import RoutedEmbedder, encode, routed
from searchsvc.search import search
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.routing import EncoderChoice
    from tests.conftest import Build

SHOES = [
    {"id": f"p{number}", "title": f"{colour} shoes for kids {number}"}
    for number, colour in enumerate(["red", "blue", "red", "blue"] * 3)
]
KNOWN, FOREIGN, HALF_KNOWN = "red shoes", "green", "red wool shoes"


class Counting:
    """A transformer that remembers what it was asked."""

    def __init__(self, fail: str = "") -> None:
        self.asked: list[str] = []
        self._fail = fail

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        if self._fail:
            raise EmbeddingUnavailableError(self._fail)
        return np.eye(1, 32, dtype=np.float32)[0]


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout, tmp_path: Path) -> Snapshot:
    build(SHOES, embedder=OnnxEmbedder.open(write_tiny_model(tmp_path / "made")))
    return open_snapshot(layout)


@pytest.fixture
def distilled(snapshot: Snapshot) -> DistilledEmbedder:
    assert snapshot.encoder is not None
    return snapshot.encoder


def test_a_trusted_vector_is_taken_and_the_transformer_not_asked(
    distilled: DistilledEmbedder,
) -> None:
    transformer = Counting()
    vector, encoder, failure = RoutedEmbedder(distilled, transformer).encode(KNOWN)
    assert distilled.estimate(KNOWN).confidence >= TRUSTED
    np.testing.assert_array_equal(vector, distilled.embed_query(KNOWN))
    assert (encoder, failure, transformer.asked) == ("distilled", None, [])


def test_what_it_does_not_know_goes_to_the_transformer(distilled: DistilledEmbedder) -> None:
    transformer = Counting()
    router = RoutedEmbedder(distilled, transformer)
    for text in (FOREIGN, HALF_KNOWN):
        assert router.encode(text).encoder == "transformer"
        np.testing.assert_array_equal(router.embed_query(text), np.eye(1, 32)[0])
    assert transformer.asked == [FOREIGN, FOREIGN, HALF_KNOWN, HALF_KNOWN]


def test_where_the_transformer_fails_little_confidence_is_better_than_nothing(
    distilled: DistilledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchsvc.routing.TRUSTED", 2.0)
    transformer = Counting(fail="no query vector within 5 ms")
    router = RoutedEmbedder(distilled, transformer)
    _, encoder, failure = router.encode(KNOWN)
    assert (encoder, failure) == (
        "distilled",
        ("model_failed", "no query vector within 5 ms"),
    )
    assert transformer.asked == [KNOWN]


def test_where_it_fails_and_nothing_is_known_there_is_no_vector(
    distilled: DistilledEmbedder,
) -> None:
    router = RoutedEmbedder(distilled, Counting(fail="gone"))
    for text in (FOREIGN, HALF_KNOWN):
        with pytest.raises(EmbeddingUnavailableError, match="gone"):
            router.embed_query(text)


def test_without_a_transformer_every_text_has_a_distilled_vector(
    distilled: DistilledEmbedder,
) -> None:
    router = RoutedEmbedder(distilled, None)
    for text in (KNOWN, FOREIGN, HALF_KNOWN, ""):
        assert router.encode(text).encoder == "distilled"
        np.testing.assert_array_equal(router.embed_query(text), distilled.embed_query(text))


def test_the_setting_chooses(snapshot: Snapshot) -> None:
    transformer = Counting()
    assert routed(snapshot, transformer, "transformer") is transformer
    auto, alone = (routed(snapshot, transformer, choice) for choice in ("auto", "distilled"))
    assert encode(auto, FOREIGN).encoder == "transformer"
    assert encode(alone, FOREIGN).encoder == "distilled"
    assert encode(transformer, KNOWN).encoder == "transformer"


def test_an_index_without_an_encoder_is_asked_by_its_model(
    build: Build, layout: IndexLayout, tmp_path: Path
) -> None:
    build(
        SHOES,
        embedder=OnnxEmbedder.open(write_tiny_model(tmp_path / "made")),
        settings=IndexSettings(embedding=EmbeddingSettings(distil=False)),
    )
    snapshot = open_snapshot(layout)
    assert (snapshot.encoder, snapshot.manifest.encoder) == (None, None)
    transformer = Counting()
    assert routed(snapshot, transformer, "auto") is transformer


def test_the_answer_says_which_encoder_each_reading_had(snapshot: Snapshot) -> None:
    router = routed(snapshot, Counting(), "auto")

    def encoders(text: str) -> tuple[str, ...]:
        return search(Query(text), snapshot, router, RankingPolicy()).encoders

    assert encoders("red shoes") == ("distilled",)
    assert encoders("green") == ("transformer",)
    assert encoders("") == ()


def test_an_answer_by_a_vector_of_little_confidence_is_degraded(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Counting(fail="no query vector within 5 ms")

    def degraded(choice: EncoderChoice) -> tuple[str, ...]:
        router = routed(snapshot, late, choice)
        return search(Query(KNOWN), snapshot, router, RankingPolicy()).degraded

    assert degraded("auto") == ()
    monkeypatch.setattr("searchsvc.routing.TRUSTED", 2.0)
    assert degraded("auto") == ("semantic: approximate, no query vector within 5 ms",)
    assert degraded("distilled") == ()  # whoever chose it does without the transformer


def test_readings_that_fail_alike_are_told_of_once(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = SynonymsDocument.model_validate({"sets": [["red", "blue"]]})
    synonyms = Synonyms.compile(document, lambda text: tuple(snapshot.analyzer.terms(text)))
    monkeypatch.setattr("searchsvc.routing.TRUSTED", 2.0)
    router = routed(snapshot, Counting(fail="gone"), "auto")
    result = search(Query(KNOWN), snapshot, router, RankingPolicy(synonyms=synonyms))
    assert result.encoders == ("distilled", "distilled")
    assert result.degraded == ("semantic: approximate, gone",)


@pytest.mark.parametrize(
    ("choice", "check"),
    [
        ("auto", lambda it: isinstance(it.transformer, NoEmbedder)),
        ("distilled", lambda it: it.transformer is None),
        ("transformer", lambda it: isinstance(it, NoEmbedder)),
    ],
)
def test_only_who_needs_a_model_opens_one(
    snapshot: Snapshot, tmp_path: Path, choice: str, check: Callable[[object], bool]
) -> None:
    embedders = Embedders(tmp_path / "none", 1.0, choice)  # type: ignore[arg-type] # of a table
    assert check(embedders.of(snapshot))
    embedders.close()
