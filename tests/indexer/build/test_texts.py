"""What a product can be found by: the reader that remembers gives what analysing anew gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzer import Analyzer
from indexer.build import texts as texts_module
from indexer.build.texts import TextReader, field_terms, searchable_texts, spelled_words
from indexer.product import Product

WORDS = st.sampled_from(
    [
        "Crème",
        "brûlée",
        "T-Shirt",
        "SM-P615-N",
        '17"',
        "3.5mm",
        "H&M",
        "head set",
        "RTX 2060",
        "ｆｕｌｌ",
    ]
)
TEXT = st.lists(WORDS, max_size=5).map(" ".join)
PRODUCTS = st.lists(
    st.builds(
        Product,
        id=st.just("a"),
        title=TEXT,
        description=TEXT,
        brand=TEXT,
        material=TEXT,
        product_types=st.lists(TEXT, max_size=2).map(tuple),
    ),
    max_size=8,
)


@given(products=PRODUCTS)
def test_what_is_remembered_is_what_is_analysed(products: list[Product]) -> None:
    analyzer = Analyzer("french")
    reader = TextReader(analyzer)
    for product in products:
        texts = searchable_texts(product)
        terms, careful, other = reader.read(texts)
        analyses = {field: analyzer.analyse(text) for field, text in texts.items()}
        for field, analysis in analyses.items():
            expected = field_terms(field, analysis, analyzer)
            assert list(terms[field].terms) == list(expected.terms)
            assert list(terms[field].extra) == list(expected.extra)
            assert list(terms[field].unproven) == list(expected.unproven)
        assert (careful, other) == spelled_words(analyses)


def test_texts_that_products_share_are_analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    analyzer = Analyzer("english")
    analyse, asked = analyzer.analyse, list[str]()
    monkeypatch.setattr(analyzer, "analyse", lambda text: asked.append(text) or analyse(text))
    reader = TextReader(analyzer)
    texts = searchable_texts(Product(id="a", title="Boot", brand="Kestrel", description="Warm"))
    reader.read(texts)
    asked.clear()
    reader.read(texts)
    assert asked == ["Boot", "", "Warm"]
    long = {"category": "x " * 200}
    reader.read(long)
    asked.clear()
    reader.read(long)
    assert len(asked) == 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "_MOST_SHARED", 3)
    reader = TextReader(Analyzer("english"))
    for number in range(10):
        terms, _, _ = reader.read({"brand": f"brand{number}"})
        assert list(terms["brand"].terms) == [f"brand{number}"]
        assert len(reader._remembered) <= 3  # noqa: SLF001 - memory is its only effect
