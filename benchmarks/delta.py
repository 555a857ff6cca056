"""The speed of deltas: from a change to its visibility, and beside a build of everything."""

from __future__ import annotations

from functools import partial
from statistics import median
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from indexer.build.delta import apply_delta
from indexer.build.reindex import Recipe, compact
from indexer.layout import IndexLayout
from indexer.manifest import Manifest
from indexer.snapshot import open_snapshot
from searchsvc.changing import ProductChanges
from searchsvc.cli.progress import Bars
from searchsvc.serving import SearchService
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot

PRICES = 1_000
"""Products whose price, stock and popularity change at once."""
_ROUNDS = 5
_WORDS = 0.01
"""Share of the products whose texts change."""
_SEED = 11
_EMBEDDING = "embedding new texts"
_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.005


def measure_delta(layout: IndexLayout, embedder: Embedder, folder: Path) -> dict[str, Any]:
    """Change a copy of an index: prices by the running service, then texts, then build it anew.

    Args:
        layout: the index; it stays as it is.
        embedder: of its products.
        folder: for the copy, on the same disk.

    Returns:
        The result file. The build of never-seen texts is the measured one whose vectors were all
        known, plus its texts at the speed at which the delta's were embedded.

    Raises:
        BenchmarkError: a change does not become visible.
    """
    copy = _copied(layout, folder)
    prices = _measure_prices(copy)
    texts = _measure_texts(copy, embedder)
    build = _measure_build(copy, embedder, texts)
    return {
        "index": layout.name,
        "products": build["products"],
        "model": embedder.name,
        "machine": describe_machine(),
        "prices": prices,
        "texts": texts,
        "build": build,
        "times_faster": {
            "than_a_build_of_new_texts": _ratio(build["new_texts_seconds"], texts["seconds"]),
            "than_a_build_of_known_texts": _ratio(build["known_texts_seconds"], texts["seconds"]),
            "both_without_embedding": _ratio(
                build["known_texts_seconds"], texts["without_embedding_seconds"]
            ),
        },
    }


def _copied(layout: IndexLayout, folder: Path) -> IndexLayout:
    """An index of links to the current generation: what is written goes beside them."""
    copy = IndexLayout.of(folder, layout.name)
    generation = layout.require_current()
    target = copy.generation_dir(generation)
    target.mkdir(parents=True)
    for path in layout.generation_dir(generation).iterdir():
        (target / path.name).hardlink_to(path)
    copy.current_file.write_text(f"{generation}\n", "utf-8")
    return copy


def _measure_prices(layout: IndexLayout) -> dict[str, Any]:
    """Seconds until search shows new prices, in the process that was told and in another one."""
    settings = Settings(data_dir=layout.root.parent, personalize=False)
    told, other = SearchService(settings), SearchService(settings)
    changes = ProductChanges(settings)
    rng = np.random.default_rng(_SEED)
    rounds = []
    try:
        told.start()
        other.start()
        for number in range(_ROUNDS):
            records = _price_records(told.snapshot(layout.name), rng, number)
            began = perf_counter()
            report = changes.apply(layout.name, records, mode="update", force=False)
            written = perf_counter() - began
            told.refresh_index(layout.name)
            seen = perf_counter() - began
            _wait(partial(_shows, other, layout.name, records[-1]))
            rounds.append(
                {
                    "seconds": round(seen, 3),
                    "written_seconds": round(written, 3),
                    "elsewhere_seconds": round(perf_counter() - began, 3),
                    "stages": report["seconds"],
                }
            )
            if report["published"] != "patch" or not _shows(told, layout.name, records[-1]):
                raise BenchmarkError(f"new prices were not patched in: {report}")
    finally:
        changes.close()
        told.close()
        other.close()
    first, *later = rounds
    return {
        "products": PRICES,
        "poll_seconds": settings.poll_seconds,
        "first": first,  # starts the process that writes
        "seconds": _spread([it["seconds"] for it in later]),
        "elsewhere_seconds": _spread([it["elsewhere_seconds"] for it in later]),
        "stages": later[-1]["stages"],
    }


def _price_records(
    snapshot: Snapshot, rng: np.random.Generator, number: int
) -> list[dict[str, Any]]:
    """New prices, stock and popularity of products from everywhere."""
    rows = rng.choice(len(snapshot.products), PRICES, replace=False)
    return [
        {
            "id": snapshot.products.id(int(row)),
            "price": f"{cents / 100:.2f} USD",
            "availability": ("in_stock", "out_of_stock")[int(cents) % 2],
            "popularity": number * PRICES + place,
        }
        for place, (row, cents) in enumerate(
            zip(rows, rng.integers(100, 100_000, PRICES), strict=True)
        )
    ]


