"""Tantivy as a peer: the Lucene-like library in Rust, by words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tantivy

from benchmarks.peers.protocol import DEPTH, Built, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Corpus, Look, Question

_TEXT, _ROW = "text", "row"
_HEAP = 256 << 20  # bytes of the writer
_WORDS = re.compile(r"\w+")


class TantivyPeer:
    """One field of English stems with frequencies; any word matches, BM25 orders."""

    name = "tantivy"
    remark = "best 100 of any word; skips what cannot be among them"
    efforts: tuple[int, int] | None = None

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`."""
        builder = tantivy.SchemaBuilder()
        builder.add_text_field(_TEXT, tokenizer_name="en_stem", index_option="freq")
        builder.add_unsigned_field(_ROW, stored=True)
        index = tantivy.Index(builder.build(), path=str(directory))
        writer = index.writer(_HEAP, 1)
        for row, text in enumerate(corpus.texts):
            writer.add_document(tantivy.Document(text=text, row=row))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        searcher: Any = index.searcher()

        def lexical(question: Question, look: Look) -> Sequence[int]:
            del look
            # Its query language has operators; a shopper's dashes and quotes are none.
            words = " ".join(_WORDS.findall(question.text))
            found = searcher.search(index.parse_query(words, [_TEXT]), DEPTH, count=False)
            return [searcher.doc(address)[_ROW][0] for _, address in found.hits]

        return Built({Mode.LEXICAL: lexical})

    def close(self) -> None:
        """See `Peer.close`."""
