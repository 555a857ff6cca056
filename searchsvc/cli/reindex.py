"""``searchsvc reindex``: a feed becomes the catalogue."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.build.reindex import ReindexOptions, reindex_by
from indexer.cores import LEAST_URGENT, give_way
from indexer.feeds.change import Operation
from indexer.feeds.reader import MAX_BYTES, TIMEOUT_SECONDS, FeedFormat
from indexer.layout import IndexLayout
from indexer.publish import WAIT_SECONDS
from indexer.settings import IndexSettings
from searchsvc.cli.audited import audited
from searchsvc.cli.delta import (
    change_products,
    check_feed_options,
    describe_rejections,
    published,
)
from searchsvc.cli.gate import describe_gate
from searchsvc.cli.output import (
    DEFAULT_INDEX,
    AsJson,
    DataDir,
    IndexName,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.cli.progress import Bars
from searchsvc.cli.recipe import recipe_for
from searchsvc.cli.watch import given_options, in_background, tell, watch_forever
from searchsvc.schedule import parse_period
from searchsvc.watching.watching import WatchedFeed, WatchingTask

if TYPE_CHECKING:
    from indexer.build.report import BuildReport


def reindex(
    context: typer.Context,
    feed: Annotated[
        str | None,
        typer.Argument(help="Path or http(s) URL of the feed, or - for standard input."),
    ] = None,
    index: IndexName = DEFAULT_INDEX,
    data_dir: DataDir = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Publish a truncated or much smaller feed, or a delta that removes much, "
            "as well, and in spite of the gate.",
        ),
    ] = False,
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", help="JSON file of index settings; kept for the next time."),
    ] = None,
    feed_format: Annotated[
        FeedFormat | None, typer.Option("--format", help="Of the feed; recognised by default.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Name of a directory in the models directory; by default the last one."),
    ] = None,
    max_gigabytes: Annotated[
        float, typer.Option(min=0.000001, help="Refuse a larger feed, decompressed.")
    ] = MAX_BYTES / 1e9,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds for the whole download of a feed.")
    ] = TIMEOUT_SECONDS,
    keep: Annotated[
        int,
        typer.Option(min=1, help="Full builds kept for rollback; with --delta, those of deltas."),
    ] = 3,
    if_changed: Annotated[
        bool,
        typer.Option(
            "--if-changed", help="Do nothing if a file has the size and time of the last one."
        ),
    ] = False,
    delta: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Change single products by a delta: path, URL, or -; see --mode."
        ),
    ] = None,
    mode: Annotated[  # noqa: ARG001 - taken from the context
        Operation,
        typer.Option(help="What a record of a delta asks for that does not say it by 'op'."),
    ] = Operation.UPDATE,
    compact: Annotated[  # noqa: ARG001 - as above
        bool | None,
        typer.Option(
            "--compact/--no-compact",
            help="Build everything again from the index's own products. After a delta: always, "
            "or never; by default once many have changed.",
        ),
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(metavar="PERIOD", help="Stay, and look again as often: 10m, 6h, 1d."),
    ] = None,
    nice: Annotated[
        int | None,
        typer.Option(
            min=0, max=19, help="Give way to other processes by so much; 19 with --watch, else 0."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replace an index's catalogue by a feed; a running service swaps it in by itself.

    JSON Lines, CSV, TSV and Google Merchant XML, each also gzipped. Bad records are left out and
    listed in a report; texts that did not change are not embedded again. With
    --delta prices.csv only the products change that it names.

    Example: searchsvc reindex feed.xml.gz --index shop-de

    Example: searchsvc reindex --delta prices.csv --index shop-de

    Example: searchsvc reindex --compact --index shop-de

    Example: searchsvc reindex https://shop.example/feed.xml.gz --index shop-de --watch 10m
    """
    if feed is None or delta is not None:
        change_products(context)
        return
    check_feed_options(context)
    if watch is not None:
        _watch(context, feed, index, watch, as_json=as_json)
        return
    give_way(nice or 0)
    with reported_failures(as_json=as_json):
        service = read_settings(data_dir)
        layout = IndexLayout.of(service.data_dir, index)
        settings = IndexSettings.read(settings_file) if settings_file else None
        options = ReindexOptions(
            force=force,
            keep=keep,
            format=feed_format,
            max_bytes=int(max_gigabytes * 1e9),
            timeout_seconds=timeout,
            if_changed=if_changed,
            wait_seconds=WAIT_SECONDS,
        )
        recipe = partial(recipe_for, layout, service, settings, model)
        with Bars(quiet=as_json) as bars:
            report = reindex_by(feed, layout, recipe, options, bars)
        if not report.unchanged:
            audited(service, "reindex", index, published(report))
    if as_json:
        print_json(report.to_dict())
    else:
        for line in describe(report):
            say(line)


def _watch(context: typer.Context, feed: str, index: str, every: str, *, as_json: bool) -> None:
    """Run this command again and again, each time in a process of its own."""
    nice = context.params["nice"]
    options = given_options(context, "watch", "as_json", "if_changed", "nice", "mode")
    command = [
        *in_background(LEAST_URGENT if nice is None else nice),
        *("reindex", *options, "--if-changed", "--json", "--", feed),
    ]
    with reported_failures(as_json=as_json):
        task = WatchingTask(
            read_settings(context.params["data_dir"]).data_dir,
            parse_period(every),
            [WatchedFeed.parse(f"{index}={feed}", index)],
            lambda _: command,
            partial(tell, as_json=as_json),
            at_once=True,
        )
    watch_forever(task)


def describe(report: BuildReport) -> list[str]:
    """The report for people."""
    size = f"{report.bytes / 1e6:,.1f} MB, {report.bytes / report.products:,.0f} bytes each"
    content = f"{report.generation} with {report.products:,} products ({size})"
    lines = [
        f"{report.index}: nothing changed, {content} stays"
        if report.unchanged
        else f"{report.index}: published {content}",
        f"  embedded {report.embedded:,} texts; those that did not change were not read"
        if report.embedded
        else "  embedded nothing: no text changed",
        *_left_out(report),
    ]
    if report.recall_at_100:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in report.recall_at_100.items())
        lines.append(f"  vector recall@100 against exact search: {shares}")
    lines += describe_gate(report.gate)
    lines += [f"  forced: {message}" for message in report.forced]
    if report.seconds:
        stages = (f"{name} {seconds:.1f} s" for name, seconds in report.seconds.items())
        lines.append(f"  {', '.join(stages)}")
    return lines


def _left_out(report: BuildReport) -> list[str]:
    lines = []
    if report.rejected or report.duplicates:
        lines.append(
            f"  left out {report.rejected:,} bad records, replaced {report.duplicates:,} "
            f"duplicates: {report.rejections_file}"
        )
    lines += describe_rejections(report.rejections)
    if report.stray_values:
        shown = ", ".join(f"{name} ({n:,})" for name, n in report.stray_values.items())
        lines.append(f"  values of another type than their column's: {shown}")
    if report.columns_left_out:
        count = len(report.columns_left_out)
        lines.append(f"  {count:,} rare fields cannot be filtered by; the report names them")
    return lines
