"""The comparison with peers: every engine built, tuned to equal recall, and asked in turns."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from math import isnan
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.engine import ONE_THREAD
from benchmarks.machine import describe_machine
from benchmarks.peers.effort import WANTED, Judge, least_effort
from benchmarks.peers.protocol import Look, Mode
from benchmarks.timing import summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Built, Corpus, Peer, Question, Range

_BLOCK = 25
_DIGITS = 4
_SECTOR = 512  # bytes, of st_blocks on every system


@dataclass(frozen=True, slots=True)
class Trial:
    """What every peer is asked.

    Attributes:
        corpus: the products.
        tuning: questions that efforts are found with; they are not timed.
        questions: that are timed.
        filters: with the share of the products that each lets through.
    """

    corpus: Corpus
    tuning: Sequence[Question]
    questions: Sequence[Question]
    filters: Sequence[tuple[float, Range]]

    @property
    def arms(self) -> list[tuple[float, Range | None]]:
        """Without a filter, and with each."""
        return [(1.0, None), *self.filters]


@dataclass(frozen=True, slots=True)
class _Arm:
    """A peer, asked in one mode with one filter."""

    peer: str
    mode: str
    look: Look
    recall: float | None
    ask: Callable[[Question], Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A peer that was built."""

    peer: Peer
    built: Built
    seconds: float
    bytes: int


def measure_peers(
    trial: Trial,
    peers: Sequence[Peer],
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Build, tune and time `peers`; times are compared with the first of them.

    Args:
        trial: what is asked.
        peers: ours first.
        folder: where their indexes are made, each in an empty directory.
        say: told what is done now.

    Returns:
        The result file: machine, sizes, and a row for each peer, mode and filter.
    """
    machine = describe_machine()  # before the minutes that follow: it tells when it was
    with ExitStack() as stack:
        arms, standings = [], []
        judges = {within: Judge(trial.corpus, trial.tuning, within) for _, within in trial.arms}
        for number, peer in enumerate(peers):
            stack.callback(peer.close)
            say(f"building {peer.name}")
            standing = _build(peer, trial.corpus, folder / f"peer-{number}")
            say(f"tuning {peer.name}")
            arms += _tuned(standing, trial, judges)
            standings.append(standing)
        say("asking")
        times = in_blocks([arm.ask for arm in arms], trial.questions)
    medians = [float(np.median(taken)) for taken in times]
    ours = {
        arm.mode: median
        for arm, median in zip(arms, medians, strict=True)
        if arm.peer == peers[0].name
    }
    by_name = {standing.peer.name: standing for standing in standings}
    return {
        "command": "peers",
        "machine": machine,
        "products": len(trial.corpus.texts),
        "dimension": trial.corpus.vectors.shape[1],
        "queries": len(trial.questions),
        "recall_wanted": WANTED,
        "threads": {name: os.environ.get(name) for name in ONE_THREAD},
        "peers": {name: it.peer.remark for name, it in by_name.items()},
        "rows": [
            _row(arm, taken, ours.get(arm.mode), by_name[arm.peer])
            for arm, taken in zip(arms, times, strict=True)
        ],
    }


def in_blocks(
    asked: Sequence[Callable[[Question], object]], questions: Sequence[Question]
) -> list[list[float]]:
    """Milliseconds of each of `asked` for each question, all of them in turns block by block.

    What comes first in a block finds the caches as the others left them: its last question is
    asked once before, which is not counted.
    """
    times: list[list[float]] = [[] for _ in asked]
    for begin in range(0, len(questions), _BLOCK):
        block = questions[begin : begin + _BLOCK]
        for taken, ask in zip(times, asked, strict=True):
            ask(block[-1])
            for question in block:
                start = perf_counter()
                ask(question)
                taken.append((perf_counter() - start) * 1e3)
    return times


def _build(peer: Peer, corpus: Corpus, directory: Path) -> _Standing:
    directory.mkdir(parents=True)
    begin = perf_counter()
    built = peer.build(directory, corpus)
    seconds = perf_counter() - begin if built.seconds is None else built.seconds
    # What is taken on the disk: some engines reserve more than they write.
    files = [file.stat() for file in directory.rglob("*") if file.is_file()]
    size = sum(min(file.st_size, file.st_blocks * _SECTOR) for file in files)
    return _Standing(peer, built, seconds, size if built.bytes is None else built.bytes)


def _tuned(standing: _Standing, trial: Trial, judges: Mapping[Range | None, Judge]) -> list[_Arm]:
    """Every mode of a peer with every filter, at the least effort that is enough."""
    ways = standing.built.ways
    arms = []
    if Mode.LEXICAL in ways:
        arms.append(_arm(standing, Mode.LEXICAL, 1.0, Look(), None))
    if Mode.VECTOR not in ways:
        return arms
    for share, within in trial.arms:
        recall_at = partial(judges[within].recall, ways[Mode.VECTOR])
        efforts = standing.peer.efforts
        effort, recall = (0, recall_at(0)) if efforts is None else least_effort(efforts, recall_at)
        look = Look(effort, within)
        arms += [
            _arm(standing, mode, share, look, recall)
            for mode in (Mode.VECTOR, Mode.HYBRID)
            if mode in ways
        ]
    return arms


def _arm(standing: _Standing, mode: Mode, share: float, look: Look, recall: float | None) -> _Arm:
    label = str(mode) if look.within is None else f"{mode}, filter of {share:.0%}"
    way = standing.built.ways[mode]
    return _Arm(standing.peer.name, label, look, recall, lambda question: way(question, look))


def _row(
    arm: _Arm, times: Sequence[float], ours: float | None, standing: _Standing
) -> dict[str, Any]:
    return {
        "peer": arm.peer,
        "mode": arm.mode,
        "recall": None if arm.recall is None else round(arm.recall, _DIGITS),
        "effort": arm.look.effort or None,
        **summarize(times),
        "ratio_to_ours": round(float(np.median(times)) / ours, 2) if ours else None,
        "build_seconds": None if isnan(standing.seconds) else round(standing.seconds, 1),
        "bytes": standing.bytes,
    }
