from pathlib import Path
from types import MappingProxyType

import pytest

from indexer.errors import SnapshotCorruptError
from indexer.identifiers import MOST_SHARED
from indexer.product import Product
from indexer.products import ProductsBuilder, ProductStore
from indexer.records import DATA_FILE


def stored(directory: Path, *products: Product) -> ProductStore:
    builder = ProductsBuilder(directory)
    for product in products:
        builder.add(product, product.to_json())
    builder.write()
    return ProductStore(directory)


@pytest.fixture
def store(tmp_path: Path) -> ProductStore:
    return stored(
        tmp_path,
        Product(id="A-1", title="one", gtin="0012345678905", mpn="TN-2110"),
        Product(id="B 2", title="two", mpn="tn2110", attributes=MappingProxyType({"sku": "X9"})),
        Product(id="ö", title="three", attributes=MappingProxyType({"sku": 12.0})),
    )


def test_a_product_is_found_by_its_exact_id_only(store: ProductStore) -> None:
    assert store.row("B 2") == 1
    assert store.row("b 2") is None
    assert [store.id(row) for row in range(3)] == ["A-1", "B 2", "ö"]
    assert Product.from_json(store.json(2)).title == "three"


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("a1", [0]),
        ("B2", [1]),
        ("tn 2110", [0, 1]),
        ("x-9", [1]),
        ("12345678905", [0]),
        ("00012345678905", [0]),
        ("TN-211", []),
        ("  ", []),
    ],
)
def test_identifiers_are_found_however_they_are_written(
    store: ProductStore, typed: str, rows: list[int]
) -> None:
    assert store.identified_by(typed).tolist() == rows


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [("sku", "ab-9", "AB9"), ("SKU", 48213, "48213"), ("Sku", 48213.0, "0048213")],
)
def test_a_sku_is_an_identifier_however_the_feed_writes_it(
    tmp_path: Path, name: str, value: str | float, typed: str
) -> None:
    product = Product(id="1", title="t", attributes=MappingProxyType({name: value}))
    assert stored(tmp_path, product).identified_by(typed).tolist() == [0]


def test_a_placeholder_that_many_products_share_identifies_none(tmp_path: Path) -> None:
    shared = [
        Product(id=f"{n:03}", title="t", mpn="n/a", gtin="0000000000000")
        for n in range(MOST_SHARED + 1)
    ]
    store = stored(tmp_path, *shared)
    assert store.identified_by("N/A").tolist() == []
    assert store.identified_by("0000000000000").tolist() == [0]  # the product with id 000
    assert store.identified_by("007").tolist() == [7]


def test_an_identifier_that_variants_share_names_them_all(tmp_path: Path) -> None:
    variants = [Product(id=f"{n:03}", title="t", mpn="X-1") for n in range(MOST_SHARED)]
    assert len(stored(tmp_path, *variants).identified_by("x1")) == MOST_SHARED


def test_a_cut_data_file_is_refused(tmp_path: Path) -> None:
    stored(tmp_path, Product(id="1", title="t"))
    data = tmp_path / DATA_FILE
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(SnapshotCorruptError, match=r"products\.bin.*rollback"):
        ProductStore(tmp_path)
