"""What a request was granted, kept with the request: for CORS headers, the log and the traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.keys.grant import NOBODY

if TYPE_CHECKING:
    from starlette.types import Scope

    from searchsvc.keys.grant import Grant

_PLACE = "searchsvc.grant"


def keep(scope: Scope, grant: Grant) -> None:
    """Have `granted` find `grant`."""
    scope[_PLACE] = grant


def granted(scope: Scope) -> Grant:
    """What the request was granted; `NOBODY` before that was looked at."""
    grant: Grant = scope.get(_PLACE, NOBODY)
    return grant
