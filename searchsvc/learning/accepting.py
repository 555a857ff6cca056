"""Accepting: a proposal becomes a segment of the index, or boosts of one that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import parse
from searchsvc.segments.document import SegmentsDocument

if TYPE_CHECKING:
    from searchsvc.learning.proposals import Proposal


def accepted(
    document: SegmentsDocument, proposal: Proposal, name: str, title: str | None = None
) -> SegmentsDocument:
    """`document` with `proposal` as the segment called `name`.

    Where there is one of that name, it gets the affinities, where any are proposed, and the
    boosts; a boost with the filter of a proposed one gives way, the others stay as they are.

    Args:
        document: the segments that there are.
        proposal: to be one of them.
        name: of the segment.
        title: what shoppers read; the proposed one by default.

    Raises:
        BadLiveSettingsError: `name` is none, there would be too many segments or boosts, or the
            same people are a segment of another name already.
    """
    like = proposal.like
    same = [it.name for it in document.segments if like is not None and it.like == like]
    if same and name not in same:
        raise BadLiveSettingsError(
            f"proposal {proposal.name!r} is the segment {same[0]!r} already, and its boosts would "
            f"count twice. Accept it as {same[0]!r} to renew that, or rename the segment."
        )
    raw: dict[str, Any] = document.model_dump(mode="json", exclude_unset=True)
    segments: list[dict[str, Any]] = raw.setdefault("segments", [])
    segment = next((it for it in segments if it["name"] == name), None)
    if segment is None:
        segment = {"name": name, "title": proposal.title}
        if proposal.like is None:
            segment["listed"] = True
        segments.append(segment)
    if title is not None:
        segment["title"] = title
    if proposal.like is not None:
        segment["like"] = proposal.like.model_dump(mode="json")
    proposed = [it.boost.model_dump(mode="json", exclude_unset=True) for it in proposal.boosts]
    filters = [it["filter"] for it in proposed]
    kept = [it for it in segment.get("boosts", []) if it["filter"] not in filters]
    segment["boosts"] = [*kept, *proposed]
    return parse(SegmentsDocument, orjson.dumps(raw))
