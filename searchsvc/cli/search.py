"""``searchsvc search``: a query against the files, without a server."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Annotated

import orjson
import typer

from indexer.snapshot import open_snapshot
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    read_settings,
    reported_failures,
    say,
    stderr,
)
from searchsvc.embedders import Embedders
from searchsvc.live import effective_policy
from searchsvc.query.filters import parse_filter_json
from searchsvc.query.query import MAX_LIMIT, MAX_OFFSET, MAX_TEXT, Query
from searchsvc.response import encode_response
from searchsvc.search import search as run_search


def _query_text(text: str) -> str:
    """`text`, unless the HTTP API would refuse it as well."""
    if len(text) > MAX_TEXT:
        raise typer.BadParameter(f"{len(text)} characters, expected at most {MAX_TEXT}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter(f"{text!r} is not UTF-8") from None
    return text


def search(
    query: Annotated[str, typer.Argument(help="What a shopper would type.", callback=_query_text)],
    index: IndexName = "products",
    data_dir: DataDir = None,
    limit: Annotated[int, typer.Option(min=0, max=MAX_LIMIT, help="Hits to show.")] = 10,
    offset: Annotated[int, typer.Option(min=0, max=MAX_OFFSET, help="Hits to skip.")] = 0,
    filters: Annotated[str | None, typer.Option(help="A filter as JSON.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how each hit got its place.")
    ] = False,
    as_typed: Annotated[
        bool, typer.Option("--as-typed", help="Correct no words, even if they look misspelt.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search an index from the shell; --json prints what the HTTP API would answer.

    Example: searchsvc search "warm jacket for rainy hikes" --index demo --explain
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        layout = find_index(settings.data_dir, index)
        snapshot = open_snapshot(layout)
        policy = effective_policy(layout, settings, snapshot)
        embedders = Embedders.patient(settings.models_dir)
        asked = Query(query, limit, offset, parse_filter_json(filters), explain, as_typed)
        embedder = embedders.get(snapshot.manifest.embedder)
        begin = perf_counter()
        result = run_search(asked, snapshot, embedder, policy)
        took_ms = (perf_counter() - begin) * 1e3
        embedders.close()
        body = encode_response(result, asked, snapshot, took_ms)
    if as_json:
        sys.stdout.write(body.decode() + "\n")
        return
    for line in result.degraded:
        stderr.print(f"degraded: {line}", markup=False)
    if result.understood.corrected:
        say(f"searched for: {result.understood.corrected}")
    if explain:
        for step in result.understood.steps:
            say(f"  {step.kind}: {step.typed} -> {step.meant} ({step.weight:.2f})")
    say(f"{result.total:,} products in {took_ms:.1f} ms")
    for place, hit in enumerate(result.hits, offset + 1):
        product = orjson.loads(hit.product)
        say(f"{place:>4}  {hit.score:.4f}  {hit.id:<16} {product['title']}")
        if hit.explanation is not None:
            say(f"        {hit.explanation.summary()}")
