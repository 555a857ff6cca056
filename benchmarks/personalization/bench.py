"""The bench: every system asked for every held-out purchase, with one kind of query."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.audience import audience_of
from benchmarks.personalization.cases import BUCKETS, NOBODY, REGULARS, lend_histories
from benchmarks.personalization.effects import effects
from benchmarks.personalization.eras import Era, fields_in_use
from benchmarks.personalization.ranks import Ranker, Ranks, rank_cases
from benchmarks.personalization.systems import CONTROL, PLAIN, POPULAR, Shoppers, systems_of
from searchsvc.segments.compiler import compile_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from benchmarks.personalization.cases import Case, History
    from benchmarks.personalization.purchases import Purchases
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.routing import QueryEmbedder
    from searchsvc.segments.document import SegmentsDocument

BASELINES = (PLAIN, POPULAR, CONTROL)
EVERYBODY = "all"
BEFORE, NEVER = "bought before", "never bought before"
_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that does not depend on the kind of query.

    Attributes:
        discovered: segments of which somebody may know no more than that.
        permutations: of the control.
        seed: of what is drawn for it.
    """

    purchases: Purchases
    snapshot: Snapshot
    embedder: QueryEmbedder
    policy: RankingPolicy
    discovered: SegmentsDocument
    permutations: int
    seed: int

    def lend(self, cases: Sequence[Case]) -> list[dict[int, History]]:
        """The histories of the control's permutations, by order."""
        seeds = range(self.seed, self.seed + self.permutations)
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
            segments = compile_segments(self.discovered, self.snapshot)
            audience = audience_of(segments, era.model, self.snapshot, self.policy)
            shoppers = Shoppers(self.purchases, audience)
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


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    """`value` with its numbers to as many digits as anybody can mean."""
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return value
