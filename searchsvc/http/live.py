"""The routes of live settings: documents of an index, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, WithJsonSchema
from starlette.concurrency import run_in_threadpool

from searchsvc.errors import BadQueryError
from searchsvc.http.access import KeyedRoute, MayAdminister, needs
from searchsvc.http.bodies import documented_body
from searchsvc.http.context import FAILURES, AppContext, IndexPath
from searchsvc.http.schemas import LiveVersion, Problem, RankingReport
from searchsvc.keys.role import Role
from searchsvc.live import describe_ranking
from searchsvc.livedocuments import EXPERIMENT, RANKING, SEGMENTS, SUGGESTIONS, SYNONYMS
from searchsvc.livefile import NO_FILE, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.livedocuments import LiveDocument
    from searchsvc.livefile import D
    from searchsvc.policy import RankingOverrides

IfMatch = Annotated[
    str | None,
    Header(description='Change it only while it has this ETag; 412 otherwise. `"none"`: no file.'),
]
OnlyIfAbsent = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="`*`: change it only while nobody has set it; 412 otherwise.",
    ),
    WithJsonSchema({"type": "string", "enum": ["*"]}),
]
IfNoneMatch = Annotated[
    str | None, Header(description="304 without a body while it has this ETag.")
]
_SHOWN_CHARACTERS = 80
_CHANGES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or one that does not hold."},
    403: {"model": Problem, "description": "The key has not the role `admin`, or there is none."},
    412: {"model": Problem, "description": "If-Match or If-None-Match forbids it."},
    413: {"model": Problem, "description": "More than 256 KiB."},
}


def _expected(
    if_match: IfMatch = None, only_if_absent: OnlyIfAbsent = None
) -> frozenset[str] | None:
    """The versions that a change may replace; ``None`` for any.

    If-Match compares strongly, so that a weak tag names no version (RFC 9110, 13.1.1).

    Raises:
        BadQueryError: If-None-Match says something else than ``*``.
    """
    absent = frozenset({NO_FILE})
    if only_if_absent is not None and only_if_absent.strip() != "*":
        raise BadQueryError(
            f"If-None-Match: {only_if_absent[:_SHOWN_CHARACTERS]}: a change takes only *, for "
            "what nobody has set yet. To replace one version and no other, send If-Match"
        )
    if if_match is None or if_match.strip() == "*":
        return None if only_if_absent is None else absent
    tags = (tag.strip() for tag in if_match.split(","))
    versions = frozenset(tag.strip('"') for tag in tags if not tag.startswith("W/"))
    return versions if only_if_absent is None else versions & absent


Expected = Annotated[frozenset[str] | None, Depends(_expected)]
live = APIRouter(prefix="/v1/indexes/{index}", responses=FAILURES, route_class=KeyedRoute)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the documentation calls a document.

    Attributes:
        noun: in the summaries.
        get: what GET shows.
        put: what PUT does.
        delete: what DELETE does.
    """

    noun: str
    get: str
    put: str
    delete: str


def _add_routes(
    kind: LiveDocument[D], words: _Words, getter: Callable[..., Response], shown: type[BaseModel]
) -> None:
    """The three routes of a kind of document.

    Args:
        kind: of the document.
        words: for the documentation.
        getter: answers GET.
        shown: what that answers.
    """

    async def put(
        index: IndexPath,
        request: Request,
        context: AppContext,
        grant: MayAdminister,
        expected: Expected,
    ) -> Response:
        body = await request.body()

        def change() -> str:
            version = context.editor.replace(kind, index, parse(kind.model, body), expected)
            context.audit(grant, f"{kind.name}.set", index, version=version)
            return version

        return _changed(index, await run_in_threadpool(change))

    def delete(
        index: IndexPath, context: AppContext, grant: MayAdminister, expected: Expected
    ) -> Response:
        version = context.editor.clear(kind, index, expected)
        context.audit(grant, f"{kind.name}.clear", index, version=version)
        return _changed(index, version)

    path, lower = f"/{kind.name}", words.noun[0].lower() + words.noun[1:]
    live.get(
        path,
        name=f"get_{kind.name}",
        response_model=shown,
        summary=words.noun,
        description=words.get,
        dependencies=[needs(Role.ADMIN, unless_open=not kind.secret)],
        responses=_shown_statuses(kind, shown),
    )(getter)
    live.put(
        path,
        name=f"put_{kind.name}",
        response_model=LiveVersion,
        summary=f"Replace the {lower}",
        description=words.put,
        responses=_CHANGES,
        openapi_extra=documented_body(kind.model),
    )(put)
    live.delete(
        path,
        name=f"delete_{kind.name}",
        response_model=LiveVersion,
        summary=f"Remove the {lower}",
        description=words.delete,
        responses=_CHANGES,
    )(delete)


