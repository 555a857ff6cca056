"""Embedding speed: documents per second and query latency, beside sentence-transformers."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from benchmarks.machine import describe_machine
from indexer.cores import available_cores
from indexer.embedding.export import load_reference
from indexer.embedding.model_files import ModelFiles
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Embed = Callable[[list[str]], NDArray[np.float32]]

BANDS = {"title": (10, 20), "sentence": (30, 50), "paragraph": (95, 125)}
"""Bounds of the number of tokens, special ones included, of the texts that are timed together."""

_TEXTS_PER_BAND = 400
_ROUNDS = 3
_QUERIES = 500
_REFERENCE_QUERIES = 50  # enough for a median of something ten times slower
_QUERY_WORDS = 3
_BATCH = 32  # the default of sentence-transformers
_SEED = 7


def measure_embedding(
    model_dir: Path, texts: Sequence[str], reference: str | None = None
) -> dict[str, Any]:
    """Time a model directory on a catalogue's texts.

    Args:
        model_dir: what `install_default_model` or `export_model` returned.
        texts: documents of all lengths, thousands of them.
        reference: the sentence-transformers model to time beside it, a directory or a name; left
            out of the result if None or if the `export` extra is not installed.

    Returns:
        The result file: machine, documents per second by band on all cores, milliseconds of
        uncached queries, and the cosines between the two models' vectors. Both models take turns
        on the same texts, so read ratios rather than times.
    """
    embedder = OnnxEmbedder.open(model_dir, query_cache_size=0)
    model = _loaded(reference)
    theirs: Embed | None = None
    if model is not None:

        def theirs(batch: list[str]) -> NDArray[np.float32]:
            vectors: NDArray[np.float32] = model.encode(
                batch, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
            return vectors

    bands = draw_bands(texts, Tokenizer.from_file(str(ModelFiles.open(model_dir).tokenizer)))
    return {
        "machine": describe_machine(),
        "model": embedder.name,
        "model_bytes": sum(path.stat().st_size for path in model_dir.iterdir()),
        "cores": available_cores(),
        "reference": reference if theirs else None,
        "documents": {
            name: {"tokens": round(tokens, 1), "texts": len(band)}
            | _throughput(embedder.embed_documents, theirs, band)
            for name, (tokens, band) in bands.items()
        },
        "query_milliseconds": _latency(embedder, theirs, draw_queries(texts)),
    }


def draw_bands(texts: Sequence[str], tokenizer: Tokenizer) -> dict[str, tuple[float, list[str]]]:
    """For each band that occurs: the mean number of tokens and a sample of distinct texts."""
    distinct = list(dict.fromkeys(texts))
    lengths = np.array([len(encoding) for encoding in tokenizer.encode_batch_fast(distinct)])
    rng = np.random.default_rng(_SEED)
    drawn = {}
    for name, (least, most) in BANDS.items():
        found = np.flatnonzero((lengths >= least) & (lengths <= most))
        chosen = rng.permutation(found)[:_TEXTS_PER_BAND]
        if len(chosen):
            drawn[name] = (float(lengths[chosen].mean()), [distinct[row] for row in chosen])
    return drawn


def draw_queries(texts: Sequence[str]) -> list[str]:
    """Distinct queries: the first words of the texts."""
    starts = dict.fromkeys(" ".join(text.split()[:_QUERY_WORDS]) for text in texts)
    return list(starts)[:_QUERIES]


def _loaded(reference: str | None) -> Any:  # noqa: ANN401 - an optional library has no types here
    if reference is None:
        return None
    try:
        return load_reference(reference)
    except ModelUnavailableError:
        return None


def _throughput(ours: Embed, theirs: Embed | None, texts: list[str]) -> dict[str, float]:
    """Documents per second, and the ratio of the two: medians over rounds in turns."""
    ours(texts[:_BATCH])
    if theirs is None:
        seconds = [_seconds(ours, texts) for _ in range(_ROUNDS)]
        return {"documents_per_second": round(len(texts) / float(np.median(seconds)), 1)}
    theirs(texts[:_BATCH])
    times = np.array([(_seconds(ours, texts), _seconds(theirs, texts)) for _ in range(_ROUNDS)])
    mine, reference = np.median(times, axis=0)
    cosines = np.einsum("nd,nd->n", ours(texts), theirs(texts))
    return {
        "documents_per_second": round(len(texts) / float(mine), 1),
        "reference_documents_per_second": round(len(texts) / float(reference), 1),
        "ratio": round(float(np.median(times[:, 1] / times[:, 0])), 2),
        "cosine_mean": round(float(cosines.mean()), 5),
        "cosine_minimum": round(float(cosines.min()), 5),
    }


def _seconds(embed: Embed, texts: list[str]) -> float:
    begin = perf_counter()
    embed(texts)
    return perf_counter() - begin


def _latency(
    embedder: OnnxEmbedder, theirs: Embed | None, queries: list[str]
) -> dict[str, dict[str, float]]:
    """Median, 95th and 99th percentile of single queries, the tokenizer included.

    Not in turns: PyTorch's threads go on spinning after a call and would slow the next of ours.
    """
    result = {"ours": _percentiles(embedder.embed_query, queries)}
    if theirs is not None:
        result["reference"] = _percentiles(
            lambda text: theirs([text]), queries[:_REFERENCE_QUERIES]
        )
    return result


def _percentiles(embed: Callable[[str], object], queries: list[str]) -> dict[str, float]:
    times = []
    for query in queries:
        begin = perf_counter()
        embed(query)
        times.append((perf_counter() - begin) * 1e3)
    median, p95, p99 = np.percentile(times, (50, 95, 99))
    return {"median": round(median, 3), "p95": round(p95, 3), "p99": round(p99, 3)}


def embedding_table(result: dict[str, Any]) -> str:
    """The result for people."""
    reference = result["reference"] is not None
    lines = [
        f"{result['model']}: {result['model_bytes'] / 1e6:.1f} MB, {result['cores']} cores",
        f"{'documents/s':<14}{'tokens':>8}{'ours':>10}"
        + (f"{'reference':>11}{'ratio':>7}{'cosine':>9}" if reference else ""),
    ]
    for name, row in result["documents"].items():
        line = f"{name:<14}{row['tokens']:>8.1f}{row['documents_per_second']:>10.0f}"
        if reference:
            line += f"{row['reference_documents_per_second']:>11.0f}{row['ratio']:>7.2f}"
            line += f"{row['cosine_mean']:>9.4f}"
        lines.append(line)
    lines.append(f"{'query, ms':<14}{'median':>8}{'p95':>10}{'p99':>10}")
    for name, row in result["query_milliseconds"].items():
        lines.append(f"{name:<14}{row['median']:>8.3f}{row['p95']:>10.3f}{row['p99']:>10.3f}")
    return "\n".join(lines)
