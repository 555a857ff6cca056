from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FeedTruncatedError, FeedUnreadableError
from indexer.feeds.delimited import MAX_COLUMNS, read_delimited
from indexer.feeds.raw import MAX_RECORD_BYTES, RawRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexer.product import Rejection

    from .conftest import Outcome


def first_column(header: Sequence[str]) -> int:
    del header
    return 0


def records_of(data: bytes | str, delimiter: str = ",") -> list[RawRecord | Rejection]:
    content = data.encode() if isinstance(data, str) else data
    return list(read_delimited(iter([content]), delimiter, first_column))


def test_ten_broken_rows_cost_themselves_only(read: Callable[..., Outcome]) -> None:
    broken = [
        b"a,t,,,,surplus",
        b"b,t",
        b"c,\xff,,,",
        b",no id,,,",
        b"d,,,,",
        b"e,t,cheap,,",
        b"f,t,,soon,",
        b"g,t,,,javascript:x",
        b"h," + b"x" * MAX_RECORD_BYTES + b",,,",
        b"i,t,-5 EUR,,",
        b"j,one\rtwo,,,",
        b"k,t,1.234 EUR,,",
    ]
    rows = [row for number, bad in enumerate(broken) for row in (bad, b"%d,t,,," % number)]
    header = b"id,title,price,availability,link"
    outcome = read(b"\n".join([header, *rows]) + b"\n", "feed.csv")
    assert outcome.error is None
    assert outcome.ids == [str(number) for number in range(len(broken))]
    assert [rejection.position for rejection in outcome.rejections] == list(
        range(2, 2 * len(broken) + 1, 2)
    )
    assert all("expected" in rejection.reason for rejection in outcome.rejections)
    assert [r.product_id for r in outcome.rejections if r.product_id] == list("abdefgik")


def test_a_record_is_named_by_the_line_on_which_it_starts() -> None:
    data = 'id,title\n1,"two\nlines ""quoted"""\n\n2,x,y\n3,z\n'
    first, second, third = records_of(data)
    assert first == RawRecord(2, {"id": "1", "title": 'two\nlines "quoted"'})
    assert (second.position, third.position) == (5, 6)


def test_columns_of_one_name_give_a_list_and_nameless_ones_nothing() -> None:
    header = ",id,image,image,image\n"
    assert records_of(header + "0,1,a,b,c\n0,2,a,,\n") == [
        RawRecord(2, {"id": "1", "image": ["a", "b", "c"]}),
        RawRecord(3, {"id": "2", "image": "a"}),
    ]


def test_surplus_cells_may_be_blank_and_rows_without_text_are_skipped() -> None:
    assert records_of("id,title\n1,a,, \n,,,\n , \n,\n") == [
        RawRecord(2, {"id": "1", "title": "a"})
    ]


def test_a_stray_quote_costs_its_own_row_only() -> None:
    rows = b"".join(b"%d,t\n" % number for number in range(200_000))
    first, *others = records_of(b'id,title\nx,"15 inch\n' + rows)
    assert "not closed" in first.reason  # type: ignore[union-attr]
    assert first.position == 2
    assert [others[0].position, others[-1].position] == [3, 200_002]
    assert all(isinstance(record, RawRecord) for record in others)


def test_too_many_stray_quotes_end_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.feeds.rows.MAX_RECORD_BYTES", 20)
    row = b'x,"abcdefgh\n' + b"y,z\n" * 5
    with pytest.raises(FeedUnreadableError, match="quoted cells are not closed"):
        records_of(b"id,title\n" + row * 101)


def test_a_feed_that_ends_inside_a_quoted_cell_is_truncated() -> None:
    records = read_delimited(iter([b'id,title\n1,a\n2,"b\nc\n']), ",", first_column)
    assert next(records) == RawRecord(2, {"id": "1", "title": "a"})
    with pytest.raises(FeedTruncatedError, match="line 3"):
        next(records)


def test_a_short_last_row_without_line_end_is_truncated() -> None:
    records = read_delimited(iter([b"id,title,link\n1,a,b\n2,"]), ",", first_column)
    assert next(records).position == 2
    with pytest.raises(FeedTruncatedError, match="2 of 3 cells"):
        next(records)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b'"id', "quoted cell"),
        (b"id,\xff\n", "UTF-8"),
        (b"x" * (MAX_RECORD_BYTES + 1), "at most 1,048,576 bytes"),
        (b"a," * MAX_COLUMNS + b"a\n", "3,001 columns"),
    ],
)
def test_an_unusable_header_ends_the_feed(header: bytes, message: str) -> None:
    with pytest.raises((FeedUnreadableError, FeedTruncatedError), match=message):
        records_of(header)


def test_a_cell_of_nearly_a_record_is_read() -> None:
    (record,) = records_of(b"id,title\n1," + b"x" * (MAX_RECORD_BYTES - 10))
    assert isinstance(record, RawRecord)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6), st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "b", "c"), *rows])
    expected = [
        dict(zip(["id", "b", "c"], row, strict=True))
        for row in rows
        if any(cell and not cell.isspace() for cell in row)
    ]
    records = records_of(sheet.getvalue(), delimiter)
    found = [record.fields for record in records if isinstance(record, RawRecord)]
    # Blank rows may or may not be there: they have no field that counts.
    assert [record for record in found if any(map(str.strip, map(str, record.values())))] == [
        record for record in expected if any(map(str.strip, record.values()))
    ]
    assert len(found) == len(records)
