"""Partial opening: a generation that is damaged, searched by those of its parts that are not.

A last resort. What is damaged is refused, and an earlier generation that is whole is better than
this one. But where there is none, a shop without a search box sells less than one whose search
knows no meaning, or corrects no words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.errors import SnapshotCorruptError
from indexer.manifest import Manifest
from indexer.snapshot import OPTIONAL_PARTS, files_of, open_directory
from indexer.verified import Verified, check_manifest

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot


def open_partly(
    layout: IndexLayout, generation: str, verified: Verified | None = None
) -> Snapshot:
    """Open what is sound of a generation; `Snapshot.missing` names the parts that are not.

    Args:
        layout: the index.
        generation: its name.
        verified: files that are known already; they are not read again.

    Raises:
        SnapshotCorruptError: something is damaged without which nothing can be answered: the
            manifest, the products or their columns; or both words and vectors.
        SnapshotFormatError: another version of this program wrote it.
    """
    directory = layout.generation_dir(generation)
    manifest = Manifest.read(directory)
    check_manifest(directory)
    known = verified or Verified()
    broken = frozenset(
        part
        for part in OPTIONAL_PARTS
        if known.problems(directory, manifest, files_of(part, manifest))
    )
    if {"lexical", "vectors"} <= broken:
        raise SnapshotCorruptError(
            f"generation {generation} has neither words nor vectors that can be read. Go back "
            "with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        )
    optional = {name for part in OPTIONAL_PARTS for name in files_of(part, manifest)}
    known.check(directory, manifest, manifest.files.keys() - optional)
    return open_directory(directory, layout.name, generation, without=broken)
