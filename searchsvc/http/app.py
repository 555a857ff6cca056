"""The application: everything wired in one place."""

from __future__ import annotations

import gc
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi_offline import FastAPIOffline

from searchsvc import logs
from searchsvc.editor import LiveEditor
from searchsvc.http.algolia.routes import algolia
from searchsvc.http.context import Context
from searchsvc.http.direct import DirectSearch
from searchsvc.http.events import events
from searchsvc.http.guard import Guard
from searchsvc.http.live import live
from searchsvc.http.metrics import Metrics
from searchsvc.http.observing import Observe
from searchsvc.http.openapi import document_problems
from searchsvc.http.origins import ShareSearch
from searchsvc.http.pages import Storefront, pictures
from searchsvc.http.permits import Permits
from searchsvc.http.preview import preview
from searchsvc.http.problems import install_problem_handlers
from searchsvc.http.products import products
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

_SPARED = 4  # requests that wait for each search that runs, whatever the clock says
_DESCRIPTION = "Self-hosted AI product search: words and meaning, fused, over your own feed."


def create_app(settings: Settings, started: Callable[[], None] = lambda: None) -> FastAPI:
    """The service over the indexes in ``settings.data_dir``; calls `started` when it serves."""
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
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        service.start()
        storage.start()
        started()
        yield
        permits.close()
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
    app.include_router(api)
    app.include_router(live)
    app.include_router(products)
    app.include_router(preview)
    app.include_router(suggestions)
    app.include_router(events)
    app.include_router(users)
    app.include_router(algolia)
    app.include_router(operation)
    app.include_router(pictures)
    app.mount("/", Storefront(), name="web")
    app.router.routes.insert(0, DirectSearch(context, app.router))

    app.add_middleware(Guard)
    app.add_middleware(ShareSearch)
    app.add_middleware(Observe, traffic=metrics.traffic, settings=settings, tracing=tracing)
    return app


def app_from_environment() -> FastAPI:
    """What uvicorn's worker processes call."""
    settings = Settings()
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    return create_app(settings, settle)


def settle() -> None:
    """Let the garbage collector pass over all there is now, most of which stays until the end.

    To look through it takes a tenth of a second, in which nobody would be answered.
    """
    gc.collect()
    gc.freeze()
