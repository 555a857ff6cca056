"""``python -m benchmarks``: relevance, latency, embedding speed, and catalogues of any size."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from benchmarks.building import open_default_embedder
from benchmarks.catalogue.cli import SAMPLE_SEED, FeedForm
from benchmarks.catalogue.cli import generate as generate_feed
from benchmarks.embedding import embedding_table, measure_embedding
from benchmarks.latency import latency_table, measure_latency
from benchmarks.relevance import measure_relevance, relevance_table
from benchmarks.robustness.measure import Sampling, measure_robustness
from benchmarks.robustness.table import robustness_table
from indexer.embedding.acquire import install_default_model
from indexer.errors import IndexerError
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from searchsvc.cli.output import stderr
from searchsvc.errors import SearchServiceError
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
def relevance(
    directories: Annotated[
        list[Path], typer.Argument(help="feed.jsonl[.gz], queries.jsonl and qrels.tsv in each.")
    ],
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Rank judged collections with every system and compare.

    Example: python -m benchmarks relevance searchsvc/sample --json relevance.json
    """
    policy = Settings().ranking_policy()
    with tempfile.TemporaryDirectory() as scratch, _explained_failures():
        embedder = open_default_embedder(Settings())
        results = [
            measure_relevance(directory, data_dir or Path(scratch), embedder, policy)
            for directory in directories
        ]
    for result in results:
        print(relevance_table(result), end="\n\n")
    _write(json_file, results)


@app.command()
def robustness(
    directories: Annotated[
        list[Path], typer.Argument(help="feed.jsonl[.gz], queries.jsonl and qrels.tsv in each.")
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
    except (SearchServiceError, IndexerError, OSError) as error:
        stderr.print(f"error: {error}", markup=False)
        raise typer.Exit(1) from error


def _write(json_file: Path | None, result: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    app()
