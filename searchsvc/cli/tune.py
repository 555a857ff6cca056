"""``searchsvc tune``: choose ranking settings, and field weights, by judged queries."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from indexer.build.postings import TrialPostings
from indexer.durable import write_durably
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
from searchsvc.live import effective_policy
from searchsvc.livedocuments import ranking_file
from searchsvc.policy import RankingOverrides
from searchsvc.relevance.folds import make_folds, question
from searchsvc.relevance.grids import lexical_with
from searchsvc.relevance.judgments import load_judgments
from searchsvc.relevance.measures import Measure
from searchsvc.relevance.trials import Trials
from searchsvc.relevance.tuned import Tuned
from searchsvc.relevance.tuning import Tuner, cross_validate

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.relevance.tuning import Choice

_RANKING_FILE, _SETTINGS_FILE = "ranking.json", "settings.json"


def _measure(text: str) -> str:
    try:
        Measure.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def tune(
    judgments: Annotated[
        Path, typer.Argument(help="Directory with queries.jsonl and qrels.tsv.", metavar="DIR")
    ],
    index: IndexName = "products",
    data_dir: DataDir = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="Parts of the queries.")] = 5,
    measure: Annotated[
        str, typer.Option(callback=_measure, help="What to raise, such as nDCG@10 or R@100.")
    ] = "nDCG@10",
    fields: Annotated[
        bool,
        typer.Option("--fields/--no-fields", help="Also field weights, k1 and b: a reindex."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Directory for ranking.json and settings.json.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Rank by the chosen settings from now on.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write and apply without a significant gain, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Choose ranking settings by judged queries, and say what the choice gains on others.

    Each query is scored with settings that were chosen without it. Without a significant gain
    nothing is written.

    Example: searchsvc tune judgments/shop --index shop-de --out tuned
    """
    if apply and fields:
        raise typer.BadParameter(
            "ranking chosen for other field weights fits after the reindex only: "
            "give --out, then 'searchsvc reindex --settings' and 'searchsvc ranking set'",
            param_hint="--apply",
        )
    with reported_failures(as_json=as_json):
        service = read_settings(data_dir)
        layout = find_index(service.data_dir, index)
        snapshot = open_snapshot(layout)
        overrides, version = ranking_file(layout).read()
        judged = load_judgments(judgments)
        policy = effective_policy(layout, service, snapshot)
        with (
            closing(Embedders.patient(service.models_dir, service.query_encoder)) as embedders,
            Bars(quiet=as_json) as bars,
        ):
            embedder = embedders.of(snapshot)
            postings = TrialPostings(snapshot, bars) if fields else None
            trials = Trials(snapshot, embedder, policy, judged, Measure.parse(measure), postings)
            tuned = _run(trials, snapshot, folds, bars)
        written = []
        if tuned.is_worth_it or (force and tuned.changes):
            ranking = RankingOverrides(**{**overrides.given(), **tuned.ranking})
            if out:
                written += _write(out, tuned, ranking, snapshot)
            if apply:
                version = ranking_file(layout).replace(ranking, {version})
                audited(service, "ranking.set", index, {"version": version})
                written.append(str(layout.ranking_file))
    if as_json:
        head = {"index": index, "generation": snapshot.generation, "measure": measure}
        print_json({**head, **tuned.to_dict(), "written": written})
        return
    say(f"{index}: {measure} of {snapshot.generation}")
    for line in tuned.describe():
        say(line)
    for path in written:
        say(f"wrote {path}")


def _run(trials: Trials, snapshot: Snapshot, folds: int, bars: Bars) -> Tuned:
    bars.start("trying settings", None)

    def score(choice: Choice, query: str) -> float:
        before = trials.count
        found = trials.score(choice, query)
        bars.advance(trials.count - before)
        return found

    words = {q.id: question(q.text, snapshot) for q in trials.queries}
    parts = make_folds(words, folds)
    tuner = Tuner(trials.axes, trials.current, score)
    held_out = cross_validate(tuner, parts)
    chosen = tuner.choose([query.id for query in trials.queries])
    return Tuned(tuple(trials.axes), trials.current, chosen, held_out, trials.count)


def _write(
    directory: Path, tuned: Tuned, ranking: RankingOverrides, snapshot: Snapshot
) -> list[str]:
    """Write what ``ranking set`` and ``reindex --settings`` take; gives the files."""
    directory.mkdir(parents=True, exist_ok=True)
    content = {_RANKING_FILE: ranking.model_dump(mode="json", exclude_unset=True)}
    if tuned.lexical:
        settings = snapshot.manifest.settings
        lexical = lexical_with(settings.lexical, tuned.lexical)
        changed = settings.model_copy(update={"lexical": lexical})
        content[_SETTINGS_FILE] = changed.model_dump(mode="json")
    for name, document in content.items():
        data = orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
        write_durably(directory / name, data)
    return [str(directory / name) for name in content]
