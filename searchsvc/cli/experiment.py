"""``searchsvc experiment``: the A/B test of an index, and what its arms brought."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from searchsvc.cli.live import Shown, Words, live_commands, read_json
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.errors import BadLiveSettingsError
from searchsvc.experiments.assignment import Experiment
from searchsvc.experiments.document import ExperimentDocument
from searchsvc.livedocuments import EXPERIMENT
from searchsvc.livefile import parse
from searchsvc.outcomes.comparison import compare
from searchsvc.outcomes.table import report_lines
from searchsvc.outcomes.tally import tally
from searchsvc.segments.moments import begin_of, end_of
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.layout import IndexLayout
    from searchsvc.settings import Settings

_UTC = ZoneInfo("UTC")


def _first_ms(text: str | None) -> int | None:
    return None if text is None else _moment(begin_of, text)


def _last_ms(text: str | None) -> int | None:
    return None if text is None else _moment(end_of, text)


def _moment(parse_it: Callable[[str, ZoneInfo], int], text: str) -> int:
    try:
        return parse_it(text, _UTC)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _shown(_index: str, _version: str, document: ExperimentDocument, _settings: Settings) -> Shown:
    return Shown(document.model_dump(mode="json"), _lines(document))


def _lines(document: ExperimentDocument) -> Iterator[str]:
    if document.name is None:
        yield "no experiment runs"
        return
    yield f"{document.name}: {document.traffic:g} % of the shoppers"
    width = max(len(arm.name) for arm in document.arms)
    for arm in document.arms:
        strength = {} if arm.strength is None else {"strength": f"{arm.strength:g}"}
        settings = strength | arm.ranking.model_dump(mode="json", exclude_unset=True)
        told = ", ".join(f"{name} {value}" for name, value in settings.items())
        yield f"{arm.name:<{width}}  {arm.share:>5g} %  {told or 'as the index is'}"


app = live_commands(
    EXPERIMENT,
    Words(
        noun="experiment",
        help="The A/B test of an index: settings that its shoppers get by shares.",
        show="Show the experiment of an index; --json prints what `set` takes.",
        set="Start the experiment in FILE, or change the one that runs.",
        clear="End the experiment of an index: everybody gets the index's own settings.",
    ),
    _shown,
)


@app.command()
def report(
    index: IndexName = "products",
    since: Annotated[
        str | None, typer.Option(help="Events from this date (UTC) or moment on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Events to this date, which is included, or moment.")
    ] = None,
    document: Annotated[
        str | None,
        typer.Option("--document", help="A JSON file of an experiment that has ended."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare what the arms of an experiment brought, from the recorded events.

    Intervals are bootstrapped over users, p-values those of permutation tests over users.

    Example: searchsvc experiment report --index shop-de --since 2026-01-31
    """
    begin, end = _first_ms(since), _last_ms(until)
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        experiment = _experiment(find_index(settings.data_dir, index), document)
        with closing(StateStore.open(settings, create=False)) as store:
            counted = tally(store.events(index, since_ms=begin or 0, until_ms=end), experiment)
        found = compare(counted, experiment)
    if as_json:
        print_json({"index": index, "since_ms": begin, "until_ms": end, **found.to_dict()})
        return
    say(f"{index}: {experiment.name}")
    for line in report_lines(found):
        say(line)


def _experiment(layout: IndexLayout, file: str | None) -> Experiment:
    """The experiment in a file, or else the one that runs.

    Raises:
        BadLiveSettingsError: there is none.
    """
    if file is None:
        document, _ = EXPERIMENT.file(layout).read()
        where = f"index {layout.name!r}"
    else:
        document, where = parse(ExperimentDocument, read_json(file)), file
    experiment = Experiment.of(document)
    if experiment is None:
        raise BadLiveSettingsError(
            f"{where} has no experiment. Start one with 'searchsvc experiment set FILE', or give "
            "the file of one that has ended with --document"
        )
    return experiment
