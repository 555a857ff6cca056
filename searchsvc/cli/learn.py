"""``searchsvc segments learn``: what an index's events teach."""

from __future__ import annotations

import time
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cores import give_way
from indexer.snapshot import open_snapshot
from searchsvc.cli.audited import audited
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
from searchsvc.cli.progress import Bars
from searchsvc.cli.watch import in_background
from searchsvc.errors import NothingToLearnError, StateMissingError
from searchsvc.learned.file import LearnedFile
from searchsvc.learning.evidence import LEAST_USERS
from searchsvc.learning.learn import learn as learn_from
from searchsvc.learning.lock import learning
from searchsvc.learning.proposals import names_of, proposals_file
from searchsvc.learning.propose import propose
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.layout import IndexLayout
    from searchsvc.learned.model import Learned
    from searchsvc.learning.proposals import ProposalsDocument
    from searchsvc.settings import Settings


def learn(
    index: IndexName = "products",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be learned, and change nothing.")
    ] = False,
    nice: Annotated[
        int, typer.Option(min=0, max=19, help="Give way to other processes by so much.")
    ] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Learn from an index's events what sells, what tells shoppers apart, what to propose.

    A kind of trait is used as soon as the events prove that it tells what shoppers buy. Proposed
    segments and boosts are for a person to accept: see `proposals` and `accept`. Where events of
    fewer than 20 users are left, what was learned from others is removed.

    Example: searchsvc segments learn --index shop-de
    """
    give_way(nice)
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        layout = find_index(settings.data_dir, index)
        with nullcontext() if dry_run else learning(layout), Bars(quiet=as_json) as bars:
            try:
                learned, proposals = _learn(settings, layout, bars)
            except NothingToLearnError as error:
                _tell_of_nothing(index, str(error), _forgotten(layout, dry_run), as_json=as_json)
                return
            if not dry_run:
                LearnedFile(layout).replace(learned.of_fields_in_use())
                proposals_file(layout).replace(proposals)
                audited(settings, "segments.learn", index)
    if as_json:
        print_json(
            {
                "index": index,
                "written": not dry_run,
                "removed": [],
                "origin": learned.origin.model_dump(mode="json"),
                "fields": [it.model_dump(mode="json") for it in learned.fields],
                "proposals": [it.name for it in proposals.proposals],
                "notes": list(proposals.notes),
            }
        )
        return
    for line in _summary(index, learned, proposals):
        say(line)
    if dry_run:
        say("nothing was written (--dry-run)")
    else:
        say(f"wrote {layout.learned_file}; a running service takes it up by itself")


def learning_command(data_dir: Path, index: str) -> list[str]:
    """The command line that learns from the events of `index` at low priority."""
    options = ["--index", index, "--data-dir", str(data_dir), "--json"]
    return [*in_background(), "segments", "learn", *options]


def _learn(
    settings: Settings, layout: IndexLayout, bars: Bars
) -> tuple[Learned, ProposalsDocument]:
    """The model and the proposals, from what is stored.

    Raises:
        NothingToLearnError: too few users have events about products of the index.
        StateError: the events cannot be read.
    """

    def begins(stage: str) -> None:
        bars.start(stage, None)

    snapshot = open_snapshot(layout)
    begins("reading events")
    try:
        with closing(StateStore.open(settings, create=False)) as store:
            interactions = store.interactions(layout.name)
            listed = store.listed(layout.name)
    except StateMissingError as error:
        raise _too_few(layout, 0) from error
    learned = learn_from(interactions, snapshot, time.time_ns() // 1_000_000, begins)
    if learned.origin.users < LEAST_USERS:
        raise _too_few(layout, learned.origin.users)
    begins("segments")
    return learned, propose(interactions, snapshot, learned, listed)


def _too_few(layout: IndexLayout, users: int) -> NothingToLearnError:
    return NothingToLearnError(
        f"nothing to learn from: {users or 'no'} users have events about products of index "
        f"{layout.name!r}, it takes {LEAST_USERS}. Send some to /v1/events, or import a history "
        f"with 'searchsvc events import FILE --index {layout.name}'."
    )


def _forgotten(layout: IndexLayout, dry_run: bool) -> list[str]:
    """Remove what was learned from events that are no longer there; the names of the files."""
    paths = (layout.learned_file, layout.proposals_file)
    removed = [] if dry_run else [path.name for path in paths if path.exists()]
    if removed:
        LearnedFile(layout).remove()
        proposals_file(layout).remove()
    return removed


def _tell_of_nothing(index: str, why: str, removed: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "index": index,
                "written": False,
                "removed": removed,
                "origin": None,
                "fields": [],
                "proposals": [],
                "notes": [why],
            }
        )
        return
    say(why)
    if removed:
        say(f"removed what was learned before: {', '.join(removed)}")


def _summary(index: str, learned: Learned, proposals: ProposalsDocument) -> Iterator[str]:
    origin = learned.origin
    yield (
        f"{index}: {origin.events:,} events about products of {origin.generation}, "
        f"{origin.orders:,} orders, {origin.users:,} users"
    )
    yield f"what a kind of trait is worth, from {origin.held_out:,} held-out purchases:"
    width = max(len(it.name) for it in learned.fields)
    for it in learned.fields:
        verdict = "in use" if it.in_use else "needs more events, or is worth nothing"
        worth = f"{it.weight:5.2f} \N{PLUS-MINUS SIGN} {it.error:.2f}"
        yield f"  {it.name:<{width}}  {worth}  {verdict}"
    yield f"proposals: {names_of(proposals.proposals)}"
    for note in proposals.notes:
        yield f"  {note}"
