"""The exceptions of the indexer; every message names the value, what was expected, the remedy.

::

    IndexerError
    ├── SettingsError               an index's build settings cannot be used
    ├── FeedError
    │   ├── FeedUnreadableError     no such file, HTTP failure, unknown format, over a limit
    │   ├── FeedTruncatedError      the feed ends in the middle; --force takes what was read
    │   └── FeedRefusedError        empty or shrunken catalogue; --force overrides
    ├── ModelError
    │   ├── ModelUnavailableError   no model directory, no weights to make one from
    │   └── ModelMismatchError      a checksum, fingerprint or dimension is not the expected one
    ├── SnapshotError
    │   ├── SnapshotMissingError    no such index or generation
    │   ├── SnapshotCorruptError    a file is absent, cut or altered
    │   └── SnapshotFormatError     written by a version that this one cannot read
    └── PublishError
        ├── IndexLockedError        another process is writing this index
        └── GateRefusedError        a new generation breaks a bound of its gate; --force overrides
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class IndexerError(Exception):
    """Root of everything the indexer raises on purpose."""


class SettingsError(IndexerError):
    """An index's build settings cannot be used."""


class FeedError(IndexerError):
    """A feed as a whole cannot be used; single bad records are `Rejection` values instead."""


class FeedUnreadableError(FeedError):
    """The feed cannot be opened, fetched or recognised, or it exceeds a limit."""


class FeedTruncatedError(FeedError):
    """The feed ends in the middle of a record, an element or a compressed stream."""


class FeedRefusedError(FeedError):
    """The feed is readable, but publishing it would empty or shrink the catalogue."""


class ModelError(IndexerError):
    """The embedding model cannot be used."""


class ModelUnavailableError(ModelError):
    """There is no model directory, or nothing to make one from."""


class ModelMismatchError(ModelError):
    """A checksum, fingerprint or dimension differs from the expected one."""


class SnapshotError(IndexerError):
    """A snapshot cannot be opened."""


class SnapshotMissingError(SnapshotError):
    """There is no such index, or it has no published generation."""


class SnapshotCorruptError(SnapshotError):
    """A file of the snapshot is absent, cut short or altered."""


class SnapshotFormatError(SnapshotError):
    """The snapshot was written in a format that this version does not read."""


class PublishError(IndexerError):
    """A generation cannot be published, rolled back or pruned."""


class IndexLockedError(PublishError):
    """Another process holds the writer's lock of this index."""


class GateRefusedError(PublishError):
    """A new generation breaks a bound of its index's gate, or the gate cannot be evaluated.

    Attributes:
        report: every figure, as JSON has it; empty when nothing could be evaluated.
    """

    def __init__(self, message: str, report: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.report = dict(report or {})
