from __future__ import annotations

import pytest

from benchmarks.budget import (
    ENGINE,
    HTTP,
    HTTP_TRANSFORMER,
    STAGES,
    budgets,
    by_stage,
    compare,
    http_budget,
)

AROUND_THE_ENGINE = ("encode", "framework")


@pytest.mark.parametrize(
    ("encoder", "whole"), [("distilled", HTTP), ("transformer", HTTP_TRANSFORMER)]
)
def test_the_stages_share_what_a_request_may_cost(encoder: str, whole: object) -> None:
    stages = budgets(encoder).values()
    found = http_budget(encoder)
    assert found is whole
    assert sum(stage.median for stage in stages) == pytest.approx(found.median)
    assert sum(stage.p99 for stage in stages) == pytest.approx(found.p99)


def test_the_engine_alone_has_what_the_layers_around_it_leave() -> None:
    inside = [it.median for name, it in STAGES.items() if name not in AROUND_THE_ENGINE]
    # Reading the request is a part of parsing, and none of the engine.
    assert ENGINE.median <= sum(inside) <= ENGINE.median + STAGES["parse"].median


def test_stages_of_the_search_add_to_those_of_the_budget() -> None:
    found = by_stage([("understand", 1.0), ("parse", 2.0), ("arrange", 4.0), ("new", 8.0)])
    assert (found["parse"], found["fetch"], found["new"], found["mask"]) == (3.0, 4.0, 8.0, 0.0)
    assert list(found)[: len(STAGES)] == list(STAGES)


def test_what_exceeds_its_budget_is_named() -> None:
    rows = compare(
        {
            "mask": {"median": 9.0, "p95": 9.0, "p99": 0.0},
            "embed": {"median": 1.0, "p95": 1.0, "p99": 1.0},
            "new": {"median": 9.0, "p95": 9.0, "p99": 9.0},
        },
        "distilled",
    )
    assert rows["mask"]["over"] == ["median"]
    assert rows["embed"]["over"] == ["median", "p99"]
    assert (rows["new"]["budget"], rows["new"]["over"]) == (None, [])
    slower = {"embed": {"median": 1.0, "p95": 1.0, "p99": 1.0}}
    assert compare(slower, "transformer")["embed"]["over"] == []
