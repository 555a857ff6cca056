"""The application: everything wired in one place."""

from __future__ import annotations

import gc
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi_offline import FastAPIOffline

from searchsvc import logs
from searchsvc.editor import LiveEditor
from searchsvc.http.algolia.routes import algolia
from searchsvc.http.context import Context
from searchsvc.http.direct import DirectSearch
from searchsvc.http.drain import Drain, TellLeaving
from searchsvc.http.events import events
from searchsvc.http.guard import Guard
from searchsvc.http.headers import SecurityHeaders
from searchsvc.http.live import live
from searchsvc.http.metrics import Metrics
from searchsvc.http.observing import Observe
from searchsvc.http.openapi import document_problems
from searchsvc.http.origins import ShareSearch, readers
from searchsvc.http.pages import Storefront, pictures
from searchsvc.http.permits import Permits
from searchsvc.http.preview import preview
from searchsvc.http.problems import CatchFailures, install_problem_handlers
from searchsvc.http.products import products
from searchsvc.http.protocol import DRAIN, EDGE, REFUSED, affordable
from searchsvc.http.routes import api, operation
from searchsvc.http.storage import Storage
from searchsvc.http.suggest import suggestions
from searchsvc.http.tracing import tracing_of_environment
from searchsvc.http.users import users
from searchsvc.serving import SearchService
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from fastapi import FastAPI

    from searchsvc.edge import Edge

_ROUTERS = (api, live, products, preview, suggestions, events, users, algolia, operation, pictures)
_SPARED = 4  # requests that wait for each search that runs, whatever the clock says
_DESCRIPTION = "Self-hosted AI product search: words and meaning, fused, over your own feed."


def create_app(settings: Settings, started: Callable[[Drain], None] = lambda _: None) -> FastAPI:
    """The service over the indexes in ``settings.data_dir``; calls `started` when it serves."""
    edge = affordable(settings.edge())
    drain = Drain(edge.drain_delay_s)
    metrics = Metrics(settings.data_dir)
    tracing = tracing_of_environment()
    storage = Storage(partial(StateStore.open, settings), metrics, settings.retention_days)
    service = SearchService(settings, metrics, lambda: storage.state)
    permits = Permits(
        settings.max_concurrent,
        settings.max_waiting,
        settings.max_wait_ms,
        spared=_SPARED * settings.max_concurrent,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        service.start()
        storage.start()
        context.keyring.start()
        started(drain)
        yield {EDGE: edge, DRAIN: drain, REFUSED: metrics.traffic.refused}
        permits.close()
        context.keyring.close()
        context.changes.close()
        context.changing.close()
        storage.close()
        service.close()
        if tracing is not None:
            tracing.close()

    app = FastAPIOffline(
        title="searchsvc",
        version=version("searchsvc"),
        description=_DESCRIPTION,
        lifespan=lifespan,
    )
    editor = LiveEditor(settings, service)
    context = Context(service, editor, permits, metrics, storage, forget=service.forget)
    app.state.context = context
    install_problem_handlers(app)
    document_problems(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/", Storefront(), name="web")
    app.router.routes.insert(0, DirectSearch(context, app.router))

    _protect(app, context, edge, drain)
    app.add_middleware(Observe, traffic=metrics.traffic, settings=settings, tracing=tracing)
    return app


def _protect(app: FastAPI, context: Context, edge: Edge, drain: Drain) -> None:
    """Put between the routes and the network what holds for all of them."""
    app.add_middleware(CatchFailures)
    app.add_middleware(Guard, edge=edge)
    app.add_middleware(TellLeaving, drain=drain)
    app.add_middleware(ShareSearch, allowed=lambda: readers(context.keyring))
    app.add_middleware(SecurityHeaders)


def app_from_environment() -> FastAPI:
    """What uvicorn's worker processes call."""
    settings = Settings()
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    return create_app(settings, settle)


def settle(drain: Drain) -> None:
    """Watch for the end, and let the garbage collector pass over all there is now.

    Most of that stays. To look through it takes a tenth of a second, in which nobody would be
    answered.
    """
    drain.watch()
    gc.collect()
    gc.freeze()
