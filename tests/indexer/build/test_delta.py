from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from indexer.build.delta import LARGEST_DRIFT, DeltaOptions, apply_delta
from indexer.build.gate import Verdict
from indexer.build.reindex import Recipe, ReindexOptions, compact, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import (
    FeedRefusedError,
    FeedTruncatedError,
    GateRefusedError,
    ModelMismatchError,
    SnapshotMissingError,
)
from indexer.feeds.change import Operation
from indexer.layout import IndexLayout
from indexer.publish import rollback
from indexer.settings import GateBound, GateSettings, IndexSettings, VectorSettings
from indexer.snapshot import open_snapshot, verify
from searchsvc.cli.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.build.deltareport import DeltaReport
    from indexer.build.progress import Progress
    from indexer.snapshot import Snapshot
    from tests.conftest import Build

EMBEDDER = HashingEmbedder(64)
PRODUCTS = [{"id": f"p{n:02}", "title": f"red shoe {n}", "price": "5 EUR"} for n in range(20)]
GATE = GateSettings(judgments="judged", bounds=(GateBound(measure="nDCG@10", min=0.1),))
ROOT = Path(__file__).parents[3]


class Refuses:
    """A gate that lets nothing pass."""

    def __init__(self) -> None:
        self.judged = 0

    def precheck(self) -> tuple[str, ...]:
        return ()

    def judge(self, candidate: Snapshot, progress: Progress) -> Verdict:
        progress.start("judging", None)
        assert len(candidate.products)
        self.judged += 1
        return Verdict(("it is worse",), report={"nDCG@10": 0.0})


def no_recipe() -> Recipe:
    raise AssertionError("neither model nor gate is needed")


def recipe() -> Recipe:
    return Recipe(IndexSettings(), EMBEDDER)


def change(layout: IndexLayout, *records: Any, **options: Any) -> DeltaReport:
    return apply_delta(records, layout, recipe, DeltaOptions(**options))


def test_columns_change_without_model_or_gate(build: Build, layout: IndexLayout) -> None:
    build(PRODUCTS, settings=IndexSettings(gate=GATE), force=True)
    report = apply_delta([{"id": "p01", "price": "4 EUR"}], layout, no_recipe)
    assert (report.published, report.updated, report.reworded) == ("patch", 1, 0)
    manifest = open_snapshot(layout).manifest
    assert (manifest.changes.patched, manifest.changes.reworded) == (1, 0)
    assert verify(layout, report.generation) == []


def test_a_file_of_any_format_is_read_by_the_mapping_of_the_index(
    build: Build, layout: IndexLayout, tmp_path: Path
) -> None:
    settings = IndexSettings(field_mapping={"artnr": "id"}, default_currency="USD")
    build([{**it, "artnr": it["id"]} for it in PRODUCTS], settings=settings)
    delta = tmp_path / "prices.csv.gz"
    delta.write_bytes(gzip.compress(b"artnr,price\np01,4\np99,3\n"))
    report = apply_delta(str(delta), layout, no_recipe, progress=Bars(quiet=True))
    assert (report.updated, report.rejected) == (1, 1)
    assert Path(report.rejections_file).read_text().count("p99") == 2
    assert [orjson.loads(line)["product_id"] for line in report.examples] == ["p99"]
    snapshot = open_snapshot(layout)
    assert orjson.loads(snapshot.products.json(1))["price"]["minor_units"] == 400


@pytest.mark.parametrize(
    "records",
    [(), ({"id": "p01", "price": "5 EUR"},), ({"id": "nobody", "delete": True},), ("nonsense",)],
)
def test_a_delta_that_changes_nothing_publishes_nothing(
    build: Build, layout: IndexLayout, records: Sequence[Any]
) -> None:
    before = build(PRODUCTS).generation
    report = apply_delta(records, layout, no_recipe)
    assert (report.published, report.generation) == ("nothing", before)
    assert layout.generations() == [before]
    assert bool(report.rejections_file) == bool(report.rejected)


def test_only_new_texts_are_embedded(build: Build, layout: IndexLayout) -> None:
    build(PRODUCTS)
    report = change(layout, {"id": "p01", "brand": "Acme"}, {"id": "p02", "title": "blue hat"})
    assert (report.published, report.reworded, report.embedded) == ("merge", 2, 1)


def test_a_delta_that_removes_much_is_refused_unless_it_is_forced(
    build: Build, layout: IndexLayout
) -> None:
    before = build(PRODUCTS).generation
    deletions = [{"id": it["id"], "delete": True} for it in PRODUCTS]
    with pytest.raises(FeedRefusedError, match=r"leaves 13 of 20 .* more than 30%"):
        change(layout, *deletions[:7])
    with pytest.raises(FeedRefusedError, match="removes all 20 products"):
        change(layout, *deletions, force=True)
    assert layout.current() == before
    report = change(layout, *deletions[:7], force=True)
    assert (report.removed, report.products, len(report.forced)) == (7, 13, 1)


