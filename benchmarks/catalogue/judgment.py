"""How well a product answers an intent, told from its attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.catalogue.kind import Kind
    from benchmarks.catalogue.record import Variant

PERFECT = 3
"""The label of a product that has everything asked for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product as a judge sees it.

    Attributes:
        facts: attribute values by name, with ``brand``, ``line``, ``material``,
            ``colour_family`` and ``audience`` where they apply.
    """

    id: str
    kind: str
    category: str
    title: str
    facts: Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a shopper wants.

    Attributes:
        kinds: slugs of the kinds asked for; empty when any kind will do.
        categories: the category paths of those kinds: what stands in them is related.
        wishes: facts asked for.
    """

    kinds: frozenset[str]
    categories: frozenset[str]
    wishes: tuple[tuple[str, str], ...]

    def label(self, candidate: Candidate) -> int:
        """The graded judgment.

        Returns:
            3 for the right kind with every wish met; 2 for the right kind with half of the wishes
            or more; 1 for the right kind otherwise, and for a related kind with half of them or
            more; 0 for everything else.
        """
        met = sum(_meets(candidate.facts.get(name), value) for name, value in self.wishes)
        half = 2 * met >= len(self.wishes)
        if not self.kinds:
            return self._label_any_kind(met)
        if candidate.kind in self.kinds:
            return PERFECT if met == len(self.wishes) else 1 + (half and met > 0)
        return int(half and candidate.category in self.categories)

    def _label_any_kind(self, met: int) -> int:
        """Without a kind nothing but the wishes connects product and query."""
        return PERFECT if met == len(self.wishes) else int(met > 0)


def candidate(variant: Variant) -> Candidate:
    """The facts of one product."""
    record, model = variant.record, variant.model
    facts = {
        "brand": model.brand,
        "line": model.line,
        "material": model.material.name,
        **record["attributes"],
    }
    if model.audience:
        facts["audience"] = model.audience.key
    return Candidate(
        id=record["id"],
        kind=model.kind.slug,
        category=category(model.kind),
        title=record["title"],
        facts=facts,
    )


def category(kind: Kind) -> str:
    """The path above the kind."""
    return kind.product_type.rpartition(" > ")[0]


def intent(kinds: Iterable[Kind], *wishes: tuple[str, str]) -> Intent:
    """What is wanted of any of `kinds`."""
    wanted = tuple(kinds)
    return Intent(
        kinds=frozenset(kind.slug for kind in wanted),
        categories=frozenset(category(kind) for kind in wanted),
        wishes=wishes,
    )


def _meets(fact: str | float | None, wish: str) -> bool:
    """Equality; who shops for women or men can wear unisex."""
    return fact == wish or (fact == "unisex" and wish in {"men", "women"})
