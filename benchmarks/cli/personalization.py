"""Commands about personalization: held-out purchases, and settings compared by choices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.cli.frame import DataDir, JsonFile, explained_failures, workplace, write_json
from benchmarks.interleave import PUBLISHED, measure_interleave
from benchmarks.interleave import Sampling as ReplaySampling
from benchmarks.interleave_table import interleave_table
from benchmarks.personalization.measure import Plan, measure_personalization
from benchmarks.personalization.table import personalization_table
from benchmarks.replay import Side
from searchsvc.events.event import EventKind
from searchsvc.livefile import parse
from searchsvc.outcomes.choices import CHOOSING
from searchsvc.outcomes.counterfactual import CLIP
from searchsvc.policy import RankingOverrides
from searchsvc.settings import Settings


def personalization(
    directory: Annotated[
        Path, typer.Argument(help="With feed.jsonl[.gz] and purchases.csv[.gz] of a shop.")
    ],
    *,
    split: Annotated[
        str, typer.Option(help="Held out: since this date, or this last share of the time.")
    ] = Plan.split,
    cases: Annotated[
        int, typer.Option(min=1, help="Held-out purchases that are asked for, at most.")
    ] = Plan.cases,
    relearn_days: Annotated[
        int, typer.Option(min=0, help="Learn again so often; 0 learns once, at the split.")
    ] = Plan.relearned_days,
    permutations: Annotated[
        int, typer.Option(min=1, help="Of the control, where shoppers get strangers' tastes.")
    ] = Plan.permutations,
    seed: Annotated[int, typer.Option(help="Another seed draws other purchases.")] = Plan.seed,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Rank held-out purchases with and without what was learned of whoever bought them.

    Example: python -m benchmarks personalization shop --json personalization.json
    """
    policy = Settings().ranking_policy()
    plan = Plan(split, cases, relearn_days, permutations, seed)
    with workplace(data_dir) as (folder, embedder):
        result = measure_personalization(directory, folder, embedder, policy, plan)
    print(personalization_table(result))
    write_json(json_file, result)


def interleave(
    index: Annotated[str, typer.Argument(help="Name of the index, with recorded events.")],
    *,
    against: Annotated[
        Path | None, typer.Option(help="B's ranking settings, as `searchsvc ranking set` takes.")
    ] = None,
    strength_a: Annotated[
        float | None, typer.Option(min=0, max=100, help="A's personalization.")
    ] = None,
    strength_b: Annotated[
        float | None, typer.Option(min=0, max=100, help="B's personalization.")
    ] = None,
    choice: Annotated[
        list[EventKind] | None,
        typer.Option(help="What is a choice: click, add_to_cart, purchase; repeatable."),
    ] = None,
    eta: Annotated[
        float | None, typer.Option(min=0, max=5, help="Looking falls as position ** -ETA.")
    ] = None,
    clip: Annotated[float, typer.Option(min=1, help="The largest weight of a choice.")] = CLIP,
    searches: Annotated[int, typer.Option(min=1, help="Replay the latest so many.")] = 10_000,
    seeds: Annotated[int, typer.Option(min=1, help="Interleavings of each search.")] = 10,
    length: Annotated[int, typer.Option(min=1, help="Of an interleaved list.")] = 20,
    depth: Annotated[int, typer.Option(min=1, max=1_000, help="Products looked at.")] = 100,
    json_file: JsonFile = None,
    data_dir: Annotated[Path | None, typer.Option(help="Of the service.")] = None,
) -> None:
    """Compare two settings by what users chose: team-draft interleaving, counterfactual estimates.

    A is the published ranking, B the same with other settings. Recorded searches are asked again
    with both, by their words alone. It assumes that shoppers choose only what they look at, that
    looking depends on the position alone, and it knows nothing of products that were never shown.

    Example: python -m benchmarks interleave shop --against ranking.json
    """
    kinds = frozenset(choice or CHOOSING)
    if not kinds <= CHOOSING:
        raise typer.BadParameter(f"--choice takes {', '.join(sorted(CHOOSING))}")
    overrides: dict[str, Any] = {}
    with explained_failures():
        if against is not None:
            overrides = parse(RankingOverrides, against.read_bytes()).given()
        if not overrides and strength_a == strength_b:
            raise typer.BadParameter("A and B are the same: give --against or another strength")
        a = Side("A" if strength_a is not None else PUBLISHED, {}, strength_a)
        b = Side("B", overrides, strength_b)
        sampling = ReplaySampling(kinds, searches, seeds, length, depth, eta, clip)
        settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
        result = measure_interleave(index, settings, a, b, sampling)
    print(interleave_table(result))
    write_json(json_file, result)
