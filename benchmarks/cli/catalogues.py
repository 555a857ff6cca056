"""Commands that get catalogues to measure on: published collections, and generated feeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from benchmarks.catalogue.cli import SAMPLE_SEED, FeedForm
from benchmarks.catalogue.cli import generate as generate_feed
from benchmarks.cli.frame import explained_failures
from benchmarks.fetch import PUBLICATIONS
from benchmarks.fetch import fetch as fetch_publication
from benchmarks.progress import ByteBars
from searchsvc.cli.output import stderr


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
    with explained_failures(), ByteBars() as bars:
        fetched = fetch_publication(PUBLICATIONS[name], directory, bars, base_url)
    print(f"{directory}: {len(fetched)} files fetched, licence {PUBLICATIONS[name].license}")


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
