"""The feed files that shops exchange: JSON Lines, CSV, TSV and Google Merchant XML."""

from __future__ import annotations

import csv
import gzip
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, cast
from xml.sax.saxutils import escape

import orjson

from benchmarks.catalogue.vocabulary import load_vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from benchmarks.catalogue.record import Record

_FAST, SMALLEST = 6, 9
"""Levels of gzip; the second takes twice the time for 2 %."""

_MERCHANT_FIELDS = (
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "availability",
    "availability_date",
    "price",
    "sale_price",
    "brand",
    "gtin",
    "mpn",
    "condition",
    "item_group_id",
    "item_group_title",
    "color",
    "size",
    "gender",
    "age_group",
    "material",
    "product_type",
)
_GENERATED_ATTRIBUTES = {
    "colour_family",
    "key_ingredient",
    "model_number",
    "popularity",
    "product_line",
    "rating",
    "review_count",
}
_DETAIL_SECTION = "Details"


@contextmanager
def _reproducible_gzip(path: Path, level: int) -> Iterator[BinaryIO]:
    """Compresses without time and name in the header, so that equal content is equal bytes."""
    with (
        path.open("wb") as file,
        gzip.GzipFile(
            filename="", mode="wb", compresslevel=level, fileobj=file, mtime=0
        ) as zipped,
    ):
        yield cast("BinaryIO", zipped)


@contextmanager
def _opened(path: Path, level: int = _FAST) -> Iterator[BinaryIO]:
    """A file to write bytes to, compressed when its name ends in ``.gz``."""
    if path.suffix == ".gz":
        with _reproducible_gzip(path, level) as file:
            yield file
    else:
        with path.open("wb") as file:
            yield file


def write_jsonl(path: Path, records: Iterable[Record], *, level: int = _FAST) -> None:
    """One JSON object per line, free attributes in the member ``attributes``.

    Args:
        path: replaced if it exists, compressed if it ends in ``.gz``.
        records: as `iter_records` makes them.
        level: of the compression, 1 … 9.
    """
    with _opened(path, level) as file:
        for record in records:
            file.write(orjson.dumps(record) + b"\n")


def write_delimited(path: Path, records: Iterable[Record], delimiter: str) -> None:
    r"""A header row of attribute names and one row per record, cells quoted where needed.

    Args:
        path: replaced if it exists, compressed if it ends in ``.gz``.
        records: as `iter_records` makes them.
        delimiter: ``","`` or ``"\t"``.

    Raises:
        ValueError: another delimiter, which feed readers do not expect.
    """
    if delimiter not in {",", "\t"}:
        raise ValueError(f"delimiter {delimiter!r}: expected a comma or a tab")
    columns = (*_MERCHANT_FIELDS, *attribute_names())
    with _opened(path) as file, TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow(columns)
        for record in records:
            flat = record | record["attributes"]
            writer.writerow([_cell(flat.get(column, "")) for column in columns])


def write_merchant_xml(path: Path, records: Iterable[Record]) -> None:
    """A Google Merchant feed in RSS 2.0; free attributes are ``g:product_detail`` elements."""
    with _opened(path) as file:
        file.write(
            b'<?xml version="1.0" encoding="UTF-8"?>\n'
            b'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n'
            b"<channel>\n<title>Sample catalogue</title>\n<link>https://shop.example</link>\n"
            b"<description>Products that do not exist</description>\n"
        )
        for record in records:
            file.write(_item(record).encode())
        file.write(b"</channel>\n</rss>\n")


def attribute_names() -> tuple[str, ...]:
    """Every free attribute that a product of the catalogue may have, sorted."""
    kinds = load_vocabulary()
    traits = {trait.attribute for kind in kinds for axis in kind.axes for trait in axis}
    specs = {spec.attribute for kind in kinds for spec in kind.specs}
    return tuple(sorted(traits | specs | _GENERATED_ATTRIBUTES))


def _item(record: Record) -> str:
    lines = [
        f"<g:{name}>{escape(record[name])}</g:{name}>"
        for name in _MERCHANT_FIELDS
        if name in record
    ]
    lines += [
        f"<g:product_detail><g:section_name>{_DETAIL_SECTION}</g:section_name>"
        f"<g:attribute_name>{escape(name)}</g:attribute_name>"
        f"<g:attribute_value>{escape(_cell(value))}</g:attribute_value></g:product_detail>"
        for name, value in record["attributes"].items()
    ]
    return "<item>\n" + "\n".join(lines) + "\n</item>\n"


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON scalar
    return value if isinstance(value, str) else str(value)