def test_a_delta_that_ends_early_is_refused_unless_it_is_forced(
    build: Build, layout: IndexLayout, tmp_path: Path
) -> None:
    build(PRODUCTS)
    delta = tmp_path / "delta.jsonl"
    delta.write_bytes(b'{"id": "p01", "price": "4 EUR"}\n{"id": "p02", "pri')
    with pytest.raises(FeedTruncatedError):
        apply_delta(str(delta), layout, recipe)
    report = apply_delta(str(delta), layout, recipe, DeltaOptions(force=True))
    assert (report.updated, len(report.forced)) == (1, 1)


def test_the_mode_of_a_delta_is_an_option(build: Build, layout: IndexLayout) -> None:
    build(PRODUCTS)
    change(layout, {"id": "p01", "title": "red shoe 1"}, mode=Operation.UPSERT)
    assert b"price" not in open_snapshot(layout).products.json(1)


def test_other_vectors_than_the_models_own_are_refused(build: Build, layout: IndexLayout) -> None:
    before = build(PRODUCTS).generation
    with pytest.raises(ModelMismatchError, match="must be read by the same"):
        apply_delta(
            [{"id": "p01", "title": "hat"}],
            layout,
            lambda: Recipe(IndexSettings(), HashingEmbedder(32)),
        )
    assert layout.current() == before


def test_an_index_that_is_not_there_cannot_be_changed(layout: IndexLayout) -> None:
    with pytest.raises(SnapshotMissingError):
        change(layout)
    with pytest.raises(SnapshotMissingError):
        compact(layout, recipe)


def test_the_gate_judges_new_texts_and_can_be_overridden(
    build: Build, layout: IndexLayout
) -> None:
    before = build(PRODUCTS, settings=IndexSettings(gate=GATE), force=True).generation
    gate = Refuses()

    def gated() -> Recipe:
        return Recipe(IndexSettings(), EMBEDDER, gate)

    reworded = [{"id": "p01", "title": "hat"}]
    with pytest.raises(GateRefusedError, match="it is worse"):
        apply_delta(reworded, layout, gated)
    assert layout.current() == before
    with pytest.raises(GateRefusedError, match="nothing to evaluate it with"):
        apply_delta(reworded, layout, recipe)
    report = apply_delta(reworded, layout, gated, DeltaOptions(force=True))
    assert (report.forced, report.gate) == (("it is worse",), {"nDCG@10": 0.0})
    assert gate.judged == 2


def test_a_compaction_is_due_after_many_changes_and_resets_the_count(
    build: Build, layout: IndexLayout
) -> None:
    build(PRODUCTS)
    most = int(len(PRODUCTS) * LARGEST_DRIFT)
    reports = [change(layout, {"id": f"p{n:02}", "title": "hat"}) for n in range(most + 1)]
    assert [report.compaction_due for report in reports] == [False] * most + [True]
    assert reports[-1].changed_since_build == most + 1
    assert change(layout, {"id": "p00", "price": "1 EUR"}).compaction_due
    assert compact(layout, recipe).embedded == 0
    assert not change(layout, {"id": "p00", "price": "2 EUR"}).compaction_due
    assert open_snapshot(layout).manifest.changes.reworded == 0


def test_a_compaction_is_due_when_a_catalogue_outgrows_exhaustive_search(
    build: Build, layout: IndexLayout
) -> None:
    build(PRODUCTS, settings=IndexSettings(vectors=VectorSettings(exact_below=21)))
    assert change(layout, {"id": "x", "op": "upsert", "title": "hat"}).compaction_due


def test_without_deltas_there_is_nothing_to_compact(build: Build, layout: IndexLayout) -> None:
    before = build(PRODUCTS).generation
    report = compact(layout, recipe)
    assert (report.unchanged, report.generation) == (True, before)


def test_inverted_lists_follow(build: Build, layout: IndexLayout) -> None:
    settings = IndexSettings(vectors=VectorSettings(exact_below=0))
    products = [{"id": f"p{n:03}", "title": f"shoe {n} {'abc'[n % 3]}"} for n in range(300)]
    build(products, settings=settings)
    report = change(
        layout,
        {"id": "p007", "title": "straw hat"},
        {"id": "a", "op": "upsert", "title": "wool coat"},
        {"id": "p000", "delete": True},
    )
    snapshot = open_snapshot(layout)
    assert (report.products, verify(layout, report.generation)) == (300, [])
    for text, product_id in (("straw hat", "p007"), ("wool coat", "a"), ("shoe 9 a", "p009")):
        hits = snapshot.vectors.search(EMBEDDER.embed_query(text), 1)
        assert [snapshot.products.id(int(row)) for row in hits.rows] == [product_id]
        assert hits.scores[0] == pytest.approx(1, abs=0.02)


