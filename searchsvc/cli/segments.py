"""``searchsvc segments``: the segments of an index, who is listed in them, who is in which."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from searchsvc.cli.audited import actor
from searchsvc.cli.learn import learn
from searchsvc.cli.live import Shown, Words, live_commands
from searchsvc.cli.membership import explain
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
from searchsvc.cli.proposals import accept, proposals
from searchsvc.errors import (
    BadLiveSettingsError,
    ConsentMissingError,
    EventFileError,
    StateMissingError,
)
from searchsvc.events.files.rejections import MAX_SHOWN, Rejection
from searchsvc.events.userlist import read_tokens
from searchsvc.livedocuments import SEGMENTS
from searchsvc.state.audit import note
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.layout import IndexLayout
    from searchsvc.segments.document import SegmentsDocument
    from searchsvc.settings import Settings

SegmentOption = Annotated[str, typer.Option("--segment", "-s", help="Name of the segment.")]


def _shown(_index: str, _version: str, document: SegmentsDocument, _settings: Settings) -> Shown:
    return Shown(document.model_dump(mode="json"), _lines(document))


def _lines(document: SegmentsDocument) -> Iterator[str]:
    yield f"strength {document.strength:g}, times in {document.timezone}"
    for segment in document.segments:
        ways = [
            *(["rule"] if segment.when is not None else []),
            *(["list"] if segment.listed else []),
            *(["learned"] if segment.like is not None else []),
        ]
        state = "" if segment.enabled else ", not enabled"
        boosts = f"{len(segment.boosts)} boost{'s' * (len(segment.boosts) != 1)}"
        yield f"{segment.name}: {' or '.join(ways) or 'by name only'}, {boosts}{state}"


app = live_commands(
    SEGMENTS,
    Words(
        noun="segments",
        help="Segments of an index's shoppers, and what each prefers; no reindex needed.",
        show="Show the segments of an index; --json prints what `set` takes.",
        set="Replace all segments of an index by those in FILE. Lists of users stay.",
        clear="Remove all segments of an index. Lists of users stay; see `members`.",
    ),
    _shown,
)
for command in (explain, learn, proposals, accept):
    app.command()(command)


@app.command("import")
def import_list(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="One user id a line, CSV or JSON Lines, also gzipped; - for standard input.",
        ),
    ],
    segment: SegmentOption,
    index: IndexName = "products",
    consent: Annotated[
        bool,
        typer.Option("--consent", help="State that the people in FILE agreed to personalization."),
    ] = False,
    add: Annotated[
        bool, typer.Option("--add", help="Keep those who are in the list already.")
    ] = False,
    column: Annotated[
        str | None, typer.Option(help="Of the ids, if it is not called as usual.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace the list of a segment's users by those in FILE, all or none, with their consent.

    The ids are what requests send as the user's token. Only keyed hashes of them are stored.

    Example: searchsvc segments import vips.csv --segment vip --index shop-de --consent
    """
    with reported_failures(as_json=as_json):
        if not consent:
            raise ConsentMissingError(
                "a list says something of people. State with --consent that those in the file "
                "agreed to personalization; leave out of the file who did not."
            )
        settings = read_settings(data_dir)
        _require_listed(find_index(settings.data_dir, index), segment)
        tokens = _Tokens(file, column)
        with closing(StateStore.open(settings)) as store:
            added = store.put_members(index, segment, tokens, replace=not add)
            members = store.members(index).get(segment, 0)
            detail = {"added": added, "members": members}
            note(lambda: store, actor(), "segments.import", f"{index}/{segment}", detail)
    report = {"read": tokens.read, "added": added, "members": members, "rejected": tokens.rejected}
    if as_json:
        first = [asdict(rejection) for rejection in tokens.first]
        print_json({"index": index, "segment": segment, **report, "first_rejections": first})
        return
    say(f"{index}: {segment} has {members:,} users now; read {tokens.read:,}, {added:,} are new")
    if tokens.rejected:
        say(f"  {tokens.rejected:,} rows have no id:")
    for rejection in tokens.first:
        say(f"    {rejection}")


@app.command()
def members(
    index: IndexName = "products",
    remove: Annotated[
        str | None, typer.Option(metavar="SEGMENT", help="Empty the list of this segment.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show how many users are listed in each segment, or empty one list.

    Example: searchsvc segments members --index shop-de --remove vip
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        document, _ = SEGMENTS.file(find_index(settings.data_dir, index)).read()
        removed = None
        counts: Mapping[str, int] = {}
        try:
            with closing(StateStore.open(settings, create=False)) as store:
                if remove is not None:
                    removed = store.remove_members(index, remove)
                    detail = {"removed": removed}
                    note(lambda: store, actor(), "segments.remove", f"{index}/{remove}", detail)
                counts = store.members(index)
        except StateMissingError:  # nobody was ever listed
            removed = None if remove is None else 0
    listed = {segment.name for segment in document.segments if segment.listed}
    counts = dict.fromkeys(sorted(listed), 0) | dict(sorted(counts.items()))
    if as_json:
        print_json({"index": index, "members": counts, "removed": removed})
        return
    if remove is not None:
        say(f"{index}: removed {removed:,} users from {remove}")
    for name, count in counts.items():
        say(f"{name}: {count:,}{'' if name in listed else ' (no segment uses this list)'}")
    if not counts:
        say(f"{index}: nobody is listed")


class _Tokens:
    """The user ids of a file, counted while they are read; at least one, or else an error."""

    def __init__(self, file: str, column: str | None) -> None:
        self._file = file
        self._column = column
        self.read = 0
        self.rejected = 0
        self.first: list[Rejection] = []

    def __iter__(self) -> Iterator[str]:
        for token in read_tokens(self._file, self._reject, self._column):
            self.read += 1
            yield token
        if not self.read:
            first = f" ({self.first[0]})" if self.first else ""
            raise EventFileError(
                f"{self._file} has no user id{first}, and the list stays as it is. "
                "To empty a list use 'searchsvc segments members --remove SEGMENT'."
            )

    def _reject(self, rejection: Rejection) -> None:
        self.rejected += 1
        if len(self.first) < MAX_SHOWN:
            self.first.append(rejection)


def _require_listed(layout: IndexLayout, name: str) -> None:
    """Refuse a list that no segment would use."""
    document, _ = SEGMENTS.file(layout).read()
    known = [segment.name for segment in document.segments if segment.listed]
    if name not in known:
        raise BadLiveSettingsError(
            f"index {layout.name!r} has no segment {name!r} with a list (those with one: "
            f'{", ".join(known) or "none"}). Give it one with "listed": true and \'searchsvc '
            "segments set FILE'."
        )
