"""``searchsvc keys derive``: a search key narrowed, without asking the service."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from searchsvc.cli.output import AsJson, print_json, reported_failures, say
from searchsvc.cli.times import coming
from searchsvc.errors import BadKeyError
from searchsvc.keys import scoped

SECRET_VARIABLE = "SEARCHSVC_KEY"  # noqa: S105 - the name of one
_MS = 1_000


def derive(
    filters: Annotated[
        str | None,
        typer.Option(metavar="FILTER", help="Which products there are for the key."),
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="The only user it may name.")
    ] = None,
    index: Annotated[
        list[str] | None,
        typer.Option("--index", metavar="PATTERN", help="Only these indexes; repeatable."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="NETWORK", help="Only from these addresses; repeatable."),
    ] = None,
    valid: Annotated[
        str | None, typer.Option(metavar="WHEN", help="A period such as 1h, or a date.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Narrow a search key, without asking the service: a scoped key, as Algolia's clients make it.

    The parent's secret is read from $SEARCHSVC_KEY, from standard input or from a prompt, so that
    no list of processes shows it.

    Example: searchsvc keys derive --filters 'brand:Acme' --valid 1h
    """
    with reported_failures(as_json=as_json):
        restrictions = scoped.Restrictions(
            filters=filters,
            user=user,
            indexes=tuple(index or ()),
            valid_until=None if valid is None else coming(valid) // _MS,
            sources=scoped.read_sources(source or ()),
        )
        if restrictions == scoped.Restrictions():
            raise BadKeyError(
                "the key would be no narrower than its parent; give --filters, --user, --index, "
                "--source or --valid"
            )
        text = scoped.derive(_secret(), restrictions)
    if as_json:
        print_json({"key": text})
        return
    say(text)


def _secret() -> str:
    given = os.environ.get(SECRET_VARIABLE)
    if given is None and _is_terminal():
        given = typer.prompt("secret of the parent key", hide_input=True, err=True)
    return (sys.stdin.readline() if given is None else str(given)).strip()


def _is_terminal() -> bool:
    return sys.stdin.isatty()
