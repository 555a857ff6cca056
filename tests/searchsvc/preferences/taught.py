"""Models and preferences for tests, put together the obvious way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.storage import StringTable
from searchsvc.learned.model import Learned, LearnedFrom, TraitField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

ORIGIN = LearnedFrom(
    time_ms=1,
    newest_ms=1,
    generation="g00000001-00000000",
    events=3,
    users=2,
    orders=1,
    held_out=1,
    half_life_days=180,
    event_weights={"purchase": 1.0, "click": 0.25},
    popularity_prior=1e-9,  # what is taught here is believed
)

Traits = dict[str, list[str]]
"""The values of one product, by field."""


def field(name: str, **changes: Any) -> TraitField:
    given = {"smoothing": 1.0, "ceiling": 2.0, "signed": True, "weight": 3.0, "error": 0.1}
    return TraitField(**{"name": name, "in_use": True, **given, **changes})


def teach(
    products: Mapping[str, Traits],
    sold: Mapping[str, float] | None = None,
    fields: Iterable[TraitField] = (),
) -> Learned:
    """A model in which each of `products` has the traits that it is given."""
    ids = sorted(products, key=str.encode)
    used = {name for traits in products.values() for name in traits}
    kinds = list(fields) or [field(name) for name in sorted(used)]
    values = {
        kind.name: sorted({it for had in products.values() for it in had.get(kind.name, [])})
        for kind in kinds
    }
    number = {
        pair: place
        for place, pair in enumerate(
            (kind.name, value) for kind in kinds for value in values[kind.name]
        )
    }
    entries = [
        [(number[name, it], 1 / len(had)) for name, had in products[product].items() for it in had]
        for product in ids
    ]
    flat = [entry for product in entries for entry in product]
    return Learned(
        origin=ORIGIN,
        fields=tuple(kinds),
        ids=StringTable.of(ids),
        popularity=np.array([(sold or {}).get(product, 0.0) for product in ids], np.float32),
        values=StringTable.of([value for kind in kinds for value in values[kind.name]]),
        field_of=np.array(
            [place for place, kind in enumerate(kinds) for _ in values[kind.name]], np.int16
        ),
        shares=np.full(len(number), 1 / max(len(number), 1), np.float32),
        starts=np.cumsum([0, *map(len, entries)]).astype(np.int64),
        traits=np.array([trait for trait, _ in flat], np.int32),
        parts=np.array([part for _, part in flat], np.float32),
        band_edges=np.empty(0),
    )


def worth(model: Learned, values: NDArray[np.float32]) -> dict[str, float]:
    """What `values` of the traits make of each product of the model, bounded."""
    return {
        model.ids[product]: max(
            -1.0,
            min(
                1.0,
                sum(
                    float(values[model.traits[entry]]) * float(model.parts[entry])
                    for entry in range(int(model.starts[product]), int(model.starts[product + 1]))
                ),
            ),
        )
        for product in range(len(model.ids))
    }
