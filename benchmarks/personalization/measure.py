"""What personalization does for held-out purchases of one shop, as a result file.

Besides ``machine``, ``policy``, ``seed`` and ``permutations`` it has::

    catalogue     feed_sha256, products, generation
    purchases     sha256, rows, users, orders, first, last, unknown and rejected rows
    split         at, relearned_days, models: when each was learned, from how much, and its fields
                  with weight, error and whether they are in use; discovered: the segments that
                  the first model's purchases propose, and how many boosts each has
    cases         how many were drawn
    kinds         by kind of query: cases, without_query, unmatched (cases whose query does not
                  find the product), queries (distinct), strangers_checked, strangers_changed
      groups      by earlier orders, and whether the product was bought before: purchases, users
        systems   by name: mrr, recall, improved, worsened, and changes against each baseline with
                  value, low and high (95 %, users resampled)

Nothing in it is about a single user. Whatever a case is asked with was known before it: its user's
history ends before its order begins, and its model was learned from purchases before that.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.building import build
from benchmarks.errors import PurchasesError
from benchmarks.machine import describe_machine
from benchmarks.personalization.bench import Bench
from benchmarks.personalization.cases import draw_cases
from benchmarks.personalization.eras import Era, discovered_segments, eras_of
from benchmarks.personalization.purchases import purchases_file, read_purchases
from benchmarks.personalization.queries import product_queries
from benchmarks.personalization.ranks import Remembered
from benchmarks.personalization.split import DEFAULT_SHARE, Split, day
from indexer.manifest import describe_file
from indexer.product import Product
from indexer.snapshot import open_snapshot
from searchsvc.cli.progress import Bars

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.personalization.purchases import Read
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy

_FEEDS = ("feed.jsonl", "feed.jsonl.gz")


@dataclass(frozen=True)
class Plan:
    """What is asked; equal plans ask the same.

    Attributes:
        split: see `Split.parse`.
        cases: held-out purchases, at most.
        relearned_days: after so many days of the held-out time the model is learned again, from
            everything before; 0 for one model, of the time before the split.
        permutations: of the control.
        seed: of all that is drawn.
    """

    split: str = str(DEFAULT_SHARE)
    cases: int = 10_000
    relearned_days: int = 7
    permutations: int = 3
    seed: int = 1


def measure_personalization(
    directory: Path, data_dir: Path, embedder: Embedder, policy: RankingPolicy, plan: Plan
) -> dict[str, Any]:
    """Index the feed in `directory`, learn from its purchases, and ask for those held out.

    Args:
        directory: with ``feed.jsonl[.gz]`` and ``purchases.csv[.gz]``.
        data_dir: where the index is built.
        embedder: the model of meaning.
        policy: the shipped one.
        plan: what is asked.

    Raises:
        PurchasesError: there is no feed, no purchase of its products, or none held out.
        EventFileError: the purchases cannot be read.
        SplitError: the split leaves nothing on one side.
    """
    feed, file = _feed(directory), purchases_file(directory)
    digest = describe_file(feed).sha256
    layout, _ = build(feed, data_dir, f"personalization-{digest[:8]}", embedder)
    snapshot = open_snapshot(layout)
    products = [Product.from_json(snapshot.products.json(row)) for row in _rows(snapshot)]
    with Bars() as bars:
        bars.start("reading purchases", None)
        read = read_purchases(file, [product.id for product in products])
        split = Split.parse(plan.split, read.purchases)
        cases = draw_cases(read.purchases, split, plan.cases, plan.seed)
        if not cases:
            raise PurchasesError(f"{file} has no order that begins since {day(split.at_ms)}")
        bars.start("learning", None)
        eras = eras_of(cases, read.purchases, split, plan.relearned_days, snapshot, bars.advance)
        bars.start("discovering segments", None)
        segments = discovered_segments(eras[0], read.purchases, snapshot)
        bench = Bench(
            read.purchases,
            snapshot,
            Remembered(embedder),
            policy,
            segments,
            plan.permutations,
            plan.seed,
        )
        lent = bench.lend(cases)
        kinds = {}
        for kind, texts in product_queries(products).items():
            bars.start(f"query: {kind}", len(cases))
            kinds[str(kind)] = bench.ask(texts, eras, lent, bars.advance)
    return {
        "catalogue": {
            "name": directory.resolve().name,
            "feed_sha256": digest,
            "products": len(products),
            "generation": snapshot.generation,
        },
        "purchases": {"sha256": describe_file(file).sha256, **_described(read)},
        "machine": describe_machine(),
        "policy": asdict(policy),
        "seed": plan.seed,
        "permutations": plan.permutations,
        "split": {
            "at": day(split.at_ms),
            "relearned_days": plan.relearned_days,
            "models": [_described_model(era) for era in eras],
            "discovered": {it.name: len(it.boosts) for it in segments.segments},
        },
        "cases": len(cases),
        "kinds": kinds,
    }


def _rows(snapshot: Snapshot) -> range:
    return range(len(snapshot.products))


def _feed(directory: Path) -> Path:
    for name in _FEEDS:
        if (directory / name).is_file():
            return directory / name
    raise PurchasesError(f"{directory} has no {' or '.join(_FEEDS)}; put the shop's feed there")


def _described(read: Read) -> dict[str, Any]:
    purchases = read.purchases
    return {
        "rows": len(purchases),
        "users": len(np.unique(purchases.users)),
        "orders": len(np.unique(purchases.orders)),
        "first": day(int(purchases.times_ms.min())),
        "last": day(int(purchases.times_ms.max())),
        "unknown_rows": read.unknown,
        "rejected_rows": read.rejected,
    }


def _described_model(era: Era) -> dict[str, Any]:
    origin = era.model.origin
    return {
        "learned_at": day(era.at_ms),
        "events": origin.events,
        "users": origin.users,
        "cases": len(era.cases),
        "fields": {
            field.name: {"weight": field.weight, "error": field.error, "in_use": field.in_use}
            for field in era.model.fields
        },
    }
