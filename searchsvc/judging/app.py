"""The judging page and its small API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.staticfiles import StaticFiles

from searchsvc.http.guard import Guard
from searchsvc.http.headers import SecurityHeaders
from searchsvc.http.pages import pictures
from searchsvc.http.problems import install_problem_handlers
from searchsvc.judging.access import API, Access
from searchsvc.judging.ratings import LABELS

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.judging.session import Entry, Session

_WEB = Path(__file__).parent / "web"


class Pair(BaseModel):
    """A product for a query."""

    model_config = ConfigDict(strict=True)

    query_id: str
    product_id: str


class LabelledPair(Pair):
    """A rating; ``null`` says that the rater cannot tell."""

    label: int | None = Field(ge=LABELS[0], le=LABELS[-1])


def create_judging_app(
    session: Session, snapshot: Snapshot, token: str, hosts: frozenset[str] | None
) -> FastAPI:
    """The page for one rater.

    Args:
        session: with a pool for every query.
        snapshot: the one that was pooled from.
        token: see `Access`.
        hosts: see `Access`.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    install_problem_handlers(app)

    @app.get(f"{API}session")
    def overview() -> Response:
        states = session.queries()
        return _json(
            {
                "index": snapshot.index,
                "rater": session.rater,
                "queries": [
                    {
                        "id": state.query.id,
                        "text": state.query.text,
                        "class": state.query.query_class,
                        "pooled": state.pooled,
                        "rated": state.rated,
                    }
                    for state in states
                ],
            }
        )

    @app.get(f"{API}queries/{{query_id:path}}")
    def pool(query_id: str) -> Response:
        return _json([_item(entry, snapshot) for entry in session.entries(query_id)])

    @app.post(f"{API}ratings")
    def rate(rating: LabelledPair) -> Response:
        session.rate(rating.query_id, rating.product_id, rating.label)
        return Response(status_code=204)

    @app.post(f"{API}withdrawals")
    def withdraw(pair: Pair) -> Response:
        session.withdraw(pair.query_id, pair.product_id)
        return Response(status_code=204)

    app.include_router(pictures)
    app.mount("/", StaticFiles(directory=_WEB, html=True), name="web")
    app.add_middleware(Access, token=token, hosts=hosts)
    app.add_middleware(Guard)
    app.add_middleware(SecurityHeaders)
    return app


def _item(entry: Entry, snapshot: Snapshot) -> dict[str, Any]:
    row = snapshot.products.row(entry.product_id)
    if row is None:  # the pool is of this snapshot
        raise KeyError(entry.product_id)
    return {
        "product": orjson.Fragment(snapshot.products.json(row)),
        "rating": None if entry.rating is None else {"label": entry.rating.label},
    }


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
