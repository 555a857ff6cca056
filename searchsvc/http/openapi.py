"""The OpenAPI document: what FastAPI writes of the routes, with errors as they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

PROBLEM = "application/problem+json"
_JSON = "application/json"
_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}


def document_problems(app: FastAPI) -> None:
    """Have the document of `app` say that problems are sent as `PROBLEM`.

    FastAPI documents every model as plain JSON, and a client made from the document would then
    not take the answer for one that it knows.
    """
    write = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _relabel(write())
        return write()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _relabel(document: dict[str, Any]) -> None:
    """Move the schema of problems to their content type, in place."""
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if content.get(_JSON, {}).get("schema") == _PROBLEM_SCHEMA:
                    content[PROBLEM] = content.pop(_JSON)
