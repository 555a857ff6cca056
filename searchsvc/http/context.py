"""What the routes work with; one for each application."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path, Request, Response

from searchsvc.changing import ProductChanges
from searchsvc.errors import OverloadedError
from searchsvc.events.recording import search_event
from searchsvc.http.permits import Permits
from searchsvc.http.rates import Rates
from searchsvc.http.schemas import Problem
from searchsvc.keys.ring import Keyring
from searchsvc.mark import note_search
from searchsvc.response import encode_response, new_query_id
from searchsvc.state.audit import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.editor import LiveEditor
    from searchsvc.events.writer import EventWriter
    from searchsvc.http.metrics import Metrics
    from searchsvc.http.storage import Storage
    from searchsvc.keys.grant import Grant
    from searchsvc.personalizing.personalization import Personalization
    from searchsvc.query.query import Query
    from searchsvc.response import View
    from searchsvc.segments.shopper import Shopper
    from searchsvc.serving import SearchService
    from searchsvc.state.store import StateStore

FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request cannot be understood."},
    404: {"model": Problem, "description": "No such index or product."},
    503: {"model": Problem, "description": "Not ready, or too many requests."},
    # Stands for all others; without it FastAPI documents 422 answers, which are never sent.
    "default": {"model": Problem, "description": "Any other failure."},
}
"""What every route of the API may answer instead."""


_MOST_WAITING_CHANGES = 8


class Context:
    """The service, its editor, its permits, its counts and its storage.

    Attributes:
        events: stores what shoppers did.
        reading: permits to read requests with events, one at a time: searches go on.
        changes: changes the products of indexes.
        changing: permits to do so, one at a time.
        keyring: the keys that hold now.
        limits: of what a request may ask for.
        rates: of requests, by key and address.
        forget: called with the key of a user whose data was deleted, for what is kept of it in
            this process.
    """

    def __init__(
        self,
        service: SearchService,
        editor: LiveEditor,
        permits: Permits,
        metrics: Metrics,
        storage: Storage,
        *,
        forget: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.service = service
        self.editor = editor
        self.permits = permits
        self.metrics = metrics
        self.events: EventWriter = storage.events
        self.reading = Permits(1, editor.settings.max_waiting)
        self.changes = ProductChanges(editor.settings)
        self.changing = Permits(1, _MOST_WAITING_CHANGES)
        self.keyring = Keyring(
            editor.settings,
            lambda: storage.state,
            noted=lambda note: metrics.keys_in_doubt.set(note is not None),
        )
        self.limits = editor.settings.limits()
        self.rates = Rates(editor.settings.edge(), metrics.limited)
        self.forget = forget
        self._storage = storage

    @property
    def state(self) -> StateStore:
        """Events and memberships.

        Raises:
            EventsUnavailableError: the database is not open (yet).
        """
        return self._storage.state

    def audit(self, grant: Grant, action: str, target: str, **detail: int | str) -> None:
        """Have the audit log say what a request with `grant` changed; it waits for the disk."""
        note(lambda: self.state, grant.key, action, target, detail)

    async def search(self, index: str, query: Query, view: View, shopper: Shopper) -> Response:
        """Answer `query` of `shopper`, in its turn, and show of its hits what `view` says.

        Raises:
            LimitExceededError: it asks for more than a setting allows.
            OverloadedError: see `in_turn`.
        """
        arrived = perf_counter()
        query = self.bounded(query)

        def answer() -> bytes:
            answered = self.service.search(index, query, shopper)
            took_ms = (perf_counter() - arrived) * 1e3
            query_id = new_query_id()
            body = encode_response(answered, query, view, query_id, took_ms)
            self.metrics.searched(index, perf_counter() - arrived, answered.result)
            self.metrics.ordered(index, answered.personalization)
            note_search(query_id, index, answered.snapshot.generation, answered.result.stage_ms)
            self.record(index, query, query_id, answered.personalization)
            return body

        return await self.in_turn(answer)

    def bounded(self, query: Query, began: float | None = None) -> Query:
        """`query`, to be given up when it takes too long.

        Args:
            query: what is asked.
            began: of several searches of one request, when the first did; they share the time.

        Raises:
            LimitExceededError: it asks for more than a setting allows.
        """
        self.limits.check(query)
        taken_ms = 0.0 if began is None else (perf_counter() - began) * 1e3
        return replace(query, timeout_ms=max(self.limits.search_timeout_ms - taken_ms, 0.0))

    def record(self, index: str, query: Query, query_id: str, personal: Personalization) -> None:
        """Have a search stored, if its shopper agreed and may be known; never waits."""
        if personal.user is None or not self.editor.settings.record_searches:
            return
        arm = personal.arm.label if personal.arm else None
        event = search_event(index, personal.user, query.text, query_id, arm=arm)
        self.events.offer(event, typing=query.typing)

    def admit(self) -> None:
        """Let a request pass whose turn will come in time, before anything is done for it.

        Raises:
            OverloadedError: it will not.
        """
        try:
            self.permits.check()
        except OverloadedError:
            self.metrics.overloaded.inc()
            raise

    async def in_turn(self, answer: Callable[[], bytes]) -> Response:
        """What `answer` gives, as JSON, when a permit is free.

        Raises:
            OverloadedError: too many are waiting for one, or for too long.
        """
        try:
            body = await self.permits.run(answer)
        except OverloadedError:
            self.metrics.overloaded.inc()
            raise
        finally:
            self.metrics.waiting.set(self.permits.waiting)
        return Response(body, media_type="application/json")


async def context_of(request: Request) -> Context:
    """The application's context; FastAPI would call a function that is not async in a thread."""
    context: Context = request.app.state.context
    return context


AppContext = Annotated[Context, Depends(context_of)]
IndexPath = Annotated[str, Path(description="Name of the index.", examples=["demo"])]
