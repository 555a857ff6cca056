"""Why this order: what a shopper is told, and no more than is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.vectors.exact import ExactIndex
from searchsvc.learned.tastes import Tastes
from searchsvc.personalizing.personalization import NotApplied, Personalization
from searchsvc.personalizing.why import MOST_TASTES, Because, top_tastes, why
from searchsvc.policy import RankingPolicy
from searchsvc.preferences.preferences import Preferences
from searchsvc.preferences.session import Session
from searchsvc.ranking.reason import ReasonKind
from searchsvc.segments.segments import ActiveSegment, Reason
from tests.searchsvc.preferences.taught import teach

if TYPE_CHECKING:
    from searchsvc.learned.model import Learned

MODEL = teach(
    {
        "p0": {"brand": ["Acme"], "words": ["red", "sofa"], "price": ["50 to 100"]},
        "p1": {"brand": ["Bolt"], "words": ["blue"], "product_type": ["Sofas"], "id": ["p1"]},
        "p2": {"color": ["green"], "item_group_id": ["g"]},
    }
)
REGULARS = ActiveSegment("regulars", "Regular customers", Reason.RULE, "orders at least 3", 0)


def tastes(values: dict[str, float], model: Learned = MODEL) -> Tastes:
    given = [values.get(model.values[number], 0.0) for number in range(len(model.values))]
    array = np.array(given, np.float32)
    return Tastes(model, array, array, 3.0)


def personal(preferences: Preferences | None, *segments: ActiveSegment) -> Personalization:
    reason = NotApplied.NOTHING_KNOWN if preferences is None else None
    return Personalization(RankingPolicy(), preferences, reason, 60.0, segments)


def session() -> Session:
    vectors = ExactIndex(np.eye(2, dtype=np.float16))
    return Session(np.array([1, 0], np.float32), vectors, 0.2, 0.5)


def test_nothing_is_told_where_the_order_is_that_of_everybody() -> None:
    assert why(personal(None, REGULARS)) == ()


def test_groups_tastes_and_session_are_told_in_plain_words() -> None:
    liked = tastes({"Acme": 0.9, "50 to 100": 0.8, "red": 0.7, "Sofas": 0.6, "green": 0.5})
    assert why(personal(Preferences(tastes=liked, session=session()), REGULARS)) == (
        Because(ReasonKind.SEGMENT, "You are in the group “Regular customers”.", "regulars"),
        Because(
            ReasonKind.TASTE,
            "You chose the brand Acme more often than others do.",
            "brand",
            "Acme",
        ),
        Because(
            ReasonKind.TASTE,
            "You chose prices of 50 to 100 more often than others do.",
            "price",
            "50 to 100",
        ),
        Because(ReasonKind.TASTE, "You chose “red” more often than others do.", "words", "red"),
        Because(
            ReasonKind.TASTE, "You chose Sofas more often than others do.", "product_type", "Sofas"
        ),
        Because(ReasonKind.TASTE, "You chose green more often than others do.", "color", "green"),
        Because(ReasonKind.SESSION, "You looked at similar products just now."),
    )


def test_only_the_strongest_tastes_are_told() -> None:
    names = ["Acme", "Bolt", "red", "sofa", "blue", "green", "Sofas"]
    liked = tastes({name: 0.9 - n / 10 for n, name in enumerate(names)})
    told = why(personal(Preferences(tastes=liked)))
    assert [it.value for it in told] == names[:MOST_TASTES]


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_what_is_not_liked_is_not_told(value: float) -> None:
    liked = tastes({"Acme": value, "Bolt": 0.5})
    assert list(top_tastes(liked)) == [("brand", "Bolt")]


def test_having_bought_one_article_is_no_taste() -> None:
    assert list(top_tastes(tastes({"p1": 0.9, "g": 0.8, "red": 0.1}))) == [("words", "red")]
