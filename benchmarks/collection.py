"""A test collection: a product feed with judged queries, read from one directory."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.conversion import CONVERSION, convert
from benchmarks.errors import CollectionError
from benchmarks.formats.beir import BEIR
from benchmarks.formats.esci import ESCI
from benchmarks.formats.ours import OURS
from benchmarks.formats.source import Choice, Corpus
from benchmarks.formats.trec import TREC
from benchmarks.formats.wands import WANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from benchmarks.formats.source import Format
    from searchsvc.relevance.judgments import JudgedQuery
    from searchsvc.relevance.labels import LabelScale

FORMATS: tuple[Format, ...] = (OURS, BEIR, TREC, WANDS, ESCI)

DEFAULT_CHOICE = Choice()

_CHUNK_BYTES = 1 << 20
_SHOWN_FILES = 20


@dataclass(frozen=True, slots=True)
class Collection:
    """What a relevance benchmark needs.

    Attributes:
        name: the directory's name.
        format: the name of the format that was recognised.
        corpus: the products; `feed_of` gives them as a feed.
        corpus_digest: SHA-256 over the corpus files and what is chosen of them, 64 hexadecimal
            digits.
        queries: in file order, distinct ids.
        qrels: query id → product id → label; only queries of `queries`, labels 0 or more.
        scale: what the labels are worth.
        digest: SHA-256 over everything that was read and chosen.
    """

    name: str
    format: str
    corpus: Corpus
    corpus_digest: str
    queries: tuple[JudgedQuery, ...]
    qrels: Mapping[str, Mapping[str, int]]
    scale: LabelScale
    digest: str

    @property
    def slug(self) -> str:
        """The name as part of file names: up to 40 lower-case letters, digits and dashes."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40]
        return slug.strip("-") or "collection"


def load_collection(directory: Path, choice: Choice = DEFAULT_CHOICE) -> Collection:
    """The collection in `directory`, in whichever of `FORMATS` its files are.

    Args:
        directory: holds the files.
        choice: which part of a collection that has several.

    Raises:
        CollectionError: the files fit no format or several, or cannot be read.
        JudgmentsError: queries.jsonl or qrels.tsv cannot be read.
    """
    recognised = _recognise(directory)
    source = recognised.open(directory, choice)
    sha = hashlib.sha256()
    _update(sha, source.corpus.files, source.corpus.choice)
    corpus_digest = sha.hexdigest()
    _update(sha, source.judgment_files, source.judgment_choice)
    return Collection(
        name=directory.resolve().name,
        format=recognised.name,
        corpus=source.corpus,
        corpus_digest=corpus_digest,
        queries=source.judgments.queries,
        qrels=source.judgments.qrels,
        scale=source.scale,
        digest=sha.hexdigest(),
    )


def feed_of(
    collection: Collection, folder: Path, progress: Callable[[int], None] | None = None
) -> Path:
    """The collection's products as a feed of ours.

    Args:
        collection: of any format.
        folder: where a foreign corpus is converted to, unless it was before.
        progress: called with the number of products just converted.

    Raises:
        CollectionError: the corpus cannot be read.
    """
    if collection.corpus.records is None:
        return collection.corpus.files[0]
    key = f"{collection.corpus_digest[:16]}-v{CONVERSION}"
    path = folder / f"{collection.slug}-{key}.jsonl.gz"
    if not path.exists():
        convert(collection.corpus.records(), path, progress)
    return path


def _recognise(directory: Path) -> Format:
    fitting = [known for known in FORMATS if known.fits(directory)]
    if len(fitting) == 1:
        return fitting[0]
    names = sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []
    shown = ", ".join(names[:_SHOWN_FILES]) + (" …" if len(names) > _SHOWN_FILES else "")
    expected = "\n".join(f"  {known.name}: {known.expected}" for known in fitting or FORMATS)
    if fitting:
        raise CollectionError(
            f"{directory} holds several collections (found: {shown}):\n{expected}\n"
            "Move all but one to directories of their own."
        )
    found = f"found: {shown}" if names else "no such directory, or an empty one"
    raise CollectionError(
        f"{directory} holds no collection ({found}); expected one of\n{expected}"
    )


def _update(sha: hashlib._Hash, paths: Iterable[Path], choice: str) -> None:
    """Add names, sizes and contents, so that no two splits of the bytes are equal."""
    for path in paths:
        sha.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                sha.update(chunk)
    if choice:
        sha.update(f"\0{choice}\0".encode())
