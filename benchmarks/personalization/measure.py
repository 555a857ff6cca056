"""What personalization does for held-out purchases of one shop, as a result file.

Besides ``machine``, ``policy``, ``seed`` and ``permutations`` it has::

    catalogue     feed_sha256, products, generation
    purchases     sha256, rows, users, orders, first, last, unknown and rejected rows
    split         at, relearned_days, models: when each was learned, from how much, and its fields
                  with weight, error and whether they are in use
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
from benchmarks.personalization.cases import BUCKETS, NOBODY, REGULARS, draw_cases, lend_histories
from benchmarks.personalization.effects import effects
from benchmarks.personalization.eras import Era, eras_of, fields_in_use
from benchmarks.personalization.purchases import purchases_file, read_purchases
from benchmarks.personalization.queries import product_queries
from benchmarks.personalization.ranks import Ranker, Ranks, Remembered, rank_cases
from benchmarks.personalization.split import DEFAULT_SHARE, Split, day
from benchmarks.personalization.systems import CONTROL, PLAIN, POPULAR, Shoppers, systems_of
from indexer.manifest import describe_file
from indexer.product import Product
from indexer.snapshot import open_snapshot
from searchsvc.cli.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.personalization.cases import Case, History
    from benchmarks.personalization.purchases import Purchases, Read
    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.retrieval import QueryEmbedder

BASELINES = (PLAIN, POPULAR, CONTROL)
EVERYBODY = "all"
BEFORE, NEVER = "bought before", "never bought before"
_FEEDS = ("feed.jsonl", "feed.jsonl.gz")
_DECIMALS = 5


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
        bench = _Bench(read.purchases, snapshot, Remembered(embedder), policy, plan)
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
        },
        "cases": len(cases),
        "kinds": kinds,
    }


@dataclass(frozen=True, slots=True)
class _Bench:
    """Everything that does not depend on the kind of query."""

    purchases: Purchases
    snapshot: Snapshot
    embedder: QueryEmbedder
    policy: RankingPolicy
    plan: Plan

    def lend(self, cases: Sequence[Case]) -> list[dict[int, History]]:
        """The histories of the control's permutations, by order."""
        seeds = range(self.plan.seed, self.plan.seed + self.plan.permutations)
        return [lend_histories(cases, self.purchases, seed) for seed in seeds]

    def ask(
        self,
        texts: Sequence[str | None],
        eras: Sequence[Era],
        lent: Sequence[dict[int, History]],
        advance: Callable[[int], None],
    ) -> dict[str, Any]:
        """The effects with one query of each product."""
        fields = fields_in_use(eras)
        asked: list[Case] = []
        parts = []
        for era in eras:
            pairs = [(case, text) for case in era.cases if (text := texts[case.product])]
            advance(len(era.cases) - len(pairs))
            shoppers = Shoppers(self.purchases, self.snapshot, era.model)
            parts.append(
                rank_cases(
                    pairs,
                    systems_of(shoppers, self.policy, fields, lent),
                    Ranker(self.snapshot, self.embedder),
                    advance,
                )
            )
            asked += [case for case, _ in pairs]
        ranks = Ranks.joined(parts)
        users = np.array([case.user for case in asked], np.int32)
        found = effects(ranks.by_system, users, _groups(asked), BASELINES, POPULAR)
        return {
            "cases": len(asked),
            "without_query": sum(len(era.cases) for era in eras) - len(asked),
            "unmatched": int(np.isinf(ranks.by_system[PLAIN]).sum()),
            "queries": len({texts[case.product] for case in asked}),
            "strangers_checked": ranks.checked,
            "strangers_changed": ranks.changed,
            "groups": {name: _rounded(asdict(group)) for name, group in found.items()},
        }


def _groups(cases: Sequence[Case]) -> dict[str, NDArray[np.bool_]]:
    """Who is told apart: by earlier orders, and by whether the product was bought before."""
    orders = [case.history.orders for case in cases]
    repeated = np.array([case.repeated for case in cases], np.bool_)
    buckets = {
        bucket.name: np.array([it in bucket for it in orders], np.bool_)
        for bucket in (*BUCKETS, REGULARS)
    }
    known = {EVERYBODY: np.ones(len(cases), np.bool_), **buckets}
    parts = {
        f"{name}, {suffix}": mask & part
        for name, mask in known.items()
        if name != NOBODY.name
        for suffix, part in ((BEFORE, repeated), (NEVER, ~repeated))
    }
    return known | parts


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


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    """`value` with its numbers to as many digits as anybody can mean."""
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return value
