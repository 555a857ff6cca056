"""The files of one snapshot, from products to manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.analyzer import ANALYSIS_VERSION, Analyzer
from indexer.build.columns import ColumnsBuilder, ColumnsSummary
from indexer.build.distil import Corpus, write_encoder
from indexer.build.foreign import measure_meaning
from indexer.build.texts import TextReader, embedding_text, searchable_texts
from indexer.build.vectorize import vectorize
from indexer.lexical.builder import Bm25Builder
from indexer.manifest import (
    FORMAT_VERSION,
    EmbedderEntry,
    Manifest,
    VectorsEntry,
    describe_file,
)
from indexer.products import ProductsBuilder
from indexer.snapshot import (
    CODES_FILE,
    COLUMNS_FILE,
    ENCODER_FILE,
    LEXICAL_FILE,
    LISTS_FILE,
    SPELLING_FILE,
    SUGGESTIONS_FILE,
    VECTORS_FILE,
)
from indexer.spelling.builder import SpellingBuilder
from indexer.storage import write_arrays
from indexer.suggestions.builder import SuggestionsBuilder
from indexer.vectors.calibration import calibrate
from indexer.vectors.codes import Codes
from indexer.vectors.half import widen
from indexer.vectors.lists import Lists

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.build.progress import Progress
    from indexer.build.spool import Catalogue
    from indexer.build.vectorize import EmbeddingCache
    from indexer.embedding.protocol import Embedder
    from indexer.settings import IndexSettings

_RECALL_SAMPLE = 128
_LONGEST_QUERY = 4  # words; most queries in a shop have one to four
_SEED = 1


@dataclass(frozen=True, slots=True)
class Assembled:
    """What came of it.

    Attributes:
        manifest: as written.
        embedded: how many texts the model had to read.
        columns: what did not become part of a column.
    """

    manifest: Manifest
    embedded: int
    columns: ColumnsSummary


def assemble(
    directory: Path,
    spool: Catalogue,
    settings: IndexSettings,
    embedder: Embedder,
    cache: EmbeddingCache,
    progress: Progress,
) -> Assembled:
    """Write a complete snapshot of the products in `spool` into the empty `directory`."""
    texts, columns = _write_products(directory, spool, settings, embedder, progress)
    vectors = vectorize(texts, embedder, cache, progress)
    write_arrays(
        directory / VECTORS_FILE, {"vectors": vectors.vectors, "digests": vectors.digests}
    )
    corpus = Corpus(texts, vectors.vectors, vectors.digests)
    encoder = None
    if settings.embedding.distil:
        path = directory / ENCODER_FILE
        encoder = write_encoder(path, corpus, embedder, cache.encoder, progress)
    progress.start("building the vector index", None)
    entry = _write_lists(directory, vectors.vectors, texts, settings, embedder)
    semantic = measure_meaning(directory, settings.language, embedder)
    progress.start("checksums", None)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        analysis_version=ANALYSIS_VERSION,
        products=len(texts),
        settings=settings,
        embedder=EmbedderEntry(
            name=embedder.name, fingerprint=embedder.fingerprint, dimension=embedder.dimension
        ),
        encoder=encoder,
        vectors=entry,
        semantic=semantic,
        files={path.name: describe_file(path) for path in sorted(directory.iterdir())},
    )
    manifest.write(directory)
    return Assembled(manifest, vectors.embedded, columns)


def _write_products(
    directory: Path,
    spool: Catalogue,
    settings: IndexSettings,
    embedder: Embedder,
    progress: Progress,
) -> tuple[list[str], ColumnsSummary]:
    """Everything but the vectors; gives the texts to embed, by row."""
    analyzer = Analyzer(settings.language)
    reader = TextReader(analyzer)
    products = ProductsBuilder(directory)
    columns = ColumnsBuilder()
    lexical = Bm25Builder(settings.lexical)
    spelling = SpellingBuilder()
    suggestions = SuggestionsBuilder()
    to_embed = []
    progress.start("analysing products", len(spool))
    for product, json in spool.products():
        texts = searchable_texts(product)
        products.add(product, json)
        columns.add(product)
        terms, careful, other = reader.read(texts)
        lexical.add(terms)
        spelling.add(careful, other)
        suggestions.add(product)
        to_embed.append(embedding_text(texts, settings.embedding))
        progress.advance(1)
    progress.start("writing postings and columns", None)
    products.write()
    summary = columns.write(directory / COLUMNS_FILE)
    lexical.write(directory / LEXICAL_FILE)
    spelling.write(directory / SPELLING_FILE, language_words=embedder.words())
    suggestions.write(directory / SUGGESTIONS_FILE, analyzer)
    return to_embed, summary


def _write_lists(
    directory: Path,
    vectors: NDArray[np.float16],
    texts: list[str],
    settings: IndexSettings,
    embedder: Embedder,
) -> VectorsEntry:
    if len(vectors) < settings.vectors.exact_below:
        return VectorsEntry(kind="exact")
    rows = np.linspace(0, len(vectors) - 1, _RECALL_SAMPLE).astype(np.int64)
    # An item lies in the middle of its list and is found at once; a shopper's few words lie
    # between the lists. Spans of the catalogue's own texts behave as judged queries do.
    rng = np.random.default_rng(_SEED)
    spans = [_span(texts[row], rng) for row in rows]
    samples = {
        "items": widen(vectors[rows]),
        "short_queries": np.stack([embedder.embed_query(span) for span in spans]),
    }
    codes, lists = Codes.of_all(vectors), Lists.of(vectors)
    codes.write(directory / CODES_FILE)
    lists.write(directory / LISTS_FILE)
    calibration = calibrate(lists, codes, vectors, samples, settings.vectors.target_recall)
    return VectorsEntry(
        kind="ivf",
        lists=calibration.lists,
        scanned=calibration.scanned,
        recall_at_100={name: round(share, 4) for name, share in calibration.recall.items()},
    )


def _span(text: str, rng: np.random.Generator) -> str:
    """One to four neighbouring words from anywhere in `text`."""
    words = text.split()
    size = int(rng.integers(1, _LONGEST_QUERY + 1))
    begin = int(rng.integers(max(1, len(words) - size + 1)))
    return " ".join(words[begin : begin + size])
