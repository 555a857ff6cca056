from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path

import pytest

from benchmarks.catalogue.cli import (
    SAMPLE_PRODUCTS,
    SAMPLE_SEED,
    FeedForm,
    generate,
    write_catalogue,
)
from benchmarks.collection import load_collection
from indexer.feeds.reader import FeedOptions, open_feed

SHIPPED = Path(str(files("searchsvc"))) / "sample"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "sample"
    write_catalogue(folder, products=SAMPLE_PRODUCTS, seed=SAMPLE_SEED)
    return folder


@pytest.mark.parametrize("name", ["queries.jsonl", "qrels.tsv"])
def test_the_shipped_queries_and_judgments_are_made_again_byte_by_byte(
    made: Path, name: str
) -> None:
    assert (made / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_the_shipped_feed_is_made_again_byte_by_byte(made: Path) -> None:
    # Decompressed: how tightly a gzip is packed depends on the version of zlib.
    ours = gzip.decompress((made / "feed.jsonl.gz").read_bytes())
    assert ours == gzip.decompress((SHIPPED / "feed.jsonl.gz").read_bytes())


def test_the_shipped_feed_is_small_and_carries_no_time() -> None:
    packed = (SHIPPED / "feed.jsonl.gz").read_bytes()
    assert len(packed) < 700_000
    assert packed[4:8] == bytes(4)


def test_the_shipped_sample_is_a_collection_of_judged_queries() -> None:
    collection = load_collection(SHIPPED)
    assert 110 <= len(collection.queries) <= 130
    assert collection.qrels.keys() == {query.id for query in collection.queries}
    assert all(query.query_class for query in collection.queries)


@pytest.mark.parametrize("form", FeedForm)
def test_a_generated_feed_is_read_back_in_full(tmp_path: Path, form: FeedForm) -> None:
    path = tmp_path / f"feed.{form}"
    done: list[int] = []
    generate(path, products=1_500, form=form, progress=done.append)
    with open_feed(str(path), FeedOptions()) as feed:
        assert feed is not None
        assert feed.format.value == form.value
        assert sum(1 for _ in feed) == 1_500
    assert done == [1_000, 500]


def test_progress_ends_at_the_number_of_products(tmp_path: Path) -> None:
    done: list[int] = []
    generate(tmp_path / "feed.jsonl", products=2_000, seed=1, progress=done.append)
    assert done == [1_000, 1_000]
