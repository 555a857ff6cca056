"""The conversion of a BERT-family checkpoint to a model directory, without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from indexer.embedding.bert import BertConfig, Weights, encoder
from indexer.embedding.graph import serialized
from indexer.embedding.model_files import ModelContent, ModelMeaning
from indexer.embedding.quantize import quantized
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.embedding.model_files import Pooling


@dataclass(frozen=True, slots=True)
class Source:
    """Where a BERT-family model lies, and how Sentence-BERT uses it."""

    weights: Path
    config: Path
    tokenizer: Path
    max_tokens: int
    pooling: Pooling = "mean"
    query_prompt: str = ""
    document_prompt: str = ""


def convert(source: Source, *, quantize: bool = True) -> ModelContent:
    """The content of our model directory for a BERT-family model.

    The same files give the same bytes.

    Raises:
        ModelUnavailableError: a file is absent.
        ModelMismatchError: the architecture is not supported, or a file is damaged.
    """
    config = BertConfig.read(source.config)
    weights = Weights.read(source.weights)
    capacity = config.max_position_embeddings - config.first_position
    max_tokens = min(source.max_tokens, capacity)
    model = encoder(config, weights, source.pooling)
    if quantize:
        model = quantized(model)
    meaning = ModelMeaning(
        dimension=config.hidden_size,
        pooling=source.pooling,
        max_tokens=max_tokens,
        query_prompt=source.query_prompt,
        document_prompt=source.document_prompt,
        quantization="int8" if quantize else "none",
    )
    return ModelContent(
        graph=serialized(model),
        tokenizer=unpadded_tokenizer(source.tokenizer, max_tokens),
        meaning=meaning,
    )


def unpadded_tokenizer(path: Path, max_tokens: int) -> bytes:
    """The tokenizer file with its own padding and truncation replaced by ours.

    Sentence-transformers ships files that pad every text to 128 tokens; used as they are, each
    query would cost as much as the longest.
    """
    if not path.is_file():
        raise ModelUnavailableError(f"{path}: no such tokenizer file; the model needs one")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelMismatchError(
            f"{path}: not a tokenizer file of the `tokenizers` library ({error})"
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer.to_str().encode()
