"""A tiny random BERT: the stand-in for the real model, so that most tests need no download."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from indexer.embedding.direct import Source, convert
from indexer.embedding.model_files import ModelFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_WORDS = ["red", "blue", "green", "shoe", "boot", "phone", "case", "cable", "usb", "wool", "kids"]
_PIECES = [*"abcdefghijklmnopqrstuvwxyz0123456789", "##s", "##er", "##ing"]
_VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *_WORDS, *_PIECES]
_ROWS = 1200  # more than the vocabulary, so that the word table is large enough to be quantized


@dataclass(frozen=True)
class TinyBert:
    """A random two-layer BERT with a WordPiece tokenizer, as files and as arrays."""

    folder: Path
    config: dict[str, Any]
    arrays: dict[str, NDArray[np.float32]]

    def source(self) -> Source:
        return Source(
            weights=self.folder / "model.safetensors",
            config=self.folder / "config.json",
            tokenizer=self.folder / "tokenizer.json",
            max_tokens=24,
        )


def write_tiny_bert(
    folder: Path, prefix: str = "", changes: Mapping[str, object] = MappingProxyType({})
) -> TinyBert:
    """A checkpoint of 2 layers, 32 components and 4 heads, the same on every call."""
    config: dict[str, Any] = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_act": "gelu",
        "hidden_size": 32,
        "intermediate_size": 64,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": 40,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "pad_token_id": 0,
        "type_vocab_size": 2,
        "vocab_size": _ROWS,
        **changes,
    }
    arrays = {prefix + name: values for name, values in _random_arrays(config).items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(arrays, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = tiny_tokenizer()
    # What the files of sentence-transformers have, and what a conversion must take out.
    tokenizer.enable_padding(length=16)
    tokenizer.enable_truncation(16)
    tokenizer.save(str(folder / "tokenizer.json"))
    return TinyBert(folder, config, arrays)


def _random_arrays(config: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    size, inner = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], size),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], size),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], size),
        "embeddings.LayerNorm.weight": (size,),
        "embeddings.LayerNorm.bias": (size,),
    }
    for layer in range(config["num_hidden_layers"]):
        part = f"encoder.layer.{layer}."
        linear = {
            "attention.self.query": (size, size),
            "attention.self.key": (size, size),
            "attention.self.value": (size, size),
            "attention.output.dense": (size, size),
            "intermediate.dense": (inner, size),
            "output.dense": (size, inner),
        }
        for name, shape in linear.items():
            shapes[f"{part}{name}.weight"] = shape
            shapes[f"{part}{name}.bias"] = shape[:1]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"{part}{name}.weight"] = shapes[f"{part}{name}.bias"] = (size,)
    rng = np.random.default_rng(20)
    arrays = {name: rng.normal(0, 0.2, shape) for name, shape in shapes.items()}
    return {
        name: (values + 1 if name.endswith("LayerNorm.weight") else values).astype(np.float32)
        for name, values in arrays.items()
    }


def tiny_tokenizer() -> Tokenizer:
    vocabulary = {piece: number for number, piece in enumerate(_VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - not a secret
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def write_tiny_model(folder: Path) -> Path:
    """A model directory with the tiny BERT in 8 bits."""
    content = convert(write_tiny_bert(folder / "checkpoint").source())
    return ModelFiles.write(
        folder / "tiny", name="tiny", source="random", content=content
    ).directory
