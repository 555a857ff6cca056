"""Readers: searching while the index is rebuilt and swapped."""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from benchmarks import readers as readers_module
from benchmarks.__main__ import app
from benchmarks.cli import building
from benchmarks.errors import BenchmarkError
from benchmarks.readers import (
    QUIET,
    REINDEX,
    SWAP,
    SWAP_SECONDS,
    Load,
    Plan,
    Samples,
    measure_readers,
    readers_table,
    two_versions,
)
from indexer.embedding.hashing import HashingEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_the_later_version_has_other_prices_and_a_few_other_titles(tmp_path: Path) -> None:
    versions = two_versions(300, tmp_path)
    assert two_versions(300, tmp_path) == versions
    old, new = (
        [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        for path in versions
    )
    assert [it["id"] for it in old] == [it["id"] for it in new]
    assert sum(a["title"] != b["title"] for a, b in zip(old, new, strict=True)) == 3
    assert all(a["price"] != b["price"] for a, b in zip(old, new, strict=True))
    assert all(a["description"] == b["description"] for a, b in zip(old, new, strict=True))


def test_requests_are_parted_by_the_moment_of_the_publication() -> None:
    samples = {name: Samples() for name in (QUIET, REINDEX, SWAP)}
    meanwhile = Samples([1.0, 9.9, 10.0, 10.0 + SWAP_SECONDS], [5.0, 6.0, 7.0, 8.0], failed=1)
    readers_module._split(meanwhile, 10.0, samples)  # noqa: SLF001 - what the figures rest on
    assert samples[REINDEX] == Samples([1.0, 9.9], [5.0, 6.0], failed=1)
    assert samples[SWAP] == Samples([10.0], [7.0])
    assert samples[QUIET] == Samples()


class _Process:
    def __init__(self, code: int, output: str) -> None:
        self.returncode = code
        self._output = output

    def poll(self) -> int:
        return self.returncode

    def communicate(self) -> tuple[str, None]:
        return self._output, None


@pytest.mark.parametrize(
    ("process", "why"),
    [
        (_Process(1, "no space left"), "failed: no space left"),
        (_Process(0, '{"unchanged": true}'), "changed nothing"),
    ],
)
def test_a_reindex_that_swaps_nothing_is_no_measurement(process: Any, why: str) -> None:
    load = Load(1, "shop", ["shoe"], 10)
    with pytest.raises(BenchmarkError, match=why):
        readers_module._search_while(load, process)  # noqa: SLF001 - needs no service


@pytest.mark.slow
def test_searches_go_on_while_the_index_is_rebuilt_and_swapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers_module, "_QUERIES", 100)
    monkeypatch.setattr(readers_module, "SWAP_SECONDS", 1.5)
    plan = Plan(rate=40, quiet_seconds=0.6, rounds=1, workers=1)
    result = measure_readers(1_000, plan, tmp_path, HashingEmbedder(64))
    assert result["failed"] == 0
    figures = result["milliseconds"]
    assert figures[QUIET]["requests"] == 24
    assert min(figures[name]["requests"] for name in (REINDEX, SWAP)) > 0
    assert set(result["p99_ratio"]) == {REINDEX, SWAP}
    assert len(result["reindex_seconds"]) == 1
    table = readers_table(json.loads(json.dumps(result)))
    assert table.startswith("1,000 products, 40 requests/s to 1 workers; 1 reindexes")
    assert [line.split()[0] for line in table.splitlines()[2:]] == [QUIET, REINDEX, SWAP]


def test_the_command_measures_as_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    @contextmanager
    def place(data_dir: Path) -> Iterator[tuple[Path, None]]:
        yield data_dir, None

    def measure(products: int, plan: Plan, *_: object) -> dict[str, int]:
        plans.append(plan)
        return {"products": products}

    monkeypatch.setattr(building, "workplace", place)
    monkeypatch.setattr(building, "measure_readers", measure)
    monkeypatch.setattr(building, "readers_table", str)
    options = ["--products", "5000", "--rate", "30", "--rounds", "1", "--nice", "0"]
    result = CliRunner().invoke(app, ["readers", *options, "--data-dir", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "{'products': 5000}\n")
    assert plans == [Plan(rate=30.0, rounds=1, nice=0)]
