"""Requests as Algolia's clients send them: names in the path, JSON under any content type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from searchsvc.errors import BadQueryError
from searchsvc.http.algolia.values import found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

MAX_OBJECTS = 1_000
"""Records of one request."""

_THEIRS = "x-algolia-"
_INDEX_SEGMENT = 3  # behind "", "1" and "indexes"


def names_in_path(request: Request) -> tuple[str, ...]:
    """What stands in the path behind ``/1/indexes/``, each part decoded on its own.

    A name may have slashes, which clients encode; the decoded path does not tell them apart.
    """
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    path = raw.partition(b"?")[0].decode("ascii", errors="replace")
    before = request.scope.get("root_path", "").count("/")
    return tuple(unquote(part) for part in path.split("/")[before + _INDEX_SEGMENT :])


def parameters_in_query(request: Request) -> dict[str, Any]:
    """The parameters in the query string, without what clients say about themselves."""
    return {
        name: value
        for name, value in request.query_params.items()
        if not name.lower().startswith(_THEIRS)
    }


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object in the body, whatever its content type; none is an empty object.

    Browsers ask for no permission to send plain text, which is why clients call it that.

    Raises:
        BadQueryError: it is no JSON object.
    """
    body = await request.body()
    try:
        decoded = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as error:
        raise BadQueryError(f"The body is no JSON: {error}") from error
    if not isinstance(decoded, dict):
        raise BadQueryError(f"The body is {found(decoded)}, expected a JSON object")
    return decoded


def requests_of(body: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The objects under ``requests``.

    Raises:
        BadQueryError: there is no list of objects, or it is too long.
    """
    listed = body.get("requests")
    if not isinstance(listed, list):
        raise BadQueryError(f"requests: found {found(listed)}, expected a list of objects")
    if len(listed) > limit:
        raise BadQueryError(f"requests: found {len(listed)}, expected at most {limit}")
    for number, entry in enumerate(listed):
        if not isinstance(entry, dict):
            raise BadQueryError(f"requests[{number}]: found {found(entry)}, expected an object")
    return listed


def text_in(entry: Mapping[str, Any], name: str) -> str:
    """The text called `name`.

    Raises:
        BadQueryError: there is none.
    """
    text = entry.get(name)
    if not isinstance(text, str) or not text:
        raise BadQueryError(f"{name}: found {found(text)}, expected a text")
    return text
