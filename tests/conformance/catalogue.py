"""The catalogue behind the conformance tests: the sample, with a bool and with locations."""

from __future__ import annotations

import gzip
from collections import Counter
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

INDEX = "shop"
_IN_A_PLACE = 10
"""One of so many products is in a shop."""


def _enriched(number: int, record: dict[str, Any]) -> dict[str, Any]:
    attributes = {**record["attributes"], "on_sale": "sale_price" in record}
    enriched = {**record, "attributes": attributes}
    if number % _IN_A_PLACE == 0:
        places = list(Catalogue.PLACES.values())
        enriched["_geoloc"] = places[number // _IN_A_PLACE % len(places)]
    return enriched


class Catalogue:
    """What a test may expect of an answer, counted in the feed."""

    PLACES: ClassVar[Mapping[str, dict[str, float]]] = {
        "Bremen": {"lat": 53.08, "lng": 8.8},
        "Lyon": {"lat": 45.76, "lng": 4.84},
        "Palermo": {"lat": 38.12, "lng": 13.36},
    }
    """The shops."""

    def __init__(self) -> None:
        packed = (files("searchsvc.sample") / "feed.jsonl.gz").read_bytes()
        lines = gzip.decompress(packed).splitlines()
        self.records = [_enriched(n, orjson.loads(line)) for n, line in enumerate(lines)]

    def publish(self, data_dir: Path) -> None:
        """Index it."""
        data_dir.mkdir(parents=True, exist_ok=True)
        feed = data_dir / "feed.jsonl"
        feed.write_bytes(b"\n".join(map(orjson.dumps, self.records)))
        reindex(str(feed), IndexLayout.of(data_dir, INDEX), IndexSettings(), HashingEmbedder(256))

    def those(self, condition: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
        return [record for record in self.records if condition(record)]

    def count(self, condition: Callable[[dict[str, Any]], object]) -> int:
        return len(self.those(condition))

    def values(self, name: str) -> Counter[Any]:
        """How many products have each value of an attribute, Google's or the shop's own."""
        found = (value_of(record, name) for record in self.records)
        return Counter(value for value in found if value is not None)

    def paths(self, level: int) -> Counter[str]:
        """How many products are below each category of one level."""
        paths = (record["product_type"].split(" > ") for record in self.records)
        return Counter(" > ".join(path[: level + 1]) for path in paths if len(path) > level)


def value_of(record: dict[str, Any], name: str) -> Any:
    return record.get(name, record["attributes"].get(name))


def price_of(record: dict[str, Any]) -> float:
    """What a product costs, without a reduction."""
    return float(record["price"].split()[0])


def paid_price_of(record: dict[str, Any]) -> float:
    """What a product costs now."""
    return float(record.get("sale_price", record["price"]).split()[0])
