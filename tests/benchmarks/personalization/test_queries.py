from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.personalization.queries import (
    QueryKind,
    head_nouns,
    phrases,
    product_queries,
    title_words,
)
from indexer.product import Product

MUGS = [f"{colour} enamel mug" for colour in ("red", "blue", "green", "white", "black")]
BOXES = [f"set of 3 {colour} mug boxes" for colour in ("red", "blue", "green", "white", "black")]
titles_of_words = st.lists(
    st.lists(st.sampled_from(["red", "mug", "of", "box", "tin", "set"]), max_size=5), max_size=30
)


def split(titles: list[str]) -> list[list[str]]:
    return [title_words(title) for title in titles]


def test_words_are_letters_with_their_hyphens_and_apostrophes() -> None:
    assert title_words("T-light HOLDER, ladies' children's 3 x 20cm Größe") == [
        "t-light", "holder", "ladies", "children's", "cm", "größe",
    ]  # fmt: skip


def test_the_head_noun_ends_titles_and_stands_nowhere_else() -> None:
    titles = split([*MUGS, *BOXES, "mug in red", "nothing alike"])
    nouns = head_nouns(titles)
    assert nouns[:5] == ["mug"] * 5
    assert nouns[5:10] == ["boxes"] * 5  # which never stand inside a title, as mugs do
    assert nouns[10:] == ["mug", None]


def test_what_ends_four_titles_names_nothing() -> None:
    assert head_nouns(split(MUGS[:4])) == [None] * 4


def test_a_phrase_is_shared_by_three_and_whole() -> None:
    found = phrases(split([*BOXES, "red mug", "blue mug", "red mug holder"]))
    # Five titles have "set of" and "mug boxes", but "of" ends none, and "mug" begins none.
    assert found == ["red mug", None, None, None, None, "red mug", None, "red mug"]


@given(titles_of_words)
def test_every_query_is_of_its_own_title_and_frequent(titles: list[list[str]]) -> None:
    ends = Counter(words[-1] for words in titles if words)
    for words, noun in zip(titles, head_nouns(titles), strict=True):
        assert noun is None or (noun in words and ends[noun] >= 5)
    pairs = [{" ".join(pair) for pair in pairwise(words)} for words in titles]
    for own, phrase in zip(pairs, phrases(titles), strict=True):
        assert phrase is None or (phrase in own and sum(phrase in it for it in pairs) >= 3)


def test_categories_are_asked_for_where_there_are_any() -> None:
    plain = [Product(id=str(number), title=title) for number, title in enumerate(MUGS)]
    assert set(product_queries(plain)) == {QueryKind.HEAD}
    filed = [*plain, Product(id="x", title="thing", product_types=("Home > Kitchen > Mugs",))]
    assert product_queries(filed)[QueryKind.CATEGORY] == [None] * 5 + ["Mugs"]
