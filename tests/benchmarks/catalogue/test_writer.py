from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import orjson
import pytest

from benchmarks.catalogue.record import iter_records
from benchmarks.catalogue.writer import (
    attribute_names,
    write_delimited,
    write_jsonl,
    write_merchant_xml,
)
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.product import Rejection

G = "{http://base.google.com/ns/1.0}"
RECORDS = list(iter_records(600, 3))


def _read(path: Path) -> list[Product | Rejection]:
    with open_feed(str(path), FeedOptions()) as feed:
        assert feed is not None
        return list(feed)


def test_all_formats_are_read_as_the_same_products(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "feed.jsonl", RECORDS)
    write_merchant_xml(tmp_path / "feed.xml", RECORDS)
    write_delimited(tmp_path / "feed.csv", RECORDS, ",")
    write_delimited(tmp_path / "feed.tsv", RECORDS, "\t")
    expected = _read(tmp_path / "feed.jsonl")
    assert len(expected) == len(RECORDS)
    assert all(isinstance(product, Product) for product in expected)
    for name in ("feed.xml", "feed.csv", "feed.tsv"):
        assert _read(tmp_path / name) == expected, name


def test_a_merchant_feed_has_googles_names_in_googles_namespace(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    write_merchant_xml(path, RECORDS[:5])
    root = ET.parse(path).getroot()  # noqa: S314 - written two lines above
    assert root.tag == "rss"
    assert root.attrib == {"version": "2.0"}
    items = root.findall("channel/item")
    assert [item.findtext(f"{G}id") for item in items] == [r["id"] for r in RECORDS[:5]]
    for item, record in zip(items, RECORDS, strict=False):
        assert item.findtext(f"{G}price") == record["price"]
        details = {
            detail.findtext(f"{G}attribute_name"): detail.findtext(f"{G}attribute_value")
            for detail in item.findall(f"{G}product_detail")
        }
        assert details == {name: str(value) for name, value in record["attributes"].items()}


def test_markup_characters_survive_in_a_merchant_feed(tmp_path: Path) -> None:
    record = RECORDS[0] | {"title": "Tom & Ann's 27\" <Screen>"}
    write_merchant_xml(tmp_path / "feed.xml", [record])
    root = ET.parse(tmp_path / "feed.xml").getroot()  # noqa: S314 - written one line above
    assert root.findtext(f"channel/item/{G}title") == record["title"]


def test_a_delimited_feed_has_a_column_for_every_attribute(tmp_path: Path) -> None:
    write_delimited(tmp_path / "feed.csv", RECORDS, ",")
    with (tmp_path / "feed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(RECORDS)
    assert {name for record in RECORDS for name in record["attributes"]} <= set(attribute_names())
    for row, record in zip(rows, RECORDS, strict=True):
        assert {name: value for name, value in row.items() if value} == {
            name: str(value)
            for name, value in (record | record["attributes"]).items()
            if name != "attributes"
        }


def test_another_delimiter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a comma or a tab"):
        write_delimited(tmp_path / "feed.csv", RECORDS, ";")


def test_a_name_ending_in_gz_is_compressed_reproducibly(tmp_path: Path) -> None:
    for name in ("one.jsonl.gz", "other.jsonl.gz"):
        write_jsonl(tmp_path / name, RECORDS)
    packed = (tmp_path / "one.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "other.jsonl.gz").read_bytes()
    assert [orjson.loads(line) for line in gzip.decompress(packed).splitlines()] == RECORDS
