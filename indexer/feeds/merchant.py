"""The Google Merchant XML formats: RSS 2.0, RSS 1.0 and Atom."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from indexer.errors import FeedError, FeedTruncatedError, FeedUnreadableError
from indexer.feeds.items import ItemCollector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.feeds.raw import RawRecord
    from indexer.product import Rejection

# Expat keeps a token (a tag, a comment) until it is complete, and every name for ever.
_MAX_TOKEN_BYTES = 4 << 20
_MAX_NAMES = 20_000

_ENDS_EARLY = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)

_BLANK = b" \t\r\n\xef\xbb\xbf"


def read_merchant_xml(chunks: Iterator[bytes]) -> Iterator[RawRecord | Rejection]:
    """The items or entries of a feed, numbered from 1; nothing for a blank one.

    Names in Google's namespace come as ``g:name``, names of RSS and Atom as they are; repeated
    elements come as lists, nested ones as objects, ``<link href>`` as its address. The parser
    keeps one item at a time. It loads nothing and expands no entity of the document.

    Raises:
        FeedUnreadableError: from the iterator, after the items before it, when the XML is not
            well-formed (with line and column), declares entities, refers to another document,
            is no feed, or exceeds a limit.
        FeedTruncatedError: from the iterator, when the XML ends before its root element does;
            and whatever `chunks` raises, after the items that were complete.
    """
    items = ItemCollector()
    parser = _safe_parser(items)
    fed = 0
    is_blank = True
    for chunk in chunks:
        is_blank = is_blank and not chunk.strip(_BLANK)
        yield from _parse(parser, chunk, items)
        fed += len(chunk)
        _check_memory(parser, fed)
    if not is_blank:
        yield from _parse(parser, b"", items, is_final=True)


def _parse(
    parser: expat.XMLParserType, chunk: bytes, items: ItemCollector, *, is_final: bool = False
) -> Iterator[RawRecord | Rejection]:
    failure: FeedError | None = None
    try:
        parser.Parse(chunk, is_final)
    except expat.ExpatError as error:
        failure = _failure(error, items.count)
        failure.__cause__ = error
    except (LookupError, ValueError) as error:
        failure = FeedUnreadableError(
            f"the XML's encoding cannot be read ({error}); send the feed as UTF-8"
        )
        failure.__cause__ = error
    except FeedUnreadableError as error:
        failure = error
    yield from items.take()
    if failure:
        raise failure


def _failure(error: expat.ExpatError, count: int) -> FeedError:
    if error.code in _ENDS_EARLY:
        return FeedTruncatedError(
            f"the XML ends in the middle, on line {error.lineno}, after {count:,} items; "
            "fetch the feed again, or use --force to take what was read"
        )
    return FeedUnreadableError(
        f"the XML is not well-formed: {expat.ErrorString(error.code)}, line {error.lineno}, "
        f"column {error.offset + 1}, after {count:,} items; repair the feed there"
    )


def _safe_parser(items: ItemCollector) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = items.start
    parser.EndElementHandler = items.end
    parser.CharacterDataHandler = items.text
    parser.StartDoctypeDeclHandler = _refuse_external_subset
    parser.EntityDeclHandler = _refuse_entity
    return parser


def _refuse_external_subset(
    name: str, system_id: str | None, public_id: str | None, _has_internal_subset: int
) -> None:
    if system_id or public_id:
        raise FeedUnreadableError(
            f"the XML refers to another document ({system_id or public_id!r} in the DOCTYPE of "
            f"<{name}>), which is refused for safety; remove the DOCTYPE from the feed"
        )


def _refuse_entity(name: str, *_declaration: object) -> None:
    raise FeedUnreadableError(
        f"the XML declares the entity {name!r}, which is refused for safety; "
        "remove the DOCTYPE from the feed"
    )


def _check_memory(parser: expat.XMLParserType, fed: int) -> None:
    if fed - parser.CurrentByteIndex > _MAX_TOKEN_BYTES:
        raise FeedUnreadableError(
            f"one tag or comment of the XML is larger than {_MAX_TOKEN_BYTES:,} bytes, "
            f"on line {parser.CurrentLineNumber}; repair the feed there"
        )
    if len(parser.intern) > _MAX_NAMES:
        raise FeedUnreadableError(
            f"the XML has more than {_MAX_NAMES:,} different element names; expected Google's "
            "attributes, with the shop's own ones in product_detail"
        )
