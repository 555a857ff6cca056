"""The mark of a request: what its log lines, its traces and its problem document know it by."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID_BYTES = 8


@dataclass(slots=True)
class Mark:
    """One request; filled in while it is answered, by whichever thread works on it.

    Attributes:
        request_id: the caller's or our own.
        query_id: of its search; of the first where there are several.
        index: that it searched, or that its path names.
        generation: of the index.
        stages: milliseconds by stage of each search, in the order in which they ran.
        refusal: why it was refused, as one word; empty when it was not.
        key: the id of a key that is known and does not hold for it; else empty.
    """

    request_id: str
    query_id: str = ""
    index: str = ""
    generation: str = ""
    stages: list[Mapping[str, float]] = field(default_factory=list)
    refusal: str = ""
    key: str = ""

    def searched(
        self, query_id: str, index: str, generation: str, stage_ms: Mapping[str, float]
    ) -> None:
        """Note a search that was answered."""
        self.query_id = self.query_id or query_id
        self.index, self.generation = index, generation
        self.stages.append(stage_ms)


def new_request_id() -> str:
    """An id for a request that came without one."""
    return token_hex(_ID_BYTES)


_MARK: ContextVar[Mark | None] = ContextVar("searchsvc_mark", default=None)


def current() -> Mark | None:
    """The mark of the request that is being answered here; ``None`` outside of any."""
    return _MARK.get()


def note_search(query_id: str, index: str, generation: str, stage_ms: Mapping[str, float]) -> None:
    """Note a search that was answered, with the request that is being answered here."""
    mark = current()
    if mark is not None:
        mark.searched(query_id, index, generation, stage_ms)


def note_asked(*, key: str = "", index: str = "") -> None:
    """Note what the request that is being answered here says of itself."""
    mark = current()
    if mark is not None:
        mark.key, mark.index = key or mark.key, index or mark.index


def put(mark: Mark | None) -> None:
    """Have `current` find `mark` in this task and in what it hands to the threads of permits."""
    _MARK.set(mark)
