"""What ``searchsvc reindex --delta`` and ``--compact`` do and say."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import typer

from indexer.build.delta import DeltaOptions, apply_delta
from indexer.build.reindex import ReindexOptions, compact
from indexer.cores import give_way
from indexer.publish import WAIT_SECONDS
from searchsvc.cli.audited import audited
from searchsvc.cli.gate import describe_gate
from searchsvc.cli.output import find_index, print_json, read_settings, reported_failures, say
from searchsvc.cli.progress import Bars
from searchsvc.cli.recipe import recipe_for

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from indexer.build.deltareport import DeltaReport
    from indexer.build.report import BuildReport

_OF_FEEDS = ("feed", "settings_file", "model", "if_changed", "watch")
_OF_DELTAS = ("mode", "compact")
_GIVEN = "COMMANDLINE"  # of Typer's own copy of click
_SHOWN_REASONS = 10


def change_products(context: typer.Context) -> None:
    """Apply a delta, build everything again from the index's own products, or both.

    Args:
        context: of ``reindex`` with its options.
    """
    given = context.params
    as_json = given["as_json"]
    give_way(given["nice"] or 0)
    with reported_failures(as_json=as_json):
        _check(context)
        service = read_settings(given["data_dir"])
        layout = find_index(service.data_dir, given["index"])
        recipe = partial(recipe_for, layout, service)
        report, compaction = None, None
        with Bars(quiet=as_json) as bars:
            if given["delta"] is not None:
                report = apply_delta(given["delta"], layout, recipe, _options(given), bars)
                if report.published != "nothing":
                    audited(service, "delta", layout.name, published(report))
            if given["compact"] or (report and report.compaction_due and given["compact"] is None):
                options = ReindexOptions(
                    force=given["force"], keep=given["keep"], wait_seconds=WAIT_SECONDS
                )
                compaction = compact(layout, recipe, options, bars)
                if not compaction.unchanged:
                    audited(service, "compact", layout.name, published(compaction))
    if as_json:
        print_json(_as_json(report, compaction))
    else:
        for line in describe_changes(report, compaction):
            say(line)


def check_feed_options(context: typer.Context) -> None:
    """Refuse what only a delta understands: a feed replaces everything.

    Args:
        context: of ``reindex`` with a feed and without a delta.

    Raises:
        typer.BadParameter: such an option was given.
    """
    for name in _given(context, _OF_DELTAS):
        raise typer.BadParameter(
            f"{name} is for deltas, and a feed without --delta replaces the whole catalogue; "
            f"give --delta FILE instead of FEED, or leave {name} out"
        )


def describe_changes(report: DeltaReport | None, compaction: BuildReport | None) -> Iterator[str]:
    """The reports for people."""
    if report is not None:
        yield from _describe_delta(report)
    if compaction is not None:
        seconds = sum(compaction.seconds.values())
        stays = "nothing to compact" if compaction.unchanged else "compacted"
        yield (
            f"{compaction.index}: {stays}, {compaction.generation} with "
            f"{compaction.products:,} products ({seconds:.1f} s)"
        )
        yield from describe_gate(compaction.gate)
    elif report is not None and report.compaction_due:
        yield (
            f"  {report.changed_since_build:,} products have changed since the last full build: "
            "run 'searchsvc reindex --compact' when it suits"
        )


def published(report: BuildReport | DeltaReport) -> dict[str, int | str]:
    """What the audit log says of what was published."""
    return {
        "generation": report.generation,
        "products": report.products,
        **({"forced": len(report.forced)} if report.forced else {}),
    }


def describe_rejections(rejections: Mapping[str, int]) -> list[str]:
    """Why records were left out, most frequent first."""
    reasons = [f"    {count:>6,} x {reason}" for reason, count in rejections.items()]
    lines = reasons[:_SHOWN_REASONS]
    if len(reasons) > _SHOWN_REASONS:
        lines.append(f"    and {len(reasons) - _SHOWN_REASONS} more reasons")
    return lines


def _check(context: typer.Context) -> None:
    given = context.params
    if given["delta"] is None and not given["compact"]:
        raise typer.BadParameter("give a feed, or --delta FILE, or --compact")
    for name in _given(context, _OF_FEEDS):
        raise typer.BadParameter(
            f"{name} is for whole feeds, not for --delta or --compact; leave one of them out"
        )
    if given["delta"] is None and list(_given(context, ("mode",))):
        raise typer.BadParameter("--mode is for the records of a delta; give --delta FILE with it")


def _given(context: typer.Context, names: Container[str]) -> Iterator[str]:
    """Those of the parameters `names` that the command line has, as it calls them."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == _GIVEN:
            yield parameter.opts[0]


def _options(given: Mapping[str, Any]) -> DeltaOptions:
    return DeltaOptions(
        mode=given["mode"],
        force=given["force"],
        keep=given["keep"],
        format=given["feed_format"],
        max_bytes=int(given["max_gigabytes"] * 1e9),
        timeout_seconds=given["timeout"],
        wait_seconds=WAIT_SECONDS,
    )


def _as_json(report: DeltaReport | None, compaction: BuildReport | None) -> dict[str, Any]:
    if report is None:
        return compaction.to_dict() if compaction else {}
    told = report.to_dict()
    return told | {
        "examples": [orjson.loads(line) for line in told["examples"]],  # as PATCH answers
        "compaction": compaction.to_dict() if compaction else None,
    }


def _describe_delta(report: DeltaReport) -> Iterator[str]:
    content = f"{report.generation} with {report.products:,} products"
    if report.published == "nothing":
        yield f"{report.index}: nothing changed, {content} stays"
    else:
        yield (
            f"{report.index}: published {content}: {report.added:,} added, {report.updated:,} "
            f"updated ({report.reworded:,} with other texts), {report.removed:,} removed"
        )
    if report.embedded:
        yield f"  embedded {report.embedded:,} texts"
    if report.rejected:
        yield f"  left out {report.rejected:,} bad records: {report.rejections_file}"
    yield from describe_rejections(report.rejections)
    yield from describe_gate(report.gate)
    yield from (f"  forced: {message}" for message in report.forced)
    if report.seconds:
        stages = (f"{name} {seconds:.1f} s" for name, seconds in report.seconds.items())
        yield f"  {', '.join(stages)}"
