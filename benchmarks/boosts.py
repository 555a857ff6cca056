"""Boosts: what 20 segments with 200 boosts, tastes and a session add to a query."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.audience import audience_of
from benchmarks.building import build
from benchmarks.catalogue.cli import generate
from benchmarks.crowd import (
    BOOSTS,
    NOW_MS,
    SEGMENTS,
    draw_events,
    draw_segments,
    known_shopper,
    profile_of,
    segmented_shopper,
)
from benchmarks.machine import describe_machine
from benchmarks.timing import summarize
from benchmarks.workload import GivenVectors, draw_queries
from indexer.manifest import describe_file
from indexer.snapshot import open_snapshot
from searchsvc.learning.learn import learn
from searchsvc.personalizing.personalizer import Personalizer
from searchsvc.personalizing.profiles import Profiles
from searchsvc.query.query import Query
from searchsvc.search import search
from searchsvc.segments.compiler import check_segments
from searchsvc.segments.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from indexer.embedding.protocol import Embedder
    from searchsvc.personalizing.audience import Audience
    from searchsvc.policy import RankingPolicy
    from searchsvc.segments.profile import Profile

NOBODY, SEGMENTED, KNOWN = (
    "nobody",
    f"{SEGMENTS} segments, {BOOSTS} boosts",
    "with tastes, session",
)
ROUNDS = 3
_SEED = 20_261_122
_WAIT_MS = 10_000.0


@dataclass(frozen=True, slots=True)
class _OneProfile:
    """A store that knows one user; see `ProfileStore`."""

    only: Profile

    def user_key(self, token: str) -> str:
        return token

    def profile(self, _index: str, _user: str) -> Profile:
        return self.only


def measure_boosts(
    products: int, queries: int, data_dir: Path, embedder: Embedder, policy: RankingPolicy
) -> dict[str, Any]:
    """Generate a catalogue of `products`, index it, and time queries of three shoppers in turns.

    Of the first nothing is known, the second is in all segments and has all boosts, and of the
    third a history and a session are known, too. Each is timed from the request's facts on: who is
    in which segment, what that gives, and the search. The vector of a query is given.

    Returns:
        The result file: machine, seconds of preparation, milliseconds of whom nothing is known,
        and what the others add: in all, and before the search begins.
    """
    feed = data_dir / f"catalogue-{products}.jsonl.gz"
    if not feed.exists():
        feed.parent.mkdir(parents=True, exist_ok=True)
        generate(feed, products=products)
    # The catalogue and the index of the latency benchmark: whoever keeps them embeds nothing.
    layout, _ = build(feed, data_dir, f"latency-{products}", embedder)
    snapshot = open_snapshot(layout)
    texts = draw_queries(snapshot, queries)
    given = GivenVectors({text: embedder.embed_query(text) for text in texts})
    rng = np.random.default_rng(_SEED)
    document, events = draw_segments(snapshot, rng), draw_events(snapshot, rng)
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `work` gives
        begin = perf_counter()
        done = work()
        seconds[name] = round(perf_counter() - begin, 3)
        return done

    segments = timed("reading the segments", lambda: check_segments(document, snapshot))
    learned = timed("learning", lambda: learn(events, snapshot, NOW_MS))
    audience = timed("compiling", lambda: audience_of(segments, learned, snapshot, policy))
    profiles = Profiles(lambda: _OneProfile(profile_of(events)), _WAIT_MS)
    try:
        shoppers = {
            NOBODY: Shopper(),
            SEGMENTED: segmented_shopper(),
            KNOWN: known_shopper(snapshot, rng),
        }
        personalizer = Personalizer(profiles)
        in_force = _boosts_in_force(personalizer, audience, shoppers[SEGMENTED])
        samples = _time(texts, shoppers, _Path(personalizer, audience, given))
    finally:
        profiles.close()
    usual = np.array(samples[NOBODY])[:, 0]
    return {
        "products": products,
        "feed_sha256": describe_file(feed).sha256,
        "machine": describe_machine(),
        "queries": len(texts),
        "rounds": ROUNDS,
        "segments": len(document.segments),
        "boosts": sum(len(segment.boosts) for segment in document.segments),
        "boosts_in_force": in_force,
        "seconds": seconds,
        "milliseconds": {
            NOBODY: summarize(usual.tolist()),
            **{
                f"added: {name}": summarize((np.array(times)[:, 0] - usual).tolist())
                for name, times in samples.items()
                if name != NOBODY
            },
            **{
                f"before the search: {name}": summarize(np.array(times)[:, 1].tolist())
                for name, times in samples.items()
            },
        },
    }


@dataclass(frozen=True, slots=True)
class _Path:
    """The hot path from a shopper to an answer, as `SearchService.search` takes it."""

    personalizer: Personalizer
    audience: Audience
    embedder: GivenVectors

    def ask(self, text: str, shopper: Shopper) -> tuple[float, float]:
        """Milliseconds in all, and until the search began."""
        query = Query(text)
        begin = perf_counter()
        made = self.personalizer.personalize(shopper, self.audience, query)
        decided = perf_counter()
        search(query, self.audience.snapshot, self.embedder, made.policy, made.preferences)
        return (perf_counter() - begin) * 1e3, (decided - begin) * 1e3


def _time(
    texts: Sequence[str], shoppers: Mapping[str, Shopper], path: _Path
) -> dict[str, list[tuple[float, float]]]:
    """The milliseconds of each shopper and query: one after the other, in turns the first.

    Of several rounds the fastest counts: the work is measured, not the noise of the machine.
    """
    names = list(shoppers)
    fastest = {name: [(np.inf, np.inf)] * len(texts) for name in names}
    for turn in range(ROUNDS):
        for number, text in enumerate(texts):
            path.ask(text, shoppers[NOBODY])  # the first of all finds colder caches
            first = (number + turn) % len(names)
            for name in names[first:] + names[:first]:
                taken = path.ask(text, shoppers[name])
                fastest[name][number] = min(fastest[name][number], taken)
    return fastest


def _boosts_in_force(personalizer: Personalizer, audience: Audience, shopper: Shopper) -> int:
    made = personalizer.personalize(shopper, audience, Query("anything"))
    return 0 if made.preferences is None else len(made.preferences.active)


def boosts_table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    seconds = ", ".join(f"{name} {value:.3f} s" for name, value in result["seconds"].items())
    lines = [
        (
            f"{result['products']:,} products, {result['queries']:,} queries, "
            f"{result['segments']} segments, {result['boosts_in_force']} of {result['boosts']} "
            f"boosts in force; {seconds}"
        ),
        f"{'milliseconds':<56}{'median':>9}{'p95':>9}{'p99':>9}",
    ]
    for name, row in result["milliseconds"].items():
        cells = "".join(f"{row[column]:>9.3f}" for column in ("median", "p95", "p99"))
        lines.append(f"{name:<56}{cells}")
    return "\n".join(lines)
