"""The intake: what becomes of the events of a request, in whichever form they came."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.errors import EventsUnavailableError, IndexNotFoundError, OverloadedError
from searchsvc.events.retention import Span, now_ms
from searchsvc.experiments.assignment import arm_of
from searchsvc.http.access import require_user
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from searchsvc.events.draft import Draft
    from searchsvc.events.event import Event
    from searchsvc.events.writer import Outcome
    from searchsvc.http.context import Context
    from searchsvc.keys.grant import Grant
    from searchsvc.query.filters import Filter
    from searchsvc.serving import SearchService

ANSWER_SECONDS = 10.0
"""How long a request waits for its events to be stored."""
_SLICE = 100


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the events of a request.

    Attributes:
        stored: new ones, on the disk.
        repeated: those that were stored before.
        not_consented: dropped, since nobody agreed to their being stored.
        unknown_products: mentions of products that the index does not have, which are stored all
            the same: the next feed may bring them, or they have just left.
    """

    stored: int
    repeated: int
    not_consented: int
    unknown_products: int


@dataclass(frozen=True, slots=True)
class _Sorted:
    events: list[Event]
    not_consented: list[Draft]
    unknown_products: int


async def take_in(
    context: Context,
    grant: Grant,
    read: Callable[[Span], Sequence[Draft]],
    index_of: Callable[[str], str],
) -> Taken:
    """Store the events of a request that their shoppers agreed to.

    Args:
        context: of the application.
        grant: of the request.
        read: parses the request, beside the event loop, a request at a time: searches go on.
        index_of: the served index that a name means, if the grant covers it.

    Raises:
        ForbiddenError: an event is of another user than the grant; nothing is stored.
        BadQueryError: an event cannot be understood; nothing is stored.
        IndexNotFoundError: an event is of no served index; nothing is stored.
        EventsUnavailableError: they cannot be stored now.
        OverloadedError: too many are waiting.
    """
    try:
        found = await context.reading.run(_sort, context, grant, read, index_of)
    except OverloadedError:
        context.metrics.overloaded.inc()
        raise
    count = context.metrics.received
    count((draft.kind for draft in found.not_consented), "not_consented")
    stored, repeated = 0, 0
    if found.events:
        kinds = [event.kind for event in found.events]
        try:
            outcome = await _store(context, found.events)
        except OverloadedError:
            count(kinds, "refused")
            raise
        except Exception:
            count(kinds, "failed")
            raise
        stored, repeated = outcome.stored, outcome.repeated
        count(kinds, "accepted")
        context.metrics.repeated_events.inc(repeated)
    return Taken(stored, repeated, len(found.not_consented), found.unknown_products)


def _sort(
    context: Context,
    grant: Grant,
    read: Callable[[Span], Sequence[Draft]],
    index_of: Callable[[str], str],
) -> _Sorted:
    """The events to store, and how many are not."""
    drafts = read(Span.until(now_ms(), context.editor.settings.retention_days))
    context.limits.count("events", "events", len(drafts), "max_events")
    for draft in drafts:
        require_user(grant, draft.token or None, draft.place)
    agreed = [draft for draft in drafts if draft.consent]
    indexes = _served(agreed, index_of)
    # Only now: what is not stored needs no database.
    users = {token: context.state.user_key(token) for token in {draft.token for draft in agreed}}
    events = list(_events(context, agreed, users, indexes))
    refused = [draft for draft in drafts if not draft.consent]
    return _Sorted(events, refused, _unknown_products(context.service, events, grant.scope))


def _events(
    context: Context, drafts: Sequence[Draft], users: Mapping[str, str], indexes: Mapping[str, str]
) -> Iterator[Event]:
    """The events of `drafts`, each with the arm that its user is in now.

    It is worked out here, since whoever sends events could name any.
    """
    arms: dict[tuple[str, str], str | None] = {}
    for number, draft in enumerate(drafts):
        if number % _SLICE == 0:
            time.sleep(0)  # lets the threads of searches go on
        who = users[draft.token], indexes[draft.index]
        if who not in arms:
            arms[who] = _arm(context, *who)
        yield draft.to_event(*who, arms[who])


def _arm(context: Context, user: str, index: str) -> str | None:
    """The label of the arm of a user; ``None`` without one."""
    if not context.editor.settings.personalize:
        return None  # as a search has it
    arm = arm_of(context.service.state(index).live.experiment, user)
    return arm.label if arm else None


def _served(drafts: Sequence[Draft], index_of: Callable[[str], str]) -> dict[str, str]:
    """The served index of each name.

    Raises:
        IndexNotFoundError: there is none; names the event.
    """
    indexes: dict[str, str] = {}
    for draft in drafts:
        if draft.index not in indexes:
            try:
                indexes[draft.index] = index_of(draft.index)
            except IndexNotFoundError as error:
                raise IndexNotFoundError(f"{draft.place}.index: {error}") from error
    return indexes


def _unknown_products(
    service: SearchService, events: Sequence[Event], scope: Filter | None
) -> int:
    """How many products of `events` their indexes do not have now, as far as `scope` shows."""
    mentions = Counter((event.index, item.product_id) for event in events for item in event.items)
    snapshots = {index: service.state(index).snapshot for index in {name for name, _ in mentions}}
    seen = {
        index: Visible.of(snapshot, scope)
        for index, snapshot in snapshots.items()
        if snapshot is not None
    }
    return sum(
        count
        for (index, product_id), count in mentions.items()
        if index in seen and seen[index].row(product_id) is None
    )


async def _store(context: Context, events: Sequence[Event]) -> Outcome:
    """Wait until `events` are on the disk.

    Raises:
        EventsUnavailableError: that takes too long.
    """
    waiting = asyncio.wrap_future(context.events.submit(events))
    try:
        return await asyncio.wait_for(waiting, ANSWER_SECONDS)
    except TimeoutError:
        raise EventsUnavailableError(
            f"the events were not stored within {ANSWER_SECONDS:g} seconds. Send them again: what "
            "was stored in the meantime is not stored twice."
        ) from None
