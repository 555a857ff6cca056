"""The speed of a build: seconds of each stage and memory, by size of the catalogue."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.catalogue.cli import generate
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from indexer.build.texts import embedding_text, searchable_texts
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from indexer.settings import IndexSettings
from searchsvc.cli.watch import in_background

if TYPE_CHECKING:
    from collections.abc import Sequence
    from resource import struct_rusage

HASHING = "hashing-384"
"""An embedder as wide as the default model that takes no time worth mentioning: what is left is
everything but the embedding."""
_EMBEDDING = "embedding new texts"
_UNIT = 100_000  # products
_INDEX = "build-speed"
_DOCUMENTS = 2_000


def measure_build(
    products: Sequence[int], data_dir: Path, models_dir: Path, model: str = HASHING
) -> dict[str, Any]:
    """Build an index of each size in a process of its own, from nothing.

    Args:
        products: sizes of the catalogues.
        data_dir: where the generated feeds are kept.
        models_dir: where `model` is.
        model: that embeds; with `HASHING`, vectors come from the words and know no meaning.

    Returns:
        The result file: seconds by stage, with and without embedding, per 100,000 products; the
        processor time, which others on the machine disturb least; largest resident memory (mapped
        files among it); bytes of the index.

    Raises:
        BenchmarkError: a build fails.
    """
    rows = [_build(size, data_dir, models_dir, model) for size in products]
    per_unit = [row["seconds_per_100000"] for row in rows]
    return {
        "model": model,
        "machine": describe_machine(),
        "builds": rows,
        "growth": round(per_unit[-1] / per_unit[0], 2),
    }


def feed_of(size: int, data_dir: Path) -> Path:
    """The generated catalogue of so many products, made when it is not there."""
    feed = data_dir / f"catalogue-{size}.jsonl.gz"
    if not feed.exists():
        feed.parent.mkdir(parents=True, exist_ok=True)
        generate(feed, products=size)
    return feed


def document_texts(feed: Path) -> list[str]:
    """What a model reads of the first products of `feed` in a build with default settings."""
    settings = IndexSettings().embedding
    with open_feed(str(feed), FeedOptions()) as records:
        products = (record for record in records or () if isinstance(record, Product))
        return [
            embedding_text(searchable_texts(product), settings)
            for product in islice(products, _DOCUMENTS)
        ]


def _build(size: int, data_dir: Path, models_dir: Path, model: str) -> dict[str, Any]:
    feed = feed_of(size, data_dir)
    # On the disk of the indexes: many a temporary directory is memory.
    with tempfile.TemporaryDirectory(dir=data_dir, prefix="build-") as scratch:
        report, usage = _run(feed, Path(scratch), models_dir, model)
    seconds = report["seconds"]
    total = sum(seconds.values())
    rest = total - seconds.get(_EMBEDDING, 0.0)
    return {
        "products": report["products"],
        "seconds": seconds,
        "total_seconds": round(total, 2),
        "without_embedding_seconds": round(rest, 2),
        "seconds_per_100000": round(rest / report["products"] * _UNIT, 2),
        "products_per_second": round(report["products"] / rest),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_bytes": usage.ru_maxrss * 1024,
        "index_bytes": report["bytes"],
    }


def _run(
    feed: Path, folder: Path, models_dir: Path, model: str
) -> tuple[dict[str, Any], struct_rusage]:
    """The report of a reindex, and what its process took."""
    options = ["--index", _INDEX, "--data-dir", str(folder), "--model", model, "--json"]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*in_background(nice=0), "reindex", *options, "--", str(feed)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SEARCHSVC_MODELS_DIR": str(models_dir)},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        raise BenchmarkError(f"the build of {feed.name} failed: {text[-500:]}")
    return json.loads(text), usage


def build_table(result: dict[str, Any]) -> str:
    """The result for people."""
    rows = result["builds"]
    title = (
        f"builds with {result['model']}; per 100,000 products the largest takes "
        f"{result['growth']:.2f} times as long as the smallest"
    )
    lines = [
        title,
        f"{'products':<34}" + "".join(f"{row['products']:>12,}" for row in rows),
    ]
    stages = dict.fromkeys(stage for row in rows for stage in row["seconds"])
    for stage in stages:
        cells = "".join(f"{row['seconds'].get(stage, 0.0):>12.1f}" for row in rows)
        lines.append(f"  {stage + ', s':<32}{cells}")
    for name, label, scale in (
        ("without_embedding_seconds", "without embedding, s", 1.0),
        ("seconds_per_100000", "  per 100,000 products, s", 1.0),
        ("products_per_second", "  products/s", 1.0),
        ("processor_seconds", "processor time with embedding, s", 1.0),
        ("peak_bytes", "peak memory, MB", 1e6),
        ("index_bytes", "index, MB", 1e6),
    ):
        cells = "".join(f"{row[name] / scale:>12,.1f}" for row in rows)
        lines.append(f"{label:<34}{cells}")
    return "\n".join(lines)
