"""Two settings of an index compared by what its users chose: interleaved and counterfactually."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ReplayError
from benchmarks.replay import Past, Replay, Side
from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.embedders import Embedders
from searchsvc.errors import LiveSettingsUnreadableError
from searchsvc.experiments.interleaving import team_draft
from searchsvc.live import Live
from searchsvc.outcomes.choices import read_choices
from searchsvc.outcomes.counterfactual import Replayed, estimate
from searchsvc.outcomes.preference import preference
from searchsvc.outcomes.propensity import ASSUMED_ETA, Decay, Exposure, estimate_decay
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from searchsvc.events.event import EventKind
    from searchsvc.experiments.assignment import Experiment
    from searchsvc.outcomes.choices import Choices, Search
    from searchsvc.settings import Settings

    Ask = Callable[[Search, Side], tuple[str, ...]]

PUBLISHED = "published"
_ENOUGH_CHOICES = 100
_SEED_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is replayed, and how.

    Attributes:
        kinds: of events that are a choice.
        searches: the latest so many.
        seeds: interleavings of each search.
        length: of an interleaved list.
        depth: products of a ranking that are looked at.
        eta: of the decay of looking; ``None`` to estimate it.
        clip: the largest weight of a choice.
    """

    kinds: frozenset[EventKind]
    searches: int
    seeds: int
    length: int
    depth: int
    eta: float | None
    clip: float


def measure_interleave(
    index: str, settings: Settings, a: Side, b: Side, sampling: Sampling
) -> dict[str, Any]:
    """Replay the recorded searches of `index` with two settings.

    Returns:
        The result file: what was recorded, the preference by interleaving, the decay of looking
        and the counterfactual estimates.

    Raises:
        ReplayError: no event tells what was chosen from the answer to a known query.
        LiveSettingsUnreadableError: one of the index's files of live settings is not valid.
    """
    layout = IndexLayout.of(settings.data_dir, index)
    snapshot = open_snapshot(layout)
    live = Live.read(layout, snapshot, None)
    for reason in live.refused.values():
        raise LiveSettingsUnreadableError(reason)
    with (
        closing(StateStore.open(settings, create=False)) as store,
        closing(Embedders.patient(settings.models_dir, settings.query_encoder)) as embedders,
    ):
        past = Past(lambda user: store.profile(index, user).segments)
        choices = read_choices(past.watch(store.events(index)), sampling.kinds)
        searches = _replayable(index, choices)[-sampling.searches :]
        embedder = embedders.of(snapshot)
        replay = Replay(snapshot, live, live.policy(settings.ranking_policy()), embedder)
        ask = replay.asker(past, sampling.depth)
        shown = [ask(it, _arm_side(it, live.experiment)) for it in searches]
        decay = _decay(sampling.eta, searches, shown)
        ranked = [(it, ask(it, a), ask(it, b)) for it in searches]
    replayed = [
        Replayed(it.user, [*_places(it, before, one, other)])
        for before, (it, one, other) in zip(shown, ranked, strict=True)
    ]
    if not any(it.choices for it in replayed):
        raise ReplayError(
            f"no product that was chosen in index {index!r} has a position, nor is it among the "
            f"first {sampling.depth} of today's answers. Send positions with the events, or "
            "look deeper with --depth"
        )
    return {
        "index": index,
        "generation": snapshot.generation,
        "a": asdict(a),
        "b": asdict(b),
        "recorded": _recorded(choices, searches, shown),
        "interleaving": _interleaved(ranked, sampling),
        "decay": {
            "eta": decay.eta,
            "error": decay.error if decay.choices else None,
            "choices": decay.choices,
            "assumed": not decay.choices and sampling.eta is None,
        },
        "counterfactual": asdict(estimate(replayed, decay.eta, sampling.clip)),
    }


