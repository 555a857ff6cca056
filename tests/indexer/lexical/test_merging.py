"""A merge is compared with the full build that it stands for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.lexical.bm25 import Bm25Index
from indexer.lexical.builder import NO_AVERAGE, Bm25Builder, FieldTerms
from indexer.lexical.clause import plain_clauses
from indexer.lexical.merging import merge_postings
from indexer.lexical.postings import unproven_file
from indexer.settings import LexicalSettings
from indexer.storage import read_arrays

_WORDS = "a ab abc b c d head set headset ü zz".split()  # noqa: SIM905 - reads better
_words = st.sampled_from(_WORDS)
_products = st.dictionaries(
    st.integers(0, 30),
    st.builds(
        lambda title, guesses, text: {
            "title": FieldTerms(title, unproven=guesses if title else ()),
            "description": FieldTerms(text),
        },
        st.lists(_words, max_size=5),
        st.lists(_words, max_size=3),
        st.lists(_words, max_size=6),
    ),
    max_size=12,
)
# None takes a product away.
_steps = st.lists(
    st.dictionaries(
        st.integers(0, 30),
        st.none() | _products.filter(bool).map(lambda some: next(iter(some.values()))),
        max_size=6,
    ),
    min_size=1,
    max_size=3,
)
_SETTINGS = LexicalSettings(weights={"title": 2.0, "description": 0.5})
Products = dict[int, dict[str, FieldTerms]]


def build(path: Path, products: Products, chosen: LexicalSettings = _SETTINGS) -> None:
    builder = Bm25Builder(chosen)
    for key in sorted(products):
        builder.add(products[key])
    builder.write(path)


def apply(
    base: Path,
    target: Path,
    before: Products,
    changes: dict[int, dict[str, FieldTerms] | None],
    chosen: LexicalSettings = _SETTINGS,
) -> Products:
    after = {key: it for key, it in (before | changes).items() if it is not None}
    row = {key: place for place, key in enumerate(sorted(after))}
    moved = [-1 if key in changes else row[key] for key in sorted(before)]
    added = Bm25Builder(chosen)
    rows = sorted(row[key] for key in changes if key in after)
    for key in sorted(after):
        if key in changes:
            added.add(after[key])
    merge_postings(base, target, np.array(moved, np.int32), added, np.array(rows, np.int32))
    return after


@given(_products, _steps, st.integers(1, 16))
@settings(max_examples=100)
def test_after_any_deltas_the_same_products_match_as_after_a_full_build(
    products: Products, steps: list[dict[int, dict[str, FieldTerms] | None]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        merged, whole = Path(directory) / "m.safetensors", Path(directory) / "w.safetensors"
        build(merged, products)
        for number, changes in enumerate(steps):
            target = Path(directory) / f"{number}.safetensors"
            products = apply(merged, target, products, changes)
            merged = target
        build(whole, products)
        ours, full = Bm25Index(merged), Bm25Index(whole)
        for word in _WORDS:
            assert ours.rows(word).tolist() == full.rows(word).tolist()
            assert (word in ours) == (word in full)
        rng = np.random.default_rng(seed)
        for coverage in (0.0, 0.6, 1.0):
            query = plain_clauses(rng.choice(_WORDS, 3).tolist())
            found, expected = (it.match(query, coverage=coverage) for it in (ours, full))
            assert found.rows.tolist() == expected.rows.tolist()
            np.testing.assert_array_equal(found.coverage, expected.coverage)
            # Average lengths that differ by a factor change scores by no more than that.
            means = [read_arrays(it).array("averages") for it in (merged, whole)]
            filled = np.minimum(*means) > NO_AVERAGE
            factor = float(np.exp(np.abs(np.log(means[0] / means[1])[filled]).max(initial=0)))
            step = 3 * np.log1p(30) * (_SETTINGS.k1 + 1) / 131_070
            assert (found.scores <= expected.scores * factor + step).all()
            assert (found.scores * factor + step >= expected.scores).all()
        left, right = (read_arrays(unproven_file(it)) for it in (merged, whole))
        for name in ("terms.data", "first", "chunks", "begins", "rows"):
            assert left.array(name).tolist() == right.array(name).tolist()


@given(_products.filter(bool), _steps)
@settings(max_examples=50)
def test_where_lengths_do_not_count_a_merge_writes_the_bytes_of_a_full_build(
    products: Products, steps: list[dict[int, dict[str, FieldTerms] | None]]
) -> None:
    chosen = LexicalSettings(weights={"title": 2.0, "description": 0.5}, b=0, idf="okapi")
    with tempfile.TemporaryDirectory() as directory:
        merged, whole = Path(directory) / "m.safetensors", Path(directory) / "w.safetensors"
        build(merged, products, chosen)
        for number, changes in enumerate(steps):
            target = Path(directory) / f"{number}.safetensors"
            products = apply(merged, target, products, changes, chosen)
            merged = target
        build(whole, products, chosen)
        left, right = read_arrays(merged), read_arrays(whole)
        for name in right.arrays:
            if name != "averages":  # which stay those of the first build
                np.testing.assert_array_equal(left.array(name), right.array(name))
        assert unproven_file(merged).read_bytes() == unproven_file(whole).read_bytes()


def test_a_field_that_no_product_had_gets_the_average_of_those_that_bring_it(
    tmp_path: Path,
) -> None:
    before: Products = {0: {"title": FieldTerms(["hat"])}, 1: {"title": FieldTerms(["shoe"])}}
    base, target = tmp_path / "base.safetensors", tmp_path / "target.safetensors"
    build(base, before)
    change = {"title": FieldTerms(["hat"]), "description": FieldTerms(["red", "felt"])}
    after = apply(base, target, before, {0: change})
    build(base, after)
    found, expected = (Bm25Index(it).match(plain_clauses(["felt"])) for it in (target, base))
    # Two words on average where there are any, one over all products.
    assert expected.scores[0] < found.scores[0] < 2 * expected.scores[0]
