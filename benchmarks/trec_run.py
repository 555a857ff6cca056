"""TREC runs: rankings in files, to compare with other engines and other tools."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from benchmarks.errors import RunFileError
from indexer.durable import write_durably
from searchsvc.errors import JudgmentsError
from searchsvc.relevance.judgments import numbered_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_COLUMNS = "query id, Q0, product id, rank, score, tag"


@dataclass(frozen=True, slots=True)
class TrecRun:
    """Rankings that some system made.

    Attributes:
        tag: the system's name.
        rankings: product ids by query id, best first.
    """

    tag: str
    rankings: Mapping[str, Sequence[str]]


def read_run(path: Path) -> TrecRun:
    """The run in a file of ``query Q0 product rank score tag``, separated by white space.

    As in trec_eval, the score makes the order; of equal scores the smaller rank goes first.

    Raises:
        RunFileError: the file is absent or empty, a line is malformed, a product is ranked
            twice for a query, or lines have different tags.
    """
    tags: set[str] = set()
    entries: dict[str, dict[str, tuple[float, int]]] = {}
    try:
        for number, line in numbered_lines(path):
            query_id, product_id, key, tag = _entry(path, number, line)
            found = entries.setdefault(query_id, {})
            if product_id in found:
                raise RunFileError(
                    f"{path}:{number}: product {product_id!r} is ranked twice for query "
                    f"{query_id!r}; keep one line"
                )
            found[product_id] = key
            tags.add(tag)
    except (JudgmentsError, OSError) as error:
        raise RunFileError(f"{path}: cannot be read; expected a TREC run") from error
    if len(tags) != 1:
        raise RunFileError(
            f"{path}: {len(tags)} tags in the last column; expected one system in each file"
        )
    rankings = {query: sorted(found, key=found.__getitem__) for query, found in entries.items()}
    return TrecRun(tags.pop(), rankings)


def write_run(path: Path, run: TrecRun) -> None:
    """Write a run that `read_run` and trec_eval read as the same order.

    Scores count down to 1: what the systems score with is not comparable anyway.

    Raises:
        RunFileError: an id or the tag has white space in it, or none at all.
    """
    lines = []
    for query_id, ranking in run.rankings.items():
        for rank, product_id in enumerate(ranking, start=1):
            cells = (query_id, "Q0", product_id, str(rank), str(len(ranking) - rank + 1), run.tag)
            line = " ".join(cells)
            if line.split() != list(cells):
                raise RunFileError(
                    f"{path}: query {query_id!r}, product {product_id!r}, tag {run.tag!r}; "
                    "expected no white space in any of them: the columns of a run are separated "
                    "by it. Write no runs of this collection."
                )
            lines.append(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, "".join(f"{line}\n" for line in lines).encode())


def _entry(path: Path, number: int, line: str) -> tuple[str, str, tuple[float, int], str]:
    """Query, product, what to sort by, and tag of one line."""
    try:
        query_id, _, product_id, rank, score, tag = line.split()
        key = (-float(score), int(rank))
    except ValueError as error:
        raise RunFileError(f"{path}:{number}: {line[:80]!r}; expected {_COLUMNS}") from error
    if not isfinite(key[0]):
        raise RunFileError(f"{path}:{number}: score {score!r}; expected a finite number")
    return query_id, product_id, key, tag
