"""What is known of the published feed: it stays known while other sources change the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from indexer.build.delta import apply_delta
from indexer.build.reindex import Recipe, ReindexOptions, compact, reindex
from indexer.build.source import PublishedSource, follow, known_validators
from indexer.embedding.hashing import HashingEmbedder
from indexer.feeds.reader import Validators
from indexer.settings import IndexSettings
from indexer.snapshot import open_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.layout import IndexLayout

URL = "https://user:secret@shop.test/feed"
KNOWN = Validators('"v1"', "Sun, 22 Nov 2026 13:00:00 GMT")
FIRST, SECOND = "g00000001-00000000", "g00000002-00000000"


def publish(layout: IndexLayout, generation: str) -> None:
    layout.root.mkdir(parents=True, exist_ok=True)
    layout.current_file.write_text(f"{generation}\n")


def test_a_feed_is_known_by_place_settings_and_generation(layout: IndexLayout) -> None:
    assert known_validators(layout, URL, "build") is None
    publish(layout, FIRST)
    PublishedSource.of(URL, KNOWN, FIRST, "build").write(layout)
    assert known_validators(layout, URL, "build") == KNOWN
    assert known_validators(layout, "https://other.test", "build") is None
    assert known_validators(layout, URL, "other build") is None
    assert "secret" not in layout.source_file.read_text()
    publish(layout, SECOND)
    assert known_validators(layout, URL, "build") is None
    publish(layout, FIRST)
    layout.source_file.write_text("{}")
    assert known_validators(layout, URL, "build") is None


def test_an_unchanged_feed_does_not_undo_a_delta(layout: IndexLayout) -> None:
    follow(layout, FIRST, SECOND)  # of an index without a known feed
    publish(layout, FIRST)
    PublishedSource.of(URL, KNOWN, FIRST, "build").write(layout)
    publish(layout, SECOND)
    follow(layout, FIRST, SECOND)
    assert known_validators(layout, URL, "build") == KNOWN


def test_a_delta_to_what_is_not_of_the_feed_makes_it_no_more_known(layout: IndexLayout) -> None:
    publish(layout, SECOND)
    PublishedSource.of(URL, KNOWN, FIRST, "build").write(layout)
    follow(layout, "g00000009-00000000", SECOND)
    assert known_validators(layout, URL, "build") is None


def test_a_watched_feed_that_has_not_changed_leaves_prices_of_deltas_alone(
    layout: IndexLayout, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.jsonl"
    records = [{"id": f"p{n}", "title": f"Shoe {n}", "price": "10 EUR"} for n in range(5)]
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    settings, embedder = IndexSettings(), HashingEmbedder(32)
    only = ReindexOptions(if_changed=True)

    def price() -> int:
        product = orjson.loads(open_snapshot(layout).products.json(2))
        return int(product["price"]["minor_units"])

    reindex(str(feed), layout, settings, embedder, only)
    recipe = Recipe(settings, embedder)
    apply_delta([{"id": "p2", "price": "20 EUR"}], layout, lambda: recipe)
    assert reindex(str(feed), layout, settings, embedder, only).unchanged
    assert price() == 2_000
    apply_delta([{"id": "p1", "title": "Boot"}], layout, lambda: recipe)
    compact(layout, lambda: recipe)
    assert reindex(str(feed), layout, settings, embedder, only).unchanged
    assert price() == 2_000
    reindex(str(feed), layout, settings, embedder)
    assert price() == 1_000
