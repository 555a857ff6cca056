"""What is known of the published feed: it stays known while other sources change the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest

from indexer.build import release
from indexer.build.delta import apply_delta
from indexer.build.reindex import Recipe, ReindexOptions, compact, reindex, reindex_by
from indexer.build.source import PublishedSource, follow, known_validators
from indexer.embedding.hashing import HashingEmbedder
from indexer.feeds.reader import Validators
from indexer.publish import rollback
from indexer.settings import IndexSettings
from indexer.snapshot import open_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.build.report import BuildReport
    from indexer.layout import IndexLayout

URL = "https://user:secret@shop.test/feed"
KNOWN = Validators('"v1"', "Sun, 22 Nov 2026 13:00:00 GMT")
FIRST, SECOND = "g00000001-00000000", "g00000002-00000000"


@dataclass(frozen=True)
class Shop:
    """An index, and the feed that is watched for it."""

    layout: IndexLayout
    feed: Path
    recipe: Recipe

    def read_feed(self) -> BuildReport:
        only = ReindexOptions(if_changed=True)
        return reindex_by(str(self.feed), self.layout, lambda: self.recipe, only)

    def change(self, price: str) -> str:
        records = [{"id": "p2", "price": price}]
        return apply_delta(records, self.layout, lambda: self.recipe).generation

    def compact(self) -> None:
        compact(self.layout, lambda: self.recipe)

    def price(self) -> int:
        product = orjson.loads(open_snapshot(self.layout).products.json(2))
        return int(product["price"]["minor_units"])


@pytest.fixture
def shop(layout: IndexLayout, tmp_path: Path) -> Shop:
    feed = tmp_path / "feed.jsonl"
    records = [{"id": f"p{n}", "title": f"Shoe {n}", "price": "10 EUR"} for n in range(5)]
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return Shop(layout, feed, Recipe(IndexSettings(), HashingEmbedder(32)))


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


def test_after_a_rollback_an_unchanged_feed_does_not_undo_a_delta_either(
    layout: IndexLayout, shop: Shop
) -> None:
    shop.read_feed()
    built = shop.change("20 EUR")
    shop.change("30 EUR")
    rollback(layout, built)
    assert shop.read_feed().unchanged
    rollback(layout)
    shop.change("40 EUR")
    assert shop.read_feed().unchanged
    assert shop.price() == 4_000
    shop.compact()
    assert shop.read_feed().unchanged
    rollback(layout)
    assert shop.read_feed().unchanged
    assert shop.price() == 4_000


class _Died(BaseException):
    """Like SIGKILL: no handler of ours may catch it."""


def test_death_right_after_publishing_leaves_the_feed_known(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise _Died

    shop.read_feed()
    with monkeypatch.context() as patched:
        patched.setattr(release, "prune", die)
        with pytest.raises(_Died):
            shop.change("20 EUR")
    assert shop.price() == 2_000
    assert shop.read_feed().unchanged


def test_a_delta_to_what_is_not_of_the_feed_makes_it_no_more_known(layout: IndexLayout) -> None:
    publish(layout, SECOND)
    PublishedSource.of(URL, KNOWN, FIRST, "build").write(layout)
    follow(layout, "g00000009-00000000", SECOND)
    assert known_validators(layout, URL, "build") is None


def test_a_watched_feed_that_has_not_changed_leaves_prices_of_deltas_alone(shop: Shop) -> None:
    shop.read_feed()
    shop.change("20 EUR")
    assert shop.read_feed().unchanged
    assert shop.price() == 2_000
    apply_delta([{"id": "p1", "title": "Boot"}], shop.layout, lambda: shop.recipe)
    shop.compact()
    assert shop.read_feed().unchanged
    assert shop.price() == 2_000
    reindex(str(shop.feed), shop.layout, shop.recipe.settings, shop.recipe.embedder)
    assert shop.price() == 1_000
