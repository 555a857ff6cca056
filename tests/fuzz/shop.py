"""A small shop that is asked whatever there is to ask: some of everything that feeds have."""

from __future__ import annotations

import atexit
import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from indexer.build.reindex import ReindexOptions, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from searchsvc.serving import SearchService
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from searchsvc.personalizing.audience import Audience

EMBEDDER = HashingEmbedder(64)
INDEX = "shop"
KEY = "correct horse battery staple"
RECORDS: list[dict[str, Any]] = [
    {
        "id": f"p{number}",
        "title": f"{colour} {kind} {number}",
        "description": "A warm companion for rainy hikes, café visits and 2.5 l of tea.",
        "brand": ("Fjellvik", "Acme", "HP")[number % 3],
        "gtin": f"00492345000{number:02d}",
        "price": f"{10 + number} EUR",
        "color": colour,
        "availability": ("in_stock", "out_of_stock")[number % 2],
        "item_group_id": f"g{number // 2}",
        "product_type": f"Home > {kind}",
        "attributes": {"rating": 3.5 + number / 10, "waterproof": number % 2 == 0},
        "location": {"lat": 50 + number / 10, "lon": 8},
    }
    for number, (colour, kind) in enumerate(
        (colour, kind) for colour in ("Red", "Blue", "Navy") for kind in ("shoe", "desk", "jacket")
    )
]


def build_shop(folder: Path) -> Settings:
    """Index `RECORDS` below `folder`; the settings of a service over them."""
    feed = folder / "feed.jsonl"
    feed.write_bytes(b"\n".join(map(orjson.dumps, RECORDS)))
    reindex(
        str(feed),
        IndexLayout.of(folder / "data", INDEX),
        IndexSettings(),
        EMBEDDER,
        ReindexOptions(),
    )
    return Settings(
        data_dir=folder / "data",
        models_dir=folder / "models",
        admin_key=KEY,  # type: ignore[arg-type]  # pydantic makes a secret of it
        poll_seconds=3_600,
        insights_consent=True,
    )


@functools.cache
def settings() -> Settings:
    """Of a service over a shop that is there as long as the process lives."""
    folder = tempfile.TemporaryDirectory(prefix="searchsvc-fuzz-")
    atexit.register(folder.cleanup)
    return build_shop(Path(folder.name))


@functools.cache
def service() -> SearchService:
    """A started service over the shop."""
    started = SearchService(settings())
    started.start()
    atexit.register(started.close)  # before the folder goes: the last comes first
    return started


def shop_generation() -> Path:
    """The directory of the shop's snapshot."""
    layout = IndexLayout.of(settings().data_dir, INDEX)
    return layout.generation_dir(layout.require_current())


def audience() -> Audience:
    """The catalogue of the shop, and what is known of those who search it."""
    return service().state(INDEX).require_audience()


@functools.cache
def scratch(suffix: str) -> Path:
    """A file that a target may write what it is given into."""
    folder = tempfile.TemporaryDirectory(prefix="searchsvc-fuzz-")
    atexit.register(folder.cleanup)
    return Path(folder.name) / f"input{suffix}"
