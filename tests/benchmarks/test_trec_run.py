from __future__ import annotations

from typing import TYPE_CHECKING

import ir_measures
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.errors import RunFileError
from benchmarks.trec_run import TrecRun, read_run, write_run
from searchsvc.relevance.measures import Measure

if TYPE_CHECKING:
    from pathlib import Path

tokens = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=5)
# A query without any result has no line, so it cannot come back.
rankings = st.dictionaries(tokens, st.lists(tokens, unique=True, min_size=1), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rankings=rankings, tag=tokens)
def test_what_is_written_is_read(tmp_path: Path, rankings: dict[str, list[str]], tag: str) -> None:
    path = tmp_path / "a.run"
    write_run(path, TrecRun(tag, rankings))
    assert read_run(path) == TrecRun(tag, rankings)


def test_the_score_makes_the_order_and_the_rank_breaks_ties(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    path.write_text("1 Q0 c 1 1e-3 x\n1 Q0 b 3 2.5 x\n\n1\tQ0\ta\t2\t2.5\tx\n2 Q0 z 0 -4 x\n")
    assert read_run(path) == TrecRun("x", {"1": ["a", "b", "c"], "2": ["z"]})


def test_other_tools_read_the_same_order(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.run"
    ranking = [f"p{number}" for number in range(20)]
    qrels = {"1": {"p3": 3, "p7": 1, "p19": 2}}
    write_run(path, TrecRun("x", {"1": ranking}))
    theirs = ir_measures.calc_aggregate(
        [ir_measures.nDCG(gains={0: 0, 1: 1, 2: 3, 3: 7}) @ 10],
        qrels,
        ir_measures.read_trec_run(str(path)),
    )
    assert list(theirs.values()) == [pytest.approx(Measure("nDCG", 10).of(ranking, qrels["1"]))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 Q0 a 1 2.5\n", r"a\.run:1: '1 Q0 a 1 2\.5'; expected query id, Q0"),
        ("1 Q0 a b 1 2.5 x\n", r"a\.run:1: "),
        ("1 Q0 a one 2.5 x\n", r"a\.run:1: "),
        ("1 Q0 a 1 nan x\n", r"a\.run:1: score 'nan'"),
        ("1 Q0 a 1 2 x\n1 Q0 a 2 1 x\n", r"a\.run:2: product 'a' is ranked twice"),
        ("1 Q0 a 1 2 x\n1 Q0 b 2 1 y\n", r"a\.run: 2 tags"),
        ("", r"a\.run: 0 tags"),
    ],
)
def test_a_malformed_run_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.run").write_text(content)
    with pytest.raises(RunFileError, match=message):
        read_run(tmp_path / "a.run")


def test_an_absent_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"a\.run: cannot be read"):
        read_run(tmp_path / "a.run")


@pytest.mark.parametrize(
    "run", [TrecRun("x", {"1": ["a b"]}), TrecRun("x y", {"1": ["a"]}), TrecRun("x", {"": ["a"]})]
)
def test_white_space_in_a_name_would_break_the_columns(tmp_path: Path, run: TrecRun) -> None:
    with pytest.raises(RunFileError, match="no white space"):
        write_run(tmp_path / "a.run", run)
    assert not list(tmp_path.iterdir())
