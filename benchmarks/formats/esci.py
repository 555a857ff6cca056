"""ESCI as Amazon publishes it: two Parquet files of shopping queries and products.

Reddy et al., Shopping Queries Dataset: A Large-Scale ESCI Benchmark for Improving Product Search,
2022. The corpus is what its evaluation ranks: the products of one locale that are judged in the
chosen version, for queries of any split.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from benchmarks.errors import CollectionError
from benchmarks.formats.qrels import Qrels
from benchmarks.formats.record import title
from benchmarks.formats.source import Choice, Corpus, Format, Source
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.relevance.labels import LabelScale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.formats.source import FeedRecord

EXAMPLES_FILE = "shopping_queries_dataset_examples.parquet"
PRODUCTS_FILE = "shopping_queries_dataset_products.parquet"

LABELS = MappingProxyType({"I": 0, "C": 1, "S": 2, "E": 3})
SCALE = LabelScale(MappingProxyType({0: 0.0, 1: 0.01, 2: 0.1, 3: 1.0}), relevant_from=2)
"""The published gains; a complement (a charger for a telephone) is no answer to the query."""

_EXAMPLE_COLUMNS = ("query_id", "query", "product_id", "product_locale", "esci_label", "split")
_PRODUCT_COLUMNS = (
    "product_id",
    "product_title",
    "product_description",
    "product_bullet_point",
    "product_brand",
    "product_color",
    "product_locale",
)
_BATCH_ROWS = 20_000


def _parquet() -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        import pyarrow.compute  # noqa: PLC0415 - only this format needs it
        import pyarrow.parquet  # noqa: PLC0415 - ditto
    except ImportError as error:
        raise CollectionError(
            "ESCI's Parquet files need pyarrow; install it with: "
            "pip install 'searchsvc[benchmarks]'"
        ) from error
    return pyarrow


def _rows(path: Path, columns: Sequence[str], **wanted: object) -> Iterator[dict[str, Any]]:
    """The rows with the wanted values, or with one of a wanted array of them, batch by batch.

    Raises:
        CollectionError: from the iterator, when the file is no Parquet or lacks a column.
    """
    arrow = _parquet()
    compute = arrow.compute
    try:
        with arrow.parquet.ParquetFile(path, memory_map=True) as file:
            missing = {*columns, *wanted} - set(file.schema_arrow.names)
            if missing:
                raise CollectionError(
                    f"{path}: no column {', '.join(sorted(missing))}, only "
                    f"{', '.join(file.schema_arrow.names)}; fetch the published file"
                )
            batches = file.iter_batches(_BATCH_ROWS, columns=list({*columns, *wanted}))
            for batch in batches:
                chosen = batch
                for name, value in wanted.items():
                    column = chosen.column(name)
                    is_set = isinstance(value, arrow.Array)
                    mask = compute.is_in(column, value) if is_set else compute.equal(column, value)
                    chosen = chosen.filter(mask)
                yield from chosen.select(list(columns)).to_pylist()
    except (arrow.ArrowException, OSError) as error:
        raise CollectionError(
            f"{path}: cannot be read as Parquet ({error}); fetch the published file again"
        ) from error


def _records(path: Path, locale: str, product_ids: Any) -> Iterator[FeedRecord]:  # noqa: ANN401 - an Arrow array
    rows = _rows(path, _PRODUCT_COLUMNS, product_locale=locale, product_id=product_ids)
    for row in rows:
        texts = {name: (row[name] or "").strip() for name in _PRODUCT_COLUMNS}
        highlights = [line for line in texts["product_bullet_point"].splitlines() if line.strip()]
        yield {
            "id": row["product_id"],
            "title": title(
                texts["product_title"], texts["product_description"], row["product_id"]
            ),
            "description": texts["product_description"],
            "product_highlight": highlights,
            "brand": texts["product_brand"],
            "color": texts["product_color"],
        }


def _fits(directory: Path) -> bool:
    return all((directory / name).is_file() for name in (EXAMPLES_FILE, PRODUCTS_FILE))


def _open(directory: Path, choice: Choice) -> Source:
    examples, products = directory / EXAMPLES_FILE, directory / PRODUCTS_FILE
    version = "large_version" if choice.is_large else "small_version"
    wanted = {"product_locale": choice.locale, version: 1}
    queries: dict[str, JudgedQuery] = {}
    qrels = Qrels(examples, queries.keys())
    product_ids: set[str] = set()
    for number, row in enumerate(_rows(examples, _EXAMPLE_COLUMNS, **wanted), start=1):
        product_ids.add(row["product_id"])
        if row["split"] != choice.split:
            continue
        query_id, label = str(row["query_id"]), row["esci_label"]
        if label not in LABELS:
            raise CollectionError(
                f"{examples}: query {query_id}: label {label!r}; expected one of "
                f"{', '.join(LABELS)}"
            )
        queries.setdefault(query_id, JudgedQuery(query_id, row["query"]))
        qrels.add(query_id, row["product_id"], LABELS[label], number)
    if not queries:
        raise CollectionError(
            f"{examples}: nothing of locale {choice.locale!r}, split {choice.split!r} and "
            f"{version}; expected locale us, es or jp and split test or train"
        )
    corpus_choice = f"{choice.locale} {version}"
    judged = _parquet().array(sorted(product_ids))
    return Source(
        corpus=Corpus(
            (examples, products),
            corpus_choice,
            partial(_records, products, choice.locale, judged),
        ),
        judgments=Judgments(tuple(queries.values()), qrels.build()),
        judgment_files=(),  # the examples name the products, too
        judgment_choice=choice.split,
        scale=SCALE,
    )


ESCI = Format("ESCI", f"{EXAMPLES_FILE}, {PRODUCTS_FILE}", _fits, _open)
