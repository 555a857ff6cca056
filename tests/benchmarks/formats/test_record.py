from __future__ import annotations

from benchmarks.formats.record import free_attributes, title
from indexer.feeds.free import MAX_ATTRIBUTES


def test_a_title_is_what_there_is_of_title_text_and_id() -> None:
    assert title(" Red <i>sofa</i> ", "For three", "7") == "Red sofa"
    assert title("\x08", "For " + "three " * 50, "7") == "For" + " three" * 16
    assert title("", "<p></p>", "7") == "7"


def test_values_of_one_name_become_a_list_of_distinct_texts() -> None:
    pairs = [("size ", "small"), ("size", "2"), ("size", ["small", True, 2.5])]
    assert free_attributes(pairs) == {"size": ("small", "2", "true", "2.5")}


def test_a_single_value_keeps_its_type() -> None:
    pairs = [("a", "2"), ("b", "2.5"), ("c", "true"), ("d", 7), ("e", False), ("f", "007")]
    assert free_attributes(pairs) == {"a": 2, "b": 2.5, "c": True, "d": 7, "e": False, "f": "007"}


def test_what_a_feed_reader_would_refuse_is_left_out() -> None:
    pairs = [
        ("", "x"), ("n" * 101, "x"), ("object", {"a": 1}), ("none", None), ("blank", " "),
        ("infinite", float("inf")), ("link", "https://example.com/"), ("good", "x"),
    ]  # fmt: skip
    assert free_attributes(pairs) == {"good": "x"}


def test_no_more_attributes_are_kept_than_a_record_may_have() -> None:
    pairs = [(str(number % (MAX_ATTRIBUTES + 5)), "x") for number in range(3 * MAX_ATTRIBUTES)]
    assert len(free_attributes(pairs)) == MAX_ATTRIBUTES
