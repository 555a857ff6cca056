"""The live settings of an index, such as its synonyms and its ranking; they need no reindex.

They are optional files beside the generations, see `indexer.layout`, so that they survive
every reindex and rollback. The service reads them again when they change.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel
from typing_extensions import TypedDict

from searchsvc.errors import BadLiveSettingsError, LiveSettingsError, LiveSettingsUnreadableError
from searchsvc.experiments.assignment import Experiment
from searchsvc.learned.file import LearnedFile
from searchsvc.livedocuments import (
    EXPERIMENT,
    RANKING,
    SEGMENTS,
    SUGGESTIONS,
    SYNONYMS,
    LiveDocument,
    compile_suggestions,
    compile_synonyms,
    ranking_file,
)
from searchsvc.policy import RankingOverrides, ranking_settings
from searchsvc.rankerfile import RankerFile
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.segments import Segments
from searchsvc.suggesting.curation import Curation
from searchsvc.suggesting.document import SuggestionsDocument
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from searchsvc.learned.model import Learned
    from searchsvc.livefile import Stamp
    from searchsvc.policy import RankingPolicy
    from searchsvc.rankerfile import Ranker
    from searchsvc.settings import Settings

SettingValue = bool | int | float | str | None
Source = Literal["default", "environment", "index"]
_log = logging.getLogger(__name__)
_SHOWN_INERT = 3


D = TypeVar("D", bound=BaseModel)
_T = TypeVar("_T")


def effective_policy(layout: IndexLayout, settings: Settings, snapshot: Snapshot) -> RankingPolicy:
    """The policy for an index: the service's settings, overlaid with what its files say.

    Raises:
        LiveSettingsUnreadableError: one of the files cannot be read or is not valid.
    """
    policy = first_stage_policy(layout, settings, snapshot)
    return _with_ranker(policy, RankerFile(layout).read())


def first_stage_policy(
    layout: IndexLayout, settings: Settings, snapshot: Snapshot
) -> RankingPolicy:
    """The same without the ranker, whose file is not looked at.

    Raises:
        LiveSettingsUnreadableError: one of the files cannot be read or is not valid.
    """
    overrides, _ = ranking_file(layout).read()
    _, synonyms = _read(SYNONYMS, layout, lambda it: compile_synonyms(it, snapshot))
    return replace(settings.ranking_policy(), **overrides.given(), synonyms=synonyms)


class RankingValue(TypedDict):
    """One ranking setting of an index, and who set it."""

    value: SettingValue
    source: Source


def describe_ranking(settings: Settings, overrides: RankingOverrides) -> dict[str, RankingValue]:
    """The effective ranking settings by name: what an index overrides, else the service's."""
    given = overrides.given()
    values = vars(settings.ranking_policy()) | given
    described: dict[str, RankingValue] = {}
    for name in ranking_settings():
        source: Source = "environment" if name in settings.model_fields_set else "default"
        described[name] = {
            "value": values[name],
            "source": "index" if name in given else source,
        }
    return described


@dataclass(frozen=True, slots=True)
class Live:
    """The live settings of one index as they are served.

    Attributes:
        stamps: of the files when they were read.
        generation: that all is compiled for, ``None`` where none is served.
        document: the last good synonyms document.
        synonyms: it, compiled.
        overrides: the last good ranking document.
        curation: the last good suggestions document, compiled.
        ranker: the last good one, ``None`` without one.
        segments: the last good segments document, compiled.
        experiment: the last good one, ``None`` where none runs.
        learned: the last good model, ``None`` where nothing was learned.
        refused: why a file is not what is served, by its name; empty when all are.
    """

    stamps: tuple[Stamp, ...]
    generation: str | None
    document: SynonymsDocument
    synonyms: Synonyms
    overrides: RankingOverrides
    curation: Curation
    ranker: Ranker | None
    segments: Segments
    experiment: Experiment | None
    learned: Learned | None
    refused: Mapping[str, str]

    @classmethod
    def read(cls, layout: IndexLayout, snapshot: Snapshot | None, before: Live | None) -> Live:
        """What to serve now: `before` itself when neither files nor generation have changed.

        A file that cannot be used changes nothing: what it said last stays. It is read again at
        every look, since a disk that fails for a moment leaves no trace at the file.
        """
        # Before the files: what changes while they are read is read again at the next look.
        stamps = tuple(file.stamp() for file in _files(layout))
        generation = snapshot.generation if snapshot else None
        same = before is not None and (before.stamps, before.generation) == (stamps, generation)
        if before and same and not before.refused:
            return before
        now = _Reading(layout, snapshot, before).live(stamps)
        if before and same and now.refused == before.refused:
            return before
        for note in now.notes():
            if not before or note not in before.notes():
                _log.error("index %s: %s", layout.name, note)
        return now

    @classmethod
    def examine(cls, layout: IndexLayout, snapshot: Snapshot | None) -> Live:
        """What the files say now, with nothing to fall back on; nothing is logged."""
        stamps = tuple(file.stamp() for file in _files(layout))
        return _Reading(layout, snapshot, None).live(stamps)

    def notes(self) -> list[str]:
        """What is not as the files say, for an operator; empty when all is."""
        notes = [f"refused {name}: {reason}" for name, reason in self.refused.items()]
        lacking = self.segments.inert
        notes += [f"segments.json has no effect at {it}" for it in lacking[:_SHOWN_INERT]]
        if len(lacking) > _SHOWN_INERT:
            notes.append(f"nor at {len(lacking) - _SHOWN_INERT} more places of segments.json")
        return notes

    def policy(self, service: RankingPolicy) -> RankingPolicy:
        """The policy of the index, where `service` is that of the service."""
        policy = replace(service, **self.overrides.given(), synonyms=self.synonyms)
        return _with_ranker(policy, self.ranker)


