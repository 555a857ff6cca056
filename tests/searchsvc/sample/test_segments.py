"""The sample's segments: they fit its catalogue, and each boost tells some products apart."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.cli import serve
from searchsvc.live import SEGMENTS
from searchsvc.livefile import parse
from searchsvc.query.mask import row_mask
from searchsvc.segments.compiler import check_segments
from searchsvc.segments.document import SegmentsDocument

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.searchsvc.conftest import MakeSettings


def test_each_segment_prefers_some_products_of_the_sample_and_not_all(
    sample_data_dir: Path,
) -> None:
    snapshot = open_snapshot(IndexLayout.of(sample_data_dir, "demo"))
    written = (files("searchsvc.sample") / "segments.json").read_bytes()
    segments = check_segments(parse(SegmentsDocument, written), snapshot)
    assert len(segments.segments) == 5
    products = len(snapshot.products)
    for segment in segments.segments:
        assert segment.rule is not None, segment.name
        assert segment.title != segment.name
        assert segment.boosts
    for boost in segments.rules:
        reached = row_mask(boost.condition, snapshot.columns, products, snapshot.derived)
        assert 0.02 * products < reached.sum() < 0.5 * products, f"{boost.segment} {boost.name}"


def test_the_demo_gets_them_once_and_keeps_what_somebody_has_written(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "open_embedder", lambda *_: HashingEmbedder(32))
    settings = make_settings()
    serve.build_demo(settings, quiet=True)
    file = SEGMENTS.file(IndexLayout.of(settings.data_dir, "demo"))
    assert len(file.read()[0].segments) == 5
    file.replace(SegmentsDocument())
    serve.build_demo(settings, quiet=True)
    assert file.read()[0].segments == ()
