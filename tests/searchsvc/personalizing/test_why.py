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
from searchsvc.ranking.reason import Reason, ReasonKind
from searchsvc.segments.segments import ActiveSegment
from searchsvc.segments.segments import Reason as Membership
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
REGULARS = ActiveSegment("regulars", "Regular customers", Membership.RULE, "orders at least 3", 0)


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


def taste(name: str, gain: float) -> Reason:
    return Reason(ReasonKind.TASTE, name, gain)


ANY = Preferences(tastes=tastes({"Acme": 0.9}), session=session())
SEGMENT = Reason(ReasonKind.SEGMENT, "cheap", 0.1, "regulars")


def test_nothing_is_told_where_the_order_is_that_of_everybody() -> None:
    assert why(personal(None, REGULARS), [SEGMENT]) == ()


def test_groups_tastes_and_session_are_told_in_plain_words() -> None:
    reasons = [
        taste("brand: Acme", 0.02),
        SEGMENT,
        taste("price: 50 to 100", -0.04),
        taste("words: red", 0.01),
        taste("brand: Acme", 0.03),
        taste("product_type: Sofas", 0.005),
        taste("other traits", 0.001),
        Reason(ReasonKind.SESSION, "resembles what was viewed", 0.1),
        Reason(ReasonKind.REQUEST, "cheap", 0.1),
    ]
    assert [(it.kind, it.text) for it in why(personal(ANY, REGULARS), reasons)] == [
        (ReasonKind.SEGMENT, "You are in the group “Regular customers”."),
        (ReasonKind.TASTE, "You chose the brand Acme more often than others do."),
        (ReasonKind.TASTE, "You chose prices of 50 to 100 less often than others do."),
        (ReasonKind.TASTE, "You chose “red” more often than others do."),
        (ReasonKind.TASTE, "You chose Sofas more often than others do."),
        (ReasonKind.TASTE, "It fits what you chose before."),
        (ReasonKind.SESSION, "You looked at similar products just now."),
    ]
    (brand,) = (it for it in why(personal(ANY), reasons) if it.name == "brand")
    assert brand == Because(brand.kind, brand.text, "brand", "Acme")


def test_what_moved_nothing_on_the_page_is_no_reason() -> None:
    assert why(personal(ANY, REGULARS), []) == ()
    told = why(personal(ANY, REGULARS), [taste("brand: Bolt", 0.1)])
    assert [it.value for it in told] == ["Bolt"]


def test_only_the_strongest_tastes_are_told() -> None:
    names = ["Acme", "Bolt", "red", "sofa", "blue", "green", "Sofas"]
    told = why(personal(ANY), [taste(f"x: {name}", 0.9 - n / 10) for n, name in enumerate(names)])
    assert [it.value for it in told] == names[:MOST_TASTES]


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_what_is_not_liked_is_not_told(value: float) -> None:
    liked = tastes({"Acme": value, "Bolt": 0.5})
    assert list(top_tastes(liked)) == [("brand", "Bolt")]


def test_having_bought_one_article_is_no_taste() -> None:
    assert list(top_tastes(tastes({"p1": 0.9, "g": 0.8, "red": 0.1}))) == [("words", "red")]