def _files(layout: IndexLayout) -> tuple[_Stamped, ...]:
    kinds: tuple[LiveDocument[Any], ...] = (
        SYNONYMS, RANKING, SUGGESTIONS, SEGMENTS, EXPERIMENT
    )  # fmt: skip
    documents = (kind.file(layout) for kind in kinds)
    return (*documents, RankerFile(layout), LearnedFile(layout))


class _Stamped(Protocol):
    def stamp(self) -> Stamp: ...


class _Reading:
    """Reads all files of one index once; of a file that cannot be used, what it said last."""

    def __init__(
        self, layout: IndexLayout, snapshot: Snapshot | None, before: Live | None
    ) -> None:
        self._layout = layout
        self._snapshot = snapshot
        self._before = before
        self._refused: dict[str, str] = {}

    def live(self, stamps: tuple[Stamp, ...]) -> Live:
        layout, snapshot, before = self._layout, self._snapshot, self._before
        document, synonyms = self._compiled(SYNONYMS, compile_synonyms, _last_synonyms)
        _, curation = self._compiled(SUGGESTIONS, compile_suggestions, _last_suggestions)
        _, segments = self._compiled(SEGMENTS, compile_segments, _last_segments)
        ranking, experiment = RANKING.file(layout), EXPERIMENT.file(layout)
        ranker, learned = RankerFile(layout), LearnedFile(layout)
        return Live(
            stamps=stamps,
            generation=snapshot.generation if snapshot else None,
            document=document,
            synonyms=synonyms,
            overrides=self._read(
                ranking.name,
                lambda: ranking.read()[0],
                before.overrides if before else RankingOverrides(),
            ),
            curation=curation,
            ranker=self._read(ranker.name, ranker.read, before.ranker if before else None),
            segments=segments,
            experiment=self._read(
                experiment.name,
                lambda: Experiment.of(experiment.read()[0]),
                before.experiment if before else None,
            ),
            learned=self._learned(learned),
            refused=self._refused,
        )

    def _learned(self, file: LearnedFile) -> Learned | None:
        before = self._before
        if before and before.stamps[-1] == file.stamp() and file.name not in before.refused:
            return before.learned  # a large file, and what is made of it is worth keeping
        return self._read(file.name, file.read, before.learned if before else None)

    def _read(self, name: str, now: Callable[[], _T], last: _T) -> _T:
        try:
            return now()
        except LiveSettingsError as error:
            self._refused[name] = str(error)
            return last

    def _compiled(
        self,
        kind: LiveDocument[D],
        compiled: Callable[[D, Snapshot | None], _T],
        last: Callable[[Live | None, Snapshot | None], tuple[D, _T]],
    ) -> tuple[D, _T]:
        try:
            return _read(kind, self._layout, lambda it: compiled(it, self._snapshot))
        except LiveSettingsError as error:
            self._refused[kind.file(self._layout).name] = str(error)
            return last(self._before, self._snapshot)


def _with_ranker(policy: RankingPolicy, ranker: Ranker | None) -> RankingPolicy:
    return policy if ranker is None else replace(policy, reranker=ranker.reranker)


def _read(kind: LiveDocument[D], layout: IndexLayout, compiled: Callable[[D], _T]) -> tuple[D, _T]:
    file = kind.file(layout)
    document, _ = file.read()
    try:
        return document, compiled(document)
    except BadLiveSettingsError as error:
        raise LiveSettingsUnreadableError(f"{file.name}: {error}") from error


# After a change of language what was good may fit no more.


def _last_synonyms(
    before: Live | None, snapshot: Snapshot | None
) -> tuple[SynonymsDocument, Synonyms]:
    if before is None:
        return SynonymsDocument(), Synonyms.none()
    try:
        return before.document, compile_synonyms(before.document, snapshot)
    except BadLiveSettingsError:
        return before.document, Synonyms.none()


def _last_suggestions(
    before: Live | None, snapshot: Snapshot | None
) -> tuple[SuggestionsDocument, Curation]:
    document = before.curation.document if before else SuggestionsDocument()
    try:
        return document, compile_suggestions(document, snapshot)
    except BadLiveSettingsError:
        return document, Curation.none()


def _last_segments(
    before: Live | None, snapshot: Snapshot | None
) -> tuple[SegmentsDocument, Segments]:
    document = before.segments.document if before else SegmentsDocument()
    try:
        return document, compile_segments(document, snapshot)
    except BadLiveSettingsError:
        return document, Segments.none()
