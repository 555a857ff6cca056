"""Errors over HTTP: one table, and problem documents (RFC 9457) that leak nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from searchsvc.errors import (
    BadQueryError,
    IndexNotFoundError,
    NotReadyError,
    OverloadedError,
    ProductNotFoundError,
    SearchServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)

_STATUS: Mapping[type[SearchServiceError], tuple[int, str]] = {
    BadQueryError: (400, "The request cannot be understood"),
    IndexNotFoundError: (404, "No such index"),
    ProductNotFoundError: (404, "No such product"),
    NotReadyError: (503, "The index is not ready"),
    OverloadedError: (503, "Too many requests at the moment"),
}
_RETRY_AFTER_SECONDS = "1"


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(SearchServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected_error)


def _problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(
        orjson.dumps(body), status, headers=headers, media_type="application/problem+json"
    )


async def _service_error(_: Request, error: Exception) -> Response:
    for kind, (status, title) in _STATUS.items():
        if isinstance(error, kind):
            headers = {"Retry-After": _RETRY_AFTER_SECONDS} if status == 503 else None  # noqa: PLR2004 - HTTP's own number
            return _problem(status, title, str(error), headers)
    raise error


async def _validation_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    parts = []
    for entry in error.errors():
        place = ".".join(str(part) for part in entry["loc"])
        found = repr(entry.get("input"))
        parts.append(f"{place}: {entry['msg']} (found {found[:80]})")
    return _problem(400, "The request cannot be understood", "; ".join(parts))


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    detail = str(error.detail)
    return _problem(error.status_code, detail, f"{detail}; see /docs", error.headers)


async def _unexpected_error(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _problem(500, "Internal error", "the service's log has the details")
