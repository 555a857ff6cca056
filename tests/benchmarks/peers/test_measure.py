from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.cli import frame
from benchmarks.errors import BenchmarkError
from benchmarks.peers import known
from benchmarks.peers.exact import ExactPeer
from benchmarks.peers.known import open_peers
from benchmarks.peers.measure import Trial, in_blocks, measure_peers
from benchmarks.peers.protocol import DEPTH, PAGE, Built, Corpus, Look, Mode, Question, Range
from benchmarks.peers.table import peers_table
from indexer.embedding.hashing import HashingEmbedder


class Lazy:
    """Exact among as many products as its effort says, drawn once; fuses nothing with itself."""

    name = "lazy"
    remark = "looks at a part"

    def __init__(self, most: int) -> None:
        self.efforts: tuple[int, int] | None = (50, most)
        self.closed = False

    def build(self, directory: Path, corpus: Corpus) -> Built:
        (directory / "index").write_bytes(b"x" * 1_000)
        order = np.random.default_rng(7).permutation(len(corpus.vectors))

        def vector(question: Question, look: Look) -> Sequence[int]:
            seen = np.sort(order[: look.effort])
            mask = corpus.passing(look.within)
            seen = seen if mask is None else seen[mask[seen]]
            best = np.argsort(-(corpus.vectors[seen] @ question.vector))[:DEPTH]
            found: list[int] = seen[best].tolist()
            return found

        def hybrid(question: Question, look: Look) -> Sequence[int]:
            return vector(question, look)[:PAGE]

        return Built({Mode.VECTOR: vector, Mode.HYBRID: hybrid})

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def trial(corpus: Corpus, questions: list[Question]) -> Trial:
    return Trial(corpus, questions[:20], questions[20:], [(0.43, Range(100.0, 399.0))])


def test_peers_are_tuned_to_equal_recall_and_compared_with_the_first(
    trial: Trial, tmp_path: Path
) -> None:
    lazy, said = Lazy(600), []
    result = measure_peers(trial, [ExactPeer(), lazy], tmp_path, said.append)
    assert lazy.closed
    assert said == [
        "building exact, NumPy", "tuning exact, NumPy", "building lazy", "tuning lazy", "asking",
    ]  # fmt: skip
    rows = {(row["peer"], row["mode"]): row for row in result["rows"]}
    modes = ["vector", "hybrid", "vector, filter of 43%", "hybrid, filter of 43%"]
    assert [mode for peer, mode in rows if peer == "lazy"] == modes
    for mode in modes:
        row = rows["lazy", mode]
        assert 0.95 <= row["recall"] <= 1.0
        assert 500 < row["effort"] <= 600
        assert row["bytes"] == 1_000
        assert row["build_seconds"] >= 0
        assert row["median"] <= row["p95"] <= row["p99"]
    assert rows["exact, NumPy", "vector"]["ratio_to_ours"] == 1.0
    assert rows["exact, NumPy", "vector"]["recall"] == 1.0
    assert rows["exact, NumPy", "vector"]["effort"] is None
    assert rows["lazy", "vector"]["ratio_to_ours"] > 0
    assert rows["lazy", "hybrid"]["ratio_to_ours"] is None  # the first does not do it
    assert json.loads(json.dumps(result)) == result


def test_a_peer_that_does_not_reach_the_recall_tells_what_it_reaches(
    trial: Trial, tmp_path: Path
) -> None:
    result = measure_peers(trial, [Lazy(300)], tmp_path, lambda _: None)
    for row in result["rows"]:
        assert row["effort"] == 300
        assert 0.4 < row["recall"] < 0.6


def test_everybody_is_asked_every_question_in_turns_of_blocks(questions: list[Question]) -> None:
    asked: list[tuple[int, Question]] = []
    times = in_blocks(
        [lambda it: asked.append((0, it)), lambda it: asked.append((1, it))], questions
    )
    assert [len(taken) for taken in times] == [40, 40]
    turns = [who for who, _ in asked]
    assert turns == [0] * 26 + [1] * 26 + [0] * 16 + [1] * 16
    counted = [it for who, it in asked if who == 0]
    assert counted[1:26] + counted[27:] == questions


def test_the_table_has_ours_first_and_names_what_is_absent(trial: Trial, tmp_path: Path) -> None:
    result = measure_peers(trial, [ExactPeer(), Lazy(600)], tmp_path, lambda _: None)
    result["absent"] = {"mimosa": "No module named 'mimosa'"}
    lines = peers_table(result).splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("vector  "))
    assert lines[begin + 1].startswith("  exact, NumPy")
    assert lines[begin + 2].startswith("  lazy")
    assert "looks at a part" in lines[-2]
    assert lines[-1] == "  mimosa is not here: No module named 'mimosa'"


def test_absent_packages_are_named_and_unknown_peers_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(known.MODULES, "mimosa", ("mimosa_which_is_not_there", "Mimosa"))
    peers, absent = open_peers(["exact", "mimosa"])
    assert [peer.name for peer in peers] == ["exact, NumPy"]
    assert absent == {"mimosa": "No module named 'mimosa_which_is_not_there'"}
    with pytest.raises(BenchmarkError, match="'mimsa'; expected some of tantivy"):
        open_peers(["mimsa"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("peers")


def run(folder: Path, *more: object) -> tuple[dict[str, Any], str]:
    out = folder / "peers.json"
    arguments = ["peers", "--queries", 10, "--data-dir", folder, "--json", out, *more]
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
        done = CliRunner().invoke(command.app, [str(it) for it in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(out.read_text()), done.stdout


@pytest.mark.slow
def test_our_engine_is_asked_in_every_mode_beside_others(folder: Path) -> None:
    result, table = run(folder, "--products", 1_000, "--only", "exact")
    assert result["command"] == "peers"
    assert result["products"] == 1_000
    assert result["queries"] == 10
    ours = [row for row in result["rows"] if row["peer"] == "searchsvc"]
    kinds = [row["mode"].partition(",")[0] for row in ours]
    assert kinds == ["lexical", *["vector", "hybrid"] * 3]
    for row in ours:
        assert row["ratio_to_ours"] == 1.0
        assert row["recall"] is None or row["recall"] >= 0.95
        assert row["build_seconds"] > 0
        assert row["bytes"] > 1_000
    again, _ = run(folder, "--index", "latency-1000", "--only", "exact")
    assert [row["mode"] for row in again["rows"]] == [row["mode"] for row in result["rows"]]
    assert "exact, NumPy" in table


@pytest.mark.slow
def test_rank_bm25_is_asked_where_nothing_is_chosen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(known.MODULES) - {"exact"}:
        monkeypatch.delitem(known.MODULES, name)
    result, _ = run(folder, "--products", 1_000)
    assert {row["peer"] for row in result["rows"]} == {"searchsvc", "exact, NumPy", "rank-bm25"}
