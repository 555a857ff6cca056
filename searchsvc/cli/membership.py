"""``searchsvc segments explain``: which segments somebody is in, and why."""

from __future__ import annotations

import math
import time
from contextlib import closing
from datetime import UTC
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
from searchsvc.errors import StateMissingError
from searchsvc.learned.file import LearnedFile
from searchsvc.learned.likeness import alike, centroids_of
from searchsvc.learned.tastes import tastes_of
from searchsvc.livedocuments import SEGMENTS
from searchsvc.query.filters import parse_filter_text
from searchsvc.query.query import Query
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.explanation import explain_segments
from searchsvc.segments.moments import begin_of
from searchsvc.segments.profile import Profile
from searchsvc.segments.shopper import Shopper
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.layout import IndexLayout
    from searchsvc.segments.explanation import Verdict
    from searchsvc.segments.segments import Segments
    from searchsvc.segments.shopper import Fact
    from searchsvc.settings import Settings

_BOOLEANS = {"true": True, "false": False}


def explain(
    index: IndexName = "products",
    token: Annotated[
        str | None, typer.Option(help="The user's token, for what events and lists say.")
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(metavar="FACT=VALUE", help="What the request would say; repeatable."),
    ] = None,
    segment: Annotated[
        list[str] | None, typer.Option(help="A segment that the request would name; repeatable.")
    ] = None,
    viewed: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A product viewed in this session; repeatable."),
    ] = None,
    query: Annotated[str, typer.Option(help="What is searched for.")] = "",
    filters: Annotated[str | None, typer.Option(help="Of the search.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When, instead of now; UTC for a date.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show which segments somebody with consent is in, why, and which boosts are in force.

    Nothing is stored.

    Example: searchsvc segments explain --context country=DE --query "rain jacket" --index shop-de
    """
    facts = dict(_fact(text) for text in context or ())
    now_ms = _now_ms(at)
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        layout = find_index(settings.data_dir, index)
        document, _ = SEGMENTS.file(layout).read()
        segments = compile_segments(document, open_snapshot(layout))
        profile = None if token is None else _profile(settings, index, token)
        shopper = Shopper(
            consent=True,
            token=token,
            segments=tuple(segment or ()),
            context=facts,
            viewed=tuple(viewed or ()),
        )
        asked = Query(query, filter=parse_filter_text(filters))
        situation = segments.situation(shopper, segments.history(profile), asked, now_ms)
        verdicts = explain_segments(segments, situation, _alike(segments, layout, profile, now_ms))
    if as_json:
        told = [_told(verdict, segments) for verdict in verdicts]
        print_json({"index": index, "facts": situation.facts, "segments": told})
        return
    for name, value in sorted(situation.facts.items()):
        say(f"{name} = {value}")
    for verdict in verdicts:
        for line in _lines(verdict, segments):
            say(line)


def _fact(text: str) -> tuple[str, Fact]:
    """A fact as it is written in a command: numbers and booleans are what they look like."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"--context {text!r}: expected FACT=VALUE, such as country=DE")
    if value in _BOOLEANS:
        return name, _BOOLEANS[value]
    try:
        number = float(value)
    except ValueError:
        return name, value
    return name, number if math.isfinite(number) else value


def _now_ms(at: str | None) -> int:
    if at is None:
        return time.time_ns() // 1_000_000
    try:
        return begin_of(at, UTC)
    except ValueError as error:
        raise typer.BadParameter(f"--at: {error}") from None


def _profile(settings: Settings, index: str, token: str) -> Profile:
    """What is known of a user; of one who never did anything, nothing."""
    try:
        with closing(StateStore.open(settings, create=False)) as store:
            return store.profile(index, store.user_key(token))
    except StateMissingError:
        return Profile()


def _alike(
    segments: Segments, layout: IndexLayout, profile: Profile | None, now_ms: int
) -> tuple[str, ...]:
    """The segments with learned affinities that those of the user are similar to."""
    model = None if profile is None else LearnedFile(layout).read()
    if profile is None or model is None:
        return ()
    tastes = tastes_of(profile.interactions, model, now_ms)
    return alike(centroids_of(segments, model), tastes)


def _told(verdict: Verdict, segments: Segments) -> dict[str, Any]:
    rules = (segments.rules[number] for number in verdict.boosts)
    return {
        "name": verdict.name,
        "title": verdict.title,
        "why": verdict.active.why.value if verdict.active else None,
        "rule": [
            {"depth": part.depth, "text": part.text, "holds": part.holds} for part in verdict.parts
        ],
        "boosts": [{"name": rule.name, "weight": rule.weight} for rule in rules],
    }


def _lines(verdict: Verdict, segments: Segments) -> Iterator[str]:
    why = f"yes ({verdict.active.why.value})" if verdict.active else "no"
    yield f"{verdict.name}: {why}"
    for part in verdict.parts:
        yield f"  {'+' if part.holds else '-'} {'  ' * part.depth}{part.text}"
    for number in verdict.boosts:
        rule = segments.rules[number]
        yield f"  boost {rule.weight:+g}: {rule.name}"
