"""``searchsvc ranker``: the learned second stage of an index."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.snapshot import open_snapshot
from searchsvc.cli.audited import audited
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.cli.progress import Bars
from searchsvc.embedders import Embedders
from searchsvc.live import first_stage_policy
from searchsvc.rankerfile import HeldOutFigures, RankerFile, RankerOrigin, ranking_of
from searchsvc.relevance.judgments import load_judgments
from searchsvc.relevance.lambdamart import train_lambdamart
from searchsvc.relevance.ranker import RankerTraining, digest
from searchsvc.reranking.protocol import FEATURES

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.rankerfile import Ranker
    from searchsvc.relevance.judgments import Judgments
    from searchsvc.relevance.ranker import TrainedRanker


app = typer.Typer(
    help="The learned second stage of an index, which orders the first hits again.",
    no_args_is_help=True,
)


@app.command()
def train(
    judgments: Annotated[
        Path, typer.Argument(help="Directory with queries.jsonl and qrels.tsv.", metavar="DIR")
    ],
    index: IndexName = "products",
    data_dir: DataDir = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="Parts of the queries.")] = 5,
    force: Annotated[
        bool, typer.Option("--force", help="Use it without a significant, fair gain, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a ranker on judged queries, say what it gains on others, and use it if it does.

    Each query is measured with a ranker that was trained without it. Needs the extra "train".

    Example: searchsvc ranker train judgments/shop --index shop-de
    """
    with reported_failures(as_json=as_json):
        service = read_settings(data_dir)
        layout = find_index(service.data_dir, index)
        file = RankerFile(layout)
        snapshot = open_snapshot(layout)
        judged = load_judgments(judgments)
        policy = first_stage_policy(layout, service, snapshot)
        with (
            closing(Embedders.patient(service.models_dir, service.query_encoder)) as embedders,
            Bars(quiet=as_json) as bars,
        ):
            embedder = embedders.of(snapshot)
            bars.start("training", folds + 1)
            training = RankerTraining(snapshot, embedder, policy, judged)
            trained = training.run(train_lambdamart, folds, bars.advance)
        written = trained.is_worth_it or force
        if written:
            file.replace(trained.trees, _origin(trained, judged, snapshot, policy))
            audited(service, "ranker.train", index, {"trees": len(trained.trees)})
    if as_json:
        print_json({"index": index, **_figures(trained), "written": written})
        return
    say(f"{index}: {trained.queries} queries, {trained.candidates:,} candidates of "
        f"{snapshot.generation}, {trained.folds} folds")  # fmt: skip
    for name, gain in trained.gains.items():
        say(f"  {name}: {gain}")
    say(f"  {trained.verdict}")
    if written:
        say(f"wrote {layout.ranker_file}; a running service takes it up by itself")


@app.command()
def show(index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what the ranker of an index was trained on, and what has changed since.

    Example: searchsvc ranker show --index shop-de
    """
    with reported_failures(as_json=as_json):
        service = read_settings(data_dir)
        layout = find_index(service.data_dir, index)
        ranker = RankerFile(layout).read()
        snapshot = open_snapshot(layout)
        changed = _changed(ranker, snapshot, first_stage_policy(layout, service, snapshot))
    if as_json:
        shown = ranker.origin.model_dump(mode="json") if ranker else None
        trees = ranker.trees if ranker else 0
        print_json({"index": index, "trees": trees, "origin": shown, "changed": changed})
        return
    if ranker is None:
        say(f"{index}: no ranker; 'searchsvc ranker train DIR' makes one")
        return
    origin = ranker.origin
    say(f"{index}: {ranker.trees} trees, trained on {origin.queries} queries of "
        f"{origin.generation}")  # fmt: skip
    for name, held in origin.held_out.items():
        say(f"  {name} on held-out queries: {held.before:.4f} -> {held.after:.4f}, p {held.p:.3f}")
    for change in changed:
        say(f"  changed since: {change}; train it again")


@app.command()
def clear(
    index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Remove the ranker of an index.

    Example: searchsvc ranker clear --index shop-de
    """
    with reported_failures(as_json=as_json):
        service = read_settings(data_dir)
        RankerFile(find_index(service.data_dir, index)).remove()
        audited(service, "ranker.clear", index)
    if as_json:
        print_json({"index": index, "trees": 0})
        return
    say(f"{index}: ranker removed; a running service takes it up by itself")


def _origin(
    trained: TrainedRanker, judged: Judgments, snapshot: Snapshot, policy: RankingPolicy
) -> RankerOrigin:
    return RankerOrigin(
        features=FEATURES,
        judgments=digest(judged),
        queries=trained.queries,
        generation=snapshot.generation,
        embedder=snapshot.manifest.embedder.fingerprint,
        ranking=ranking_of(policy),
        held_out={name: HeldOutFigures(**asdict(gain)) for name, gain in trained.gains.items()},
    )


def _figures(trained: TrainedRanker) -> dict[str, Any]:
    return {
        "queries": trained.queries,
        "candidates": trained.candidates,
        "folds": trained.folds,
        "trees": len(trained.trees),
        "held_out": {name: asdict(gain) for name, gain in trained.gains.items()},
        "worth_it": trained.is_worth_it,
        "verdict": trained.verdict,
    }


def _changed(ranker: Ranker | None, snapshot: Snapshot, policy: RankingPolicy) -> list[str]:
    """What the features depend on and is not what it was at the training."""
    if ranker is None:
        return []
    before, now = ranker.origin.ranking, ranking_of(policy)
    changed = [f"the setting {name}" for name in now if before.get(name) != now[name]]
    if ranker.origin.embedder != snapshot.manifest.embedder.fingerprint:
        changed.append("the embedding model")
    return changed
