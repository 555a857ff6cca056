"""A snapshot: one immutable generation of an index, opened for reading.

The files of a generation::

    manifest.json           what this is, with the checksum of every other file; written last
    products.bin            the products' JSON, one after the other
    products.safetensors    where each begins, ids, identifiers -> rows
    products.changed.*.safetensors  the JSON of what was changed since (see `indexer.records`)
    columns.safetensors     values for filters, facets and ranking (see `indexer.columns`)
    columns.changed.safetensors  columns that replace those of the former, if there are any
    lexical.safetensors     vocabulary and BM25 postings (layout: `indexer.lexical.postings`)
    lexical.unproven.safetensors  forms that count once a product proves them; not opened to serve
    spelling.safetensors    the words of the products, for correcting those of shoppers
    suggestions.safetensors the phrases of the products, for completing those of shoppers
    vectors.safetensors     unit vectors in half precision, digests of the texts they stand for:
                            for the next build, and for the search of a small catalogue
    codes.safetensors       8-bit codes of the vectors (`indexer.vectors.codes`); absent in a
                            small catalogue
    lists.safetensors       inverted lists with one-bit codes (`indexer.vectors.lists`); likewise
    encoder.safetensors     distilled encoder of queries (layout: `indexer.embedding.distilled`);
                            absent where the model has no word pieces

Rows are numbered in the order of the product ids, so that "ties break by product id" is "ties
break by row". Arrays are mapped, not copied: processes that open the same generation share its
memory. The one exception is the exhaustive search of a small catalogue, which widens its vectors.

A generation that changes no text links the files of the one before it, all but the changes. A
service that opens it while it has that one open takes the parts over whose files are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from indexer.analysis.analyzer import Analyzer
from indexer.columns import Columns
from indexer.derived import Derived
from indexer.embedding.distilled import DistilledEmbedder
from indexer.errors import SnapshotCorruptError, SnapshotError
from indexer.lexical.absent import AbsentPostings
from indexer.lexical.bm25 import Bm25Index
from indexer.lexical.postings import unproven_file
from indexer.manifest import Manifest
from indexer.products import LOOKUP_FILE, ProductStore
from indexer.spelling.dictionary import NoSpelling, SpellingDictionary
from indexer.storage import read_arrays
from indexer.suggestions.reader import Suggestions
from indexer.vectors.absent import AbsentVectors
from indexer.vectors.exact import ExactIndex
from indexer.vectors.ivf import IvfIndex
from indexer.verified import Verified, check_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.layout import IndexLayout
    from indexer.lexical.protocol import LexicalIndex
    from indexer.vectors.protocol import VectorIndex

COLUMNS_FILE = "columns.safetensors"
LEXICAL_FILE = "lexical.safetensors"
SPELLING_FILE = "spelling.safetensors"
SUGGESTIONS_FILE = "suggestions.safetensors"
VECTORS_FILE = "vectors.safetensors"
CODES_FILE = "codes.safetensors"
LISTS_FILE = "lists.safetensors"
ENCODER_FILE = "encoder.safetensors"

Part = Literal["lexical", "vectors", "spelling", "suggestions", "encoder", "next build"]
OPTIONAL_PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""What can be missing where something can still be answered; see `indexer.partial`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The only handle on an index; everything in it belongs to one generation.

    Attributes:
        missing: parts that could not be read; what stands for them finds nothing.
    """

    index: str
    generation: str
    manifest: Manifest
    analyzer: Analyzer
    lexical: LexicalIndex
    spelling: SpellingDictionary
    suggestions: Suggestions
    vectors: VectorIndex
    columns: Columns
    products: ProductStore
    derived: Derived = field(default_factory=Derived)
    encoder: DistilledEmbedder | None = None
    missing: tuple[Part, ...] = ()


