"""``searchsvc segments proposals`` and ``accept``: what the events suggest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from searchsvc.errors import BadLiveSettingsError
from searchsvc.learning.accepting import accepted
from searchsvc.learning.proposals import names_of, proposals_file
from searchsvc.livedocuments import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.learning.proposals import Proposal


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
    title: Annotated[
        str | None, typer.Option(help="What shoppers who are in it read; name it kindly.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a proposal a segment of the index, or give its boosts to the segment that it is about.

    Example: searchsvc segments accept christmas-vintage --as christmas --index shop-de
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        layout = find_index(settings.data_dir, index)
        found, _ = proposals_file(layout).read()
        proposal = found.find(name)
        if proposal is None:
            raise BadLiveSettingsError(
                f"there is no proposal {name!r} for index {index!r} (there are: "
                f"{names_of(found.proposals)}). 'searchsvc segments learn' makes new ones."
            )
        file = SEGMENTS.file(layout)
        document, version = file.read()
        changed = accepted(document, proposal, name_as or name, title)
        if SEGMENTS.check is not None:
            SEGMENTS.check(changed, open_snapshot(layout))
        version = file.replace(changed, [version])
        audited(settings, "segments.accept", f"{index}/{name_as or name}", {"version": version})
    if as_json:
        print_json({"index": index, "segment": name_as or name, "version": version})
    else:
        say(
            f"{index}: {name_as or name} is a segment with {len(proposal.boosts)} proposed boosts "
            f"(version {version}); a running service takes it up by itself"
        )
        if not proposal.boosts:
            say(
                "  it prefers nothing yet: what sets it apart no filter can name. Give it boosts "
                "with 'searchsvc segments set'."
            )


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
