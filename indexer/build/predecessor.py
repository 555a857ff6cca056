"""The predecessor: the generation whose settings, model and size the next one goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import SnapshotCorruptError, SnapshotError
from indexer.manifest import MANIFEST_FILE, EmbedderEntry
from indexer.settings import IndexSettings

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.layout import IndexLayout


class Predecessor(BaseModel):
    """What the manifest of any version says to the next build.

    An upgrade of this program may not be able to search a generation any more; its settings, its
    gate among them, still hold.
    """

    model_config = ConfigDict(frozen=True)

    products: int = Field(gt=0)
    settings: IndexSettings
    embedder: EmbedderEntry

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
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise SnapshotCorruptError(
                f"generation {directory.name}: {MANIFEST_FILE} is damaged at {place!r} "
                f"({first['msg']})"
            ) from error


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
