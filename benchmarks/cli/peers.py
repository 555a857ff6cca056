"""The command about other engines: the same products, vectors and queries, at equal recall."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli.frame import DataDir, Documents, JsonFile, subjects_of, workplace, write_json
from benchmarks.peers.corpus import corpus_of, questions_of, ranges_of
from benchmarks.peers.known import MODULES, open_peers
from benchmarks.peers.measure import Trial, measure_peers
from benchmarks.peers.okapi import OkapiPeer
from benchmarks.peers.ours import OurPeer
from benchmarks.peers.table import peers_table
from benchmarks.subject import Subject
from indexer.layout import IndexLayout
from searchsvc.cli.output import stderr
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from benchmarks.peers.protocol import Peer

_TUNING = 50
_SLOW_PRODUCTS = 50_000


def peers(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    index: Annotated[
        str | None, typer.Option(help="Measure this index of --data-dir as it is.")
    ] = None,
    queries: Annotated[int, typer.Option(min=10, help="Of two to four words.")] = 200,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Some of {', '.join(MODULES)}; repeatable.")
    ] = None,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Ask other engines the same, each at equal recall, in turns (needs the peers extra).

    Every engine indexes the same texts, vectors and prices. Vector searches are tuned to a
    recall@100 of .95 with queries that are not timed. Engines whose packages are absent are named
    and left out; rank-bm25 is left out of more than 50,000 products.

    Set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1, as `searchsvc serve` does for its workers.

    Example: python -m benchmarks peers --products 20000 --only tantivy --json peers.json
    """
    with workplace(data_dir) as (folder, embedder):
        count = queries + _TUNING
        if index is not None:
            subject = Subject.of(IndexLayout.of(folder, index), count)
        else:
            (subject,) = subjects_of([products], count, documents, folder, embedder)
        others, absent = open_peers(only or list(MODULES))
        ours = OurPeer(subject, Settings().ranking_policy())
        chosen: list[Peer] = [ours, *others]
        if only is None and len(subject.snapshot.products) <= _SLOW_PRODUCTS:
            chosen.append(OkapiPeer(subject.snapshot.analyzer.terms))
        questions = questions_of(subject.texts[:count], embedder)
        trial = Trial(
            corpus_of(subject), questions[:_TUNING], questions[_TUNING:], ranges_of(subject)
        )
        with tempfile.TemporaryDirectory() as scratch:
            result = measure_peers(
                trial, chosen, Path(scratch), lambda it: stderr.print(f"{it} ...", markup=False)
            )
        result["absent"] = absent
    print(peers_table(result))
    write_json(json_file, result)
