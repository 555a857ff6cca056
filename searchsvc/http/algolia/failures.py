"""Errors in the shape that Algolia's clients read: a message and a status."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from searchsvc.errors import SearchServiceError
from searchsvc.http.access import KeyedRoute
from searchsvc.http.problems import loggable_path, outcome, told

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

_log = logging.getLogger(__name__)


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as Algolia's clients read it."""
    body = orjson.dumps({"message": message, "status": status})
    return Response(body, status, headers=headers, media_type="application/json")


class AlgoliaRoute(KeyedRoute):
    """A route whose every error has Algolia's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `KeyedRoute.get_route_handler`."""
        handle = super().get_route_handler()

        async def handle_failures(request: Request) -> Response:
            try:
                return await handle(request)
            except SearchServiceError as error:
                status, _, headers = outcome(error)
                return failure(status, told(error), headers)
            except HTTPException as error:
                return failure(error.status_code, str(error.detail), error.headers)
            except Exception:  # noqa: BLE001 - whatever it is, pages read this shape
                # Answered here, inside the CORS headers, or a page could not read the status.
                _log.exception("%s %s failed", request.method, loggable_path(request))
                return failure(500, "Internal error; the service's log has the details")

        return handle_failures
