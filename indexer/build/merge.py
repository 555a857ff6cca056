"""The merged generation: a snapshot of changed texts, made from the one before it.

What was written for products that stay is taken over by whole arrays: postings, vectors, columns
and stored products only move to new rows. Only products that a delta names are read and analysed.
Suggestions, the average lengths of fields, the places of the inverted lists and the distilled
encoder stay those of the last full build, until the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from indexer.analysis.analyzer import Analyzer
from indexer.build.changes import Renumbering
from indexer.build.columnmerge import merge_columns
from indexer.build.foreign import measure_meaning
from indexer.build.patch import file_entries
from indexer.build.productmerge import merge_products
from indexer.build.texts import embedding_text, field_terms, searchable_texts, spelled_words
from indexer.build.vectorize import EmbeddingCache, vectorize
from indexer.durable import link
from indexer.errors import ModelMismatchError
from indexer.lexical.builder import Bm25Builder
from indexer.lexical.merging import merge_postings
from indexer.manifest import Manifest
from indexer.products import ProductStore
from indexer.snapshot import (
    CODES_FILE,
    ENCODER_FILE,
    LEXICAL_FILE,
    LISTS_FILE,
    SPELLING_FILE,
    SUGGESTIONS_FILE,
    VECTORS_FILE,
)
from indexer.spelling.builder import SpellingBuilder
from indexer.storage import read_arrays, write_arrays
from indexer.vectors.codes import Codes
from indexer.vectors.lists import Lists
from indexer.vectors.merging import merge_codes, merge_lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.analysis.analyzer import Analysis
    from indexer.build.changes import Revisions
    from indexer.build.progress import Progress
    from indexer.build.vectorize import Vectors
    from indexer.embedding.protocol import Embedder
    from indexer.product import Product
    from indexer.settings import TextField

_T = TypeVar("_T", np.float16, np.uint8)
_TAKEN_OVER = (SUGGESTIONS_FILE, ENCODER_FILE)


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it.

    Attributes:
        manifest: as written.
        embedded: how many texts the model had to read.
    """

    manifest: Manifest
    embedded: int


def write_merged(
    base: Path, target: Path, revisions: Revisions, embedder: Embedder, progress: Progress
) -> Merged:
    """Write the snapshot that `revisions` make of the one in `base` into the empty `target`.

    Raises:
        SnapshotCorruptError: a file of `base` cannot be read.
        ModelMismatchError: `embedder` is not the model of the vectors in `base`.
    """
    merge = _Merge(base, target, Manifest.read(base), revisions, embedder, progress)
    vectors = merge.words()
    merge.products()
    return merge.finish(vectors.embedded)


