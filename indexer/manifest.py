"""The manifest: what a snapshot is, written last, read first."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.analysis.analyzer import ANALYSIS_VERSION
from indexer.errors import SnapshotCorruptError, SnapshotFormatError
from indexer.settings import IndexSettings

if TYPE_CHECKING:
    from pathlib import Path

FORMAT_VERSION = 4
"""Raised when the files change so that an older reader would misread them.

1: November 2026. Products, columns, postings, half-precision vectors, inverted lists.
2: November 2026. Greatest impact of each term, spelling dictionary, semantic calibration.
3: November 2026. Suggestions, locations, paths among the columns.
4: November 2026. Smaller postings and vector codes, a distilled query encoder, changes of columns
   and products in files of their own. Nothing older is read: postings mean something else.
"""
OLDEST_READABLE = 4
MANIFEST_FILE = "manifest.json"
_CHUNK_BYTES = 1 << 20


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Value):
    """Size and SHA-256 of one file of the snapshot."""

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class EmbedderEntry(_Value):
    """The model whose vectors these are; queries must use the same."""

    name: str
    fingerprint: str
    dimension: int = Field(gt=0)


class EncoderEntry(_Value):
    """The distilled encoder of queries, and how near it comes to the model.

    Attributes:
        fingerprint: of what determines its vectors.
        pieces: word pieces that it knows.
        spans: short texts that it was fitted to.
        held_out_cosine: mean cosine to the model's vectors, on spans that it was not fitted to.
        trusted_share: of those spans, how many it answers rather than the model.
    """

    fingerprint: str
    pieces: int = Field(gt=0)
    spans: int = Field(gt=0)
    held_out_cosine: float
    trusted_share: float


class VectorsEntry(_Value):
    """How neighbours are found.

    Attributes:
        kind: ``exact`` or ``ivf``.
        lists: number of inverted lists, 0 for exact.
        scanned: products to go through for a query.
        recall_at_100: measured against exact search when the index was built, by sample.
    """

    kind: Literal["exact", "ivf"]
    lists: int = 0
    scanned: int = 0
    recall_at_100: dict[str, float] = {}


class SemanticEntry(_Value):
    """What cosines mean for this model and this catalogue.

    Attributes:
        foreign_cosines: the 0th, 5th, ... 100th percentile of the nearest product's cosine over
            queries by words that the catalogue does not have; empty when not to be measured.
    """

    foreign_cosines: tuple[float, ...] = ()

    def foreign_cosine(self, share: float) -> float | None:
        """The cosine that the nearest product stays below for `share` of foreign queries."""
        if not self.foreign_cosines:
            return None
        return _percentile(self.foreign_cosines, share)


@lru_cache
def _percentile(percentiles: tuple[float, ...], share: float) -> float:
    """What lies at `share` of evenly spaced `percentiles`; every query asks for the same."""
    return float(np.interp(share, np.linspace(0, 1, len(percentiles)), percentiles))


class ChangesEntry(_Value):
    """What deltas changed since everything was built at once.

    Attributes:
        reworded: products that came, went or got other texts; counted again each time.
        patched: products of which nothing but columns changed.
    """

    reworded: int = Field(0, ge=0)
    patched: int = Field(0, ge=0)


class Manifest(_Value):
    """What a snapshot is made of.

    It holds no time and no name, so that equal feeds and settings give equal files.
    """

    format_version: int
    analysis_version: int
    products: int = Field(gt=0)
    settings: IndexSettings
    embedder: EmbedderEntry
    encoder: EncoderEntry | None = None
    vectors: VectorsEntry
    semantic: SemanticEntry = SemanticEntry()
    changes: ChangesEntry = ChangesEntry()
    files: dict[str, FileEntry]

    @property
    def total_bytes(self) -> int:
        """The size of all files but the manifest."""
        return sum(entry.bytes for entry in self.files.values())

    def write(self, directory: Path) -> None:
        """Write this manifest into `directory`."""
        text = self.model_dump_json(indent=1) + "\n"
        (directory / MANIFEST_FILE).write_text(text, "utf-8")

    @classmethod
    def read(cls, directory: Path) -> Manifest:
        """The manifest in `directory`.

        Raises:
            SnapshotCorruptError: there is none, or it is no manifest.
            SnapshotFormatError: another version of this program wrote it.
        """
        try:
            data = (directory / MANIFEST_FILE).read_bytes()
            version = _Version.model_validate_json(data)
            _check_versions(directory.name, version)
            return cls.model_validate_json(data)
        except OSError as error:
            raise SnapshotCorruptError(
                f"generation {directory.name} has no readable {MANIFEST_FILE} ({error.strerror}). "
                "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
            ) from error
        except ValidationError as error:
            raise SnapshotCorruptError(
                f"generation {directory.name}: {MANIFEST_FILE} is damaged at {_place(error)}. "
                "Rebuild with 'searchsvc reindex'."
            ) from error


class AnyVersion(BaseModel):
    """A part of the manifest that every version of this program can read."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """That of the generation in `directory`.

        Raises:
            SnapshotCorruptError: there is no manifest, or it does not say.
        """
        try:
            return cls.model_validate_json((directory / MANIFEST_FILE).read_bytes())
        except OSError as error:
            raise SnapshotCorruptError(
                f"generation {directory.name} has no readable {MANIFEST_FILE} ({error.strerror})"
            ) from error
        except ValidationError as error:
            raise SnapshotCorruptError(
                f"generation {directory.name}: {MANIFEST_FILE} is damaged at {_place(error)}"
            ) from error


class Provenance(AnyVersion):
    """What the manifest says about the vectors of its generation."""

    embedder: EmbedderEntry
    encoder: EncoderEntry | None = None
    files: dict[str, FileEntry]


class Origin(AnyVersion):
    """What the manifest says about how its generation was made."""

    changes: ChangesEntry = ChangesEntry()

    @property
    def is_delta(self) -> bool:
        """Whether deltas made it what it is, rather than one full build."""
        return self.changes != ChangesEntry()


def _place(error: ValidationError) -> str:
    """Where the first complaint is, and what it is."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])!r} ({first['msg']})"


class _Version(BaseModel):
    format_version: int
    analysis_version: int


def _check_versions(generation: str, version: _Version) -> None:
    if not OLDEST_READABLE <= version.format_version <= FORMAT_VERSION:
        raise SnapshotFormatError(
            f"generation {generation} has format {version.format_version}; this version reads "
            f"{OLDEST_READABLE} to {FORMAT_VERSION}. Rebuild it with 'searchsvc reindex'."
        )
    if version.analysis_version != ANALYSIS_VERSION:
        raise SnapshotFormatError(
            f"generation {generation} was analysed by version {version.analysis_version}, queries "
            f"are by {ANALYSIS_VERSION}. Rebuild it with 'searchsvc reindex'."
        )


def describe_file(path: Path) -> FileEntry:
    """Size and checksum of the file at `path`."""
    digest = sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(bytes=size, sha256=digest.hexdigest())
