"""The speed of builds, measured in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.build_speed import build_table, measure_build
from benchmarks.catalogue.cli import generate
from benchmarks.errors import BenchmarkError


@pytest.mark.slow
def test_each_size_is_built_from_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    generate(tmp_path / "catalogue-60.jsonl.gz", products=60)
    result = measure_build((60, 120), tmp_path, tmp_path / "models", "hashing-32")
    small, large = result["builds"]
    assert (small["products"], large["products"]) == (60, 120)
    assert "analysing products" in small["seconds"]
    for row in (small, large):
        assert row["total_seconds"] >= row["without_embedding_seconds"] > 0
        assert 20e6 < row["peak_bytes"] < 4e9
        assert row["index_bytes"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "catalogue-120.jsonl.gz",
        "catalogue-60.jsonl.gz",
    ]
    table = build_table(json.loads(json.dumps(result)))
    assert "builds with hashing-32" in table
    assert "peak memory, MB" in table


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    generate(tmp_path / "catalogue-20.jsonl.gz", products=20)
    with pytest.raises(
        BenchmarkError, match=r"catalogue-20\.jsonl\.gz failed: \{[^}]*no-such-model"
    ):
        measure_build((20,), tmp_path, tmp_path / "models", "no-such-model")
