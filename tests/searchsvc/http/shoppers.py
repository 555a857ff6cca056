"""A shop whose shoppers are known: the application over two products, and its database."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.algolia.conftest import PRODUCTS, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.events.event import Event
    from searchsvc.http.context import Context
    from searchsvc.settings import Settings

KEY = "correct horse battery staple"
ADMIN = {"Authorization": f"Bearer {KEY}"}
EVENTS = "/v1/events"
INSIGHTS = "/1/events"
QUERY_ID = "0123456789abcdef" * 2

__all__ = ["PRODUCTS", "publish"]


def open_shop(settings: Settings) -> TestClient:
    return TestClient(create_app(settings), raise_server_exceptions=False)


def context_of(shop: TestClient) -> Context:
    context: Context = shop.app.state.context  # type: ignore[attr-defined]
    return context


def stored(shop: TestClient) -> list[Event]:
    return list(context_of(shop).state.events())


def sent(*events: dict[str, Any], **common: Any) -> dict[str, Any]:
    """A request of a shopper who agreed."""
    return {"consent": True, "user_token": "anon-1", "index": "shop", **common, "events": events}


def click(product: str = "bench", **parts: Any) -> dict[str, Any]:
    return {"type": "click", "items": [{"id": product}], **parts}


def sample(shop: TestClient, name: str, **labels: str) -> float:
    """The value of a metric of this application."""
    registry = context_of(shop).metrics.registry
    return registry.get_sample_value(name, labels) or 0.0


@contextmanager
def running(settings: Settings) -> Iterator[int]:
    """A server of the shop in a thread; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(settings), log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: server.started)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
