"""Other postings of a published snapshot's products, to try settings that shape them."""

from __future__ import annotations

from pathlib import Path
from sys import intern
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from indexer.build.texts import field_terms, searchable_texts
from indexer.lexical.bm25 import Bm25Index
from indexer.lexical.builder import Bm25Builder, FieldTerms
from indexer.product import Product

if TYPE_CHECKING:
    from indexer.build.progress import Progress
    from indexer.settings import LexicalSettings
    from indexer.snapshot import Snapshot

_FILE = "postings"


class TrialPostings:
    """The terms of a snapshot's products, from which postings are computed again.

    The terms are held in memory, eight bytes for each occurrence.
    """

    def __init__(self, snapshot: Snapshot, progress: Progress) -> None:
        progress.start("analysing products", len(snapshot.products))
        analyzer = snapshot.analyzer
        self._rows: list[dict[str, FieldTerms]] = []
        for row in range(len(snapshot.products)):
            product = Product.from_json(snapshot.products.json(row))
            self._rows.append(
                {
                    name: _shared(field_terms(name, analyzer.analyse(text), analyzer))
                    for name, text in searchable_texts(product).items()
                    if name in snapshot.manifest.settings.lexical.weights
                }
            )
            progress.advance(1)

    def index(self, settings: LexicalSettings) -> Bm25Index:
        """The postings that a build with `settings` would write.

        Args:
            settings: with weights for no more fields than those of the snapshot.
        """
        builder = Bm25Builder(settings)
        for fields in self._rows:
            builder.add(fields)
        with TemporaryDirectory(prefix="searchsvc-tune-") as directory:
            path = Path(directory) / _FILE
            builder.write(path)
            return Bm25Index(path)  # it stays mapped when the file is gone


def _shared(terms: FieldTerms) -> FieldTerms:
    """`terms` with one object for each word of the catalogue, however often it occurs."""
    return FieldTerms(
        tuple(map(intern, terms.terms)),
        tuple(map(intern, terms.extra)),
        tuple(map(intern, terms.unproven)),
    )
