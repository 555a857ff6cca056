"""The conversion of a checkpoint without PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer

from indexer.embedding.acquire import _CONFIG, _TOKENIZER, _WEIGHTS, _located
from indexer.embedding.direct import Source, convert, unpadded_tokenizer
from indexer.embedding.model_files import ModelFiles
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_bert import TinyBert


@pytest.mark.parametrize("quantize", [True, False])
def test_the_same_checkpoint_gives_the_same_bytes(tiny_bert: TinyBert, *, quantize: bool) -> None:
    assert convert(tiny_bert.source(), quantize=quantize) == convert(
        tiny_bert.source(), quantize=quantize
    )


def test_the_meaning_is_the_sources(tiny_bert: TinyBert) -> None:
    source = replace(
        tiny_bert.source(), pooling="cls", query_prompt="query: ", document_prompt="passage: "
    )
    meaning = convert(source, quantize=False).meaning
    assert meaning.dimension == 32
    assert meaning.pooling == "cls"
    assert meaning.max_tokens == 24
    assert (meaning.query_prompt, meaning.document_prompt) == ("query: ", "passage: ")
    assert meaning.quantization == "none"


def test_the_length_is_limited_to_the_positions_that_the_model_has(tiny_bert: TinyBert) -> None:
    assert convert(replace(tiny_bert.source(), max_tokens=512)).meaning.max_tokens == 40


def test_the_tokenizers_own_padding_and_truncation_are_taken_out(tiny_bert: TinyBert) -> None:
    path = tiny_bert.folder / "tokenizer.json"
    shipped = Tokenizer.from_file(str(path))
    assert len(shipped.encode("red shoe")) == 16
    ours = Tokenizer.from_str(unpadded_tokenizer(path, 24).decode())
    assert len(ours.encode("red shoe")) == 4
    assert len(ours.encode("red shoe " * 30)) == 24


def test_a_tokenizer_that_is_absent_or_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="no such tokenizer"):
        unpadded_tokenizer(tmp_path / "tokenizer.json", 8)
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0"}')
    with pytest.raises(ModelMismatchError, match="not a tokenizer file"):
        unpadded_tokenizer(tmp_path / "tokenizer.json", 8)


@pytest.mark.model
def test_eight_bits_keep_the_default_models_vectors(default_model: Path, tmp_path: Path) -> None:
    source = Source(_located(_WEIGHTS), _located(_CONFIG), _located(_TOKENIZER), max_tokens=256)
    content = convert(source, quantize=False)
    ModelFiles.write(tmp_path / "fp32", name="fp32", source="", content=content)
    texts = [
        "Xerox 006R90321 toner cartridge Original Black 6 pc(s)",
        "waterproof hiking boots for children",
        'LG 42LE5500 TV 106.7 cm (42") Full HD Black',
        "a",
        "red " * 300,
        "Kabelloses Ladegerät, 15 W, für Qi-fähige Telefone",
    ]
    exact = OnnxEmbedder.open(tmp_path / "fp32").embed_documents(texts)
    small = OnnxEmbedder.open(default_model).embed_documents(texts)
    cosines = np.einsum("nd,nd->n", exact, small)
    assert cosines.mean() > 0.995
    assert cosines.min() > 0.99
