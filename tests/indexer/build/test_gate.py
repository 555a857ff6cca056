from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from indexer.build.gate import Verdict
from indexer.build.reindex import Recipe, ReindexOptions, reindex_by
from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import GateRefusedError, PublishError
from indexer.settings import GateBound, GateSettings, IndexSettings

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.build.gate import Gate
    from indexer.build.progress import Progress
    from indexer.build.report import BuildReport
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot

SETTINGS = IndexSettings(
    gate=GateSettings(judgments="judgments", bounds=(GateBound(measure="nDCG@10", min=0.5),))
)


class Scripted:
    """Says what it was told to say, and remembers what it was shown."""

    def __init__(self, *refusals: str, early: tuple[str, ...] = ()) -> None:
        self.verdict = Verdict(
            refusals, ("the worst: x",), {"passed": not refusals}, {"q1": {"nDCG@10": [1, 0]}}
        )
        self.early = early
        self.judged: list[int] = []
        self.seen: list[str] = []

    def precheck(self) -> tuple[str, ...]:
        return self.early

    def judge(self, candidate: Snapshot, progress: Progress) -> Verdict:
        progress.start("judging", 1)
        progress.advance(1)
        self.judged.append(len(candidate.products))
        self.seen.append(json.loads(candidate.products.json(0))["title"])
        return self.verdict


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed.jsonl"


def run(
    feed: Path,
    layout: IndexLayout,
    title: str,
    gate: Gate | None,
    *,
    force: bool = False,
    settings: IndexSettings = SETTINGS,
) -> BuildReport:
    records = [{"id": f"p{number}", "title": title} for number in range(3)]
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    recipe = Recipe(settings, HashingEmbedder(8), gate)
    return reindex_by(str(feed), layout, lambda: recipe, ReindexOptions(force=force))


def report_of(layout: IndexLayout, name: str) -> Any:
    return orjson.loads((layout.reports_dir / f"{name}.json").read_bytes())


def test_a_gate_sees_the_finished_build_before_it_is_published(
    feed: Path, layout: IndexLayout
) -> None:
    gate = Scripted()
    report = run(feed, layout, "red shoe", gate)
    assert (gate.judged, gate.seen) == ([3], ["red shoe"])
    assert report.gate == {"passed": True}
    assert "judging" in report.seconds
    assert report_of(layout, report.generation)["gate"] == {"passed": True}
    kept = report_of(layout, f"{report.generation}.gate")
    assert kept == {"refusals": [], "passed": True, "queries": {"q1": {"nDCG@10": [1, 0]}}}


def test_a_refusal_leaves_everything_as_it_was_and_keeps_the_figures(
    feed: Path, layout: IndexLayout
) -> None:
    published = run(feed, layout, "red shoe", Scripted()).generation
    source = layout.source_file.read_bytes()
    with pytest.raises(GateRefusedError, match="bad one\n  bad two\nthe worst: x\n") as caught:
        run(feed, layout, "blue hat", Scripted("bad one", "bad two"))
    assert isinstance(caught.value, PublishError)
    assert "refused.gate.json" in str(caught.value)
    assert caught.value.report == {"passed": False}
    assert layout.generations() == [published]
    assert layout.require_current() == published
    assert layout.source_file.read_bytes() == source
    assert not list(layout.root.glob("staging-*"))
    assert report_of(layout, "refused.gate")["refusals"] == ["bad one", "bad two"]
    run(feed, layout, "blue hat", Scripted())
    assert not list(layout.reports_dir.glob("refused.*"))


def test_force_publishes_what_is_refused_and_says_why_it_would_not_have(
    feed: Path, layout: IndexLayout
) -> None:
    report = run(feed, layout, "red shoe", Scripted("bad", early=("early",)), force=True)
    assert report.forced == ("bad",)
    assert layout.require_current() == report.generation
    assert report_of(layout, report.generation)["forced"] == ["bad"]


def test_what_is_certain_to_be_refused_is_refused_before_the_build(
    feed: Path, layout: IndexLayout
) -> None:
    gate = Scripted(early=("no judgments",))
    with pytest.raises(GateRefusedError, match=r"'shop' cannot be evaluated: no judgments\."):
        run(feed, layout, "red shoe", gate)
    assert gate.judged == []
    assert layout.current() is None


def test_a_gate_without_anything_to_evaluate_it_is_refused(
    feed: Path, layout: IndexLayout
) -> None:
    with pytest.raises(GateRefusedError, match=r"Recipe.gate"):
        run(feed, layout, "red shoe", None)
    report = run(feed, layout, "red shoe", None, force=True)
    assert "Recipe.gate" in report.forced[0]


def test_settings_without_a_gate_ask_none(feed: Path, layout: IndexLayout) -> None:
    gate = Scripted("never")
    report = run(feed, layout, "red shoe", gate, settings=IndexSettings())
    assert (gate.judged, report.gate) == ([], {})


def test_the_published_index_again_is_not_judged_again(feed: Path, layout: IndexLayout) -> None:
    first = run(feed, layout, "red shoe", Scripted())
    gate = Scripted("never")
    again = run(feed, layout, "red shoe", gate)
    assert (again.unchanged, again.generation) == (True, first.generation)
    assert gate.judged == []


def test_a_pruned_generation_takes_its_figures_along(feed: Path, layout: IndexLayout) -> None:
    first = run(feed, layout, "red shoe", Scripted()).generation
    for title in ("a", "b", "c"):
        run(feed, layout, title, Scripted())
    assert not list(layout.reports_dir.glob(f"{first}.*"))
    assert len(list(layout.reports_dir.glob("*.gate.json"))) == 3
