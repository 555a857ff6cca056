from __future__ import annotations

import pytest

from indexer.errors import FeedUnreadableError
from indexer.feeds.format import FeedFormat, delimiter_of, recognise


@pytest.mark.parametrize(
    ("head", "path", "media_type", "expected"),
    [
        (b' \n{"id": 1}', "feed.csv", "", FeedFormat.JSONL),
        (b"\xef\xbb\xbf<rss>", "feed.csv", "text/csv", FeedFormat.XML),
        ("<rss>".encode("utf-16"), "", "", FeedFormat.XML),
        (b"id,title", "Feed.TSV", "", FeedFormat.TSV),
        (b"id", "a/feed.csv.gz", "", FeedFormat.CSV),
        (b"garbage", "feed.ndjson", "", FeedFormat.JSONL),
        (b"garbage", "feed.xml", "", FeedFormat.XML),
        (b"id", "feed", "text/csv; charset=utf-8", FeedFormat.CSV),
        (b"id", "feed.php", "Text/Tab-Separated-Values", FeedFormat.TSV),
        (b"id\ttitle, long", "feed.txt", "text/plain", FeedFormat.TSV),
        (b"id;title", "", "", FeedFormat.CSV),
        (b"", "", "", FeedFormat.JSONL),
        (b"[", "feed.jsonl", "", FeedFormat.JSONL),
    ],
)
def test_a_format_is_known_by_content_then_name_then_media_type_then_header(
    head: bytes, path: str, media_type: str, expected: FeedFormat
) -> None:
    assert recognise(head, path, media_type) is expected


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"[{}]", "jq -c"),
        (b"PK\x03\x04,", "ZIP"),
        (b"BZh9", "bzip2"),
        (b"just words", "begins with 'just words'"),
    ],
)
def test_what_is_no_feed_is_refused_with_advice(head: bytes, message: str) -> None:
    with pytest.raises(FeedUnreadableError, match=message):
        recognise(head, "feed", "")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"id,title\n1;2;3;4", ","),
        (b"\xef\xbb\xbfid;title;price\n", ";"),
        (b'"a,b,c,d"|title|x', "|"),
        ("id\ttitle".encode("utf-16"), "\t"),
        (b"id", ","),
    ],
)
def test_the_delimiter_of_csv_is_the_likeliest_one_of_the_header(
    head: bytes, expected: str
) -> None:
    assert delimiter_of(head, FeedFormat.CSV) == expected
    assert delimiter_of(head, FeedFormat.TSV) == "\t"
