"""The conversion of any sentence-transformers model, with PyTorch at hand.

Needs the ``export`` extra; nothing that serves queries imports this module.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.embedding.acquire import weights_folder
from indexer.embedding.direct import Source, convert, unpadded_tokenizer
from indexer.embedding.graph import serialized
from indexer.embedding.model_files import (
    ModelContent,
    ModelFiles,
    ModelMeaning,
)
from indexer.embedding.onnx import OnnxEmbedder
from indexer.embedding.quantize import quantized
from indexer.embedding.traced import traced
from indexer.errors import ModelMismatchError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.embedding.model_files import Pooling

_INSTALL = "pip install -r requirements/export.lock"
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # sentence-transformers' own order


_ORIGIN = "sentence-transformers: "  # in a model card, before the name of the model


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cosines between a model directory's vectors and the reference's, over `n` texts."""

    n: int
    minimum: float
    p5: float
    median: float
    mean: float


def export_model(name_or_path: str, out: Path, *, quantize: bool = True) -> Path:
    """Convert a model with one transformer, mean or first-token pooling, and perhaps a norm.

    BERT, RoBERTa and XLM-RoBERTa take the direct route, all others PyTorch's exporter. The
    prompts, the maximum length and the pooling are the model's own.

    Args:
        name_or_path: what `SentenceTransformer` accepts: a directory or a hub's model name.
        out: the model directory to write; what is there is replaced.
        quantize: to 8 bits; otherwise float32, four times larger and two to three times slower.

    Returns:
        `out`, for `OnnxEmbedder.open`.

    Raises:
        ModelUnavailableError: the extra is not installed, or there is no such model.
        ModelMismatchError: the model is built of other parts than these.
    """
    encoder = _Encoder.load(name_or_path)
    with TemporaryDirectory() as folder:
        source = encoder.save(Path(folder))
        try:
            content = convert(source, quantize=quantize)
        except ModelMismatchError:
            # Not a BERT of the standard form: let PyTorch write what the model does.
            content = _convert_traced(encoder, source, quantize=quantize)
    name = Path(name_or_path).name
    ModelFiles.write(out, name=name, source=f"{_ORIGIN}{name_or_path}", content=content)
    return out


def origin_of(model_dir: Path) -> str:
    """What a model directory was made from, as `SentenceTransformer` takes it.

    Raises:
        ModelUnavailableError: there is no such directory, or what it was made from is gone.
        ModelMismatchError: its files are damaged.
    """
    source = ModelFiles.open(model_dir).card.source
    if source.startswith(_ORIGIN):
        return source.removeprefix(_ORIGIN)
    return str(weights_folder())


def check_model(model_dir: Path, reference: str, texts: Sequence[str]) -> Agreement:
    """Compare a model directory with the sentence-transformers model that it was made from.

    Args:
        model_dir: what `export_model` or `install_default_model` returned.
        reference: what `SentenceTransformer` accepts.
        texts: documents of the catalogue; a few hundred suffice.

    Raises:
        ModelUnavailableError: one of the two is not there.
        ModelMismatchError: the dimensions differ, or there are no texts.
    """
    if not texts:
        raise ModelMismatchError("0 texts: expected at least one to compare the models on")
    ours = OnnxEmbedder.open(model_dir).embed_documents(texts)
    prompt = ModelFiles.open(model_dir).card.meaning.document_prompt
    model = load_reference(reference)
    theirs = model.encode(
        list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
    )
    if theirs.shape != ours.shape:
        raise ModelMismatchError(
            f"{model_dir} has vectors of {ours.shape[1]} components, {reference} of "
            f"{theirs.shape[1]}; compare it with the model that it was made from"
        )
    cosines = np.einsum("nd,nd->n", ours.astype(np.float64), theirs.astype(np.float64))
    return Agreement(
        n=len(cosines),
        minimum=float(cosines.min()),
        p5=float(np.percentile(cosines, 5)),
        median=float(np.median(cosines)),
        mean=float(cosines.mean()),
    )