def open_snapshot(
    layout: IndexLayout,
    generation: str | None = None,
    before: Snapshot | None = None,
    verified: Verified | None = None,
) -> Snapshot:
    """Open a generation, by default the current one.

    Every file that a search reads is compared with its checksum first, see `indexer.verified`.

    Args:
        layout: the index.
        generation: its name.
        before: another generation that is open; parts are taken over whose files are the same.
        verified: files that are known already; they are not read again.

    Raises:
        SnapshotMissingError: nothing was published yet.
        SnapshotCorruptError: a file is absent, cut short or altered.
        SnapshotFormatError: another version of this program wrote it.
    """
    generation = generation or layout.require_current()
    directory = layout.generation_dir(generation)
    manifest = Manifest.read(directory)
    check_manifest(directory)
    (verified or Verified()).check(directory, manifest, _searched_files(manifest))
    return open_directory(directory, layout.name, generation, before)


def files_of(part: Part, manifest: Manifest) -> set[str]:
    """The files of a part of the generation with `manifest`."""
    is_small = manifest.vectors.kind != "ivf"
    beside = set[str]() if is_small else {VECTORS_FILE}
    files: Mapping[Part, set[str]] = {
        "lexical": {LEXICAL_FILE},
        "vectors": {VECTORS_FILE} if is_small else {CODES_FILE, LISTS_FILE},
        "spelling": {SPELLING_FILE},
        "suggestions": {SUGGESTIONS_FILE},
        "encoder": {ENCODER_FILE},
        "next build": {unproven_file(Path(LEXICAL_FILE)).name} | beside,
    }
    return files[part] & manifest.files.keys()


def _searched_files(manifest: Manifest) -> set[str]:
    """The files that are opened to search; the others are for the next build."""
    return manifest.files.keys() - files_of("next build", manifest)


def open_directory(
    directory: Path,
    index: str,
    generation: str,
    before: Snapshot | None = None,
    without: frozenset[Part] = frozenset(),
) -> Snapshot:
    """Open the snapshot in `directory`, which need not be published.

    Args:
        directory: holds a complete snapshot; it may be renamed while the snapshot is open.
        index: what to call its index.
        generation: what to call it.
        before: see `open_snapshot`.
        without: parts that are not opened; something that finds nothing stands for each.

    Raises:
        SnapshotCorruptError: a file is absent, cut short or not what it should be; whatever a
            library raises at damaged bytes is its cause.
        SnapshotFormatError: another version of this program wrote it.
    """
    try:
        return _open(directory, index, generation, before, without)
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotCorruptError(
            f"generation {generation} cannot be opened ({type(error).__name__}). "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        ) from error


