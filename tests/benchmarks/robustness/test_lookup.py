from __future__ import annotations

from benchmarks.robustness.identifiers import Identifier, Kind, Style
from benchmarks.robustness.lookup import count, look_up, summarize

TONER = Identifier(Kind.MPN, "TN-2110", frozenset({"a", "b"}))
CODE = Identifier(Kind.GTIN, "4006381333931", frozenset({"c"}))


def careless(text: str) -> str | None:
    """Finds the toner by its dashes only, and one of its products at a time."""
    return {"TN-2110": "b", "tn-2110": "a", "TN2110": "z"}.get(text, "c" if "4" in text else None)


def test_any_product_that_has_the_identifier_will_do() -> None:
    answers = {answer.style: answer for answer in look_up([TONER], careless, lambda _: None)}
    assert [style for style, answer in answers.items() if answer.found] == [
        Style.AS_IS,
        Style.LOWER,
    ]
    assert answers[Style.CLOSED].first == "z"
    assert answers[Style.SPACED].first is None


def test_shares_are_of_the_different_writings() -> None:
    done: list[int] = []
    summary = summarize(look_up([TONER, CODE], careless, done.append))
    assert done == [1, 1]
    assert summary["drawn"] == 2
    # TN-2110 closed up and spaced fail; dashes give TN-2110 again. The GTIN has three writings.
    assert (summary["writings"], summary["found"], summary["share"]) == (7, 5, 0.71429)
    assert summary["by_kind"] == {
        "GTIN": {"writings": 3, "found": 3, "share": 1},
        "MPN": {"writings": 4, "found": 2, "share": 0.5},
    }
    assert summary["by_style"]["closed up"] == {"writings": 1, "found": 0, "share": 0}
    assert summary["by_style"]["spaced"] == {"writings": 2, "found": 1, "share": 0.5}
    assert summary["by_kind_and_style"]["GTIN"]["lower case"] == count([])


def test_failures_say_what_was_expected_and_what_came() -> None:
    failures = summarize(look_up([TONER], careless, lambda _: None))["failures"]
    assert failures[0] == {
        "kind": "MPN",
        "identifier": "TN-2110",
        "style": "closed up",
        "writing": "TN2110",
        "expected": ["a", "b"],
        "first": "z",
    }
    assert [failure["first"] for failure in failures] == ["z", None]


def test_nothing_asked_has_no_share() -> None:
    assert summarize([])["share"] is None
