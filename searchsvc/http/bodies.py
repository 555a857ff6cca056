"""Bodies that routes read by themselves: their documentation, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from searchsvc.errors import BadQueryError
from searchsvc.limits import fixed_limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN_COMPLAINTS = 5
_SHOWN_CHARACTERS = 80
_M = TypeVar("_M", bound=BaseModel)


def documented_body(model: type[BaseModel]) -> dict[str, Any]:
    """The documentation of a body that the route reads by itself.

    A route does so to look at a key first, to parse beside the event loop, or to say what is wrong
    in the words of the command line.
    """
    schema = model.model_json_schema()
    inlined = _inline(schema, schema.pop("$defs", {}))
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}
    }


def parse_body(model: type[_M], body: bytes) -> _M:
    """The JSON in `body`.

    Raises:
        BadQueryError: it is none, or says what `model` does not take; names the place.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise BadQueryError(complaints(error)) from None


def complaints(error: ValidationError) -> str:
    """What is wrong, each with its place: ``events[3].items[0].price: …``."""
    entries = error.errors(include_url=False)
    parts = [_complaint(entry) for entry in entries[:_SHOWN_COMPLAINTS]]
    if len(entries) > _SHOWN_COMPLAINTS:
        parts.append(f"and {len(entries) - _SHOWN_COMPLAINTS} more")
    return "; ".join(parts)


def _complaint(entry: Mapping[str, Any]) -> str:
    message: str = entry["msg"]
    if entry["type"] == "json_invalid":
        return f"body: expected JSON; {entry['ctx']['error']}"
    place = _place(entry["loc"])
    if entry["type"] == "value_error":  # our own words, which quote what may be quoted
        return f"{place}: {message.removeprefix('Value error, ')}"
    return f"{place}: {message}{fixed_limit(entry)}{_found(place, entry['input'])}"


def _found(place: str, value: object) -> str:
    """What stands there; no token of a user, neither alone nor among other things."""
    if "token" in place.lower():
        return ""
    if isinstance(value, list | dict):
        return " (found a list)" if isinstance(value, list) else " (found an object)"
    return f" (found {repr(value)[:_SHOWN_CHARACTERS]})"


def _place(location: Sequence[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")[:_SHOWN_CHARACTERS] or "body"


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """`schema` with its references replaced: they would point into another document."""
    if isinstance(schema, list):
        return [_inline(entry, definitions) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        schema = target | {name: value for name, value in schema.items() if name != "$ref"}
    return {name: _inline(value, definitions) for name, value in schema.items()}
