"""What a page may know of an index's segments: their names."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from searchsvc.http.context import FAILURES, AppContext, IndexPath


class SegmentName(BaseModel):
    """A segment, without who is in it and what it prefers."""

    name: str
    title: str = Field(description="For people; the name where it has none.")


class SegmentNames(BaseModel):
    """The segments that shoppers of an index may be in."""

    segments: list[SegmentName]


preview = APIRouter(prefix="/v1/indexes/{index}", responses=FAILURES)


@preview.get("/segments/names", summary="Names of segments")
async def segment_names(index: IndexPath, context: AppContext) -> SegmentNames:
    """Names and titles of the enabled segments, for choosing one; all else needs the key."""
    segments = context.service.state(index).live.segments.segments
    return SegmentNames(segments=[SegmentName(name=it.name, title=it.title) for it in segments])
