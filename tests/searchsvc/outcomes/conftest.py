"""Events of an experiment, told in a few words."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.experiments.assignment import Experiment
from searchsvc.experiments.document import ExperimentDocument

Happen = Callable[..., Event]


@pytest.fixture
def happen() -> Happen:
    """``happen("click", "ann", query_id="q1")``: each later than the one before."""
    numbers = count(1)

    def make(kind: str, user: str, *items: Item, **fields: Any) -> Event:
        number = next(numbers)
        return Event(
            **{
                "id": f"e{number}",
                "kind": EventKind(kind),
                "index": "shop",
                "user": user,
                "time_ms": number,
                "source": Source.API,
                "items": items,
                **fields,
            }
        )

    return make


@pytest.fixture
def experiment() -> Experiment:
    """Two equal arms: ``try/control`` and ``try/bold``."""
    made = Experiment.of(
        ExperimentDocument.model_validate(
            {
                "name": "try",
                "arms": [{"name": "control", "share": 50}, {"name": "bold", "share": 50}],
            }
        )
    )
    assert made is not None
    return made
