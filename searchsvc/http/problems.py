"""Errors over HTTP: one table, and problem documents (RFC 9457) that leak nothing."""

from __future__ import annotations

import logging
import math
import random
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from searchsvc.errors import (
    BadQueryError,
    ChangesFailedError,
    ChangesRefusedError,
    EventsUnavailableError,
    ForbiddenError,
    IndexBusyError,
    IndexNotFoundError,
    KeysUnavailableError,
    LiveSettingsChangedError,
    LiveSettingsError,
    LiveSettingsUnwritableError,
    NotPermittedError,
    NotReadyError,
    OverloadedError,
    ProductNotFoundError,
    RateLimitedError,
    SearchServiceError,
    StateError,
    TimedOutError,
    WritesDisabledError,
)
from searchsvc.events.token import repeatable
from searchsvc.http.openapi import PROBLEM
from searchsvc.limits import fixed_limit
from searchsvc.mark import current

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

_STATUS: Mapping[type[SearchServiceError], tuple[int, str]] = {
    RateLimitedError: (429, "Too many requests of this key or address"),
    BadQueryError: (400, "The request cannot be understood"),
    NotPermittedError: (401, "A key is needed"),
    ForbiddenError: (403, "The key is not for this"),
    WritesDisabledError: (403, "Changes are disabled"),
    IndexNotFoundError: (404, "No such index"),
    ProductNotFoundError: (404, "No such product"),
    LiveSettingsUnwritableError: (503, "The settings cannot be written at the moment"),
    ChangesRefusedError: (409, "The changes are refused"),
    LiveSettingsChangedError: (412, "Changed in the meantime"),
    LiveSettingsError: (500, "The stored settings cannot be used"),
    ChangesFailedError: (500, "The changes could not be made"),
    IndexBusyError: (503, "The index is being written"),
    NotReadyError: (503, "The index is not ready"),
    StateError: (503, "The database of events cannot be used at the moment"),
    KeysUnavailableError: (503, "Keys cannot be checked at the moment"),
    TimedOutError: (503, "The answer took too long"),
    EventsUnavailableError: (503, "Events cannot be stored at the moment"),
    OverloadedError: (503, "Too many requests at the moment"),
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": "1"},
}
_LATEST_RETRY_SECONDS = 3
_ALGOLIA = "/1/"  # what no route there takes is answered in the shape of those that there are
LOG_HAS_DETAILS = "the service's log has the details"
_SHOWN_CHARACTERS = 80
_WORD = re.compile("[A-Z][a-z]*")
_SHOWN_COMPLAINTS = 5


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(SearchServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document (RFC 9457), with the request's id as an extension member.

    The id is no ``instance``: that is a URI, and callers choose their own ids.
    """
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    mark = current()
    if mark is not None:
        body["request_id"] = mark.request_id
    return Response(orjson.dumps(body), status, headers=headers, media_type=PROBLEM)


def loggable_path(request: Request) -> str:
    """Its path; the route's template instead where the path names a user, whom no log names."""
    if "token" in request.path_params:
        return str(request.scope["route"].path)
    return request.url.path


def outcome(error: Exception) -> tuple[int, str, Mapping[str, str] | None]:
    """The status, title and headers that answer `error`; raised again if the table has it not."""
    for kind, (status, title) in _STATUS.items():
        if isinstance(error, kind):
            _note_refusal(kind)
            if isinstance(error, RateLimitedError):
                return status, title, {"Retry-After": str(max(1, math.ceil(error.seconds)))}
            if kind is OverloadedError:
                return status, title, {"Retry-After": _some_seconds()}
            return status, title, _HEADERS.get(status)
    raise error


def _note_refusal(kind: type[SearchServiceError]) -> None:
    """Have the request counted by what refused it: the name of an error in the table."""
    mark = current()
    if mark is not None:
        words = _WORD.findall(kind.__name__.removesuffix("Error"))
        mark.refusal = "_".join(words).lower()


def _some_seconds() -> str:
    """When to come again: not all who were refused together at the same moment."""
    return str(random.randint(1, _LATEST_RETRY_SECONDS))  # noqa: S311 - nobody gains by guessing


def told(error: Exception) -> str:
    """What whoever asked is told of `error`: of a database no more than that it fails.

    Strangers may send events, and files, keys and settings are none of their business.
    """
    if not isinstance(error, StateError):
        return str(error)
    _log.error("the database of events: %s", error)
    return f"the database of events cannot be used at the moment; {LOG_HAS_DETAILS}"


async def _service_error(_: Request, error: Exception) -> Response:
    status, title, headers = outcome(error)
    return problem(status, title, told(error), headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    entries: Sequence[Mapping[str, Any]] = error.errors()
    parts = [_complaint(entry, request) for entry in entries[:_SHOWN_COMPLAINTS]]
    if len(entries) > _SHOWN_COMPLAINTS:
        parts.append(f"and {len(entries) - _SHOWN_COMPLAINTS} more")
    return problem(400, "The request cannot be understood", "; ".join(parts))


def _complaint(entry: Mapping[str, Any], request: Request) -> str:
    if entry["type"] == "json_invalid":
        return f"body: expected JSON; at character {entry['loc'][-1]}: {entry['ctx']['error']}"
    place = ".".join(repeatable(str(part)) for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        unknown = f"{place[:_SHOWN_CHARACTERS]}: unknown"
        known = _parameters(request, entry["loc"])
        return f"{unknown}, expected one of {', '.join(known)}" if known else unknown
    found = _found(entry["loc"], entry.get("input"))
    if entry["type"] in ("model_attributes_type", "dict_type", "model_type"):
        return (
            f"{place}: expected a JSON object, sent with 'content-type: application/json'{found}"
        )
    return f"{place[:_SHOWN_CHARACTERS]}: {entry['msg']}{fixed_limit(entry)}{found}"


def _found(place: Sequence[str | int], value: object) -> str:
    """What stands there, unless it is about who asks, alone or among other things."""
    if any(str(part) == "user" or "token" in str(part).lower() for part in place):
        return ""
    if value and isinstance(value, Mapping | list):
        return " (found a list)" if isinstance(value, list) else " (found an object)"
    return f" (found {repr(value)[:_SHOWN_CHARACTERS]})"


def _parameters(request: Request, place: Sequence[str | int]) -> list[str]:
    """What the route takes at the top of its query string or body; nothing for what is deeper."""
    route = request.scope.get("route")
    if len(place) != 2 or not isinstance(route, APIRoute):  # noqa: PLR2004 - where, and the name
        return []
    dependant = route.dependant
    taken = dependant.query_params if place[0] == "query" else dependant.body_params
    models = (parameter.field_info.annotation for parameter in taken)
    return [name for model in models for name in getattr(model, "model_fields", ())]


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    detail = str(error.detail)
    if request.url.path.startswith(_ALGOLIA):
        body = orjson.dumps({"message": detail, "status": error.status_code})
        return Response(body, error.status_code, error.headers, "application/json")
    return problem(error.status_code, detail, f"{detail}; see /docs", error.headers)


async def _unexpected_error(request: Request, error: Exception) -> Response:
    """What a middleware of ours did not expect, answered outside of all of them."""
    answer = _failure(request, error)
    if mark := current():
        answer.headers["X-Request-Id"] = mark.request_id
    return answer


def _failure(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, loggable_path(request), exc_info=error)
    return problem(500, "Internal error", LOG_HAS_DETAILS)


class CatchFailures:
    """Middleware around the routes: answers what nobody expected.

    The framework would do so outside of all middlewares, without what those give every answer:
    the request's id, and what browsers are told of whom it is for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer it if nobody has begun to.

        Raises:
            Exception: of an answer that had begun; it is cut, and cannot look like a whole one.
        """
        has_begun = False

        async def seen(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception as error:
            if has_begun or scope["type"] != "http":
                raise
            await _failure(Request(scope), error)(scope, receive, send)
