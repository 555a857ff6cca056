from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import processes
from benchmarks.cli import frame
from benchmarks.errors import BenchmarkError
from benchmarks.memory import memory_table
from benchmarks.processes import Memory, family
from indexer.embedding.hashing import HashingEmbedder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    folder = tmp_path_factory.mktemp("memory")
    out = folder / "out.json"
    arguments = ["memory", "--products", 2_000, "--queries", 10, "--data-dir", folder]
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
        run = CliRunner().invoke(command.app, [str(it) for it in (*arguments, "--json", out)])
        again = CliRunner().invoke(
            command.app,
            [str(it) for it in (*arguments, "--index", "latency-2000")],
        )
    assert run.exit_code == 0, run.output
    assert again.exit_code == 0, again.output
    return json.loads(out.read_text()), run.stdout


def test_every_file_of_the_index_is_counted(done: tuple[dict[str, Any], str]) -> None:
    result, _ = done
    per_product = result["bytes_per_product_by_file"]
    assert sum(per_product.values()) == pytest.approx(result["bytes_per_product"], abs=1)
    assert per_product["products.bin"] == result["text_bytes_per_product"] > 100
    for row in result["services"]:
        assert set(row["resident_files"]) <= set(per_product)
        for name, resident in row["resident_files"].items():
            assert resident <= result["bytes"][name] + os.sysconf("SC_PAGE_SIZE")


def test_two_workers_are_more_processes_which_share_their_files(
    done: tuple[dict[str, Any], str],
) -> None:
    one, two = done[0]["services"]
    assert len(two["processes"]) > len(one["processes"])
    for row in (one, two):
        for process in row["processes"]:
            assert process["private"] + process["shared"] == pytest.approx(
                process["rss"], rel=0.01
            )
            assert process["pss"] <= process["rss"]


def test_the_table_shows_what_the_file_says(done: tuple[dict[str, Any], str]) -> None:
    result, printed = done
    assert memory_table(result) == printed.rstrip("\n")
    assert "2,000 products, vectors by hashing-64" in printed
    assert all(name in printed for name in result["bytes"])


def test_a_mapped_file_is_counted_where_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    size = 1 << 22
    path.write_bytes(b"x" * size)
    mapped = np.memmap(path, np.uint8, mode="r")
    assert mapped[::1024].sum()
    memory = Memory.of(os.getpid())
    assert memory.files[path] == size
    assert memory.anonymous <= memory.rss
    assert memory.to_dict()["rss"] == memory.rss


def test_a_family_is_a_process_and_all_below_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in family(os.getpid())
        assert family(child.pid) == [child.pid]
        child.communicate(b"\n")
    assert child.pid not in family(os.getpid())


def test_a_process_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    with pytest.raises(BenchmarkError, match="process 7 cannot be read"):
        Memory.of(7)
