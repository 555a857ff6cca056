from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.collection import load_collection
from benchmarks.robustness.misspelt import (
    MisspeltQuery,
    Words,
    ask,
    compare,
    draw_misspelt,
    summarize,
)
from benchmarks.robustness.typos import Kind, Typo
from indexer.product import Product
from searchsvc.errors import JudgmentsError
from searchsvc.relevance.judgments import JudgedQuery
from searchsvc.relevance.labels import LabelScale


class Fragile:
    """Finds the relevant product only where the query is spelt as it knows it."""

    name = "fragile"

    def __init__(self, *known: str) -> None:
        self._known = known

    def rank(self, text: str) -> Sequence[str]:
        return ["good"] if text in self._known else ["bad"]


class Deaf:
    """Never finds anything."""

    name = "deaf"

    def rank(self, _text: str) -> Sequence[str]:
        return []


def words_of(title: str) -> Words:
    words = Words()
    words.add(Product(id="p", title=title, description="Über <Café>", brand="ACME2"))
    return words


MOUSE = MisspeltQuery(
    JudgedQuery("q1", "mouse"),
    [
        Typo("house", Kind.REPLACEMENT, "mouse", "house"),
        Typo("mousse", Kind.INSERTION, "mouse", "mousse"),
        Typo("muose", Kind.SWAP, "mouse", "muose"),
        Typo("muse", Kind.DELETION, "mouse", "muse"),
    ],
)
SHIRT = MisspeltQuery(JudgedQuery("q2", "shirt"), [Typo("shrt", Kind.DELETION, "shirt", "shrt")])


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    collection = load_collection(
        write(
            tmp_path_factory.mktemp("collection"),
            '{"id": "q1", "text": "mouse"}\n{"id": "q2", "text": "shirt"}\n',
            "q1\tgood\t3\nq2\tgood\t1\n",
        )
    )
    queries = [
        MisspeltQuery(MOUSE.query, MOUSE.typos),
        MisspeltQuery(SHIRT.query, SHIRT.typos),
    ]
    counted: list[int] = []
    systems = [Deaf(), Fragile("mouse", "shirt", "mousse")]
    ask(queries, systems, collection, counted.append)
    assert counted == [4, 1]
    return summarize(queries, ["deaf", "fragile"], words_of("A House for a mouse, MUSE"))


def test_the_fall_is_that_of_the_mean_over_queries(summary: dict[str, Any]) -> None:
    fragile = summary["systems"]["fragile"]
    assert fragile["clean"] == 1
    # One of four misspellings of one query is found, none of the other's: (1/4 + 0) / 2.
    assert fragile["misspelt"] == 0.125
    assert fragile["fall"] == 87.5
    assert fragile["fall_low"] == 75
    assert fragile["fall_high"] == 100
    assert (fragile["queries"], fragile["misspellings"]) == (2, 5)


def test_each_part_is_compared_with_its_own_queries(summary: dict[str, Any]) -> None:
    parts = summary["systems"]["fragile"]["parts"]
    figures = {
        name: (part["queries"], part["misspellings"], part["misspelt"])
        for name, part in parts.items()
    }
    assert figures == {
        "insertion": (1, 1, 1.0),
        "deletion": (2, 2, 0.0),
        "swap": (1, 1, 0.0),
        "replacement": (1, 1, 0.0),
        "first letter": (1, 1, 0.0),
        "other letters": (2, 4, 0.1667),
        "gives a word of the catalogue": (1, 2, 0.0),
        "gives no word": (2, 3, 0.25),
    }
    assert parts["swap"]["fall"] == 100
    # One query tells nothing about others.
    assert parts["swap"]["fall_low"] is None
    assert parts["swap"]["fall_high"] is None


def test_a_system_that_finds_nothing_cannot_fall(summary: dict[str, Any]) -> None:
    deaf = summary["systems"]["deaf"]
    assert (deaf["clean"], deaf["misspelt"]) == (0, 0)
    assert (deaf["fall"], deaf["fall_low"], deaf["fall_high"]) == (None, None, None)


def test_the_share_of_real_words_is_over_misspellings(summary: dict[str, Any]) -> None:
    assert summary["real_words"] == 0.4
    assert [row["real_word"] for row in summary["by_query"]["q1"]["misspelt"]] == [
        True, False, False, True,
    ]  # fmt: skip


