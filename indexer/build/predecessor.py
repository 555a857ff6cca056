"""The predecessor: the generation whose settings, model and size the next one goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from indexer.errors import SnapshotCorruptError, SnapshotError
from indexer.manifest import AnyVersion, EmbedderEntry
from indexer.settings import IndexSettings

if TYPE_CHECKING:
    from indexer.layout import IndexLayout


class Predecessor(AnyVersion):
    """What the manifest says to the next build.

    An upgrade of this program may not be able to search a generation any more; its settings, its
    gate among them, still hold.
    """

    products: int = Field(gt=0)
    settings: IndexSettings
    embedder: EmbedderEntry


def find_predecessor(layout: IndexLayout) -> Predecessor | None:
    """That of the published generation, or of the newest one that says where that is damaged.

    Returns:
        ``None`` where nothing was ever published.

    Raises:
        SnapshotCorruptError: something was, and no generation says with which settings.
    """
    problem: SnapshotError | None = None
    names = layout.generations()[::-1]
    try:
        current = layout.current()
        if current is None:
            return None
        names.insert(0, current)
    except SnapshotError as error:
        problem = error
    for name in names:
        try:
            return Predecessor.read(layout.generation_dir(name))
        except SnapshotError as error:
            problem = problem or error
    raise SnapshotCorruptError(
        f"the settings and the model of index {layout.name!r} are lost: {problem}"
    ) from problem
