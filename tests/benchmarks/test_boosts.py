from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.boosts import KNOWN, NOBODY, SEGMENTED, boosts_table, measure_boosts
from benchmarks.cli import frame
from benchmarks.crowd import BOOSTS, SEGMENTS, draw_events, draw_segments
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.mask import row_mask
from searchsvc.segments.compiler import check_segments

EMBEDDER = HashingEmbedder(64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("boosts")


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    return measure_boosts(1_000, 10, folder, EMBEDDER, RankingPolicy())


@pytest.fixture(scope="module")
def snapshot(result: dict[str, Any], folder: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(folder, f"latency-{result['products']}"))


def test_all_boosts_are_in_force_for_who_is_segmented(result: dict[str, Any]) -> None:
    assert (result["segments"], result["boosts"]) == (SEGMENTS, BOOSTS) == (20, 200)
    assert result["boosts_in_force"] == BOOSTS


def test_what_is_added_and_what_comes_before_the_search_are_told_for_each(
    result: dict[str, Any],
) -> None:
    rows = result["milliseconds"]
    assert set(rows) == {
        NOBODY,
        *(f"added: {name}" for name in (SEGMENTED, KNOWN)),
        *(f"before the search: {name}" for name in (NOBODY, SEGMENTED, KNOWN)),
    }
    assert rows[NOBODY]["median"] > 0


def test_every_boost_is_about_some_product(snapshot: Snapshot) -> None:
    segments = check_segments(draw_segments(snapshot, np.random.default_rng(3)), snapshot)
    for rule in segments.rules:
        assert row_mask(rule.condition, snapshot.columns, len(snapshot.products)).any()


def test_the_events_are_by_user_and_then_by_time(snapshot: Snapshot) -> None:
    events = draw_events(snapshot, np.random.default_rng(3))
    order = np.lexsort((events.times_ms, events.users))
    assert order.tolist() == list(range(len(order)))
    assert list(events.product_ids) == sorted(events.product_ids)
    assert events.users.max() < len(events.user_keys)


def test_the_command_prints_what_it_writes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: EMBEDDER)
    out = tmp_path / "out.json"
    arguments = ["boosts", "--products", 1_000, "--queries", 10, "--json", out]
    done = CliRunner().invoke(command.app, [str(it) for it in (*arguments, "--data-dir", folder)])
    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text())
    assert boosts_table(written) == done.stdout.rstrip("\n")
    assert "200 of 200 boosts in force" in done.stdout
    assert all(name in done.stdout for name in written["milliseconds"])
