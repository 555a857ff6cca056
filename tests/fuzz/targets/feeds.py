"""Feeds and deltas: any bytes are products, changes, rejections or one of the feeds' errors.

The first byte chooses the format and whether the rest is compressed once more.
"""

from __future__ import annotations

import gzip

from indexer.errors import FeedError
from indexer.feeds.change import Operation
from indexer.feeds.delta import open_delta
from indexer.feeds.format import FeedFormat
from indexer.feeds.reader import FeedOptions, open_feed
from tests.fuzz.shop import scratch

SEEDS = (
    (
        b'\x00<rss version="2.0" '
        b'xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>a</g:id>'
        b"<title>Red &amp; <![CDATA[<b>bold</b>]]></title><g:price>1.50 EUR</g:price>"
        b"<g:product_detail><g:attribute_name>x</g:attribute_name><g:attribute_value>y"
        b"</g:attribute_value></g:product_detail></item></channel></rss>"
    ),
    (
        b'\x00<?xml version="1.0" encoding="UTF-8"?><feed '
        b'xmlns="http://www.w3.org/2005/Atom"><entry>'
        b'<id>a</id><title>Shoe</title><link href="https://shop.example/a"/></entry></feed>'
    ),
    (
        b'\x00<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM '
        b'"file:///x">]>'
        b"<rss><channel><item><id>&b;&c;</id></item></channel></rss>"
    ),
    b"\x00id\ttitle\tprice\tproduct_type\na\tRed shoe\t10 EUR\tHome > Shoes\n",
    b'\x00id,title,price\na,"Red ""shoe""\nof two lines",10.00 EUR\n',
    (
        b'\x00{"id": "a", "title": "Red shoe", "price": "10 EUR", "attributes": {"x": '
        b"[1, 2.5, true]},"
        b' "location": {"lat": 1, "lon": 2}}\n{"id": "b", "title": null}\n'
    ),
    b'\x00{"id": "a", "op": "delete"}\n{"id": "b", "price": {"value": 1, "currency": "EUR"}}\n',
    b"\x00\xef\xbb\xbfid;title\na;b\x00c\n",
    b"\x00" + '{"id": "a", "title": "Ü"}\n'.encode("utf-16"),
    b"\x08" + gzip.compress(b'{"id": "a", "title": "b"}\n', mtime=0),
)
_FORMATS = (None, *FeedFormat)
_OPTIONS = [FeedOptions(format=kind, max_bytes=4 << 20) for kind in _FORMATS]
_IS_PACKED, _IS_DELTA = 8, 16


def target(data: bytes) -> None:
    """Read `data` as a feed, or as a delta."""
    choice, content = (data[0], data[1:]) if data else (0, b"")
    options = _OPTIONS[choice % _IS_PACKED % len(_OPTIONS)]
    path = scratch(".feed")
    path.write_bytes(gzip.compress(content, 1) if choice & _IS_PACKED else content)
    try:
        if choice & _IS_DELTA:
            with open_delta(str(path), options, Operation.UPDATE) as delta:
                for _ in delta:
                    pass
        else:
            with open_feed(str(path), options) as feed:
                for _ in feed:
                    pass
    except FeedError:
        pass
