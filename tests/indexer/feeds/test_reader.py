from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import FeedTruncatedError, SettingsError
from indexer.feeds.reader import FeedFormat, FeedOptions, open_feed
from indexer.product import Price, Product, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

SHARED_FEEDS = sorted(Path(__file__).parents[4].glob("shared/data/*/feed.jsonl.gz"))


@pytest.mark.parametrize(
    "options",
    [
        {"mapping": {"farbe": "colour"}},
        {"default_currency": "eur"},
        {"default_currency": "XXX"},
        {"max_bytes": 0},
        {"timeout_seconds": -1.0},
        {"timeout_seconds": float("nan")},
    ],
)
def test_options_that_cannot_be_used_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="expected"):
        FeedOptions(**options)


def test_a_shops_own_names_and_currency_are_understood(read: Callable[..., Outcome]) -> None:
    outcome = read(
        "artnr;bezeichnung;preis;farbe\n1;Rotes Sofa;1.234,50;rot\n",
        mapping={
            "artnr": "id", "bezeichnung": "title", "preis": "price", "farbe": "attributes.colour"
        },
        default_currency="EUR",
    )  # fmt: skip
    (product,) = outcome.products
    assert product == Product(
        id="1", title="Rotes Sofa", price=Price(123450, "EUR"), attributes={"colour": "rot"}
    )


@pytest.mark.parametrize("form", FeedFormat)
@pytest.mark.parametrize("gzipped", [False, True])
def test_an_empty_feed_yields_nothing(
    form: FeedFormat, read: Callable[..., Outcome], *, gzipped: bool
) -> None:
    outcome = read(b"", format=form, gzipped=gzipped)
    assert (outcome.records, outcome.error, outcome.format) == ([], None, form)


def test_a_forced_format_goes_before_what_the_feed_looks_like(
    read: Callable[..., Outcome],
) -> None:
    outcome = read('{"id"\t"title"}\n', format=FeedFormat.JSONL)
    assert outcome.format == "jsonl"
    assert len(outcome.rejections) == 1


def test_a_truncated_gzip_feed_gives_its_complete_records_first(
    tmp_path: Path, read_location: Callable[..., Outcome]
) -> None:
    lines = b"".join(b'{"id":"%d","title":"t%x"}\n' % (n, n * n * 7919) for n in range(9000))
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(gzip.compress(lines)[:-2000])
    outcome = read_location(str(path), FeedOptions())
    assert isinstance(outcome.error, FeedTruncatedError)
    assert outcome.ids == [str(number) for number in range(len(outcome.ids))]
    assert 7000 < len(outcome.ids) < 9000


# The same products in every format.

TEXTS = st.text("abcXYZ012 .,;:|\"'<>&!\t\né€😀-_/", max_size=12)
# Of these every format knows the type.
TYPED = (
    st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.sampled_from(["red", "007", "1e5", "+3", "a,b", 'say "hi"'])
)
RECORDS = st.fixed_dictionaries(
    {"title": TEXTS.map("t{}".format)},
    optional={
        "description": TEXTS, "brand": TEXTS, "color": TEXTS, "gtin": TEXTS, "condition": TEXTS,
        "price": st.integers(0, 10**7).map(lambda cents: f"{cents // 100}.{cents % 100:02} EUR"),
        "availability": st.sampled_from(["in stock", "out_of_stock", "Preorder"]),
        "product_type": TEXTS, "multipack": st.integers(0, 99).map(str),
        "weight": TYPED, "own field": TYPED,
    },
)  # fmt: skip


def as_text(value: object) -> str:
    return orjson.dumps(value).decode() if not isinstance(value, str) else value


def as_jsonl(records: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def as_delimited(records: list[dict[str, Any]], delimiter: str) -> bytes:
    sheet = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(sheet, names, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: as_text(v) for name, v in record.items()} for record in records)
    return sheet.getvalue().encode()


def as_xml(records: list[dict[str, Any]]) -> bytes:
    def element(name: str, value: object) -> str:
        tag = "g:" + name.replace(" ", "_")
        return f"<{tag}>{escape(as_text(value))}</{tag}>"

    items = "".join(
        "<item>" + "".join(element(*pair) for pair in record.items()) + "</item>"
        for record in records
    )
    namespace = 'xmlns:g="http://base.google.com/ns/1.0"'
    return f"<rss {namespace}><channel>{items}</channel></rss>".encode()


