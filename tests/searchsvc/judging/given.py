"""Ratings for tests."""

from __future__ import annotations

from typing import Any

from searchsvc.judging.ratings import Rating


def rating(rater: str, product_id: str, label: int | None, **more: Any) -> Rating:
    return Rating(
        rater=rater,
        query_id=more.pop("query_id", "q001"),
        product_id=product_id,
        label=label,
        time="2026-01-02T03:04:05+00:00",
        **more,
    )
