"""Generations whose manifests a test has altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.manifest import MANIFEST_FILE, Manifest
from indexer.verified import manifest_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.layout import IndexLayout


def alter_manifest(layout: IndexLayout, change: Callable[[str], str]) -> None:
    """Alter the current manifest's text; its generation gets the name that goes with that."""
    directory = layout.generation_dir(layout.require_current())
    path = directory / MANIFEST_FILE
    path.write_text(change(path.read_text()))
    Manifest.read(directory)  # it is one still
    name = f"{directory.name.partition('-')[0]}-{manifest_digest(directory)}"
    directory.rename(layout.generation_dir(name))
    layout.current_file.write_text(f"{name}\n")