@dataclass(frozen=True, slots=True)
class _Merge:
    base: Path
    target: Path
    manifest: Manifest
    revisions: Revisions
    embedder: Embedder
    progress: Progress

    def words(self) -> Vectors:
        """Write what follows from texts."""
        self._check_model()
        numbering = self._numbering()
        placed = numbering.placed(self.revisions.reworded, self.revisions.added)
        moved = numbering.without(self.revisions.reworded)
        rows = np.array([row for row, _ in placed], np.int32)
        lexical, texts = self._analyse([product for _, product in placed])
        vectors = vectorize(texts, self.embedder, self._known_vectors(), self.progress)
        self.progress.start("merging postings", None)
        merge_postings(self.base / LEXICAL_FILE, self.target / LEXICAL_FILE, moved, lexical, rows)
        self.progress.start("merging vectors", None)
        self._merge_vectors(moved, vectors, rows)
        return vectors

    def products(self) -> None:
        """Write what every changed product is in, whatever changed."""
        self.progress.start("merging columns and products", None)
        numbering = self._numbering()
        revised = [*self.revisions.told, *self.revisions.reworded]
        moved = numbering.without(revised)
        placed = numbering.placed(revised, self.revisions.added)
        merge_columns(self.base, self.target, moved, placed)
        merge_products(self.base, self.target, moved, placed)
        for name in _TAKEN_OVER:
            if name in self.manifest.files:
                link(self.base / name, self.target / name)

    def finish(self, embedded: int) -> Merged:
        """Write the manifest."""
        self.progress.start("measuring what unrelated queries reach", None)
        language = self.manifest.settings.language
        semantic = measure_meaning(self.target, language, self.embedder)
        self.progress.start("checksums", None)
        changed = len(self.revisions.reworded) + self._came + self._went
        changes = self.manifest.changes
        manifest = self.manifest.model_copy(
            update={
                "products": self.manifest.products + self._came - self._went,
                "semantic": semantic,
                "changes": changes.model_copy(update={"reworded": changes.reworded + changed}),
                "files": file_entries(self.base, self.target, self.manifest),
            }
        )
        manifest.write(self.target)
        return Merged(manifest, embedded)

    @property
    def _came(self) -> int:
        return len(self.revisions.added)

    @property
    def _went(self) -> int:
        return len(self.revisions.removed)

    def _numbering(self) -> Renumbering:
        return Renumbering.of(ProductStore(self.base), self.revisions)

    def _check_model(self) -> None:
        expected, found = self.manifest.embedder, self.embedder
        if found.fingerprint != expected.fingerprint:
            raise ModelMismatchError(
                f"the installed model {found.name!r} is not the one that the index was built with "
                f"({found.fingerprint[:8]}, expected {expected.fingerprint[:8]}), and new texts "
                "must be read by the same. Install that model, or run 'searchsvc reindex' with "
                "the whole feed."
            )

    def _analyse(self, placed: Sequence[Product]) -> tuple[Bm25Builder, list[str]]:
        """Write the dictionary; gives the terms and the texts to embed of the new products."""
        settings = self.manifest.settings
        analyzer = Analyzer(settings.language)
        lexical = Bm25Builder(settings.lexical)
        spelling = SpellingBuilder.read(self.base / SPELLING_FILE)
        to_embed = []
        self.progress.start("analysing changed products", len(placed))
        for product in placed:
            texts = searchable_texts(product)
            analyses = _analysed(texts, analyzer)
            lexical.add({name: field_terms(name, it, analyzer) for name, it in analyses.items()})
            spelling.add(*spelled_words(analyses))
            to_embed.append(embedding_text(texts, settings.embedding))
            self.progress.advance(1)
        for product in self._gone():
            spelling.remove(*spelled_words(_analysed(searchable_texts(product), analyzer)))
        spelling.write(self.target / SPELLING_FILE, language_words=self.embedder.words())
        return lexical, to_embed

    def _gone(self) -> Iterable[Product]:
        """The products whose words are gone, as they were."""
        yield from (revision.before for revision in self.revisions.reworded)
        yield from (product for _, product in self.revisions.removed)

    def _merge_vectors(
        self, moved: NDArray[np.int32], added: Vectors, rows: NDArray[np.int32]
    ) -> None:
        file = read_arrays(self.base / VECTORS_FILE)
        arrays = {
            "vectors": _merged(file.array("vectors"), moved, added.vectors, rows),
            "digests": _merged(file.array("digests"), moved, added.digests, rows),
        }
        write_arrays(self.target / VECTORS_FILE, arrays)
        if self.manifest.vectors.kind == "ivf":
            shape = (self.manifest.products, self.manifest.embedder.dimension)
            given = (moved, rows.astype(np.int64), added.vectors)
            codes = merge_codes(Codes.read(self.base / CODES_FILE, *shape), *given)
            codes.write(self.target / CODES_FILE)
            lists = merge_lists(Lists.read(self.base / LISTS_FILE, *shape), *given)
            lists.write(self.target / LISTS_FILE)

    def _known_vectors(self) -> EmbeddingCache:
        """Those of products of which other texts than what the model reads may have changed."""
        file = read_arrays(self.base / VECTORS_FILE)
        digests: NDArray[np.uint8] = file.array("digests")
        rows = [revision.row for revision in self.revisions.reworded]
        return EmbeddingCache({digests[row].tobytes(): row for row in rows}, file.array("vectors"))


def _merged(
    before: NDArray[_T], moved: NDArray[np.int32], added: NDArray[_T], rows: NDArray[np.int32]
) -> NDArray[_T]:
    """The rows of `before` where they have moved to, and those of `added` between them."""
    kept = np.flatnonzero(moved >= 0)
    after = np.empty((len(kept) + len(rows), before.shape[1]), before.dtype)
    after[moved[kept]] = before[kept]
    after[rows] = added
    return after


def _analysed(texts: dict[TextField, str], analyzer: Analyzer) -> dict[TextField, Analysis]:
    return {name: analyzer.analyse(text) for name, text in texts.items()}
