"""The storefront page: static files, and the sample's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles

from searchsvc.http.headers import PAGE_POLICY, PICTURE_POLICY
from searchsvc.sample.image import product_image

if TYPE_CHECKING:
    from os import PathLike, stat_result

    from starlette.types import Receive, Scope, Send

_WEB = Path(__file__).parent / "web"
_PICTURE = {"Cache-Control": "public, max-age=86400", "Content-Security-Policy": PICTURE_POLICY}
_API = "v1/"
_READING = ("GET", "HEAD")
_METHODS = (*_READING, "POST", "PUT", "PATCH", "DELETE")

pictures = APIRouter(include_in_schema=False)


@pictures.get("/sample/image/{kind}/{colour}.svg")
async def sample_picture(kind: str, colour: str) -> Response:
    """A picture of a product of the sample catalogue."""
    svg = product_image(kind, colour)
    if svg is None:
        raise HTTPException(404, "No such picture")
    return Response(svg, media_type="image/svg+xml", headers=_PICTURE)


class Storefront(StaticFiles):
    """The page's files, always revalidated: after an upgrade no old part meets a new one."""

    def __init__(self) -> None:
        super().__init__(directory=_WEB, html=True)
        self._compressed = GZipMiddleware(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `StaticFiles`; the script is a quarter as long where the browser takes gzip."""
        await self._compressed(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See `StaticFiles.get_response`; nothing below the API's prefix is a page.

        What no route takes comes here, so that the methods of the routes are named here, too.
        """
        is_read = scope["method"] in _READING
        if is_read and not f"{path}/".startswith(_API):
            return await super().get_response(path, scope)
        allowed = _methods_at(scope)
        if f"{path}/".startswith(_API) and not allowed:
            raise HTTPException(404)
        raise HTTPException(405, headers={"Allow": ", ".join(allowed or _READING)})

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """See `StaticFiles.file_response`."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response


def _methods_at(scope: Scope) -> list[str]:
    """What the application's routes take at the path of a request, in one order."""
    routes = [route for route in scope["app"].router.routes if not isinstance(route, Mount)]
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