def _replayable(index: str, choices: Choices) -> Sequence[Search]:
    """All searches, if something was chosen from any.

    Raises:
        ReplayError: nothing was.
    """
    if choices.chosen_from():
        return choices.searches
    raise ReplayError(
        f"index {index!r} has {choices.events:,} recorded events, {len(choices.searches):,} of "
        f"them searches, and {choices.without_search:,} choices that name none of these: there is "
        "nothing to replay. An imported purchase does not know what was searched for. Let the "
        "service record searches (SEARCHSVC_RECORD_SEARCHES), and send the query_id of the answer "
        "with each click and purchase."
    )


def _arm_side(search: Search, experiment: Experiment | None) -> Side:
    """The settings that a search was answered with, if they are still known."""
    for arm in experiment.arms if experiment else ():
        if search.arm in (arm.label, arm.name):
            return Side(arm.label, arm.overrides.given(), arm.strength)
    return Side(PUBLISHED, {})


def _decay(
    eta: float | None, searches: Sequence[Search], shown: Sequence[tuple[str, ...]]
) -> Decay:
    """As given, or as the arms of an experiment tell; else assumed."""
    if eta is None:
        found = estimate_decay(_exposures(searches, shown))
        if found is not None and found.choices >= _ENOUGH_CHOICES:
            return found
    return Decay(ASSUMED_ETA if eta is None else eta, float("inf"), 0)


def _exposures(searches: Sequence[Search], shown: Sequence[tuple[str, ...]]) -> Iterator[Exposure]:
    """Where each chosen product stood in the answers to its query."""
    wanted: dict[str, set[str]] = {}
    for search in searches:
        wanted.setdefault(search.query, set()).update(search.chosen)
    counts: Counter[tuple[str, str, int, bool]] = Counter()
    for search, ids in zip(searches, shown, strict=True):
        for place, it in enumerate(ids, start=1):
            if it in wanted[search.query]:
                # A choice from elsewhere was made from another list than this one.
                is_chosen = search.chosen.get(it, 0) in (place, None)
                counts[search.query, it, place, is_chosen] += 1
    for query, it, place in {key[:3] for key in counts}:
        chosen = counts[query, it, place, True]
        yield Exposure((query, it), place, chosen + counts[query, it, place, False], chosen)


def _places(
    search: Search, shown: tuple[str, ...], a: tuple[str, ...], b: tuple[str, ...]
) -> Iterator[tuple[int, int, int]]:
    """Of each chosen product whose position is recorded, or can be found out."""
    for it, position in search.chosen.items():
        at = position or _place(it, shown)
        if at:
            yield at, _place(it, a), _place(it, b)


def _place(product_id: str, ids: tuple[str, ...]) -> int:
    return ids.index(product_id) + 1 if product_id in ids else 0


def _recorded(
    choices: Choices, searches: Sequence[Search], shown: Sequence[tuple[str, ...]]
) -> dict[str, Any]:
    """What there was, and how far today's answers still are those that were chosen from."""
    placed = [
        _place(it, ids) == position
        for search, ids in zip(searches, shown, strict=True)
        for it, position in search.chosen.items()
        if position is not None
    ]
    return {
        "events": choices.events,
        "searches": len(choices.searches),
        "replayed": len(searches),
        "chosen_from": sum(bool(search.chosen) for search in searches),
        "choices_without_search": choices.without_search,
        "positions": len(placed),
        "positions_as_today": sum(placed) / len(placed) if placed else None,
    }


def _interleaved(
    ranked: Sequence[tuple[Search, tuple[str, ...], tuple[str, ...]]], sampling: Sampling
) -> dict[str, Any] | None:
    """The preference by lists in which something that was chosen appears; ``None`` for none."""
    credits_ = [
        (search.user, made.credit(search.chosen))
        for number, (search, a, b) in enumerate(ranked)
        if search.chosen
        for seed in range(sampling.seeds)
        if not search.chosen.keys().isdisjoint(
            (made := team_draft(a, b, sampling.length, _seed(number, seed))).ids
        )
    ]
    return asdict(preference(credits_)) if credits_ else None


def _seed(search: int, seed: int) -> int:
    """Of one interleaving: lists of different searches are drafted independently."""
    return int.from_bytes(sha256(f"{search} {seed}".encode()).digest()[:_SEED_BYTES])