def test_after_a_rollback_a_delta_changes_what_is_served(
    build: Build, layout: IndexLayout
) -> None:
    build(PRODUCTS)
    change(layout, {"id": "p01", "price": "1 EUR"})
    rollback(layout)
    change(layout, {"id": "p02", "price": "2 EUR"})
    prices = [
        orjson.loads(open_snapshot(layout).products.json(row))["price"]["minor_units"]
        for row in (1, 2)
    ]
    assert prices == [500, 200]


def test_old_generations_are_pruned_and_do_not_pull_files_away(
    build: Build, layout: IndexLayout
) -> None:
    build(PRODUCTS)
    for cents in range(100, 106):
        change(layout, {"id": "p01", "price": f"{cents / 100} EUR"}, keep=2)
    assert len(layout.generations()) == 3  # the full build and two by deltas
    assert verify(layout, layout.require_current()) == []


def test_a_feed_that_has_not_changed_leaves_deltas_alone_and_one_that_is_read_replaces_them(
    layout: IndexLayout, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_bytes(b"".join(orjson.dumps(it) + b"\n" for it in PRODUCTS))

    def again(*, if_changed: bool) -> bool:
        options = ReindexOptions(if_changed=if_changed)
        return reindex(str(feed), layout, IndexSettings(), EMBEDDER, options).unchanged

    def price() -> int:
        product = orjson.loads(open_snapshot(layout).products.json(1))
        cents: int = product["price"]["minor_units"]
        return cents

    again(if_changed=True)
    change(layout, {"id": "p01", "price": "1 EUR"})
    change(layout, {"id": "p02", "title": "hat"})
    assert again(if_changed=True)
    compact(layout, recipe)
    assert again(if_changed=True)
    assert price() == 100
    assert not again(if_changed=False)
    assert price() == 500


CRASHING = """
import os, sys
from pathlib import Path
import indexer.build.{module} as module
from indexer.build.delta import apply_delta
from indexer.build.reindex import Recipe
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
module.{function} = lambda *_, **__: os._exit(9)
apply_delta({records}, IndexLayout.of(Path(sys.argv[1]), "shop"),
            lambda: Recipe(IndexSettings(), HashingEmbedder(64)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("merge", "merge_postings"),
        ("merge", "merge_columns"),
        ("merge", "file_entries"),
        ("release", "publish"),
        ("release", "prune"),
        ("patch", "patch_products"),
    ],
)
def test_a_process_that_dies_leaves_the_old_catalogue_or_the_new_one(
    build: Build, layout: IndexLayout, module: str, function: str
) -> None:
    before = build(PRODUCTS).generation
    field = "price" if module == "patch" else "title"
    records = [{"id": "p01", field: "7 EUR"}]
    code = CRASHING.format(module=module, function=function, records=records)
    died = subprocess.run(
        [sys.executable, "-c", code, str(layout.root.parent)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert died.returncode == 9
    published = function == "prune"
    assert (layout.current() == before) is not published
    assert verify(layout, layout.require_current()) == []
    report = change(layout, {"id": "p02", "title": "hat"})
    assert np.count_nonzero([report.reworded, report.rejected]) == 1
    assert not list(layout.root.glob("staging-*"))


class _Worded(HashingEmbedder):
    """One that knows words of a language, as a model does."""

    def words(self) -> list[str]:
        return [f"wort{number:03}" for number in range(300)]


def test_what_unrelated_queries_reach_is_measured_anew(build: Build, layout: IndexLayout) -> None:
    embedder = _Worded(64)
    build([{"id": f"p{n}", "title": f"shoe {n}"} for n in range(20)], embedder=embedder)
    before = open_snapshot(layout).manifest.semantic
    given = [{"id": f"p{n}", "op": "update", "title": f"wort{n:03} wortig"} for n in range(10)]
    recipe = Recipe(IndexSettings(), embedder)
    apply_delta(given, layout, lambda: recipe, DeltaOptions(mode=Operation.UPDATE))
    changed = open_snapshot(layout).manifest.semantic
    assert before.foreign_cosines != changed.foreign_cosines
    compact(layout, lambda: recipe, ReindexOptions())
    assert open_snapshot(layout).manifest.semantic == changed