@settings(max_examples=60)
@given(st.lists(RECORDS, min_size=1, max_size=4), st.booleans())
def test_the_same_products_come_out_of_every_format(
    read: Callable[..., Outcome],
    records: list[dict[str, Any]],
    gzipped: bool,  # noqa: FBT001
) -> None:
    numbered = [{"id": str(number)} | record for number, record in enumerate(records)]
    expected = read(as_jsonl(numbered), gzipped=gzipped)
    assert expected.error is None
    assert expected.ids == [record["id"] for record in numbered]
    for form, data in {
        FeedFormat.CSV: as_delimited(numbered, ","),
        FeedFormat.TSV: as_delimited(numbered, "\t"),
        FeedFormat.XML: as_xml(numbered).replace(b"own_field", b"own-field"),
    }.items():
        outcome = read(
            data, format=form, gzipped=gzipped, mapping={"own-field": "attributes.own field"}
        )
        assert outcome.error is None
        assert outcome.products == expected.products


# Whatever the bytes are.

SOUP = st.binary(max_size=200) | st.lists(
    st.sampled_from(
        [b'{"id":1,"title":"t"}', b"id,title\n", b"id\ttitle\n", b'"', b"\n", b"\r", b",", b"\t",
         b"<rss>", b"<item>", b"</item>", b"<g:id>", b"</g:id>", b"</rss>", b"<!DOCTYPE x [",
         b"&", b"<![CDATA[", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"\0", b"1", b"title",
         b"{", b"["]
    ),
    max_size=20,
).map(b"".join)  # fmt: skip


@pytest.mark.parametrize("form", [None, *FeedFormat])
@settings(max_examples=60)
@given(data=SOUP, gzipped=st.booleans())
def test_any_bytes_give_products_or_rejections_or_a_feed_error(
    read: Callable[..., Outcome],
    form: FeedFormat | None,
    data: bytes,
    gzipped: bool,  # noqa: FBT001
) -> None:
    # `read` keeps a FeedError; anything else would get out and fail the test.
    outcome = read(data, format=form, gzipped=gzipped)
    assert all(isinstance(record, (Product, Rejection)) for record in outcome.records)
    positions = [r.position for r in outcome.rejections]
    assert positions == sorted(set(positions))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda parts: (
        st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["id", "title", "price", "link", "gtin", "availability", "product_detail", "attributes",
     "product_type", "additional_image_link", "multipack", "custom_label_1", "is_bundle", "x"]
)  # fmt: skip


@given(st.dictionaries(NAMES, JSON, max_size=5))
def test_any_json_object_gives_a_product_or_a_rejection(
    read: Callable[..., Outcome], record: dict[str, Any]
) -> None:
    try:
        line = orjson.dumps(record) + b"\n"
    except (TypeError, orjson.JSONEncodeError):
        return  # integers beyond 64 bits, surrogates
    outcome = read(line, format=FeedFormat.JSONL)
    assert outcome.error is None
    assert len(outcome.records) == 1
    for product in outcome.products:
        assert Product.from_json(product.to_json()) == product


@pytest.mark.slow
@pytest.mark.parametrize("form", FeedFormat)
def test_memory_does_not_grow_with_the_feed(form: FeedFormat, tmp_path: Path) -> None:
    def peak_of(count: int) -> int:
        records = [
            {"id": str(number), "title": f"Sofa {number}", "description": "soft " * 20, "seats": 3}
            for number in range(count)
        ]
        write = {FeedFormat.JSONL: as_jsonl, FeedFormat.XML: as_xml}.get(
            form, lambda records: as_delimited(records, "\t" if form is FeedFormat.TSV else ",")
        )
        path = tmp_path / str(count)
        path.write_bytes(write(records))
        del records
        tracemalloc.start()
        try:
            with open_feed(str(path), FeedOptions(format=form)) as feed:
                assert feed is not None
                assert sum(1 for _ in feed) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of(100)  # what is loaded and cached once
    # The least of two: whatever else the process does at the same time only adds.
    small, large = (min(peak_of(count) for _ in range(2)) for count in (3_000, 30_000))
    assert large < small * 1.2 + 100_000
    assert large < 5_000_000


@pytest.mark.skipif(not SHARED_FEEDS, reason="the shared data sets are not beside the repository")
@pytest.mark.parametrize("path", SHARED_FEEDS, ids=lambda path: path.parent.name)
def test_real_catalogues_are_read_without_a_rejection(
    path: Path, read_location: Callable[..., Outcome]
) -> None:
    outcome = read_location(str(path), FeedOptions())
    assert outcome.error is None
    assert outcome.rejections == []
    assert len(set(outcome.ids)) == len(outcome.records) > 3000
