"""The kinds of live documents: what an index may be told in JSON, without a reindex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from searchsvc.experiments.document import ExperimentDocument
from searchsvc.livefile import LiveFile
from searchsvc.policy import RankingOverrides
from searchsvc.segments.compiler import check_segments
from searchsvc.segments.document import SegmentsDocument
from searchsvc.suggesting.curation import Curation
from searchsvc.suggesting.document import SuggestionsDocument
from searchsvc.synonyms.compiler import plain_key
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot

D = TypeVar("D", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class LiveDocument(Generic[D]):
    """A kind of JSON document that an index may have; declared once, for files, HTTP and shell.

    Attributes:
        name: of its route and its command.
        model: what it must be.
        path: of its file.
        check: refuses what an index cannot take, with a `BadLiveSettingsError`; by plain words
            where there is no snapshot. ``None`` where the model says it all.
        secret: whether it is shown over HTTP only to those who may change it.
    """

    name: str
    model: type[D]
    path: Callable[[IndexLayout], Path]
    check: Callable[[D, Snapshot | None], object] | None = None
    secret: bool = False

    def file(self, layout: IndexLayout) -> LiveFile[D]:
        """That of one index."""
        return LiveFile(self.path(layout), layout.live_lock_file, self.model)


def compile_synonyms(document: SynonymsDocument, snapshot: Snapshot | None) -> Synonyms:
    """The table of `document` for a snapshot's language; by plain words where there is none.

    Raises:
        BadLiveSettingsError: see `Synonyms.compile`.
    """
    return Synonyms.compile(document, _key_of(snapshot))


def compile_suggestions(document: SuggestionsDocument, snapshot: Snapshot | None) -> Curation:
    """The curation of `document`, as `compile_synonyms`.

    Raises:
        BadLiveSettingsError: see `Curation.compile`.
    """
    return Curation.compile(document, _key_of(snapshot))


SYNONYMS = LiveDocument(
    "synonyms", SynonymsDocument, lambda layout: layout.synonyms_file, compile_synonyms
)
RANKING = LiveDocument("ranking", RankingOverrides, lambda layout: layout.ranking_file)
SUGGESTIONS = LiveDocument(
    "suggestions", SuggestionsDocument, lambda layout: layout.suggestions_file, compile_suggestions
)
SEGMENTS = LiveDocument(
    "segments",
    SegmentsDocument,
    lambda layout: layout.segments_file,
    check_segments,
    secret=True,
)
EXPERIMENT = LiveDocument(
    "experiment", ExperimentDocument, lambda layout: layout.experiment_file, secret=True
)


def synonyms_file(layout: IndexLayout) -> LiveFile[SynonymsDocument]:
    """The synonyms of an index."""
    return SYNONYMS.file(layout)


def ranking_file(layout: IndexLayout) -> LiveFile[RankingOverrides]:
    """What an index overrides in the service's ranking policy."""
    return RANKING.file(layout)


def _key_of(snapshot: Snapshot | None) -> Callable[[str], tuple[str, ...]]:
    if snapshot is None:
        return plain_key
    analyzer = snapshot.analyzer
    return lambda text: tuple(analyzer.terms(text))
