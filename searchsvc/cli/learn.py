"""``searchsvc segments learn``, ``proposals`` and ``accept``: what an index's events teach."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.snapshot import open_snapshot
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
from searchsvc.errors import BadLiveSettingsError, NothingToLearnError
from searchsvc.learned.file import LearnedFile
from searchsvc.learning.accepting import accepted
from searchsvc.learning.learn import learn as learn_from
from searchsvc.learning.lock import learning
from searchsvc.learning.proposals import names_of, proposals_file
from searchsvc.learning.propose import propose
from searchsvc.livedocuments import SEGMENTS
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.layout import IndexLayout
    from searchsvc.learned.model import Learned
    from searchsvc.learning.proposals import Proposal, ProposalsDocument
    from searchsvc.settings import Settings

_LOW_PRIORITY = "15"


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
    segments and boosts are for a person to accept: see `proposals` and `accept`.

    Example: searchsvc segments learn --index shop-de
    """
    os.nice(nice)
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        layout = find_index(settings.data_dir, index)
        with nullcontext() if dry_run else learning(layout), Bars(quiet=as_json) as bars:
            learned, proposals = _learn(settings, layout, bars)
            if not dry_run:
                LearnedFile(layout).replace(learned)
                proposals_file(layout).replace(proposals)
    if as_json:
        print_json(
            {
                "index": index,
                "written": not dry_run,
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
    options = ["--index", index, "--data-dir", str(data_dir), "--nice", _LOW_PRIORITY, "--json"]
    # The same interpreter: what is called searchsvc in the path may be another.
    program = "from searchsvc.cli import main; main()"
    return [sys.executable, "-c", program, "segments", "learn", *options]


def proposals(
    index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show the segments and boosts that the events suggest, with what each rests on.

    Example: searchsvc segments proposals --index shop-de
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        document, _ = proposals_file(layout).read()
    if as_json:
        print_json(document.model_dump(mode="json"))
        return
    if not document.proposals:
        say(f"{index}: nothing is proposed; 'searchsvc segments learn' looks for it")
    if document.agreement is not None:
        say(
            f"{index}: two halves of the shoppers agree on who belongs together "
            f"(adjusted Rand index {document.agreement:.2f})"
        )
    for proposal in document.proposals:
        for line in _shown(proposal):
            say(line)
    for note in document.notes:
        say(note)


def accept(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the proposal.")],
    index: IndexName = "products",
    name_as: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="What to call the segment.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a proposal a segment of the index, or give its boosts to the segment that it is about.

    Example: searchsvc segments accept christmas-vintage --as christmas --index shop-de
    """
    with reported_failures(as_json=as_json):
        layout = find_index(read_settings(data_dir).data_dir, index)
        found, _ = proposals_file(layout).read()
        proposal = found.find(name)
        if proposal is None:
            raise BadLiveSettingsError(
                f"there is no proposal {name!r} for index {index!r} (there are: "
                f"{names_of(found.proposals)}). 'searchsvc segments learn' makes new ones."
            )
        file = SEGMENTS.file(layout)
        document, version = file.read()
        changed = accepted(document, proposal, name_as or name)
        if SEGMENTS.check is not None:
            SEGMENTS.check(changed, open_snapshot(layout))
        version = file.replace(changed, [version])
    if as_json:
        print_json({"index": index, "segment": name_as or name, "version": version})
    else:
        say(
            f"{index}: {name_as or name} is a segment with {len(proposal.boosts)} proposed boosts "
            f"(version {version}); a running service takes it up by itself"
        )


def _learn(
    settings: Settings, layout: IndexLayout, bars: Bars
) -> tuple[Learned, ProposalsDocument]:
    """The model and the proposals, from what is stored.

    Raises:
        NothingToLearnError: no event is about a product of the index.
        StateError: the events cannot be read.
    """

    def begins(stage: str) -> None:
        bars.start(stage, None)

    snapshot = open_snapshot(layout)
    begins("reading events")
    with closing(StateStore.open(settings, create=False)) as store:
        interactions = store.interactions(layout.name)
        listed = store.listed(layout.name)
    learned = learn_from(interactions, snapshot, time.time_ns() // 1_000_000, begins)
    if not learned.origin.events:
        raise NothingToLearnError(
            f"index {layout.name!r} has no events about its products. Send some to /v1/events, or "
            f"import a history with 'searchsvc events import FILE --index {layout.name}'."
        )
    begins("segments")
    return learned, propose(interactions, snapshot, learned, listed)


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


def _shown(proposal: Proposal) -> Iterator[str]:
    stable = "" if proposal.stability is None else f", stability {proposal.stability:.2f}"
    yield (
        f"{proposal.name} ({proposal.title}): {proposal.people:,} people, "
        f"{proposal.purchases:,} purchases{stable}"
    )
    boosted: dict[str, Any] = {str(it.finding): it.boost.weight for it in proposal.boosts}
    for finding in proposal.findings:
        weight = boosted.get(str(finding))
        yield f"  {finding}" + ("" if weight is None else f"; boost {weight:+.2f}")
