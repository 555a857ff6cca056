from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.build.postings import TrialPostings
from indexer.build.progress import Silent
from indexer.lexical.clause import plain_clauses
from indexer.settings import IndexSettings, LexicalSettings
from indexer.snapshot import open_snapshot

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

RECORDS = [
    {"id": f"p{n}", "title": f"lamp {n} 60W", "brand": "Acme", "description": "lamp " * (n % 4)}
    for n in range(20)
]
OTHER = LexicalSettings(weights={"title": 1.0, "description": 9.0}, k1=0.5, b=0.1)


@pytest.mark.parametrize("settings", [OTHER, IndexSettings().lexical])
def test_trial_postings_are_those_that_a_build_writes(
    build: Build, layout: IndexLayout, settings: LexicalSettings
) -> None:
    build(RECORDS)
    trial = TrialPostings(open_snapshot(layout), Silent()).index(settings)
    build(RECORDS, settings=IndexSettings(lexical=settings))
    built = open_snapshot(layout).lexical
    for text in ("lamp", "acme", "60w lamp 7"):
        clauses = plain_clauses(open_snapshot(layout).analyzer.terms(text))
        found, expected = trial.match(clauses), built.match(clauses)
        np.testing.assert_array_equal(found.rows, expected.rows)
        np.testing.assert_array_equal(found.scores, expected.scores)


def test_nothing_is_left_on_the_disk(
    build: Build, layout: IndexLayout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(RECORDS)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    trial = TrialPostings(open_snapshot(layout), Silent()).index(OTHER)
    assert list(scratch.iterdir()) == []
    assert len(trial.match(plain_clauses(["lamp"]))) == 20
