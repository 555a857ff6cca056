"""The route by which products change, one by one, while the index is searched."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from searchsvc.errors import BadQueryError
from searchsvc.http.access import KeyedRoute, MayChangeProducts
from searchsvc.http.bodies import complaints, documented_body
from searchsvc.http.context import FAILURES, AppContext, IndexPath
from searchsvc.http.guard import MAX_CHANGES_BYTES
from searchsvc.http.schemas import Problem
from searchsvc.limits import MAX_CHANGES

_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or one that does not hold."},
    403: {"model": Problem, "description": "The key has not the role `index`, or there is none."},
    409: {"model": Problem, "description": "A guard, the gate or a missing model forbids it."},
    413: {"model": Problem, "description": f"More than {MAX_CHANGES_BYTES >> 20} MiB."},
}


class ProductChangesRequest(BaseModel):
    """Changes of products, made in this order; of several for one product the last one counts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    products: Annotated[
        list[dict[str, Any]],
        Field(
            max_length=MAX_CHANGES,
            description='Each a record of a feed, with `"op"`: `upsert` (all of a product), '
            "`update` (the fields that change; null removes one) or `delete`.",
            examples=[[{"id": "a1", "price": "39.95 EUR", "availability": "in_stock"}]],
        ),
    ]
    mode: Literal["update", "upsert"] = Field(
        "update", description="What a record asks for that has no `op`."
    )
    force: bool = Field(
        default=False, description="Remove more products than the guard allows, and pass the gate."
    )


class RejectedChange(BaseModel):
    """Why one record changed nothing."""

    position: int = Field(description="Its place in `products`, from 1.")
    field: str = Field(description="Empty when the record as a whole is wrong.")
    value: str
    reason: str
    product_id: str


class ProductChangesReport(BaseModel):
    """What became of changes; search shows them when this arrives.

    Other processes of the service follow within `SEARCHSVC_POLL_SECONDS`.
    """

    index: str
    generation: str = Field(description="The current one.")
    published: Literal["nothing", "patch", "merge"] = Field(
        description="`patch`: no text changed; `merge`: some did; `nothing`: all was as it is."
    )
    products: int = Field(description="In the index.")
    added: int
    updated: int
    reworded: int = Field(description="Of those updated, how many have other texts.")
    removed: int
    rejected: int = Field(description="Records that changed nothing, see `rejections`.")
    rejections: dict[str, int] = Field(description="How many for which field and reason.")
    examples: list[RejectedChange] = Field(description="The first rejected records.")
    embedded: int = Field(description="Texts that the model had to read.")
    changed_since_build: int = Field(
        description="Products added, removed or reworded since everything was built at once."
    )
    compaction_due: bool = Field(description="Run `searchsvc reindex --compact` when convenient.")
    forced: list[str] = Field(description="Guards that were overridden.")
    seconds: dict[str, float] = Field(description="Of each stage.")


products = APIRouter(prefix="/v1/indexes/{index}", responses=FAILURES, route_class=KeyedRoute)


@products.patch(
    "/products",
    summary="Change products",
    response_model=ProductChangesReport,
    responses=_ANSWERS,
    openapi_extra=documented_body(ProductChangesRequest),
)
async def change_products(
    index: IndexPath, request: Request, context: AppContext, grant: MayChangeProducts
) -> Response:
    """Add, update and remove single products; a bad record costs itself.

    Prices, stock and popularity are visible within a second or two at any size; other texts take
    the model's time to read them. The next full reindex replaces everything by its feed.
    """
    body = await request.body()

    def change() -> bytes:
        asked = _parse(body)
        context.limits.count("products", "records", len(asked.products), "max_changes")
        report = context.changes.apply(index, asked.products, mode=asked.mode, force=asked.force)
        context.service.refresh_index(index)
        context.audit(
            grant,
            "delta",
            index,
            generation=report["generation"],
            **{name: report[name] for name in ("added", "updated", "removed")},
        )
        report["examples"] = list(map(orjson.loads, report["examples"]))
        return ProductChangesReport.model_validate(report).model_dump_json().encode()

    answer = await context.changing.run(change)
    return Response(answer, media_type="application/json")


def _parse(body: bytes) -> ProductChangesRequest:
    """The request in `body`, with numbers as feeds have them: no integers beyond 64 bits.

    Raises:
        BadQueryError: it is none.
    """
    try:
        return ProductChangesRequest.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise BadQueryError(f"body: expected JSON; {error}") from None
    except ValidationError as error:
        raise BadQueryError(complaints(error)) from None
