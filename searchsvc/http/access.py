"""Access: what a request may do, decided by its key before anything else of it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from indexer.layout import is_index_name
from searchsvc.errors import (
    ForbiddenError,
    IndexNotFoundError,
    NotPermittedError,
    RateLimitedError,
    SearchServiceError,
    WritesDisabledError,
)
from searchsvc.http.granted import granted, keep
from searchsvc.http.rates import passed_on
from searchsvc.keys.grant import EVERYBODY, NOBODY, Grant
from searchsvc.keys.role import Role
from searchsvc.mark import note_asked

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Response
    from fastapi.params import Depends as Dependency
    from starlette.types import Scope

    from searchsvc.http.context import Context
    from searchsvc.query.query import Query

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="A key of `searchsvc keys create`, or the value of `SEARCHSVC_ADMIN_KEY`; as well "
    "in the header `X-API-Key`. Without keys the service answers searches and takes events of "
    "everybody.",
)
_DONE = "searchsvc.authorized"
_BEARER = "bearer "
_PASSED_ON = b"x-forwarded-for"
_READ = frozenset(
    (b"authorization", b"x-api-key", b"x-algolia-api-key", b"referer", b"origin", _PASSED_ON)
)
_ALGOLIA = "/1/"
_ALGOLIA_KEY = "x-algolia-api-key"
_BEACON = "/v1/events"
_BEACON_KEY = "key"


@dataclass(frozen=True, slots=True)
class Need:
    """What a route needs.

    Attributes:
        role: that the key must have.
        everywhere: whether it tells or changes something of all indexes, so that a key for some of
            them will not do.
        unless_open: whether it needs no key at all where searching needs none.
    """

    role: Role
    everywhere: bool = False
    unless_open: bool = False


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a request says of its right to be answered.

    Attributes:
        key: a secret, wherever it stands; ``None`` without one.
        referrer: the page that sends it, as far as its browser tells.
        address: of the other end of the connection.
    """

    key: str | None
    referrer: str | None
    address: str


def authorize(scope: Scope, context: Context, need: Need, index: str | None = None) -> Grant:
    """What the request may do, after it was looked at whether it may do this.

    It is counted for its key and address. A second call for the same request gives the same again
    and counts nothing.

    Args:
        scope: of the request; nothing of its body is read.
        context: of the application.
        need: of the route.
        index: that the request is about; ``None`` where the route looks after that itself.

    Raises:
        NotPermittedError: a key is needed, and it has none, or one that does not hold.
        WritesDisabledError: as that, where no key could permit it.
        ForbiddenError: its key is not for this.
        IndexNotFoundError: there is no such index, or its key is not for that index.
        RateLimitedError: its key or its address has sent too much.
        KeysUnavailableError: nobody knows which keys there are.
    """
    if _DONE in scope:
        return granted(scope)
    sent = _sent(scope)
    if index is not None and is_index_name(index):
        note_asked(index=index)
    try:
        grant = _granted(context, sent)
    except (NotPermittedError, ForbiddenError):
        note_asked(key=context.keyring.name(sent.key))
        context.rates.admit(NOBODY, sent.address)  # guesses are counted, too
        raise
    keep(scope, grant)
    context.rates.admit(grant, sent.address)
    _require(need, grant, context)
    if index is not None:
        require_index(context, grant, index)
    scope[_DONE] = True
    return grant


def recognize(scope: Scope, context: Context, need: Need) -> Grant | None:
    """What the request may do if that is what `need` says; ``None`` otherwise.

    For what everybody is told something of, and some more. Only a key that does not hold counts.

    Raises:
        RateLimitedError: its address has sent too many keys that do not hold.
    """
    sent = _sent(scope)
    try:
        grant = _granted(context, sent)
        keep(scope, grant)
        _require(need, grant, context)
    except (NotPermittedError, ForbiddenError):
        if sent.key is not None:
            context.rates.admit(NOBODY, sent.address)
        return None
    except RateLimitedError:
        raise
    except SearchServiceError:
        return None
    return grant


def _granted(context: Context, sent: _Sent) -> Grant:
    """What the keyring grants; a scoped key that is new costs nobody its opening who guesses.

    Forged ones are compared with every key: whose guesses are refused anyway has none compared.
    """
    return context.keyring.grant(
        sent.key,
        referrer=sent.referrer,
        address=sent.address,
        before_opening=lambda: context.rates.check(NOBODY, sent.address),
    )


def require_index(context: Context, grant: Grant, index: str) -> None:
    """Let a request pass that is about an index that is served, and that its key is for.

    Raises:
        IndexNotFoundError: it is not; in the same words whichever of the two it is.
    """
    if not grant.indexes:
        context.service.state(index)
        return
    names = [state.name for state in context.service.indexes() if grant.covers(state.name)]
    if index not in names:
        known = ", ".join(names) or "none yet"
        raise IndexNotFoundError(f"no index {index!r} is served here; there is: {known}")


def require_user(grant: Grant, token: str | None, place: str) -> None:
    """Let a request pass that names the user of its key, if that has one, or nobody.

    Args:
        grant: of the request.
        token: of the user that it names.
        place: where it does.

    Raises:
        ForbiddenError: it names somebody else.
    """
    if grant.user is not None and token is not None and token != grant.user:
        raise ForbiddenError(
            f"{place}: names another user than the one that the key was derived for; leave it "
            "out, or derive a key for that user"
        )


