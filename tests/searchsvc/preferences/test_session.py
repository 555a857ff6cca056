"""Sessions: the middle of what was viewed, kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.preferences.session import Session

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

WORDS = ["red sofa", "blue sofa", "garden bench", "reading lamp", "wool rug", "oak desk"]
IDS = [f"p{n}" for n in range(len(WORDS))]
UNRELATED = 0.2


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build([{"id": name, "title": words} for name, words in zip(IDS, WORDS, strict=True)])
    return open_snapshot(layout)


def rows(snapshot: Snapshot) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(len(snapshot.products), dtype=np.int64)


@pytest.mark.parametrize("viewed", [[], ["gone"], ["gone", "", "p99"]])
def test_what_the_snapshot_does_not_have_is_no_session(
    snapshot: Snapshot, viewed: list[str]
) -> None:
    assert Session.of(viewed, snapshot, UNRELATED, 0.5) is None


def test_without_a_weight_there_is_none(snapshot: Snapshot) -> None:
    assert Session.of(IDS, snapshot, UNRELATED, 0.0) is None


def test_products_without_a_direction_are_no_session(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = np.zeros((1, len(snapshot.vectors.gather(rows(snapshot))[0])), np.float32)
    monkeypatch.setattr(type(snapshot.vectors), "gather", lambda _, __: nothing)
    assert Session.of(["p0"], snapshot, UNRELATED, 0.5) is None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from([*IDS, "gone", "x" * 500]), min_size=1, max_size=50),
    st.floats(0.01, 1),
    st.floats(-0.5, 0.999),
)
def test_the_vector_is_the_middle_of_what_was_viewed_the_latest_counting_most(
    snapshot: Snapshot, viewed: list[str], weight: float, unrelated: float
) -> None:
    session = Session.of(viewed, snapshot, unrelated, weight)
    known = [IDS.index(it) for it in viewed if it in IDS]
    if not known:
        assert session is None
        return
    assert session is not None
    vectors = snapshot.vectors.gather(rows(snapshot)).astype(np.float64)
    middle = np.sum([vectors[row] * 0.8**place for place, row in enumerate(known)], axis=0)
    expected = middle / np.linalg.norm(middle)
    np.testing.assert_allclose(session.vector, expected, atol=1e-5)
    assert np.linalg.norm(session.vector) == pytest.approx(1, abs=1e-5)
    found = session.shares(rows(snapshot))
    cosines = vectors @ expected
    share = np.clip((cosines - unrelated) / max(1 - unrelated, 1e-3), 0, 1) * weight
    np.testing.assert_allclose(found, share, atol=max(1e-3, 2e-5 / max(1 - unrelated, 1e-3)))
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= np.float32(weight))).all()


def test_what_was_viewed_gains_most_and_what_resembles_it_more_than_others(
    snapshot: Snapshot,
) -> None:
    session = Session.of(["p0"], snapshot, UNRELATED, 0.5)
    assert session is not None
    gained = dict(zip(IDS, session.shares(rows(snapshot)).tolist(), strict=True))
    assert gained["p0"] == pytest.approx(0.5, abs=1e-3)
    assert gained["p0"] > gained["p1"] > max(gained["p2"], gained["p3"])
