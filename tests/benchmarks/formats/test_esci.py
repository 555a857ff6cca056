from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.collection import feed_of, load_collection
from benchmarks.errors import CollectionError
from benchmarks.formats import esci
from benchmarks.formats.source import Choice
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from searchsvc.relevance.judgments import JudgedQuery

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = [
    # query_id, query, product_id, product_locale, esci_label, small, large, split
    (1, "red sofa", "A", "us", "E", 1, 1, "test"),
    (1, "red sofa", "B", "us", "S", 1, 1, "test"),
    (1, "red sofa", "C", "us", "C", 1, 1, "test"),
    (1, "red sofa", "D", "us", "I", 1, 1, "test"),
    (2, "lamp", "E", "us", "E", 1, 1, "train"),
    (3, "table", "F", "us", "E", 0, 1, "test"),
    (4, "sofá", "A", "es", "E", 1, 1, "test"),
]
EXAMPLE_COLUMNS = [
    "query_id", "query", "product_id", "product_locale", "esci_label", "small_version",
    "large_version", "split",
]  # fmt: skip
PRODUCTS = [
    ("A", "Red sofa", "<p>For three</p>", "Soft\n\n Wide ", "Sitwell", "Red", "us"),
    ("B", "Sofa", None, None, None, None, "us"),
    ("C", None, None, None, None, None, "us"),
    ("D", " ", None, None, None, None, "us"),
    ("E", "Lamp", None, None, None, None, "us"),
    ("F", "Table", None, None, None, None, "us"),
    ("G", "Not judged", None, None, None, None, "us"),
    ("A", "Sofá rojo", None, None, None, None, "es"),
]


def write_table(path: Path, columns: tuple[str, ...] | list[str], rows: list[Any]) -> None:
    data = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    pq.write_table(pa.table(data), path)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_table(tmp_path / esci.EXAMPLES_FILE, EXAMPLE_COLUMNS, EXAMPLES)
    columns = [
        "product_id", "product_title", "product_description", "product_bullet_point",
        "product_brand", "product_color", "product_locale",
    ]  # fmt: skip
    write_table(tmp_path / esci.PRODUCTS_FILE, columns, PRODUCTS)
    return tmp_path


def products(directory: Path, choice: Choice) -> dict[str, Product]:
    feed = feed_of(load_collection(directory, choice), directory / "converted")
    with open_feed(str(feed), FeedOptions()) as records:
        return {record.id: record for record in records or () if isinstance(record, Product)}


def test_by_default_it_is_the_small_test_split_of_the_american_market(directory: Path) -> None:
    collection = load_collection(directory)
    assert collection.format == "ESCI"
    assert collection.queries == (JudgedQuery("1", "red sofa"),)
    assert collection.qrels == {"1": {"A": 3, "B": 2, "C": 1, "D": 0}}


def test_the_corpus_is_what_is_judged_in_the_version_for_any_split(directory: Path) -> None:
    assert products(directory, Choice()).keys() == {"A", "B", "C", "D", "E"}
    assert products(directory, Choice(is_large=True)).keys() == set("ABCDEF")
    assert products(directory, Choice(locale="es"))["A"].title == "Sofá rojo"


def test_splits_share_their_corpus_and_versions_do_not(directory: Path) -> None:
    small, train = load_collection(directory), load_collection(directory, Choice("train"))
    large = load_collection(directory, Choice(is_large=True))
    assert train.queries == (JudgedQuery("2", "lamp"),)
    assert small.corpus_digest == train.corpus_digest != large.corpus_digest
    assert len({small.digest, train.digest, large.digest}) == 3


def test_the_gains_are_the_published_ones(directory: Path) -> None:
    scale = load_collection(directory).scale
    assert [scale.gain(label) for label in range(4)] == [0.0, 0.01, 0.1, 1.0]
    assert [scale.is_relevant(label) for label in range(4)] == [False, False, True, True]


def test_products_keep_their_texts(directory: Path) -> None:
    found = products(directory, Choice())
    sofa = found["A"]
    assert (sofa.title, sofa.description) == ("Red sofa", "For three")
    assert (sofa.brand, sofa.color) == ("Sitwell", "Red")
    assert sofa.product_highlights == ("Soft", "Wide")
    assert [found[name].title for name in "CD"] == ["C", "D"]


def test_rows_are_read_in_batches(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_collection(directory)
    monkeypatch.setattr(esci, "_BATCH_ROWS", 2)
    parts = load_collection(directory)
    assert (parts.queries, parts.qrels) == (whole.queries, whole.qrels)


@pytest.mark.parametrize("choice", [Choice(locale="fr"), Choice("dev")])
def test_a_choice_of_nothing_is_refused(directory: Path, choice: Choice) -> None:
    with pytest.raises(CollectionError, match=r"nothing of locale .* expected locale us, es"):
        load_collection(directory, choice)


def test_an_unknown_label_is_refused(directory: Path) -> None:
    rows = [(1, "sofa", "A", "us", "X", 1, 1, "test")]
    write_table(directory / esci.EXAMPLES_FILE, EXAMPLE_COLUMNS, rows)
    with pytest.raises(CollectionError, match="query 1: label 'X'; expected one of I, C, S, E"):
        load_collection(directory)


def test_a_missing_column_is_named(directory: Path) -> None:
    rows = [row[:-1] for row in EXAMPLES]
    write_table(directory / esci.EXAMPLES_FILE, EXAMPLE_COLUMNS[:-1], rows)
    with pytest.raises(CollectionError, match="no column split, only query_id"):
        load_collection(directory)


def test_what_is_no_parquet_is_refused(directory: Path) -> None:
    (directory / esci.EXAMPLES_FILE).write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(CollectionError, match="cannot be read as Parquet"):
        load_collection(directory)


def test_without_pyarrow_the_extra_is_named(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CollectionError, match=r"pip install 'searchsvc\[benchmarks\]'"):
        load_collection(directory)
