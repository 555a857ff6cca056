"""``searchsvc users``: what is known of one user, and its deletion."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searchsvc.cli.audited import actor
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.errors import BadQueryError
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

app = typer.Typer(
    help="The rights of users: see what is known of one, and delete it.", no_args_is_help=True
)
Token = Annotated[
    str,
    typer.Argument(
        help="The user's token, or customer id of an import; - reads it from standard input, so "
        "that no list of processes shows it."
    ),
]


@app.command()
def show(token: Token, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what is stored of a user: events of all indexes and listed segments; --json is all.

    Example: searchsvc users show anon-5f1c0e7a --json
    """
    with reported_failures(as_json=as_json):
        given = _given(token)
        with closing(StateStore.open(read_settings(data_dir), create=False)) as store:
            known = store.export_user(given, actor=actor())
    if as_json:
        print_json(known)
        return
    for line in _lines(known):
        say(line)


@app.command()
def delete(token: Token, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Delete all that is stored of a user, at once; a receipt stays in the audit log.

    Example: searchsvc users delete anon-5f1c0e7a
    """
    with reported_failures(as_json=as_json):
        given = _given(token)
        with closing(StateStore.open(read_settings(data_dir), create=False)) as store:
            deleted = store.delete_user(given, actor=actor())
    if as_json:
        print_json(asdict(deleted))
        return
    say(f"deleted: events {deleted.events:,}, memberships {deleted.memberships:,}")
    say(f"  receipt {deleted.receipt}")
    if not deleted.erased:
        say("  the database frees their bytes when the service tries again, or by VACUUM")


def _given(token: str) -> str:
    """The token that is meant.

    Raises:
        BadQueryError: there is none.
    """
    given = sys.stdin.readline().strip() if token == "-" else token  # noqa: S105 - no secret
    if not given:
        raise BadQueryError("no token was given; expected one, or - and a line of standard input")
    return given


def _lines(known: Mapping[str, Any]) -> Iterator[str]:
    events, memberships = known["events"], known["memberships"]
    yield f"user {known['user']}"
    yield f"  events: {len(events):,}, memberships: {len(memberships):,}"
    kinds = Counter((event["index"], event["kind"]) for event in events)
    for (index, kind), count in sorted(kinds.items()):
        yield f"  {index}: {count:,} x {kind}"
    if events:
        times = sorted(event["time"] for event in events)
        yield f"  from {times[0]} to {times[-1]}"
    yield from (f"  {it['index']}: listed in {it['segment']}" for it in memberships)
    yield f"  receipt {known['receipt']}"
