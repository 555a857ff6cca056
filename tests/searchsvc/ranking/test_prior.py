"""The popularity of products as a share."""

from __future__ import annotations

import math

import pytest

from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.ranking.prior import popularity_share
from tests.conftest import Build


def test_it_is_the_share_of_the_greatest_on_a_logarithmic_scale(
    build: Build, layout: IndexLayout
) -> None:
    sold = [5, 1_000, 0, -3, None]
    records = [
        {"id": f"p{n}", "title": "thing", **({} if it is None else {"popularity": it})}
        for n, it in enumerate(sold)
    ]
    build(records)
    snapshot = open_snapshot(layout)
    share = popularity_share(snapshot)
    expected = [math.log1p(max(it or 0, 0)) / math.log1p(1_000) for it in sold]
    assert share.tolist() == pytest.approx(expected)
    assert popularity_share(snapshot) is share
    assert not share.flags.writeable


@pytest.mark.parametrize("sold", [None, 0, 0.5])
def test_where_little_is_known_it_stays_between_zero_and_one(
    build: Build, layout: IndexLayout, sold: float | None
) -> None:
    build([{"id": "a", "title": "thing", **({} if sold is None else {"popularity": sold})}])
    share = popularity_share(open_snapshot(layout))
    assert share.tolist() == pytest.approx([math.log1p(sold or 0)])
