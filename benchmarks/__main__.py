"""``python -m benchmarks``: relevance, latency, embedding speed, and catalogues to measure on."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from benchmarks.boosts import boosts_table, measure_boosts
from benchmarks.building import open_default_embedder
from benchmarks.catalogue.cli import SAMPLE_SEED, FeedForm
from benchmarks.catalogue.cli import generate as generate_feed
from benchmarks.embedding import embedding_table, measure_embedding
from benchmarks.errors import BenchmarkError
from benchmarks.facets import facets_table, measure_facets
from benchmarks.fetch import PUBLICATIONS
from benchmarks.fetch import fetch as fetch_publication
from benchmarks.formats.source import Choice
from benchmarks.interleave import PUBLISHED, measure_interleave
from benchmarks.interleave import Sampling as ReplaySampling
from benchmarks.interleave_table import interleave_table
from benchmarks.keystrokes import keystrokes_table, measure_keystrokes
from benchmarks.latency import latency_table, measure_latency
from benchmarks.personalization.measure import Plan, measure_personalization
from benchmarks.personalization.table import personalization_table
from benchmarks.progress import ByteBars
from benchmarks.relevance import Options, measure_relevance
from benchmarks.relevance_table import relevance_table, worst_queries
from benchmarks.replay import Side
from benchmarks.report import write_report
from benchmarks.robustness.measure import Sampling, measure_robustness
from benchmarks.robustness.table import robustness_table
from benchmarks.searchpage import (
    collection_subject,
    generated_subject,
    measure_searchpage,
    searchpage_table,
)
from indexer.embedding.acquire import install_default_model
from indexer.errors import IndexerError
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from searchsvc.cli.output import stderr
from searchsvc.errors import SearchServiceError
from searchsvc.events.event import EventKind  # noqa: TC001 - Typer reads annotations
from searchsvc.livefile import parse
from searchsvc.outcomes.choices import CHOOSING
from searchsvc.outcomes.counterfactual import CLIP
from searchsvc.policy import RankingOverrides
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator

app = typer.Typer(
    help="Prove relevance and speed.", no_args_is_help=True, pretty_exceptions_enable=False
)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole result here.")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Keep the built indexes here, so that the next run embeds nothing."),
]


@app.command()
def relevance(  # noqa: PLR0913 - a command's options are its arguments
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    *,
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this system; by default plain RRF.")
    ] = None,
    systems: Annotated[
        list[str] | None, typer.Option(help="Only this system; repeat it for several.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Not this system; repeat it for several.")
    ] = None,
    run: Annotated[
        list[Path] | None, typer.Option(help="A TREC run that joins the table; repeatable.")
    ] = None,
    write_runs: Annotated[
        Path | None, typer.Option(help="Write every ranking here as a TREC run.")
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Also our search without each of its parts.")
    ] = False,
    worst: Annotated[int, typer.Option(min=0, help="Print the worst queries, so many.")] = 0,
    split: Annotated[str, typer.Option(help="Judged queries of BEIR and ESCI.")] = "test",
    locale: Annotated[str, typer.Option(help="Market of ESCI: us, es or jp.")] = "us",
    large: Annotated[bool, typer.Option("--large", help="The large version of ESCI.")] = False,
    json_file: JsonFile = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a report with all queries here.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Rank judged collections with every system and compare.

    Example: python -m benchmarks relevance searchsvc/sample --json relevance.json
    """
    policy = Settings().ranking_policy()
    options = Options(
        choice=Choice(split, locale, is_large=large),
        baseline=baseline,
        only=tuple(systems or ()),
        without=tuple(without or ()),
        run_files=tuple(run or ()),
        runs_dir=write_runs,
        with_ablations=ablate,
    )
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        folder = data_dir or Path(scratch)
        results = [
            measure_relevance(directory, folder, embedder, policy, options)
            for directory in directories
        ]
        for result in results:
            print(relevance_table(result), end="\n\n")
            if worst:
                print(worst_queries(result, worst), end="\n\n")
        _write(json_file, results)
        if html_file is not None:
            write_report(results, html_file)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(PUBLICATIONS)}.")],
    directory: Annotated[Path, typer.Argument(help="Where its files go.")],
    base_url: Annotated[
        str | None, typer.Option(help="A mirror that has files of the same names.")
    ] = None,
) -> None:
    """Download a published test collection.

    Example: python -m benchmarks fetch wands wands
    """
    if name not in PUBLICATIONS:
        raise typer.BadParameter(f"{name!r}; expected one of {', '.join(PUBLICATIONS)}")
    with _explained_failures(), ByteBars() as bars:
        fetched = fetch_publication(PUBLICATIONS[name], directory, bars, base_url)
    print(f"{directory}: {len(fetched)} files fetched, licence {PUBLICATIONS[name].license}")


@app.command()
def robustness(
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    per_query: Annotated[int, typer.Option(min=1, help="Misspellings of each query.")] = 20,
    identifiers: Annotated[int, typer.Option(min=1, help="Identifiers of the catalogue.")] = 2_000,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
    *,
    rank_bm25: Annotated[
        bool, typer.Option("--rank-bm25", help="Ask rank-bm25, too: many times slower.")
    ] = False,
) -> None:
    """Measure what typing errors cost, and find identifiers in every writing.

    Example: python -m benchmarks robustness searchsvc/sample --json robustness.json
    """
    policy = Settings().ranking_policy()
    sampling = Sampling(per_query, identifiers, rank_bm25=rank_bm25)
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        results = [
            measure_robustness(directory, data_dir or Path(scratch), embedder, policy, sampling)
            for directory in directories
        ]
    for result in results:
        print(robustness_table(result), end="\n\n")
    _write(json_file, results)


