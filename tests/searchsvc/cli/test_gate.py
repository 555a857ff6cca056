"""A reindex whose settings name a gate, from the command line to what is published."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from indexer import snapshot as snapshots
from indexer.columns import Columns
from indexer.manifest import MANIFEST_FILE
from indexer.snapshot import open_snapshot, verify
from indexer.storage import StringTable
from searchsvc.cli import gate as gate_module
from searchsvc.cli.main import app
from searchsvc.policy import RankingPolicy, ranking_settings
from tests.manifests import alter_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.layout import IndexLayout

COLOURS = ("red", "blue", "green", "black", "white")
THINGS = ("shoe", "hat", "coat", "glove", "scarf", "belt")
RECORDS = [
    {"id": f"p{number}", "title": f"{colour} {thing}", "description": f"A {thing}."}
    for number, (colour, thing) in enumerate(product(COLOURS, THINGS))
]
BOUNDS = [
    {"measure": "nDCG@10", "max_drop": 0.01},
    {"measure": "nDCG@10", "min": 0.6},
    {"measure": "zero_result_rate", "max": 0.02},
]


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def judgments(layout: IndexLayout) -> Path:
    """Each product is what its own title asks for."""
    directory = layout.root / "judgments" / "shop"
    directory.mkdir(parents=True)
    queries = [{"id": r["id"], "text": r["title"]} for r in RECORDS]
    (directory / "queries.jsonl").write_bytes(b"\n".join(orjson.dumps(q) for q in queries))
    (directory / "qrels.tsv").write_text("".join(f"{r['id']}\t{r['id']}\t3\n" for r in RECORDS))
    return directory


def settings_file(bounds: list[dict[str, Any]] | None = None) -> str:
    gate = {"judgments": "judgments/shop", "bounds": bounds or BOUNDS}
    Path("settings.json").write_bytes(orjson.dumps({"gate": gate}))
    return "settings.json"


def reindex(records: Iterable[Mapping[str, Any]], *arguments: str, code: int = 0) -> Result:
    Path("feed.jsonl").write_bytes(b"\n".join(orjson.dumps(record) for record in records))
    command = ["reindex", "feed.jsonl", "--index", "shop", *arguments]
    if "--model" not in arguments and not Path("data/shop/CURRENT").exists():
        command += ["--model", "hashing-64"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def published(*arguments: str) -> Result:
    return reindex(RECORDS, "--settings", settings_file(), *arguments)


def damaged() -> list[dict[str, Any]]:
    """The feed with every text on a wrong product, as a broken export has it."""
    texts = [(record["title"], record["description"]) for record in RECORDS]
    texts = texts[7:] + texts[:7]
    return [
        {**record, "title": title, "description": description}
        for record, (title, description) in zip(RECORDS, texts, strict=True)
    ]


def report_of(layout: IndexLayout, name: str) -> Any:
    return json.loads((layout.reports_dir / f"{name}.json").read_bytes())


@pytest.mark.usefixtures("judgments")
def test_a_first_build_has_nothing_to_be_compared_with_and_says_so(layout: IndexLayout) -> None:
    shown = published().stdout
    assert "gate: asked 30 of 30 judged queries" in shown
    assert "nDCG@10 1.0000" in shown
    assert "not compared: nothing is published yet" in shown
    gate = report_of(layout, layout.require_current())["gate"]
    assert (gate["passed"], gate["published"]) == (True, None)
    skipped = {bound["limit"]: bound["skipped"] for bound in gate["bounds"]}
    assert skipped == {"max_drop": "nothing is published yet", "min": "", "max": ""}


@pytest.mark.usefixtures("judgments")
def test_a_feed_with_damaged_texts_is_refused_and_the_old_catalogue_stays(
    layout: IndexLayout,
) -> None:
    published()
    before = layout.require_current()
    error = reindex(damaged(), code=1).stderr
    assert "does not pass the gate of index 'shop'" in error
    assert "from the published 1.0000; max_drop is 0.01" in error
    assert "expected at least 0.6" in error
    assert "zero_result_rate is" not in error
    assert "queries lost by nDCG@10, most of all" in error
    assert "1.0000 -> 0.0000" in error
    assert "--force" in error
    assert layout.generations() == [before] == [layout.require_current()]
    figures = report_of(layout, "refused.gate")
    assert not figures["passed"]
    assert len(figures["queries"]) == 30
    assert figures["published"]["generation"] == before
    old, new = figures["queries"]["p0"]["nDCG@10"]
    assert (old, new < 1) == (1.0, True)


@pytest.mark.usefixtures("judgments")
def test_a_refusal_is_json_with_every_figure(layout: IndexLayout) -> None:
    published()
    result = reindex(damaged(), "--json", code=1)
    assert result.stderr == ""
    answer = json.loads(result.stdout)
    assert answer["error"] == "GateRefusedError"
    assert answer["report"]["candidate"]["figures"]["nDCG@10"] < 0.6
    assert answer["report"]["published"]["figures"]["nDCG@10"] == 1.0
    assert answer["report"]["compared_queries"] == 30
    assert str(layout.reports_dir / "refused.gate.json") in answer["message"]


@pytest.mark.usefixtures("judgments")
def test_force_publishes_a_refused_build_and_records_it(layout: IndexLayout) -> None:
    published()
    before = layout.require_current()
    shown = reindex(damaged(), "--force").stdout
    assert "forced: nDCG@10 is" in shown
    assert layout.require_current() != before
    report = report_of(layout, layout.require_current())
    assert len(report["forced"]) == 2
    assert not report["gate"]["passed"]


@pytest.mark.usefixtures("judgments")
def test_settings_with_their_gate_are_kept_for_the_next_reindex(layout: IndexLayout) -> None:
    published()
    shown = reindex([*RECORDS, {"id": "new", "title": "yellow umbrella"}]).stdout
    assert "nDCG@10 1.0000, published 1.0000" in shown
    assert open_snapshot(layout).manifest.settings.gate is not None


@pytest.mark.usefixtures("judgments")
def test_products_that_are_gone_are_no_drop_but_are_counted(layout: IndexLayout) -> None:
    published()
    shown = reindex(RECORDS[3:]).stdout
    assert "gate: asked 27 of 30 judged queries; 3 of 30 relevant judgments name" in shown
    gate = report_of(layout, layout.require_current())["gate"]
    assert gate["compared_queries"] == 27
    assert gate["candidate"]["excluded"] == ["p0", "p1", "p2"]


@pytest.mark.usefixtures("judgments")
def test_too_few_queries_with_products_in_both_refuse_with_both_counts(
    layout: IndexLayout,
) -> None:
    published()
    before = layout.require_current()
    strangers = [{"id": f"x{n}", "title": f"lamp {n}"} for n in range(30)]
    reindex([*RECORDS[15:], *strangers])  # exactly half
    half = [*RECORDS[23:], *strangers]
    error = reindex(half, code=1).stderr
    assert "only 7 of the 15 judged queries that the published generation can answer" in error
    assert "expected at least 50%" in error
    figures = report_of(layout, "refused.gate")
    assert (figures["passed"], figures["compared_queries"]) == (False, 7)
    assert figures["comparable_queries"] == 15
    assert layout.require_current() != before
    assert "forced: only 7 of the 15" in reindex(half, "--force").stdout


@pytest.mark.usefixtures("judgments")
def test_the_figures_say_how_the_answers_were_ranked(
    layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCHSVC_MIN_COVERAGE", "0.7")
    layout.ranking_file.write_text('{"window": 77}')
    layout.synonyms_file.write_text('{"sets": [["hat", "cap"]]}')
    published()
    gate = report_of(layout, layout.require_current())["gate"]
    assert set(gate["ranking"]) == set(ranking_settings())
    expected = {"min_coverage": 0.7, "window": 77, "fusion": "weighted", "rerank": True}
    assert expected.items() <= gate["ranking"].items()
    assert (gate["synonym_rules"], gate["ranker"]) == (2, False)


@pytest.mark.usefixtures("judgments")
def test_both_generations_are_asked_by_the_same_ranking_whoever_changes_it_meanwhile(
    layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    published()
    real = gate_module.evaluate_snapshot
    windows = []

    def edited(snapshot: Any, embedder: Any, policy: RankingPolicy, *rest: Any) -> Any:
        windows.append(policy.window)
        layout.ranking_file.write_text('{"window": 77}')
        return real(snapshot, embedder, policy, *rest)

    monkeypatch.setattr(gate_module, "evaluate_snapshot", edited)
    reindex([*RECORDS, {"id": "new", "title": "yellow umbrella"}])
    assert windows == [500, 500]


@pytest.mark.usefixtures("judgments")
def test_the_share_that_is_gone_can_be_bounded() -> None:
    settings = settings_file([{"measure": "gone_rate", "max": 0.05}])
    reindex(RECORDS, "--settings", settings)
    assert "gone_rate is 0.1000, expected at most 0.05" in reindex(RECORDS[3:], code=1).stderr


def test_absent_judgments_refuse_before_the_build_and_force_overrides(
    layout: IndexLayout,
) -> None:
    settings = settings_file()
    error = reindex(RECORDS, "--settings", settings, code=1).stderr
    assert "cannot be evaluated" in error
    assert "queries.jsonl: no such file" in error
    assert "analysing products" not in error
    assert layout.current() is None
    shown = reindex(RECORDS, "--settings", settings, "--force").stdout
    assert "forced: the gate cannot be evaluated" in shown


@pytest.mark.parametrize(
    ("qrels", "message"),
    [("p0\tp0\n", "2 tab-separated columns"), ("", "judges no product")],
)
def test_malformed_judgments_refuse(judgments: Path, qrels: str, message: str) -> None:
    (judgments / "qrels.tsv").write_text(qrels)
    assert message in reindex(RECORDS, "--settings", settings_file(), code=1).stderr


@pytest.mark.usefixtures("judgments")
def test_an_unknown_measure_refuses() -> None:
    settings = settings_file([{"measure": "nDGC@10", "min": 0.5}])
    assert "unknown measure 'nDGC'" in reindex(RECORDS, "--settings", settings, code=1).stderr


def test_judgments_of_other_products_refuse(judgments: Path, layout: IndexLayout) -> None:
    (judgments / "qrels.tsv").write_text("p0\tnot-ours\t3\n")
    error = reindex(RECORDS, "--settings", settings_file(), code=1).stderr
    assert "none of 30 judged queries has a relevant product" in error
    assert layout.current() is None


@pytest.mark.usefixtures("judgments")
def test_a_published_generation_of_another_format_is_not_compared(layout: IndexLayout) -> None:
    published()
    path = layout.generation_dir(layout.require_current()) / MANIFEST_FILE
    manifest = json.loads(path.read_bytes())
    path.write_bytes(orjson.dumps({**manifest, "format_version": 99}))
    arguments = ("--settings", settings_file(), "--model", "hashing-64")
    error = reindex(damaged(), *arguments, code=1).stderr
    assert "expected at least 0.6" in error
    assert "max_drop 0.01 was not looked at" in error
    reindex(RECORDS, *arguments)
    gate = report_of(layout, layout.require_current())["gate"]
    assert "has format 99" in gate["warnings"][0]


@pytest.mark.usefixtures("judgments")
def test_the_gate_of_another_format_still_holds(layout: IndexLayout) -> None:
    published()
    path = layout.generation_dir(layout.require_current()) / MANIFEST_FILE
    manifest = json.loads(path.read_bytes())
    path.write_bytes(orjson.dumps({**manifest, "format_version": 99}))
    assert "expected at least 0.6" in reindex(damaged(), code=1).stderr
    reindex(RECORDS)
    assert report_of(layout, layout.require_current())["gate"]["passed"]


@pytest.mark.usefixtures("judgments")
def test_lost_settings_are_not_replaced_by_defaults_without_a_gate(layout: IndexLayout) -> None:
    published()
    current = layout.require_current()
    (layout.generation_dir(current) / MANIFEST_FILE).write_text("{")
    error = reindex(RECORDS, code=2).stderr
    assert f"index 'shop' are lost: generation {current}" in error
    assert "Give the settings again by --settings" in error
    assert layout.current() == current
    arguments = ("--settings", settings_file(), "--model", "hashing-64")
    assert "are lost" in reindex(RECORDS, *arguments).stderr
    assert layout.current() != current


@pytest.mark.usefixtures("judgments")
def test_a_published_generation_that_no_library_can_read_is_not_compared(
    layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    published()
    before = layout.generation_dir(layout.require_current())
    original = snapshots.Columns

    def unreadable(path: Path, ids: StringTable) -> Columns:
        if path.parent == before:
            raise RuntimeError("whatever a library says")
        return original(path, ids)

    monkeypatch.setattr(snapshots, "Columns", unreadable)
    reindex([*RECORDS, {"id": "new", "title": "yellow umbrella"}])
    gate = report_of(layout, layout.require_current())["gate"]
    assert gate["warnings"][0].startswith(
        f"not compared: generation {before.name} cannot be opened (RuntimeError). Go back"
    )


@pytest.mark.usefixtures("judgments")
def test_a_new_model_is_compared_with_the_old_one_if_that_is_there(layout: IndexLayout) -> None:
    published()
    reindex(RECORDS, "--model", "hashing-32")
    gate = report_of(layout, layout.require_current())["gate"]
    assert gate["published"]["figures"]["nDCG@10"] == 1.0


@pytest.mark.usefixtures("judgments")
def test_a_published_generation_without_its_model_refuses(layout: IndexLayout) -> None:
    published()

    def without_model(text: str) -> str:
        manifest = json.loads(text)
        manifest["embedder"].update(name="lost", fingerprint="0" * 64)
        return json.dumps(manifest)

    alter_manifest(layout, without_model)
    error = reindex(damaged(), "--model", "hashing-64", code=1).stderr
    assert "only answered in part" in error
    assert "'lost' is not available" in error


@pytest.mark.usefixtures("judgments")
def test_the_gate_asks_with_the_ranking_of_the_index(layout: IndexLayout) -> None:
    # Nothing matches by meaning alone, so that a word that no title has finds nothing.
    (layout.root / "ranking.json").write_text('{"min_cosine": 1.0}')
    records = [{**record, "title": "x"} for record in RECORDS]
    settings = settings_file([{"measure": "zero_result_rate", "max": 0.0}])
    without_words = [{**record, "description": ""} for record in records]
    error = reindex(without_words, "--settings", settings, code=1).stderr
    assert "zero_result_rate is 1.0000" in error
    (layout.root / "ranking.json").write_text('{"min_cosine": ')
    assert "ranking.json" in reindex(records, "--settings", settings, code=1).stderr


def open_files(directory: Path) -> list[str]:
    """What this process has open or mapped of `directory`, whether it still exists or not."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not list its open files")
    gc.collect()  # the traceback of a refusal holds what the build had open
    maps = Path("/proc/self/maps").read_text().splitlines()
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [name for name in (*maps, *links) if str(directory) in name]


