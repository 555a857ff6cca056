from __future__ import annotations

import hashlib
import re
import tracemalloc
from collections import defaultdict
from typing import TYPE_CHECKING

import orjson
import pytest

from benchmarks.catalogue.record import iter_records, iter_variants
from benchmarks.catalogue.vocabulary import load_vocabulary

if TYPE_CHECKING:
    from benchmarks.catalogue.record import Record

SEED = 11
RECORDS = list(iter_records(4_000, SEED))


def _cents(price: str) -> int:
    match = re.fullmatch(r"(\d+)\.(\d\d) EUR", price)
    assert match is not None, price
    return int(match[1] + match[2])


def _families() -> dict[str, list[Record]]:
    families: dict[str, list[Record]] = defaultdict(list)
    for record in RECORDS:
        if "item_group_id" in record:
            families[record["item_group_id"]].append(record)
    return families


def test_a_seed_names_the_same_bytes_for_ever() -> None:
    lines = b"".join(orjson.dumps(record) for record in iter_records(500, 1))
    assert (
        hashlib.sha256(lines).hexdigest()
        == "2414d15c3a0381a2bf5e1faf0160728ff17cadb630e078217d9c8bae53d5dd9f"
    )


def test_a_small_catalogue_begins_a_large_one() -> None:
    for products in (1, 7, 119, 120, 121, 1_000):
        assert list(iter_records(products, SEED)) == RECORDS[:products]


def test_another_seed_is_another_catalogue() -> None:
    other = {record["title"] for record in iter_records(1_000, SEED + 1)}
    assert len(other & {record["title"] for record in RECORDS}) < 20


def test_ids_gtins_and_part_numbers_are_distinct() -> None:
    for name in ("id", "gtin", "mpn", "link"):
        assert len({record[name] for record in RECORDS}) == len(RECORDS), name


def test_two_products_rarely_share_a_title_or_description() -> None:
    for name in ("title", "description"):
        assert len({record[name] for record in RECORDS}) > 0.999 * len(RECORDS), name


def test_every_kind_of_product_occurs() -> None:
    slugs = {record["image_link"].split("/")[-2] for record in RECORDS}
    assert slugs == {kind.slug for kind in load_vocabulary()}


def test_texts_keep_to_the_limits_of_merchant_feeds_and_leave_no_gap() -> None:
    for record in RECORDS:
        assert len(record["title"]) <= 150
        assert 100 < len(record["description"]) <= 1_500
        assert len(record["id"]) <= 50
        for text in (record["title"], record["description"]):
            assert "  " not in text
            assert text == text.strip()
            assert not set("{}[]|") & set(text), text


def test_sentences_begin_with_a_capital_or_a_number_and_end_in_a_stop() -> None:
    for record in RECORDS:
        assert record["description"].endswith(".")
        for sentence in re.split(r"(?<=[a-z)][.?]) ", record["description"]):
            assert re.match(r"[A-Z0-9ÅÄÖÜ]", sentence), sentence


def test_a_sale_price_is_below_the_price() -> None:
    on_sale = [record for record in RECORDS if "sale_price" in record]
    assert 0.1 < len(on_sale) / len(RECORDS) < 0.35
    assert all(0 < _cents(r["sale_price"]) < _cents(r["price"]) for r in on_sale)


def test_prices_are_in_the_range_of_their_kind() -> None:
    for variant in iter_variants(2_000, SEED):
        low, high = variant.model.kind.price
        cents = _cents(variant.record["price"])
        # The ending rounds within a euro; a larger size may cost up to 72 % more.
        assert 100 * low <= cents < 172 * (high + 1)


def test_a_better_equipped_laptop_costs_more() -> None:
    prices = defaultdict(list)
    for variant in iter_variants(20_000, SEED):
        if variant.model.kind.slug == "laptop":
            memory = variant.record["attributes"]["memory_gb"]
            prices[memory].append(_cents(variant.record["price"]))
    means = [sum(prices[memory]) / len(prices[memory]) for memory in sorted(prices)]
    assert len(means) == 4
    assert means == sorted(means)


def test_most_products_are_in_stock_and_a_preorder_has_a_date() -> None:
    in_stock = sum(record["availability"] == "in_stock" for record in RECORDS)
    assert 0.8 < in_stock / len(RECORDS) < 0.92
    assert {record["availability"] for record in RECORDS} == {
        "in_stock",
        "out_of_stock",
        "preorder",
        "backorder",
    }
    for record in RECORDS:
        assert (record["availability"] == "preorder") == ("availability_date" in record)


def test_variants_of_a_group_differ_in_colour_and_size_and_share_the_rest() -> None:
    families = _families()
    assert len(families) > 500
    for group, members in families.items():
        assert len({(r.get("color"), r.get("size")) for r in members}) == len(members), group
        for name in ("brand", "item_group_title", "product_type", "gender", "material"):
            assert len({record.get(name) for record in members}) == 1, (group, name)


def test_ratings_and_popularity_are_as_skewed_as_in_shops() -> None:
    ratings = [record["attributes"]["rating"] for record in RECORDS]
    assert min(ratings) >= 3.0
    assert max(ratings) <= 5.0
    popularity = sorted(record["attributes"]["popularity"] for record in RECORDS)
    assert popularity[-1] > 50 * popularity[len(popularity) // 2]


def test_every_trait_is_in_the_description() -> None:
    for variant in iter_variants(1_000, SEED):
        for trait in variant.model.traits:
            assert any(say in variant.record["description"] for say in trait.says)
            assert variant.record["attributes"][trait.attribute] == trait.value


def test_the_picture_has_the_products_colour() -> None:
    colours = {c.name: c.hex for kind in load_vocabulary() for c in kind.colours}
    for record in RECORDS:
        if "color" in record:
            assert record["image_link"].endswith(f"/{colours[record['color']]}.svg")


def test_memory_does_not_grow_with_the_catalogue() -> None:
    def peak(products: int) -> int:
        tracemalloc.start()
        for _ in iter_records(products, SEED):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(500)
    assert peak(6_000) < 2 * peak(600) + 100_000


@pytest.mark.parametrize(("products", "seed"), [(-1, 0), (1, -1)])
def test_negative_numbers_are_refused(products: int, seed: int) -> None:
    with pytest.raises(ValueError, match="expected numbers from 0"):
        iter_records(products, seed)
