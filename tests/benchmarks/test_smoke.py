from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.cli import frame
from benchmarks.suite import steps
from indexer.embedding.hashing import HashingEmbedder


@pytest.mark.slow
def test_every_benchmark_of_speed_runs_and_is_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    arguments = ["suite", "--quick", "--products", "1000", "--out", str(tmp_path)]
    done = CliRunner().invoke(command.app, arguments)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "speed.html").read_text("utf-8")
    for step in steps(1_000, tmp_path, quick=True):
        assert json.loads(step.json_file.read_text("utf-8"))
        assert f">{step.name}</a>" in page
