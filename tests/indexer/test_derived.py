"""What is computed from a snapshot is kept, the lately used, within a budget."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from indexer.derived import Derived


def test_a_value_is_computed_once() -> None:
    derived = Derived(10)
    made: list[int] = []

    def compute() -> str:
        made.append(1)
        return "value"

    assert [derived.get("key", compute, len) for _ in range(3)] == ["value"] * 3
    assert len(made) == 1
    assert derived.used_bytes == 5


def test_what_was_used_longest_ago_goes_first() -> None:
    derived = Derived(6)
    for key in ("a", "b", "a", "c"):
        derived.get(key, lambda key=key: key * 3, len)
    again: list[str] = []
    for key in ("a", "c", "b"):
        derived.get(key, lambda key=key: again.append(key) or key * 3, len)
    assert again == ["b"]


def test_a_value_larger_than_the_budget_is_given_and_not_kept() -> None:
    derived = Derived(3)
    derived.get("small", lambda: "ab", len)
    assert derived.get("large", lambda: "abcd", len) == "abcd"
    assert derived.used_bytes == 2
    assert derived.get("small", lambda: "no", len) == "ab"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_the_budget_holds_and_every_answer_is_right(wanted: list[tuple[int, int]]) -> None:
    derived = Derived(100)
    sizes: dict[int, int] = {}
    for key, size in wanted:
        fixed = sizes.setdefault(key, size)
        assert derived.get(key, lambda key=key: key, lambda _, size=fixed: size) == key
        assert 0 <= derived.used_bytes <= 100


def test_threads_that_miss_the_same_key_at_once_count_it_once() -> None:
    derived = Derived(100)
    both = threading.Barrier(2)

    def compute() -> bytes:
        both.wait(10)  # neither finds what the other computes
        return b"12345"

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(derived.get, "key", compute, len) for _ in range(2)]
        assert [future.result() for future in futures] == [b"12345"] * 2
    assert derived.used_bytes == 5


def test_what_still_holds_is_taken_over_within_the_budget() -> None:
    before, after = Derived(100), Derived(5)
    for key in ("a", "b", "c", "d"):
        before.get(key, lambda key=key: key * 2, len)
    after.take_over(before, lambda key: key != "c")
    assert after.keys() == ["b", "d"]
    assert after.get("d", lambda: "no", len) == "dd"
    assert after.used_bytes == 4
    assert before.keys() == ["a", "b", "c", "d"]
