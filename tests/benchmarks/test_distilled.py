"""The comparison of query encoders, on a small catalogue with a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.catalogue.cli import write_catalogue
from benchmarks.cli import frame
from benchmarks.distilled import CHOICES, REFERENCE, distilled_table, measure_distilled
from benchmarks.errors import CollectionError
from benchmarks.standin import DistilledDocuments
from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.embedding.protocol import Teacher
from indexer.snapshot import open_directory
from searchsvc.policy import RankingPolicy
from tests.tiny_bert import write_tiny_model

runner = CliRunner()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxEmbedder:
    folder = write_tiny_model(tmp_path_factory.mktemp("models"))
    return OnnxEmbedder.open(folder, query_cache_size=0)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    write_catalogue(folder, products=150, seed=5)
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def result(collection: Path, data_dir: Path, model: OnnxEmbedder) -> dict[str, Any]:
    return measure_distilled(collection, data_dir, model, RankingPolicy())


def test_every_choice_of_encoder_is_measured_on_both_legs(result: dict[str, Any]) -> None:
    assert set(result["legs"]) == {"vectors", "hybrid (shipped)"}
    for by_choice in result["legs"].values():
        assert set(by_choice) == set(CHOICES)
        reference = by_choice[REFERENCE]
        assert set(reference) == {"nDCG@10", "relative"}
        assert reference["relative"] == 0
        for found in by_choice.values():
            assert found["relative"] == pytest.approx(
                found["nDCG@10"] / reference["nDCG@10"] - 1, abs=1e-3
            )


def test_agreement_and_trust_are_shares(result: dict[str, Any]) -> None:
    assert -1 <= result["cosine"]["minimum"] <= result["cosine"]["mean"] <= 1
    assert 0 <= result["trusted_share"] <= 1
    assert result["encoder"]["pieces"] > 0


def test_the_table_has_a_line_for_each_leg(result: dict[str, Any]) -> None:
    table = distilled_table(result)
    assert [line.split("  ")[1].strip() for line in table.splitlines()[-2:]] == list(
        result["legs"]
    )


def test_a_model_without_word_pieces_is_refused(collection: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="'hashing-64'"):
        measure_distilled(collection, tmp_path, HashingEmbedder(64), RankingPolicy())


def test_the_command_prints_the_table_and_writes_the_file(
    collection: Path,
    data_dir: Path,
    model: OnnxEmbedder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: model)
    out = tmp_path / "distilled.json"
    arguments = ["distilled", str(collection), "--data-dir", str(data_dir), "--json", str(out)]
    done = runner.invoke(command.app, arguments)
    assert done.exit_code == 0, done.output
    (written,) = json.loads(out.read_text())
    assert written["collection"]["name"] == collection.name
    assert "hybrid (shipped)" in done.stdout


def test_the_stand_in_is_the_model_but_for_its_documents(
    data_dir: Path, model: OnnxEmbedder, result: dict[str, Any]
) -> None:
    (generation,) = data_dir.glob("*/generations/*")
    encoder = open_directory(generation, "shop", generation.name).encoder
    assert encoder is not None
    assert encoder.fingerprint == result["encoder"]["fingerprint"]
    stand_in = DistilledDocuments(model, encoder)
    assert isinstance(stand_in, Teacher)
    assert (stand_in.name, stand_in.dimension) == (model.name, model.dimension)
    assert stand_in.fingerprint == model.fingerprint
    assert (stand_in.tokenizer(), stand_in.words()) == (model.tokenizer(), model.words())
    assert not stand_in.reads_alike()
    query = model.embed_query("red shoe")
    np.testing.assert_array_equal(stand_in.embed_query("red shoe"), query)
    np.testing.assert_array_equal(stand_in.embed_queries(["red shoe"])[0], query)
    np.testing.assert_array_equal(
        stand_in.embed_documents(["red shoe"])[0], encoder.embed_query("red shoe")
    )
