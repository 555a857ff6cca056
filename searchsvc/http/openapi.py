"""The OpenAPI document: what FastAPI writes of the routes, with errors as they are sent.

A client made from the document must know every answer, and a test that makes requests from it
takes what it does not mention for a defect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

PROBLEM = "application/problem+json"
_JSON = "application/json"
_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_API = "/v1/"
_EVERYWHERE = {
    "401": "A key is needed, and none or an unknown one was sent.",
    "403": "The key is not for this.",
    "429": "Too many requests of this key or address; `Retry-After` says when to come again.",
    "500": "A defect, or stored settings that cannot be used; the service's log has the details.",
}
_WITH_BODY = {
    "408": "The body took too long to arrive.",
    "413": "The body is too large.",
    "415": "The body is compressed.",
}
"""Answers of what stands before the routes, which FastAPI does not know of."""


def document_problems(app: FastAPI) -> None:
    """Have the document of `app` list every problem that is sent, as `PROBLEM`."""
    write = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(write())
        return write()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _complete(document: dict[str, Any]) -> None:
    """Name all problems, and move their schema to their content type, in place."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            responses.pop("default", None)  # stood for all that are named now
            if path.startswith(_API):
                named = _EVERYWHERE | (_WITH_BODY if "requestBody" in operation else {})
                for status, description in named.items():
                    responses.setdefault(status, _problem(description))
            for response in responses.values():
                content = response.get("content", {})
                if content.get(_JSON, {}).get("schema") == _PROBLEM_SCHEMA:
                    content[PROBLEM] = content.pop(_JSON)


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": _PROBLEM_SCHEMA}}}