def test_a_misspelling_is_listed_with_the_value_of_each_system(summary: dict[str, Any]) -> None:
    assert summary["by_query"]["q1"]["clean"] == {"deaf": 0, "fragile": 1}
    assert summary["by_query"]["q1"]["misspelt"][1] == {
        "text": "mousse",
        "kind": "insertion",
        "first_letter": False,
        "real_word": False,
        "values": {"deaf": 0, "fragile": 1},
    }


def test_the_worst_are_of_the_last_system_one_for_each_query(summary: dict[str, Any]) -> None:
    assert summary["worst"] == [
        {"text": "mouse", "misspelt": "house", "clean": 1, "value": 0},
        {"text": "shirt", "misspelt": "shrt", "clean": 1, "value": 0},
    ]


def test_the_costliest_misspelling_comes_first() -> None:
    small, great = (
        MisspeltQuery(JudgedQuery(name, name), [Typo("x", Kind.SWAP, "xy", "yx")], *values)
        for name, values in {
            "small": ({"s": 1.0}, {"s": [0.9]}),
            "great": ({"s": 0.8}, {"s": [0.1]}),
        }.items()
    )
    worst = summarize([small, great], ["s"], Words())["worst"]
    assert [example["text"] for example in worst] == ["great", "small"]


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=0, max_size=4), min_size=1, max_size=6).filter(
        any
    ),
    st.floats(0.1, 1),
)
def test_the_means_agree_with_plain_sums(values: list[list[float]], clean: float) -> None:
    owners = np.array([place for place, of in enumerate(values) for _ in of], np.int64)
    flat = np.array([value for of in values for value in of])
    found = compare(np.full(len(values), clean), flat, owners)
    means = [sum(of) / len(of) for of in values if of]
    assert found["misspelt"] == pytest.approx(sum(means) / len(means), abs=1e-4)
    assert found["clean"] == pytest.approx(clean, abs=1e-4)
    assert found["queries"] == len(means)
    if len(means) > 1:
        assert found["fall_low"] <= found["fall"] <= found["fall_high"]


def test_samples_without_a_query_that_could_fall_are_left_out_of_the_interval() -> None:
    clean = np.array([1.0, 0.0])
    found = compare(clean, np.array([0.5, 0.0]), np.array([0, 1]))
    assert (found["fall"], found["fall_low"], found["fall_high"]) == (50, 50, 50)


@pytest.mark.parametrize("word", ["House", "CAFÉ", "cafe", "uber", "acme"])
def test_words_are_known_without_case_and_accents(word: str) -> None:
    assert (word in words_of("A House")) == (word != "acme")


def test_what_is_no_text_is_no_word() -> None:
    assert 7 not in words_of("7")


def write(folder: Path, queries: str, qrels: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "feed.jsonl").write_text('{"id": "p1", "title": "A mouse"}\n')
    (folder / "queries.jsonl").write_text(queries)
    (folder / "qrels.tsv").write_text(qrels)
    return folder


def test_queries_that_cannot_be_measured_or_misspelt_are_left_out(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        '{"id": "a", "text": "mouse"}\n{"id": "b", "text": "tv"}\n'
        '{"id": "c", "text": "keyboard"}\n{"id": "d", "text": "monitor"}\n',
        "a\tp1\t2\nb\tp1\t2\nc\tp1\t0\n",
    )
    drawn = draw_misspelt(load_collection(folder), 8, 1)
    assert [asked.query.id for asked in drawn] == ["a"]
    assert len(drawn[0].typos) == 8


def test_a_collection_with_nothing_to_misspell_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, '{"id": "b", "text": "tv"}\n', "b\tp1\t2\n")
    with pytest.raises(JudgmentsError, match="none of 1 queries .* five letters"):
        draw_misspelt(load_collection(folder), 8, 1)


def test_the_collection_says_what_is_relevant_and_what_it_gains(tmp_path: Path) -> None:
    folder = write(
        tmp_path, '{"id": "a", "text": "mouse"}\n', "a\tgood\t1\na\tbest\t2\na\tbad\t0\n"
    )
    collection = load_collection(folder)
    linear = LabelScale({0: 0.0, 1: 0.5, 2: 1.0}, relevant_from=2)
    (asked,) = draw_misspelt(replace(collection, scale=linear), 2, 1)
    ask([asked], [Fragile("mouse")], replace(collection, scale=linear), lambda _: None)
    # One product of gain 0.5 first; the ideal has 1 first and 0.5 second.
    assert asked.clean["fragile"] == pytest.approx(0.5 / (1 + 0.5 / np.log2(3)))
    with pytest.raises(JudgmentsError, match="relevant"):
        draw_misspelt(replace(collection, scale=LabelScale(relevant_from=3)), 2, 1)
