from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from benchmarks.contestants import choose, find_baseline, find_shipped, find_system, read_runs
from benchmarks.errors import RunFileError, UnknownSystemError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass
class Named:
    name: str

    def rank(self, text: str) -> Sequence[str]:
        return [text]


SYSTEMS = [Named("rank-bm25"), Named("plain RRF"), Named("hybrid (shipped)")]
NAMES = [system.name for system in SYSTEMS]


@pytest.mark.parametrize("asked", ["hybrid", "hybrid (shipped)"])
def test_the_mark_of_the_shipped_system_may_be_left_out(asked: str) -> None:
    assert find_system(asked, NAMES) == "hybrid (shipped)"


def test_an_unknown_system_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownSystemError, match=r"no system 'bm25'; .*rank-bm25; plain RRF"):
        find_baseline("bm25", NAMES)


def test_the_baseline_is_rrf_or_else_the_first() -> None:
    assert find_baseline(None, NAMES) == "plain RRF"
    assert find_baseline(None, ["vectors", "plain RRF (shipped)"]) == "plain RRF (shipped)"
    assert find_baseline(None, ["vectors", "other"]) == "vectors"
    assert find_baseline("hybrid", NAMES) == "hybrid (shipped)"


def test_the_shipped_system_is_the_marked_one_or_else_the_last() -> None:
    assert find_shipped([*NAMES, "a run"]) == "hybrid (shipped)"
    assert find_shipped(["rank-bm25", "vectors"]) == "vectors"


def test_systems_are_chosen_in_their_order() -> None:
    assert choose(SYSTEMS) == SYSTEMS
    assert choose(SYSTEMS, only=["hybrid", "rank-bm25"]) == [SYSTEMS[0], SYSTEMS[2]]
    assert choose(SYSTEMS, without=["rank-bm25"]) == SYSTEMS[1:]
    assert choose(SYSTEMS, only=NAMES[:2], without=NAMES[:1]) == [SYSTEMS[1]]


def test_somebody_must_take_part() -> None:
    with pytest.raises(UnknownSystemError, match="no system is left"):
        choose(SYSTEMS, without=NAMES)


def write(path: Path, query: str, tag: str) -> Path:
    path.write_text(f"{query} Q0 a 1 2 {tag}\n{query} Q0 b 2 1 {tag}\nother Q0 c 1 1 {tag}\n")
    return path


def test_a_run_has_a_ranking_for_each_judged_query_and_no_other(tmp_path: Path) -> None:
    run = read_runs([write(tmp_path / "a", "1", "x")], ["1", "2"], NAMES)["x"]
    assert run.rankings == {"1": ["a", "b"], "2": ()}
    assert len(run.milliseconds) == 0


def test_a_run_of_other_queries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="ranks none of the 2 judged queries"):
        read_runs([write(tmp_path / "a", "9", "x")], ["1", "2"], NAMES)


def test_two_systems_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a", "1", "x"), write(tmp_path / "b", "1", "x")]
    with pytest.raises(RunFileError, match=r"b: there is a system 'x' already"):
        read_runs(paths, ["1"], NAMES)
    with pytest.raises(RunFileError, match="'rank-bm25' already"):
        read_runs([write(tmp_path / "c", "1", "rank-bm25")], ["1"], NAMES)
