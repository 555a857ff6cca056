"""The systems of one comparison: which of ours take part, and those that come as TREC runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.errors import RunFileError, UnknownSystemError
from benchmarks.systems import Run
from benchmarks.trec_run import read_run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.systems import System

DEFAULT_BASELINE = "plain RRF"

_SHIPPED = " (shipped)"


def find_system(asked: str, names: Sequence[str]) -> str:
    """The name that is meant: it may lack the mark of the shipped system.

    Raises:
        UnknownSystemError: there is none; the message lists those that are.
    """
    for name in (asked, asked + _SHIPPED):
        if name in names:
            return name
    raise UnknownSystemError(
        f"there is no system {asked!r}; expected one of: {'; '.join(names) or 'none'}"
    )


def find_baseline(asked: str | None, names: Sequence[str]) -> str:
    """The system that others are compared to.

    Args:
        asked: its name; None for `DEFAULT_BASELINE` or, where that takes no part, the first.
        names: of the systems that take part, at least one.

    Raises:
        UnknownSystemError: the one that is asked for does not take part.
    """
    if asked is not None:
        return find_system(asked, names)
    try:
        return find_system(DEFAULT_BASELINE, names)
    except UnknownSystemError:
        return names[0]


def find_shipped(names: Sequence[str]) -> str:
    """The system that the service runs by default, if it takes part; else the last."""
    return next((name for name in names if name.endswith(_SHIPPED)), names[-1])


def choose(
    systems: Sequence[System], only: Collection[str] = (), without: Collection[str] = ()
) -> list[System]:
    """Those of `systems` that take part, in their order.

    Args:
        systems: all there are.
        only: names of those that do; all when empty.
        without: names of those that do not.

    Raises:
        UnknownSystemError: there is no system of a name, or none is left.
    """
    names = [system.name for system in systems]
    chosen = {find_system(name, names) for name in only} or set(names)
    chosen -= {find_system(name, names) for name in without}
    if not chosen:
        raise UnknownSystemError(
            f"no system is left to compare; leave out fewer of: {'; '.join(names)}"
        )
    return [system for system in systems if system.name in chosen]


def read_runs(
    paths: Iterable[Path], query_ids: Collection[str], taken: Collection[str]
) -> Mapping[str, Run]:
    """Rankings from TREC run files, by their tags; they have no times.

    Args:
        paths: one file for each system.
        query_ids: the judged queries; others of a run are left out, as trec_eval does.
        taken: names of systems that are there already.

    Raises:
        RunFileError: a file is no run, ranks none of the queries, or has a name that is taken.
    """
    runs: dict[str, Run] = {}
    for path in paths:
        run = read_run(path)
        rankings = {query: run.rankings.get(query, ()) for query in query_ids}
        if not any(rankings.values()):
            raise RunFileError(
                f"{path}: ranks none of the {len(query_ids)} judged queries; expected a run of "
                "this collection"
            )
        if run.tag in runs or run.tag in taken:
            raise RunFileError(
                f"{path}: there is a system {run.tag!r} already; change the tag in the last column"
            )
        runs[run.tag] = Run(rankings, np.empty(0))
    return runs