def load_reference(name_or_path: str) -> Any:  # noqa: ANN401 - an optional library has no types here
    """The `SentenceTransformer` itself, on the CPU.

    Raises:
        ModelUnavailableError: the extra is not installed, or there is no such model.
    """
    library = _optional("sentence_transformers")
    try:
        return library.SentenceTransformer(name_or_path, device="cpu")
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(
            f"{name_or_path}: sentence-transformers cannot load it ({error}); expected a "
            "directory or the name of a model on a hub that can be reached"
        ) from error


@dataclass(frozen=True, slots=True)
class _Encoder:
    """The parts of a sentence-transformers model that make up a vector."""

    transformer: Any
    tokenizer: Any
    pooling: Pooling
    max_tokens: int
    dimension: int
    prompts: dict[str, str]

    @classmethod
    def load(cls, name_or_path: str) -> _Encoder:
        model = load_reference(name_or_path)
        kinds = [type(module).__name__ for module in model]
        if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
            raise ModelMismatchError(
                f"{name_or_path} is built of {', '.join(kinds)}; expected Transformer, Pooling "
                "and perhaps Normalize: choose a model of this form"
            )
        transformer, pooling = model[0], model[1]
        mode = getattr(pooling, "pooling_mode", None) or pooling.get_pooling_mode_str()
        if mode not in {"mean", "cls"} or not pooling.include_prompt:
            raise ModelMismatchError(
                f"{name_or_path} pools by {mode} (prompt included: {pooling.include_prompt}); "
                "expected mean or cls over all tokens: choose another model"
            )
        if getattr(transformer, "do_lower_case", False):
            raise ModelMismatchError(
                f"{name_or_path} lowercases texts outside of its tokenizer; set do_lower_case to "
                "false in its sentence_bert_config.json if the tokenizer does it as well"
            )
        prompts = dict(model.prompts)
        # Every model has an empty "document" by default, so the first that says something counts.
        documents = (prompts[name] for name in _DOCUMENT_PROMPTS if prompts.get(name))
        return cls(
            transformer=transformer.auto_model.eval(),
            tokenizer=model.tokenizer,
            pooling=mode,
            max_tokens=model.max_seq_length or _capacity(model),
            dimension=pooling.pooling_output_dimension,
            prompts={
                "query": prompts.get("query") or "",
                "document": next(documents, ""),
            },
        )

    def save(self, folder: Path) -> Source:
        """Write what `convert` reads."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ModelMismatchError(
                f"{type(self.tokenizer).__name__} has no counterpart in the `tokenizers` library; "
                "choose a model with a fast tokenizer"
            )
        self.transformer.save_pretrained(folder)
        backend.save(str(folder / "tokenizer.json"))
        return Source(
            weights=folder / "model.safetensors",
            config=folder / "config.json",
            tokenizer=folder / "tokenizer.json",
            max_tokens=self.max_tokens,
            pooling=self.pooling,
            query_prompt=self.prompts["query"],
            document_prompt=self.prompts["document"],
        )


def _capacity(model: Any) -> int:  # noqa: ANN401 - an optional library has no types here
    """How many tokens the transformer can take, for a model that states no limit of its own."""
    positions = getattr(model[0].auto_model.config, "max_position_embeddings", math.inf)
    return int(min(model.tokenizer.model_max_length, positions))


def _optional(library: str) -> Any:  # noqa: ANN401 - an optional library has no types here
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise ModelUnavailableError(
            f"{library} is not installed ({error}); exporting needs the `export` extra: "
            f"`{_INSTALL}`"
        ) from error


def _convert_traced(encoder: _Encoder, source: Source, *, quantize: bool) -> ModelContent:
    model = traced(encoder.transformer, encoder.pooling, encoder.dimension)
    if quantize:
        model = quantized(model)
    return ModelContent(
        graph=serialized(model),
        tokenizer=unpadded_tokenizer(source.tokenizer, source.max_tokens),
        meaning=ModelMeaning(
            dimension=encoder.dimension,
            pooling=encoder.pooling,
            max_tokens=source.max_tokens,
            query_prompt=source.query_prompt,
            document_prompt=source.document_prompt,
            quantization="int8" if quantize else "none",
        ),
    )