@app.command()
def keystrokes(
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Measure search as you type: judged queries, their last word letter by letter.

    Example: python -m benchmarks keystrokes searchsvc/sample --json keystrokes.json
    """
    policy = Settings().ranking_policy()
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        results = [
            measure_keystrokes(directory, data_dir or Path(scratch), embedder, policy)
            for directory in directories
        ]
    for result in results:
        print(keystrokes_table(result), end="\n\n")
    _write(json_file, results)


@app.command()
def latency(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    queries: Annotated[int, typer.Option(min=10, help="Queries, none asked twice.")] = 500,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time the hot path by stage, beside rank-bm25 and exact vector search.

    Example: python -m benchmarks latency --products 100000 --json latency.json
    """
    policy = Settings().ranking_policy()
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        folder = data_dir or Path(scratch)
        result = measure_latency(products, queries, folder, embedder, policy)
    print(latency_table(result))
    _write(json_file, result)


@app.command()
def facets(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    queries: Annotated[int, typer.Option(min=1, help="Queries of each kind.")] = 100,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time what ten facets add to a query, with products and with groups counted.

    Example: python -m benchmarks facets --products 100000 --json facets.json
    """
    policy = Settings().ranking_policy()
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        result = measure_facets(products, queries, data_dir or Path(scratch), embedder, policy)
    print(facets_table(result))
    _write(json_file, result)


@app.command()
def boosts(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    queries: Annotated[int, typer.Option(min=10, help="Queries, none asked twice.")] = 500,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time what 20 segments with 200 boosts add to a query, and tastes and a session.

    Example: python -m benchmarks boosts --products 100000
    """
    policy = Settings().ranking_policy()
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        result = measure_boosts(products, queries, data_dir or Path(scratch), embedder, policy)
    print(boosts_table(result))
    _write(json_file, result)


@app.command()
def personalization(  # noqa: PLR0913 - a command's options are its arguments
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
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        folder = data_dir or Path(scratch)
        result = measure_personalization(directory, folder, embedder, policy, plan)
    print(personalization_table(result))
    _write(json_file, result)


@app.command()
def searchpage(
    directories: Annotated[
        list[Path] | None, typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ] = None,
    products: Annotated[
        int, typer.Option(min=0, help="Also a generated catalogue of this size.")
    ] = 0,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time what a search page asks: suggestions, facets with highlights, refinements.

    Example: python -m benchmarks searchpage searchsvc/sample --products 100000
    """
    if not directories and not products:
        raise typer.BadParameter("give a directory, or --products")
    results = []
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        folder = data_dir or Path(scratch)
        subjects = [collection_subject(path, folder, embedder) for path in directories or ()]
        if products:
            subjects.append(generated_subject(products, folder, embedder))
        for subject in subjects:
            result = measure_searchpage(subject, Settings(data_dir=folder))
            print(searchpage_table(result), end="\n\n")
            results.append(result)
    _write(json_file, results)


@app.command()
def interleave(  # noqa: PLR0913 - a command's options are its arguments
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
    with _explained_failures():
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
    _write(json_file, result)


@app.command()
def embedding(
    feed: Annotated[str, typer.Argument(help="A feed whose titles and descriptions are read.")],
    reference: Annotated[
        str | None,
        typer.Option(help="sentence-transformers model beside it (needs the export extra)."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Time the embedding model on a feed's texts, beside sentence-transformers.

    Example: python -m benchmarks embedding searchsvc/sample/feed.jsonl.gz
    """
    model = install_default_model(Settings().models_dir)
    with open_feed(feed, FeedOptions()) as records:
        products = [record for record in records or () if isinstance(record, Product)]
    texts = [text for p in products for text in (p.title, f"{p.title}. {p.description}")]
    result = measure_embedding(model, texts, reference)
    print(embedding_table(result))
    _write(json_file, result)


@app.command()
def generate(
    out: Annotated[Path, typer.Argument(help="The feed to write; gzipped if it ends in .gz.")],
    products: Annotated[int, typer.Option(min=1, help="Number of items.")] = 3_000,
    seed: Annotated[int, typer.Option(help="Another seed is another catalogue.")] = SAMPLE_SEED,
    form: Annotated[FeedForm, typer.Option("--format", help="Of the feed.")] = FeedForm.JSONL,
) -> None:
    """Write a feed of believable products, of any size.

    Example: python -m benchmarks generate feed.xml --products 5000 --format xml
    """
    with Progress(console=stderr) as bars:
        task = bars.add_task("generating", total=products)
        generate_feed(
            out,
            products=products,
            seed=seed,
            form=form,
            progress=lambda amount: bars.advance(task, amount),
        )


@contextmanager
def _explained_failures() -> Generator[None]:
    try:
        yield
    except (BenchmarkError, SearchServiceError, IndexerError, OSError) as error:
        stderr.print(f"error: {error}", markup=False)
        raise typer.Exit(1) from error


def _write(json_file: Path | None, result: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    app()
