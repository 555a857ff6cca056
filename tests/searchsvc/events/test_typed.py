"""Of what is being typed, what came of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from searchsvc.events.event import Event
from searchsvc.events.recording import search_event
from searchsvc.events.typed import PAUSE_SECONDS, Offered, TypedSearches


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(text: str, user: str = "a" * 64, index: str = "shop") -> Event:
    return search_event(index, user, text, f"{hash((text, user, index)) & 0xFFFF:032x}")


def typed(*texts: str) -> list[Offered]:
    return [Offered(asked(text), typing=True) for text in texts]


def queries(events: list[Event]) -> list[str | None]:
    return [event.query for event in events]


def test_only_the_last_of_a_word_being_typed_is_kept_and_only_after_a_pause() -> None:
    clock = Clock()
    searches = TypedSearches(clock)
    assert searches.take(typed("j", "jac", "jack", "jacket")) == []
    clock.now += PAUSE_SECONDS - 0.1
    assert searches.take([]) == []
    clock.now += 0.2
    assert queries(searches.take([])) == ["jacket"]
    assert searches.take([]) == []


def test_letters_that_are_deleted_are_typing_too() -> None:
    searches = TypedSearches(Clock())
    searches.take(typed("jackett", "jacke"))
    assert queries(searches.take([], every=True)) == ["jacke"]


def test_another_query_says_that_the_one_before_was_meant() -> None:
    searches = TypedSearches(Clock())
    assert queries(searches.take(typed("jacket", "tent"))) == ["jacket"]
    assert queries(searches.take([], every=True)) == ["tent"]


def test_what_was_sent_as_complete_is_stored_at_once_and_is_what_the_typing_came_to() -> None:
    searches = TypedSearches(Clock())
    chosen = Offered(asked("jacket men"))
    assert queries(searches.take([*typed("jac"), chosen])) == ["jacket men"]
    assert queries(searches.take([*typed("tent"), chosen])) == ["tent", "jacket men"]
    assert searches.take([], every=True) == []


def test_users_and_indexes_type_beside_each_other() -> None:
    searches = TypedSearches(Clock())
    several = [
        Offered(asked("j", user="a" * 64), typing=True),
        Offered(asked("ja", user="b" * 64), typing=True),
        Offered(asked("jac", user="a" * 64, index="other"), typing=True),
    ]
    assert searches.take(several) == []
    assert sorted(map(str, queries(searches.take([], every=True)))) == ["j", "ja", "jac"]


@given(st.lists(st.tuples(st.sampled_from(["a", "ab", "abc", "b", "bc"]), st.booleans())))
def test_nothing_but_beginnings_is_left_out(said: list[tuple[str, bool]]) -> None:
    searches = TypedSearches(Clock())
    kept: list[Event] = []
    for text, typing in said:
        kept += searches.take([Offered(asked(text), typing=typing)])
    kept += searches.take([], every=True)
    expected = [
        text
        for place, (text, typing) in enumerate(said)
        if not typing or place + 1 == len(said) or said[place + 1][0][0] != text[0]
    ]
    assert queries(kept) == expected
