"""A patched generation: a snapshot in which only columns and stored products differ.

Prices, stock and popularity are neither searched nor embedded: to change them writes some columns
and the JSON of the changed products. All other files are links to those of the generation before,
which share its place on the disk and in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.build.columnmerge import patch_columns
from indexer.build.productmerge import patch_products
from indexer.columns import CHANGED_FILE
from indexer.durable import link
from indexer.manifest import FileEntry, Manifest, describe_file
from indexer.products import LOOKUP_FILE
from indexer.records import CHANGES_PREFIX, DATA_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.build.columns import ColumnsSummary
    from indexer.build.progress import Progress
    from indexer.product import Product

_OF_PRODUCTS = (LOOKUP_FILE, DATA_FILE)


def patch_snapshot(
    base: Path,
    target: Path,
    changed: Sequence[tuple[int, Product]],
    manifest: Manifest,
    progress: Progress,
) -> tuple[Manifest, ColumnsSummary]:
    """Write a complete snapshot that differs from another in some products.

    Args:
        base: directory of the other one, a generation.
        target: an empty directory.
        changed: products with their rows, ascending. Their ids, identifiers, searched and
            embedded texts must be what they were.
        manifest: of the new snapshot; its files are those of the base.
        progress: told of every stage.

    Returns:
        The manifest as written, and what did not become part of a column.
    """
    progress.start("changing columns", None)
    summary = patch_columns(base, target, changed)
    progress.start("changing products", None)
    patch_products(base, target, changed)
    for name in manifest.files:
        if not _is_rewritten(name) and not (target / name).exists():
            link(base / name, target / name)
    progress.start("checksums", None)
    patched = manifest.model_copy(update={"files": file_entries(base, target, manifest)})
    patched.write(target)
    return patched, summary


def file_entries(base: Path, target: Path, before: Manifest) -> dict[str, FileEntry]:
    """Size and checksum of each file in `target`.

    Those of files that are links to files in `base` are taken over from its manifest, `before`:
    to read them would take seconds.
    """
    entries = {}
    for path in sorted(target.iterdir()):
        known = before.files.get(path.name)
        linked = known is not None and path.samefile(base / path.name)
        entries[path.name] = known if known and linked else describe_file(path)
    return entries


def _is_rewritten(name: str) -> bool:
    """Whether the file is for `patch_columns` and `patch_products` to write or to link."""
    return name.startswith(CHANGES_PREFIX) or name in (*_OF_PRODUCTS, CHANGED_FILE)