def _shows(service: SearchService, index: str, record: dict[str, Any]) -> bool:
    product = orjson.loads(service.product(index, record["id"]))
    found: bool = product.get("attributes", {}).get("popularity") == record["popularity"]
    return found


def _wait(condition: Callable[[], bool]) -> None:
    until = perf_counter() + _PATIENCE_SECONDS
    while not condition():
        if perf_counter() > until:
            raise BenchmarkError(f"a change was not visible within {_PATIENCE_SECONDS:g} s")
        sleep(_LOOK_SECONDS)


def _measure_texts(layout: IndexLayout, embedder: Embedder) -> dict[str, Any]:
    records = _title_records(layout)
    with Bars() as bars:
        report = apply_delta(records, layout, _recipe(layout, embedder), progress=bars)
    seconds = sum(report.seconds.values())
    embedding = report.seconds.get(_EMBEDDING, 0.0)
    return {
        "products": report.reworded,
        "seconds": round(seconds, 2),
        "embedded": report.embedded,
        "embedded_per_second": round(report.embedded / embedding, 1) if embedding else None,
        "without_embedding_seconds": round(seconds - embedding, 2),
        "stages": report.seconds,
    }


def _title_records(layout: IndexLayout) -> list[dict[str, Any]]:
    """Products from everywhere with titles that nobody has read."""
    snapshot = open_snapshot(layout)
    count = len(snapshot.products)
    rng = np.random.default_rng(_SEED)
    rows = rng.choice(count, max(1, round(count * _WORDS)), replace=False).tolist()
    records = []
    for number, (row, other) in enumerate(zip(rows, reversed(rows), strict=True)):
        title, words = (
            orjson.loads(snapshot.products.json(it))["title"].split() for it in (row, other)
        )
        text = " ".join([*words[:2], *title, f"{number:x}"])
        records.append({"id": snapshot.products.id(row), "title": text})
    return records


def _recipe(layout: IndexLayout, embedder: Embedder) -> Callable[[], Recipe]:
    manifest = Manifest.read(layout.generation_dir(layout.require_current()))
    return lambda: Recipe(manifest.settings.model_copy(update={"gate": None}), embedder)


def _measure_build(
    layout: IndexLayout, embedder: Embedder, texts: dict[str, Any]
) -> dict[str, Any]:
    """Everything again, from the products themselves: no feed to read, no text to embed."""
    with Bars() as bars:
        report = compact(layout, _recipe(layout, embedder), progress=bars)
    seconds = sum(report.seconds.values())
    rate = texts["embedded_per_second"]
    return {
        "products": report.products,
        "known_texts_seconds": round(seconds, 2),
        "new_texts_seconds": round(seconds + report.products / rate, 2) if rate else None,
        "stages": report.seconds,
    }


def _ratio(longer: float | None, shorter: float) -> float | None:
    return None if longer is None else round(longer / shorter, 1)


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": round(median(seconds), 3), "max": round(max(seconds), 3)}


def delta_table(result: dict[str, Any]) -> str:
    """The result for people."""
    prices, texts, build = result["prices"], result["texts"], result["build"]
    ratios = result["times_faster"]
    lines = [
        f"deltas of {result['index']}: {result['products']:,} products, {result['model']}",
        (
            f"  {prices['products']:,} prices, visible to who sent them, s "
            f"{prices['seconds']['median']:>12.2f} median {prices['seconds']['max']:>8.2f} max"
            f" {prices['first']['seconds']:>8.2f} the first"
        ),
        (
            f"  the same in another process, s "
            f"{prices['elsewhere_seconds']['median']:>12.2f} median "
            f"{prices['elsewhere_seconds']['max']:>8.2f} max"
        ),
        (
            f"  {texts['products']:,} texts, s {texts['seconds']:.1f}, "
            f"{texts['without_embedding_seconds']:.1f} without embedding them"
        ),
        (
            f"  everything at once, s {build['known_texts_seconds']:.1f} with all texts known, "
            f"{build['new_texts_seconds'] or 0:.1f} with none known (reckoned)"
        ),
        (
            f"  times faster: {ratios['than_a_build_of_new_texts']} than with new texts, "
            f"{ratios['than_a_build_of_known_texts']} than with known ones, "
            f"{ratios['both_without_embedding']} both without embedding"
        ),
    ]
    return "\n".join(lines)