def _open(
    directory: Path,
    index: str,
    generation: str,
    before: Snapshot | None,
    without: frozenset[Part],
) -> Snapshot:
    manifest = Manifest.read(directory)
    unopened = {name for part in without for name in files_of(part, manifest)}
    for name, entry in manifest.files.items():
        if name not in unopened:
            _check_size(directory / name, entry.bytes)
    kept = _Kept(manifest, before)
    parts = _Parts(directory, manifest, kept, without)
    products = ProductStore(directory, kept.products())
    if len(products) != manifest.products:
        raise SnapshotCorruptError(
            f"generation {generation} has {len(products)} products, its manifest says "
            f"{manifest.products}. Rebuild with 'searchsvc reindex'."
        )
    return Snapshot(
        index=index,
        generation=generation,
        manifest=manifest,
        analyzer=kept.analyzer() or Analyzer(manifest.settings.language),
        lexical=parts.lexical(),
        spelling=parts.spelling(),
        suggestions=parts.suggestions(),
        vectors=parts.vectors(),
        columns=Columns(directory / COLUMNS_FILE, products.ids),
        products=products,
        encoder=parts.encoder(),
        missing=tuple(part for part in OPTIONAL_PARTS if part in without),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a generation: taken over, opened, or what stands for those that are not."""

    directory: Path
    manifest: Manifest
    kept: _Kept
    without: frozenset[Part]

    def lexical(self) -> LexicalIndex:
        if "lexical" in self.without:
            return AbsentPostings()
        return self.kept.lexical() or Bm25Index(self.directory / LEXICAL_FILE)

    def spelling(self) -> SpellingDictionary:
        if "spelling" in self.without:
            return NoSpelling()
        return self.kept.spelling() or SpellingDictionary(self.directory / SPELLING_FILE)

    def suggestions(self) -> Suggestions:
        if "suggestions" in self.without:
            return Suggestions.none()
        return self.kept.suggestions() or Suggestions.read(self.directory / SUGGESTIONS_FILE)

    def vectors(self) -> VectorIndex:
        if "vectors" in self.without:
            return AbsentVectors(self.manifest.embedder.dimension)
        return self.kept.vectors() or _open_vectors(self.directory, self.manifest)

    def encoder(self) -> DistilledEmbedder | None:
        if "encoder" in self.without:
            return None
        return self.kept.encoder() or _open_encoder(self.directory, self.manifest)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The parts of an open snapshot that hold for another generation; ``None`` for others."""

    manifest: Manifest
    before: Snapshot | None

    def products(self) -> ProductStore | None:
        """Only ids and identifiers: the JSON may be in other files."""
        return self.before.products if self.before and self._same(LOOKUP_FILE) else None

    def analyzer(self) -> Analyzer | None:
        if self.before is None:
            return None
        language = self.before.manifest.settings.language
        return self.before.analyzer if language == self.manifest.settings.language else None

    def lexical(self) -> LexicalIndex | None:
        return self.before.lexical if self.before and self._same("lexical.") else None

    def spelling(self) -> SpellingDictionary | None:
        return self.before.spelling if self.before and self._same("spelling.") else None

    def suggestions(self) -> Suggestions | None:
        return self.before.suggestions if self.before and self._same("suggestions.") else None

    def vectors(self) -> VectorIndex | None:
        if self.before is None or self.before.manifest.vectors != self.manifest.vectors:
            return None
        return self.before.vectors if self._same("vectors.", "codes.", "lists.") else None

    def encoder(self) -> DistilledEmbedder | None:
        if self.before is None or self.before.manifest.encoder != self.manifest.encoder:
            return None
        return self.before.encoder if self._same("encoder.") else None

    def _same(self, *beginnings: str) -> bool:
        """Whether the files whose names begin so are the same, by their checksums."""
        one, other = (
            {name: entry for name, entry in it.files.items() if name.startswith(beginnings)}
            for it in (self.manifest, self.before.manifest if self.before else self.manifest)
        )
        return one == other


def verify(layout: IndexLayout, generation: str) -> list[str]:
    """What is wrong with the files of `generation`; an empty list when nothing is.

    Every file is read and compared with its checksum.

    Raises:
        SnapshotCorruptError: there is no readable manifest to compare with.
        SnapshotFormatError: another version of this program wrote it.
    """
    directory = layout.generation_dir(generation)
    manifest = Manifest.read(directory)
    problems = Verified().problems(directory, manifest, manifest.files)
    try:
        check_manifest(directory)
    except SnapshotCorruptError as error:
        problems.insert(0, str(error))
    return problems


def _open_encoder(directory: Path, manifest: Manifest) -> DistilledEmbedder | None:
    if manifest.encoder is None:
        return None
    encoder = DistilledEmbedder.open(directory / ENCODER_FILE)
    if encoder.dimension != manifest.embedder.dimension:
        raise SnapshotCorruptError(
            f"{ENCODER_FILE} gives vectors of {encoder.dimension} components, expected "
            f"{manifest.embedder.dimension}. Rebuild with 'searchsvc reindex'."
        )
    return encoder


def _open_vectors(directory: Path, manifest: Manifest) -> VectorIndex:
    shape = (manifest.products, manifest.embedder.dimension)
    if manifest.vectors.kind == "ivf":
        lists, codes = directory / LISTS_FILE, directory / CODES_FILE
        return IvfIndex.open(lists, codes, shape, manifest.vectors.scanned)
    vectors = read_arrays(directory / VECTORS_FILE).array("vectors")
    if vectors.shape != shape:
        raise SnapshotCorruptError(
            f"{VECTORS_FILE} holds an array of shape {vectors.shape}, expected {shape}. "
            "Rebuild with 'searchsvc reindex'."
        )
    return ExactIndex(vectors)


def _check_size(path: Path, expected: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise SnapshotCorruptError(
            f"{path.name} of generation {path.parent.name} cannot be opened ({error.strerror}). "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        ) from error
    if found != expected:
        raise SnapshotCorruptError(
            f"{path.name} of generation {path.parent.name} has {found} bytes, not {expected}. "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        )
