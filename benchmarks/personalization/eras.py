"""Eras: the held-out time in parts, each with a model of everything before it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.personalization.split import DAY_MS
from searchsvc.learning.accepting import accepted
from searchsvc.learning.learn import learn
from searchsvc.learning.propose import propose
from searchsvc.segments.document import SegmentsDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.personalization.cases import Case
    from benchmarks.personalization.purchases import Purchases
    from benchmarks.personalization.split import Split
    from indexer.snapshot import Snapshot
    from searchsvc.learned.model import Learned


@dataclass(frozen=True, slots=True, eq=False)
class Era:
    """Cases that are asked with one model.

    Attributes:
        at_ms: the model knows nothing from here on; no case begins earlier.
        model: of everything before.
        cases: in the order they were given.
    """

    at_ms: int
    model: Learned
    cases: tuple[Case, ...]


def eras_of(
    cases: Sequence[Case],
    purchases: Purchases,
    split: Split,
    days: int,
    snapshot: Snapshot,
    advance: Callable[[int], None],
) -> list[Era]:
    """The eras of `cases`, the earliest first.

    Args:
        cases: none before the split.
        purchases: to learn from.
        split: where the first era begins.
        days: that an era lasts; 0 for a single one.
        snapshot: the catalogue.
        advance: told of each era.
    """
    begun: defaultdict[int, list[Case]] = defaultdict(list)
    for case in cases:
        since = case.time_ms - split.at_ms
        begun[since // (days * DAY_MS) if days else 0].append(case)
    eras = []
    for number, own in sorted(begun.items()):
        at_ms = split.at_ms + number * days * DAY_MS
        model = learn(purchases.until(at_ms, snapshot.products.ids), snapshot, at_ms)
        eras.append(Era(at_ms, model, tuple(own)))
        advance(1)
    return eras


def discovered_segments(era: Era, purchases: Purchases, snapshot: Snapshot) -> SegmentsDocument:
    """The segments that the purchases before `era` propose, as if a person took all of them."""
    known = purchases.until(era.at_ms, snapshot.products.ids)
    document = SegmentsDocument()
    for proposal in propose(known, snapshot, era.model, {}).proposals:
        document = accepted(document, proposal, proposal.name)
    return document


def fields_in_use(eras: Sequence[Era]) -> list[str]:
    """The fields that any of the models has in use, in the order of the models."""
    fields = [field for era in eras for field in era.model.fields]
    used = {field.name for field in fields if field.in_use}
    return list(dict.fromkeys(field.name for field in fields if field.name in used))
