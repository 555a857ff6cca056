"""``searchsvc search``: a query against the files, without a server."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Annotated

import orjson
import typer

from indexer.snapshot import open_snapshot
from searchsvc.answer import Hit, SearchResult
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
from searchsvc.live import Live, effective_policy
from searchsvc.personalizing.answered import Answered
from searchsvc.personalizing.audience import Audience
from searchsvc.personalizing.personalizer import Personalizer
from searchsvc.personalizing.profiles import Profiles, no_profiles
from searchsvc.query.filters import parse_filter_text
from searchsvc.query.query import (
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_TEXT,
    FacetRequest,
    Grouping,
    Query,
)
from searchsvc.response import View, encode_response, new_query_id
from searchsvc.results.facet import Facet
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import search as run_search
from searchsvc.segments.shopper import Shopper


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
    filters: Annotated[
        str | None, typer.Option(help="Such as 'brand:HP AND price < 250', or JSON.")
    ] = None,
    sort: Annotated[str, typer.Option(help="Such as price, newest or rating:desc,price.")] = "",
    facets: Annotated[
        str, typer.Option(help="Fields to count the values of, parted by commas.")
    ] = "",
    group_by: Annotated[
        str | None, typer.Option(help="Show the best of each group, such as item_group_id.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how each hit got its place.")
    ] = False,
    segments: Annotated[
        str, typer.Option(help="Ask as somebody in these segments, parted by commas.")
    ] = "",
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
        audience = Audience.compile(Live.read(layout, snapshot, None), snapshot, policy, None)
        embedders = Embedders.patient(settings.models_dir, settings.query_encoder)
        asked = Query(
            text=query,
            limit=limit,
            offset=offset,
            filter=parse_filter_text(filters),
            explain=explain,
            as_typed=as_typed,
            sort=parse_sort(sort),
            facets=tuple(FacetRequest(it.strip()) for it in facets.split(",") if it.strip()),
            grouping=Grouping(group_by) if group_by else None,
            relax=True,
        )
        embedder = embedders.of(snapshot)
        named = [it.strip() for it in segments.split(",") if it.strip()]
        begin = perf_counter()
        personal = Personalizer(Profiles(no_profiles, 1.0)).personalize(
            Shopper(consent=bool(named), segments=tuple(named)), audience, asked
        )
        result = run_search(asked, snapshot, embedder, personal.policy, personal.preferences)
        took_ms = (perf_counter() - begin) * 1e3
        embedders.close()
        answered = Answered(snapshot, result, personal)
        body = encode_response(answered, asked, View(), new_query_id(), took_ms)
    if as_json:
        sys.stdout.write(body.decode() + "\n")
        return
    _show(result, offset, took_ms, explain=explain)


def _show(result: SearchResult, offset: int, took_ms: float, *, explain: bool) -> None:
    for line in result.degraded:
        stderr.print(f"degraded: {line}", markup=False)
    if result.understood.corrected:
        say(f"searched for: {result.understood.corrected}")
    if result.relaxed:
        say(f"nothing matched; widened by {result.relaxed.kind} to: {result.relaxed.text}")
    if explain:
        _show_understanding(result)
    say(f"{result.total:,} {'groups' if result.counts_groups else 'products'} in {took_ms:.1f} ms")
    for place, hit in enumerate(result.hits, offset + 1):
        _show_hit(place, hit)
    for facet in result.facets:
        _show_facet(facet)


def _show_understanding(result: SearchResult) -> None:
    for step in result.understood.steps:
        say(f"  {step.kind}: {step.typed} -> {step.meant} ({step.weight:.2f})")
    if result.encoders:
        say(f"  embedded by: {', '.join(result.encoders)}")


def _show_hit(place: int, hit: Hit) -> None:
    product = orjson.loads(hit.product)
    more = f" (+{hit.group.count - 1})" if hit.group and hit.group.count > 1 else ""
    say(f"{place:>4}  {hit.score:.4f}  {hit.id:<16} {product['title']}{more}")
    if hit.explanation is not None:
        say(f"        {hit.explanation.summary()}")


def _show_facet(facet: Facet) -> None:
    values = ", ".join(f"{it.value} ({it.count:,})" for it in facet.values)
    say(f"{facet.request.field}: {values}")
    stats = facet.statistics
    if stats:
        say(f"  {stats.minimum:g} to {stats.maximum:g}, {stats.average:g} on average")