@pytest.mark.usefixtures("judgments")
def test_the_gate_leaves_no_file_open(layout: IndexLayout) -> None:
    published()
    for number in range(3):
        reindex([*RECORDS, {"id": "new", "title": f"umbrella {number}"}])
        reindex(damaged(), code=1)
    assert open_files(layout.root) == []
    kept = open_snapshot(layout)
    assert open_files(layout.root)
    assert kept.products.id(0) == "new"


_CHILD = """
import sys
from searchsvc.cli import gate
from searchsvc.cli.main import app

real = gate.evaluate_snapshot

def slow(snapshot, embedder, policy, judgments, measures, advance):
    def tell(amount):
        print("asked", snapshot.generation, flush=True)
        advance(amount)
        sys.stdin.readline()
    return real(snapshot, embedder, policy, judgments, measures, tell)

gate.evaluate_snapshot = slow
app(["reindex", "feed.jsonl", "--index", "shop", "--json"])
"""


@pytest.mark.usefixtures("judgments")
def test_kill_nine_in_the_middle_of_the_evaluation_changes_nothing(layout: IndexLayout) -> None:
    published()
    before = layout.require_current()
    files = {path: path.read_bytes() for path in layout.root.glob("*.json")}
    Path("feed.jsonl").write_bytes(b"\n".join(orjson.dumps(record) for record in RECORDS[1:]))
    for asked in (1, 35):  # while the new generation is asked, and while the published one is
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdin
        assert child.stdout
        with child.stdin, child.stdout:
            child.stdin.write(b"\n" * (asked - 1))
            child.stdin.flush()
            lines = [child.stdout.readline() for _ in range(asked)]
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert lines[-1].startswith(b"asked g0" if asked > 30 else b"asked the new")
        assert layout.generations() == [before] == [layout.require_current()]
        assert verify(layout, before) == []
        assert {path: path.read_bytes() for path in layout.root.glob("*.json")} == files
    reindex(RECORDS[1:])
    assert not list(layout.root.glob("staging-*"))
