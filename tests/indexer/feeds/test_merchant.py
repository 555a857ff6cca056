from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FeedError, FeedTruncatedError, FeedUnreadableError
from indexer.feeds.items import MAX_ELEMENT_DEPTH, MAX_ITEM_DEPTH
from indexer.feeds.merchant import read_merchant_xml
from indexer.feeds.raw import MAX_RECORD_BYTES, RawRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.product import Rejection

    from .conftest import Outcome

GOOGLE = 'xmlns:g="http://base.google.com/ns/1.0"'


def rss(*items: str) -> str:
    channel = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {GOOGLE}><channel><title>Shop</title>{channel}</channel></rss>'


def records_of(xml: str | bytes, size: int = 1 << 16) -> list[RawRecord | Rejection]:
    return list(read_merchant_xml(pieces(xml, size)))


def pieces(xml: str | bytes, size: int) -> Iterator[bytes]:
    data = xml.encode() if isinstance(xml, str) else xml
    return (data[start : start + size] for start in range(0, len(data), size))


def fields_of(xml: str) -> dict[str, object]:
    (record,) = records_of(xml)
    assert isinstance(record, RawRecord)
    return dict(record.fields)


def test_ten_broken_items_cost_themselves_only(read: Callable[..., Outcome]) -> None:
    deep = "<g:a>" * (MAX_ITEM_DEPTH + 1) + "x" + "</g:a>" * (MAX_ITEM_DEPTH + 1)
    broken = [
        "<title>no id</title>",
        "<g:id>a</g:id>",
        "<g:id>b</g:id><title> </title>",
        "<g:id>c</g:id><title>t</title><g:price>cheap</g:price>",
        "<g:id>d</g:id><title>t</title><g:price>1 EUR</g:price><g:price>2 EUR</g:price>",
        "<g:id>e</g:id><title>t</title><g:availability>soon</g:availability>",
        "<g:id>f</g:id><title>t</title><link>javascript:x</link>",
        f"<g:id>g</g:id><title>t</title><g:size>{'x' * (MAX_RECORD_BYTES + 1)}</g:size>",
        f"<g:id>h</g:id><title>t</title>{deep}",
        "<g:id>i</g:id><title>t</title><g:brand><g:name>x</g:name></g:brand>",
        f"<g:id>{'j' * 201}</g:id><title>t</title>",
        "<g:id>k</g:id><title>t</title><g:multipack>many</g:multipack>",
    ]
    items = [
        item
        for number, bad in enumerate(broken)
        for item in (bad, f"<g:id>{number}</g:id><title>t</title>")
    ]
    outcome = read(rss(*items))
    assert outcome.error is None
    assert outcome.ids == [str(number) for number in range(len(broken))]
    assert [rejection.position for rejection in outcome.rejections] == list(
        range(1, 2 * len(broken), 2)
    )
    assert all("expected" in rejection.reason for rejection in outcome.rejections)
    assert [r.product_id for r in outcome.rejections if r.product_id] == list("abcdefghik")


RDF = f"""<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" {GOOGLE}
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel rdf:about="x"/>
 <item rdf:about="y"><title>Sofa</title><g:id>1</g:id><link>/a</link></item></rdf:RDF>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom" {GOOGLE}><title>Shop</title>
 <link rel="self" href="/feed"/><entry><title>Sofa</title><g:id>1</g:id>
 <link rel="edit" href="/b"/><link href="/a"/></entry></feed>"""
PREFIXED_ATOM = f"""<a:feed xmlns:a="http://www.w3.org/2005/Atom" {GOOGLE}><a:entry>
 <a:title>Sofa</a:title><g:id>1</g:id><a:link rel="alternate" href="/a"/></a:entry></a:feed>"""
OTHER_PREFIX = """<rss xmlns:shop="http://base.google.com/ns/1.0"><channel><item>
 <shop:id>1</shop:id><title>Sofa</title><link>/a</link></item></channel></rss>"""
UNDECLARED = """<rss><channel><item><g:id>1</g:id><g:title>Sofa</g:title><g:link>/a</g:link></item>
 </channel></rss>"""


@pytest.mark.parametrize(
    "xml",
    [RDF, ATOM, PREFIXED_ATOM, OTHER_PREFIX, UNDECLARED],
    ids=["rdf", "atom", "prefixed atom", "other prefix", "undeclared prefix"],
)
def test_every_flavour_of_feed_gives_the_same_product(
    xml: str, read: Callable[..., Outcome]
) -> None:
    outcome = read(xml)
    assert outcome.error is None
    (product,) = outcome.products
    assert (product.id, product.title, product.link) == ("1", "Sofa", "/a")
    assert not product.attributes


def test_the_words_of_atom_for_a_description_are_understood() -> None:
    entry = "<feed><entry>{}</entry></feed>"
    assert fields_of(entry.format("<summary>s</summary>"))["description"] == "s"
    assert fields_of(entry.format("<content><p>c</p></content>"))["description"] == "<p>c</p>"
    both = fields_of(entry.format("<description>d</description><summary>s</summary>"))
    assert both["description"] == "d"
    assert fields_of(entry.format("<title>t</title>")) == {"title": "t"}


