"""Where the published catalogue came from: what a conditional request for the next one needs."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from indexer.durable import write_durably
from indexer.feeds.reader import Validators

if TYPE_CHECKING:
    from indexer.layout import IndexLayout


class PublishedSource(BaseModel):
    """The feed that was published last.

    Attributes:
        location: SHA-256 of the feed's location, which may hold a password.
        etag: as the server gave it.
        last_modified: as the server gave it.
        generations: what was built from it, and from deltas and compactions since.
        build: digest of settings and model: with others, the same feed is another index.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    location: str
    etag: str
    last_modified: str
    generations: tuple[str, ...]
    build: str

    @classmethod
    def of(cls, location: str, validators: Validators, generation: str, build: str) -> Self:
        """What to remember of a feed that was just published."""
        return cls(
            location=_digest(location),
            etag=validators.etag,
            last_modified=validators.last_modified,
            generations=(generation,),
            build=build,
        )

    def write(self, layout: IndexLayout) -> None:
        """Remember it."""
        write_durably(layout.source_file, self.model_dump_json().encode())


def follow(layout: IndexLayout, before: str | None, after: str) -> None:
    """Note that generation `after` is to be `before` with changes of another source.

    The feed that `before` was built from is then still the known one: while it has not changed,
    reading it again would undo what is newer. That holds for every generation that came of it,
    since a rollback may make any of them the current one.

    Args:
        layout: the index.
        before: a generation; ``None`` changes nothing.
        after: what is about to be published.
    """
    source = _read(layout)
    if source is None or before not in source.generations:
        return
    there = {before, *layout.generations()}
    stay = [name for name in source.generations if name in there and name != after]
    source.model_copy(update={"generations": (*stay, after)}).write(layout)


def known_validators(layout: IndexLayout, location: str, build: str) -> Validators | None:
    """Those of the published feed, if an unchanged feed would give the published index."""
    source = _read(layout)
    if source is None or layout.current() not in source.generations:
        return None
    if source.location != _digest(location) or source.build != build:
        return None
    return Validators(source.etag, source.last_modified)


def _read(layout: IndexLayout) -> PublishedSource | None:
    try:
        return PublishedSource.model_validate_json(layout.source_file.read_bytes())
    except (OSError, ValidationError):
        return None


def _digest(location: str) -> str:
    return sha256(location.encode()).hexdigest()
