"""Who may change something: whoever sends the administrator's key."""

from __future__ import annotations

from secrets import compare_digest
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from searchsvc.errors import NotPermittedError, WritesDisabledError
from searchsvc.http.context import AppContext, Context

_bearer = HTTPBearer(
    auto_error=False, scheme_name="admin key", description="The value of `SEARCHSVC_ADMIN_KEY`."
)


def check_key(context: Context, sent: str | None) -> None:
    """Let a request pass that has the key.

    Args:
        context: of the application.
        sent: the key that the request has, wherever it stands.

    Raises:
        WritesDisabledError: there is no key.
        NotPermittedError: the request has none, or another one.
    """
    key = context.editor.settings.admin_key
    if key is None:
        raise WritesDisabledError(
            "nothing can be changed over HTTP, since no key is set. Set SEARCHSVC_ADMIN_KEY and "
            "restart the service, or use the command line beside it."
        )
    # In a time that does not depend on how much of the key is right.
    if sent is None or not compare_digest(sent.encode(), key.get_secret_value().encode()):
        raise NotPermittedError(
            "this needs the header 'Authorization: Bearer KEY' with the service's "
            "SEARCHSVC_ADMIN_KEY; below /1/, an Algolia client with that as its API key"
        )


def _require_key(
    context: AppContext,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    check_key(context, None if sent is None else sent.credentials)


admin_only = Depends(_require_key)
"""A dependency of every route that changes something."""