def _shown_statuses(
    kind: LiveDocument[D], shown: type[BaseModel]
) -> dict[int | str, dict[str, Any]]:
    """What GET answers beside 200, for the documentation."""
    statuses: dict[int | str, dict[str, Any]] = {status: _CHANGES[status] for status in (401, 403)}
    if shown is kind.model:
        statuses[304] = {"description": "It still has the ETag of If-None-Match."}
    return statuses


def _document_of(kind: LiveDocument[D]) -> Callable[..., Response]:
    """Answers GET with the document as PUT takes it."""

    def get(index: IndexPath, context: AppContext, if_none_match: IfNoneMatch = None) -> Response:
        document, version = context.editor.read(kind, index)
        if _matches(if_none_match, version):
            return Response(status_code=304, headers=_headers(version))
        return _answer(document.model_dump_json(), version)

    return get


def _report_of(
    kind: LiveDocument[D], report: Callable[[str, D, AppContext], BaseModel]
) -> Callable[..., Response]:
    """Answers GET with more than the document; that may change without it, so it is never 304."""

    def get(index: IndexPath, context: AppContext) -> Response:
        document, version = context.editor.read(kind, index)
        return _answer(report(index, document, context).model_dump_json(), version)

    return get


def _ranking_report(index: str, overrides: RankingOverrides, context: AppContext) -> RankingReport:
    return RankingReport(
        index=index,
        overrides=overrides.model_dump(mode="json", exclude_unset=True),
        settings=describe_ranking(context.editor.settings, overrides),
    )


_add_routes(
    SYNONYMS,
    _Words(
        "Synonyms",
        "The synonyms of an index as `PUT` takes them; empty where there are none.",
        "Replace all synonyms of an index, effective at once and kept by every reindex.",
        "Remove all synonyms of an index, effective at once.",
    ),
    _document_of(SYNONYMS),
    SYNONYMS.model,
)
_add_routes(
    RANKING,
    _Words(
        "Ranking settings",
        "The effective ranking settings of an index, and where each comes from. The ETag is that "
        "of the overrides, for changing them. The rest may change without it, so that the answer "
        "is never 304.",
        "Replace what an index overrides in the ranking; settings left out are the service's.",
        "Rank an index by the service's settings again, effective at once.",
    ),
    _report_of(RANKING, _ranking_report),
    RankingReport,
)
_add_routes(
    SUGGESTIONS,
    _Words(
        "Popular queries and blocked words",
        "What an index suggests beside its catalogue's phrases, and what it never suggests, as "
        "`PUT` takes it; empty where there is nothing.",
        "Replace the popular queries and blocked words of an index, effective at once and kept by "
        "every reindex.",
        "Suggest the catalogue's phrases alone, effective at once.",
    ),
    _document_of(SUGGESTIONS),
    SUGGESTIONS.model,
)
_add_routes(
    SEGMENTS,
    _Words(
        "Segments of shoppers",
        "The segments of an index as `PUT` takes them; empty where there are none.",
        "Replace all segments of an index, effective at once and kept by every reindex. Lists of "
        "users that were imported stay.",
        "Remove all segments of an index, effective at once. Lists of users stay.",
    ),
    _document_of(SEGMENTS),
    SEGMENTS.model,
)
_add_routes(
    EXPERIMENT,
    _Words(
        "Experiment",
        "The experiment of an index as `PUT` takes it; empty where none runs.",
        "Replace the experiment of an index, effective at once. The same name, salt and shares "
        "deal every shopper to the same arm again.",
        "End the experiment of an index: everybody gets its own settings, effective at once.",
    ),
    _document_of(EXPERIMENT),
    EXPERIMENT.model,
)


def _matches(if_none_match: str | None, version: str) -> bool:
    """Whether the header names `version`, by weak comparison (RFC 9110, 13.1.2)."""
    tags = (if_none_match or "").split(",")
    return any(tag.strip().removeprefix("W/") in ("*", f'"{version}"') for tag in tags)


def _changed(index: str, version: str) -> Response:
    return _answer(LiveVersion(index=index, version=version).model_dump_json(), version)


def _answer(body: str, version: str) -> Response:
    return Response(body, headers=_headers(version), media_type="application/json")


def _headers(version: str) -> dict[str, str]:
    return {"ETag": f'"{version}"', "Cache-Control": "no-cache"}
