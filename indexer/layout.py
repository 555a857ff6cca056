"""Where an index lives on disk, and which of its generations is the current one.

::

    <data_dir>/<index>/CURRENT                one line: the current generation's name
    <data_dir>/<index>/LOCK                   held by the one writer
    <data_dir>/<index>/WAITING                held by writers that wait for it
    <data_dir>/<index>/source.json            where the feed came from, for conditional requests
    <data_dir>/<index>/watch.json             what came of watching its feed, if anybody does
    <data_dir>/<index>/synonyms.json          of every generation, see `searchsvc.synonyms`
    <data_dir>/<index>/ranking.json           what this index overrides in the ranking policy
    <data_dir>/<index>/suggestions.json       its popular queries, and what it never suggests
    <data_dir>/<index>/segments.json          segments of shoppers, and what they prefer
    <data_dir>/<index>/experiment.json        its A/B test, if one runs
    <data_dir>/<index>/ranker.safetensors     the trees of its second stage; most have none
    <data_dir>/<index>/learned.safetensors    what its events taught: what sells, and what whom
    <data_dir>/<index>/proposals.json         segments and boosts that its events suggest
    <data_dir>/<index>/learn.lock             held by the one who learns from its events
    <data_dir>/<index>/live.lock              held while one of these is replaced
    <data_dir>/<index>/generations/<name>/    snapshots, see `indexer.snapshot`
    <data_dir>/<index>/reports/<name>.json    what the build saw, and <name>.rejections.jsonl
    <data_dir>/<index>/reports/<name>.gate.json  what the gate measured, query by query
    <data_dir>/<index>/staging-…/             an unfinished build
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.durable import make_directory
from indexer.errors import SettingsError, SnapshotCorruptError, SnapshotMissingError

if TYPE_CHECKING:
    from pathlib import Path

_INDEX_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_GENERATION_NAME = re.compile(r"g(\d{8})-[0-9a-f]{8}")
STAGING_PREFIX = "staging-"
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class IndexLayout:
    """The paths of one index.

    Attributes:
        name: lower-case letters, digits, ``-`` and ``_``, at most 63.
        root: the index's directory.
    """

    name: str
    root: Path

    @classmethod
    def of(cls, data_dir: Path, index: str) -> IndexLayout:
        """The layout of `index` under `data_dir`; nothing needs to exist yet.

        Raises:
            SettingsError: `index` is no valid name.
        """
        if not _INDEX_NAME.fullmatch(index):
            raise SettingsError(
                f"index name {index!r} is not valid. Use up to 63 lower-case letters, digits, "
                "'-' and '_', beginning with a letter or digit."
            )
        return cls(index, data_dir / index)

    def make(self) -> None:
        """Have the index's directory.

        Where it is made now it is for its owner alone: a catalogue may be one that not everybody
        on the machine is to see. One that is there keeps its permissions.
        """
        make_directory(self.root, mode=_PRIVATE)

    @property
    def current_file(self) -> Path:
        """The pointer to the current generation."""
        return self.root / "CURRENT"

    @property
    def lock_file(self) -> Path:
        """The writer's lock."""
        return self.root / "LOCK"

    @property
    def waiting_file(self) -> Path:
        """Shared by all who wait for the writer's lock."""
        return self.root / "WAITING"

    @property
    def source_file(self) -> Path:
        """Validators of the last feed."""
        return self.root / "source.json"

    @property
    def synonyms_file(self) -> Path:
        """The index's synonyms."""
        return self.root / "synonyms.json"

    @property
    def ranking_file(self) -> Path:
        """The index's own ranking policy."""
        return self.root / "ranking.json"

    @property
    def suggestions_file(self) -> Path:
        """The index's popular queries and blocked words."""
        return self.root / "suggestions.json"

    @property
    def segments_file(self) -> Path:
        """The index's segments of shoppers."""
        return self.root / "segments.json"

    @property
    def experiment_file(self) -> Path:
        """The index's experiment."""
        return self.root / "experiment.json"

    @property
    def learned_file(self) -> Path:
        """What was learned from the index's events."""
        return self.root / "learned.safetensors"

    @property
    def proposals_file(self) -> Path:
        """What the index's events suggest."""
        return self.root / "proposals.json"

    @property
    def learn_lock_file(self) -> Path:
        """The lock of who learns from the index's events."""
        return self.root / "learn.lock"

    @property
    def ranker_file(self) -> Path:
        """The index's learned ranker."""
        return self.root / "ranker.safetensors"

    @property
    def live_lock_file(self) -> Path:
        """The lock of those who change what is live; a build may run meanwhile."""
        return self.root / "live.lock"

    @property
    def generations_dir(self) -> Path:
        """The directory of the snapshots."""
        return self.root / "generations"

    @property
    def reports_dir(self) -> Path:
        """The directory of the build reports."""
        return self.root / "reports"

    def generation_dir(self, generation: str) -> Path:
        """The snapshot called `generation`."""
        return self.generations_dir / generation

    def current(self) -> str | None:
        """The current generation's name, ``None`` when nothing was published yet.

        Raises:
            SnapshotCorruptError: the pointer does not hold a generation's name.
        """
        try:
            name = self.current_file.read_text("utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None
        if not _GENERATION_NAME.fullmatch(name):
            raise SnapshotCorruptError(
                f"CURRENT of index {self.name!r} holds {name[:40]!r}, expected a generation's "
                "name. Choose one with 'searchsvc rollback --to', or run 'searchsvc reindex'."
            )
        return name

    def require_current(self) -> str:
        """The current generation's name.

        Raises:
            SnapshotMissingError: nothing was published yet.
            SnapshotCorruptError: the pointer is damaged.
        """
        name = self.current()
        if name is None and self.generations():
            raise SnapshotMissingError(
                f"index {self.name!r} has generations but no CURRENT, which names the published "
                f"one. 'searchsvc rollback --index {self.name}' publishes the newest one, --to "
                "another."
            )
        if name is None:
            raise SnapshotMissingError(
                f"index {self.name!r} has no published generation. "
                f"Build one with 'searchsvc reindex FEED --index {self.name}'."
            )
        return name

    def generations(self) -> list[str]:
        """All complete generations, oldest first."""
        if not self.generations_dir.is_dir():
            return []
        names = (entry.name for entry in self.generations_dir.iterdir() if entry.is_dir())
        return sorted(name for name in names if _GENERATION_NAME.fullmatch(name))


def is_index_name(name: str) -> bool:
    """Whether `name` is one that an index can have."""
    return bool(_INDEX_NAME.fullmatch(name))


def is_generation(name: str) -> bool:
    """Whether `name` is one that a generation can have."""
    return bool(_GENERATION_NAME.fullmatch(name))


def generation_number(name: str) -> int:
    """The counter in a valid generation's name."""
    match = _GENERATION_NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no generation's name")
    return int(match[1])


def list_indexes(data_dir: Path) -> list[str]:
    """The names of all indexes under `data_dir` that have a published generation."""
    if not data_dir.is_dir():
        return []
    found = (entry.name for entry in data_dir.iterdir() if (entry / "CURRENT").is_file())
    return sorted(name for name in found if _INDEX_NAME.fullmatch(name))


def unpublished_indexes(data_dir: Path) -> list[str]:
    """The names of all under `data_dir` that have generations, of which none is published."""
    if not data_dir.is_dir():
        return []
    found = (
        IndexLayout(it.name, it) for it in data_dir.iterdir() if _INDEX_NAME.fullmatch(it.name)
    )
    return sorted(it.name for it in found if not it.current_file.exists() and it.generations())
