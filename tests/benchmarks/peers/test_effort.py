from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers.effort import WANTED, Judge, least_effort
from benchmarks.peers.exact import ExactPeer
from benchmarks.peers.protocol import DEPTH, Corpus, Look, Mode, Question, Range


@given(least=st.integers(1, 500), more=st.integers(0, 5_000), enough=st.integers(1, 6_000))
def test_the_effort_is_the_least_that_is_enough_to_a_tenth(
    least: int, more: int, enough: int
) -> None:
    most = least + more
    asked = []

    def recall(effort: int) -> float:
        asked.append(effort)
        return 1.0 if effort >= enough else 0.5

    effort, found = least_effort((least, most), recall)
    assert found == recall(effort)
    assert least <= min(asked) <= max(asked) <= most
    if enough > most:
        assert (effort, found) == (most, 0.5)
    else:
        assert found >= WANTED
        assert effort <= max(least, enough + 1, enough * 1.1)


def test_recall_is_the_share_of_the_nearest_that_is_found(
    corpus: Corpus, questions: list[Question], tmp_path: Path
) -> None:
    exact = ExactPeer().build(tmp_path, corpus).ways[Mode.VECTOR]
    for within in (None, Range(100.0, 399.0), Range(100.0, 110.0)):
        judge = Judge(corpus, questions, within)
        assert judge.recall(exact, 0) == 1.0

        def half(question: Question, look: Look) -> list[int]:
            found = exact(question, look)
            return list(found[: len(found) // 2])

        passing = corpus.passing(within)
        depth = DEPTH if passing is None else min(DEPTH, int(np.count_nonzero(passing)))
        assert judge.recall(half, 0) == pytest.approx((depth // 2) / depth)


def test_what_a_filter_forbids_and_repetitions_do_not_count(
    corpus: Corpus, questions: list[Question], tmp_path: Path
) -> None:
    exact = ExactPeer().build(tmp_path, corpus).ways[Mode.VECTOR]
    judge = Judge(corpus, questions, Range(100.0, 399.0))
    assert judge.recall(lambda question, _: exact(question, Look()), 0) < 0.8
    assert judge.recall(lambda question, look: [exact(question, look)[0]] * DEPTH, 0) == 0.01


def test_a_copy_of_the_last_of_the_nearest_is_as_good(questions: list[Question]) -> None:
    vector = questions[0].vector
    corpus = Corpus([""] * 300, np.tile(vector, (300, 1)), np.zeros(300))
    judge = Judge(corpus, questions[:1], None)
    assert judge.recall(lambda _question, _look: range(200, 300), 0) == 1.0
