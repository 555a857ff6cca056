"""Search page: what suggestions and pages with facets and highlights cost, as a shop asks them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.application import Application, Call
from benchmarks.building import build, open_index
from benchmarks.catalogue.cli import generate
from benchmarks.collection import load_collection
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from benchmarks.pagecalls import SearchPage
from benchmarks.robustness.typos import draw_typos
from benchmarks.timing import summarize
from benchmarks.workload import draw_queries
from searchsvc.http.algolia.attributes import Attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from indexer.embedding.protocol import Embedder
    from searchsvc.http.algolia.attributes import Attribute
    from searchsvc.settings import Settings

_QUERIES = 100
_KEYSTROKES = 1_500
_ROUNDS = 3
_SEED = 20_261_122
_FACETS = 8
_NAME = 46


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured.

    Attributes:
        index: its name, below the settings' ``data_dir``.
        queries: that shoppers type; ``None`` to draw them from the products.
    """

    name: str
    index: str
    queries: Sequence[str] | None = None


def collection_subject(directory: Path, data_dir: Path, embedder: Embedder) -> Subject:
    """A judged collection, indexed below `data_dir`, with its queries.

    Raises:
        CollectionError: it cannot be read.
    """
    collection = load_collection(directory)
    snapshot = open_index(collection, data_dir, embedder)
    return Subject(collection.name, snapshot.index, [query.text for query in collection.queries])


def generated_subject(products: int, data_dir: Path, embedder: Embedder) -> Subject:
    """A generated catalogue: the one of the latency benchmark, with its index."""
    feed = data_dir / f"catalogue-{products}.jsonl.gz"
    if not feed.exists():
        feed.parent.mkdir(parents=True, exist_ok=True)
        generate(feed, products=products)
    name = f"latency-{products}"
    build(feed, data_dir, name, embedder)
    return Subject(f"generated-{products}", name)


def measure_searchpage(subject: Subject, settings: Settings) -> dict[str, Any]:
    """Ask the whole application what a search page asks, without sockets.

    At most 100 queries and 1,500 keystrokes of each kind are asked, evenly spaced, in three
    rounds; of each request the fastest answer counts, and its vector is known by then: the work
    is measured, neither the noise of the machine nor the embedding model.

    Returns:
        The result file: machine, number of queries, the facets, and for each workload the
        milliseconds of an answer and its bytes.

    Raises:
        BenchmarkError: there is no query, or the service answers with a failure.
    """
    application = Application(settings, subject.index)
    try:
        snapshot = application.snapshot
        drawn = subject.queries
        if drawn is None:
            drawn = draw_queries(snapshot, _QUERIES)
        if not drawn:
            raise BenchmarkError(f"{subject.name} has no query; give it some in queries.jsonl")
        texts = _spaced(drawn, _QUERIES)
        facets, workloads = asyncio.run(_measure(application, subject.index, drawn, texts))
        return {
            "catalogue": subject.name,
            "products": len(snapshot.products),
            "machine": describe_machine(),
            "queries": len(texts),
            "rounds": _ROUNDS,
            "facets": facets,
            "workloads": workloads,
        }
    finally:
        application.close()


async def _measure(
    application: Application, index: str, drawn: Sequence[str], texts: Sequence[str]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The facets, and milliseconds and bytes of each workload."""
    page = SearchPage(index, await _facets(application, index))
    chosen = {
        text: page.to_choose((await application.send(page.hits(text))).body) for text in texts
    }
    calls = {
        "suggestion, as written": map(page.suggestion, _keystrokes(drawn)),
        "suggestion, one typing error": map(page.suggestion, _misspelt(drawn)),
        "InstantSearch page": map(page.hits, texts),
        "the same without highlights": (
            page.hits(text, attributesToHighlight=[]) for text in texts
        ),
        "page with two facets refined, hits alone": (
            page.hits(text, chosen[text]) for text in texts
        ),
        "the same with all of its three searches": (
            page.refined(text, chosen[text]) for text in texts
        ),
        "native page, grouped, titles marked": map(page.native, texts),
    }
    return [attribute.name for attribute in page.facets], [
        {"name": name, **await _time(application, list(workload))}
        for name, workload in calls.items()
    ]


async def _facets(application: Application, index: str) -> list[Attribute]:
    """Those that the service itself tells a page to show first, for the whole catalogue."""
    call = Call.post(f"/1/indexes/{index}/query", {"facets": ["*"], "hitsPerPage": 0})
    answer = orjson.loads((await application.send(call)).body)
    order = answer["renderingContent"]["facetOrdering"]["facets"]["order"]
    attributes = Attributes(application.snapshot)
    found = (attributes.find(name) for name in order[:_FACETS])
    return [attribute for attribute in found if attribute is not None]


async def _time(application: Application, calls: Sequence[Call]) -> dict[str, Any]:
    fastest = [float("inf")] * len(calls)
    sizes = [0] * len(calls)
    for _ in range(_ROUNDS):
        for number, call in enumerate(calls):
            reply = await application.send(call)
            fastest[number] = min(fastest[number], reply.milliseconds)
            sizes[number] = len(reply.body)
    median, p95 = np.percentile(sizes, (50, 95)).astype(int).tolist()
    return {
        "requests": len(calls),
        "milliseconds": summarize(fastest),
        "bytes": {"median": median, "p95": p95},
    }


def _keystrokes(texts: Iterable[str]) -> list[str]:
    """Every beginning of every text, evenly thinned out."""
    begun = [text[:end] for text in texts for end in range(1, len(text) + 1)]
    return _spaced(list(dict.fromkeys(begun)), _KEYSTROKES)


def _misspelt(texts: Iterable[str]) -> list[str]:
    """Every beginning with an error in it of every text, evenly thinned out."""
    begun = [
        typo.text[:end]
        for text in texts
        for typo in draw_typos(text, 1, _SEED)
        for end in range(_agreeing(text, typo.text) + 1, len(typo.text) + 1)
    ]
    return _spaced(list(dict.fromkeys(begun)), _KEYSTROKES)


def _agreeing(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((place for place, (left, right) in pairs if left != right), shorter)


def _spaced(texts: Sequence[str], most: int) -> list[str]:
    places = np.linspace(0, len(texts) - 1, min(most, len(texts))).astype(int)
    return [texts[place] for place in places.tolist()]


def searchpage_table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    catalogue = f"{result['catalogue']}: {result['products']:,} products"
    lines = [
        f"{catalogue}, {result['queries']} queries, facets: {', '.join(result['facets'])}",
        f"{'milliseconds':<{_NAME}}{'requests':>9}{'median':>9}{'p95':>9}{'p99':>9}{'kB':>8}",
    ]
    for row in result["workloads"]:
        times = "".join(f"{row['milliseconds'][name]:>9.2f}" for name in ("median", "p95", "p99"))
        kilobytes = row["bytes"]["median"] / 1e3
        lines.append(f"{row['name']:<{_NAME}}{row['requests']:>9,}{times}{kilobytes:>8.1f}")
    return "\n".join(lines)