_NEEDS: dict[Callable[..., Any], Need] = {}


def within(grant: Grant, query: Query) -> Query:
    """`query`, for whom nothing exists but what fulfils the filter of its key."""
    return query if grant.scope is None else replace(query, scope=grant.scope)


def needs(role: Role, *, everywhere: bool = False, unless_open: bool = False) -> Dependency:
    """A dependency of every route of a `KeyedRoute` router: what it needs; see `Need`."""
    need = Need(role, everywhere, unless_open)

    async def authorized(
        request: Request,
        _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Grant:
        return _authorize(request, need)

    _NEEDS[authorized] = need
    dependency: Dependency = Depends(authorized)
    return dependency


MaySearch = Annotated[Grant, needs(Role.SEARCH)]
MaySendEvents = Annotated[Grant, needs(Role.EVENTS)]
MayChangeProducts = Annotated[Grant, needs(Role.INDEX)]
MayReadMetrics = Annotated[Grant, needs(Role.METRICS, everywhere=True)]
MayReadSettings = Annotated[Grant, needs(Role.ADMIN, unless_open=True)]
MayAdminister = Annotated[Grant, needs(Role.ADMIN)]
MayAdministerAll = Annotated[Grant, needs(Role.ADMIN, everywhere=True)]


def need_of(route: APIRoute) -> Need | None:
    """What `route` needs; ``None`` where everybody is answered."""
    calls = (it.call for it in route.dependant.dependencies)
    return next((_NEEDS[call] for call in calls if call in _NEEDS), None)


class KeyedRoute(APIRoute):
    """A route that looks at the key before FastAPI reads and parses the body."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        super().__init__(path, endpoint, **options)
        need = need_of(self)
        if need is not None and (need.unless_open or EVERYBODY.has(need.role)):
            # In the documentation: or without a key.
            self.openapi_extra = {"security": [{}], **(self.openapi_extra or {})}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute.get_route_handler`."""
        handle = super().get_route_handler()
        need = need_of(self)
        if need is None:
            return handle

        async def handle_authorized(request: Request) -> Response:
            _authorize(request, need)
            return await handle(request)

        return handle_authorized


def _authorize(request: Request, need: Need) -> Grant:
    context: Context = request.app.state.context
    # Algolia's routes have the index undecoded in the path, and read it themselves.
    is_ours = not _below_root(request.scope).startswith(_ALGOLIA)
    return authorize(
        request.scope, context, need, request.path_params.get("index") if is_ours else None
    )


def _require(need: Need, grant: Grant, context: Context) -> None:
    """Let a request pass whose key has the role.

    Raises:
        NotPermittedError: it has no key.
        WritesDisabledError: it has none, and no key could permit it.
        ForbiddenError: it has another one.
    """
    if need.unless_open and not context.keyring.are_needed:
        return
    if not grant.has(need.role):
        raise _refusal(need.role, grant, context)
    if need.everywhere and grant.indexes:
        raise ForbiddenError(
            f"key {grant.key!r} is for some indexes, and this is about all of them; it needs a "
            "key that was made without --index"
        )


def _refusal(role: Role, grant: Grant, context: Context) -> SearchServiceError:
    if grant.key:
        had = ", ".join(sorted(grant.roles)) or "none"
        return ForbiddenError(
            f"key {grant.key!r} has not the role {role.value!r} that this needs; it has: {had}. "
            f"Make another one: searchsvc keys create --role {role.value}"
        )
    known = context.keyring.known
    if not (known and known.keys) and context.editor.settings.admin_key is None:
        return WritesDisabledError(
            "nothing can be changed over HTTP, since no key is set. Set SEARCHSVC_ADMIN_KEY and "
            f"restart the service, run 'searchsvc keys create --role {role.value}', or use the "
            "command line beside it."
        )
    return NotPermittedError(
        f"this needs the header 'Authorization: Bearer KEY' with a key of the role {role.value!r} "
        "('searchsvc keys create'), or with the service's SEARCHSVC_ADMIN_KEY; below /1/, an "
        "Algolia client with that as its API key"
    )


def _sent(scope: Scope) -> _Sent:
    found = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _READ}
    authorization = found.get(b"authorization", "")
    is_bearer = authorization[: len(_BEARER)].lower() == _BEARER  # a proxy's Basic is none of ours
    bearer = authorization[len(_BEARER) :].strip() if is_bearer else ""
    path = _below_root(scope)
    key = bearer or found.get(b"x-api-key")
    if path.startswith(_ALGOLIA):
        key = found.get(b"x-algolia-api-key") or _in_query(scope, _ALGOLIA_KEY) or key
    elif path == _BEACON:
        key = key or _in_query(scope, _BEACON_KEY)
    client = scope.get("client")
    address = client[0] if client else ""
    if address and _PASSED_ON in found:
        address = passed_on(address)
    referrer = found.get(b"referer") or found.get(b"origin")
    return _Sent(key or None, referrer, address)


def _in_query(scope: Scope, wanted: str) -> str | None:
    """A parameter of the query string, whatever its capitals."""
    query: bytes = scope.get("query_string", b"")
    pairs = parse_qsl(query.decode("latin-1"))
    return next((value for name, value in pairs if name.lower() == wanted), None)


def _below_root(scope: Scope) -> str:
    """The path, without the prefix of a proxy or of an application that this one is mounted in."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
