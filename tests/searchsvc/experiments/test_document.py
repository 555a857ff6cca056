"""The experiment document: what is taken, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from searchsvc.errors import BadLiveSettingsError
from searchsvc.experiments.document import MAX_ARMS, ExperimentDocument
from searchsvc.livefile import parse

CONTROL: dict[str, Any] = {"name": "control", "share": 50}
OTHER: dict[str, Any] = {"name": "strong", "share": 50, "strength": 90}


def read(content: Any) -> ExperimentDocument:
    return parse(ExperimentDocument, json.dumps(content).encode())


def test_an_empty_document_is_no_experiment() -> None:
    assert read({}) == ExperimentDocument()
    assert ExperimentDocument().name is None


def test_the_documented_example_is_taken() -> None:
    (example,) = ExperimentDocument.model_json_schema()["examples"]
    assert read(example).traffic == 50


def test_a_document_is_shown_as_it_was_given() -> None:
    """Ranking settings that an arm leaves alone must not become its own by being shown."""
    given = {
        "name": "rrf",
        "salt": "2",
        "traffic": 10.0,
        "arms": [CONTROL, OTHER | {"ranking": {"fusion": "rrf", "window": 300}}],
    }
    document = read(given)
    assert document.model_dump(mode="json", exclude_unset=True) == given
    shown = document.model_dump(mode="json")
    assert [arm["ranking"] for arm in shown["arms"]] == [{}, {"fusion": "rrf", "window": 300}]
    assert read(shown) == document


@pytest.mark.parametrize("shares", [[100], [33.3, 33.3, 33.4], [10] * 10, [0.1, 99.9]])
def test_shares_that_add_up_are_taken(shares: list[float]) -> None:
    arms = [{"name": f"a{place}", "share": share} for place, share in enumerate(shares)]
    assert len(read({"name": "e", "arms": arms}).arms) == len(shares)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"name": "e"}, ("arms: none", "1 to 10 arms")),
        ({"name": "e", "arms": []}, ("arms: none",)),
        ({"arms": [CONTROL, OTHER]}, ("name: missing", "Give both")),
        ({"name": "", "arms": [CONTROL, OTHER]}, ("name", "at least 1")),
        ({"name": "Has Space", "arms": [CONTROL, OTHER]}, ("name", "'Has Space'", "pattern")),
        ({"name": "e/f", "arms": [CONTROL, OTHER]}, ("name", "'e/f'")),
        ({"name": "e" * 32, "arms": [CONTROL, OTHER]}, ("name", "at most 31")),
        ({"name": 7, "arms": [CONTROL, OTHER]}, ("name", "valid string")),
        ({"name": "e", "salt": "a b", "arms": [CONTROL, OTHER]}, ("salt", "'a b'")),
        ({"name": "e", "salt": "a\x00", "arms": [CONTROL, OTHER]}, ("salt",)),
        ({"name": "e", "traffic": 101, "arms": [CONTROL, OTHER]}, ("traffic", "101")),
        ({"name": "e", "traffic": -1, "arms": [CONTROL, OTHER]}, ("traffic", "-1")),
        ({"name": "e", "traffic": "50", "arms": [CONTROL, OTHER]}, ("traffic", "'50'")),
        ({"name": "e", "arms": [CONTROL]}, ("arms: the shares add up to 50", "lower the traffic")),
        ({"name": "e", "arms": [CONTROL, OTHER, OTHER]}, ("arms.2.name: 'strong'", "arms.1")),
        ({"name": "e", "arms": [CONTROL, OTHER | {"share": 0}]}, ("arms.1.share", "greater")),
        ({"name": "e", "arms": [CONTROL, OTHER | {"share": 51}]}, ("add up to 101",)),
        ({"name": "e", "arms": [CONTROL, OTHER | {"strength": 101}]}, ("arms.1.strength", "101")),
        ({"name": "e", "arms": [CONTROL, OTHER | {"weight": 1}]}, ("arms.1.weight", "Extra")),
        (
            {"name": "e", "arms": [CONTROL, OTHER | {"ranking": {"window": 0}}]},
            ("arms.1.ranking.window", "greater than or equal to 1"),
        ),
        (
            {"name": "e", "arms": [CONTROL, OTHER | {"ranking": {"fusio": "rrf"}}]},
            ("arms.1.ranking.fusio",),
        ),
        (
            {"name": "e", "arms": [{"name": f"a{n}", "share": 1} for n in range(MAX_ARMS + 1)]},
            ("arms", "at most 10"),
        ),
        ({"nam": "e"}, ("nam: unknown, expected one of name, salt, traffic, arms",)),
        ([], ("the document", "object")),
    ],
)
def test_what_is_not_valid_is_refused_with_its_place(content: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(BadLiveSettingsError) as refused:
        read(content)
    for word in words:
        assert word in str(refused.value)