def test_repeated_and_nested_elements_are_lists_and_objects() -> None:
    detail = "<g:product_detail><g:attribute_name>{}</g:attribute_name></g:product_detail>"
    item = "<g:size>S</g:size><g:size>M</g:size><g:size>L</g:size>"
    fields = fields_of(rss(item + detail.format("a") + detail.format("b") + "<x:y>z</x:y>"))
    assert fields == {
        "g:size": ["S", "M", "L"],
        "g:product_detail": [{"g:attribute_name": "a"}, {"g:attribute_name": "b"}],
        "x:y": "z",
    }


def test_unescaped_xhtml_in_a_text_stays_markup() -> None:
    item = "<description>a<br/><b>b</b><item>c</item>&lt;i&gt; &amp;</description><g:id>1</g:id>"
    assert fields_of(rss(item)) == {
        "description": "a<br></br><b>b</b><item>c</item><i> &",
        "g:id": "1",
    }


def test_custom_attributes_of_googles_second_namespace_lose_their_prefix() -> None:
    xml = rss("<c:farbe xmlns:c='http://base.google.com/cns/1.0'>rot</c:farbe>")
    assert fields_of(xml) == {"farbe": "rot"}


def test_the_size_limit_counts_attributes_and_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.feeds.items.MAX_RECORD_BYTES", 100)
    many = "<description>" + "<b>x</b>" * 60 + "</description><g:id>1</g:id>"
    wide = f"<link href='{'x' * 101}'/>"
    first, second, third = records_of(rss(many, wide, "<g:id>2</g:id>"))
    assert "at most 100 characters" in first.reason  # type: ignore[union-attr]
    assert "at most 100 characters" in second.reason  # type: ignore[union-attr]
    assert third == RawRecord(3, {"g:id": "2"})


BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item>
</channel></rss>"""


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (BOMB, "declares the entity 'a'"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>', "entity 'x'"),
        ('<!DOCTYPE r [<!ENTITY % x "y"> %x;]><rss/>', "entity 'x'"),
        ('<!DOCTYPE rss SYSTEM "http://evil.example/x.dtd"><rss/>', "another document"),
        ("<html><body/></html>", "root element is <html>"),
        ("<rss>" + "<a>" * MAX_ELEMENT_DEPTH, "nests more than 64"),
        ("<rss>&nbsp;</rss>", "undefined entity, line 1, column 6"),
        ('<?xml version="1.0" encoding="x-none"?><rss/>', "unknown encoding"),
        ('<?xml version="1.0" encoding="utf-7"?><rss/>', "encoding"),
        ("<rss/><rss/>", "junk after document element"),
        (
            "<rss>" + "".join(f"<a{n}/>" for n in range(20_001)),
            "different element names",
        ),
        ("<rss><a b='" + "x" * (5 << 20), "larger than 4,194,304 bytes"),
    ],
    ids=range(12),
)
def test_unsafe_and_broken_documents_are_refused(xml: str, message: str) -> None:
    with pytest.raises(FeedUnreadableError, match=message):
        records_of(xml)


@pytest.mark.parametrize("blank", ["", " \n", "\ufeff"])
def test_a_blank_document_yields_nothing(blank: str) -> None:
    assert records_of(blank) == []


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_honoured(encoding: str) -> None:
    xml = f"<?xml version='1.0' encoding='{encoding}'?>" + rss("<title>Sofà</title>")
    (record,) = records_of(xml.encode(encoding))
    assert record == RawRecord(1, {"title": "Sofà"})


TITLE = "<title>é &amp; <![CDATA[<b>]]></title>"
WHOLE = rss(*(f"<g:id>{number}</g:id>{TITLE}" for number in range(3)))


@given(st.integers(1, len(WHOLE.encode()) - 1), st.integers(1, 50))
def test_xml_cut_anywhere_gives_its_complete_items_first(cut: int, size: int) -> None:
    part = WHOLE.encode()[:cut]
    records = read_merchant_xml(pieces(part, size))
    complete = part.count(b"</item>")
    assert [next(records).position for _ in range(complete)] == list(range(1, complete + 1))
    with pytest.raises(FeedTruncatedError, match="ends in the middle"):
        next(records)


def test_items_before_a_fault_are_yielded_first() -> None:
    records = read_merchant_xml(pieces(WHOLE.replace("<g:id>2", "<g:id>2</oops>"), 1 << 16))
    assert [next(records).position, next(records).position] == [1, 2]
    with pytest.raises(FeedUnreadableError, match=r"mismatched tag, line 1, column \d+, after 3"):
        next(records)


@given(st.text("<>/&;![]ab item='\"rss-", max_size=50), st.integers(1, 9))
def test_any_soup_of_tags_inside_an_item_gives_records_or_a_feed_error(
    soup: str, size: int
) -> None:
    try:
        records = records_of(f"<rss><channel><item>{soup}</item></channel></rss>", size)
    except FeedError:
        return
    assert records
