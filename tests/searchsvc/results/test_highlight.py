"""What is marked in products, and how."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.analysis.text import caseless, normalize_identifier
from indexer.build.reindex import reindex
from indexer.build.texts import field_terms
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings, TextField
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.query.understanding import understand
from searchsvc.results.highlight import MAX_CHARACTERS, Highlighter
from searchsvc.results.highlighted import Highlighted, Level, Tags
from searchsvc.results.offsets import combines
from tests.searchsvc.query.asking import EMBEDDER, FILLING, with_synonyms

if TYPE_CHECKING:
    from indexer.settings import Language

Index = Callable[..., Snapshot]
RAW = Tags("__ais-highlight__", "__/ais-highlight__", escape=False)
TITLES = [
    "Sony wireless headphones black",
    "Gaming headset with microphone",
    "Head set stand",
    "Brother TN-2110 toner cartridge",
    "HX437/8 memory module",
    'Laptop 43.2 cm (17")',
    "Red sofa for two",
    "Mobile cell phone case",
    "Café crème brûlée dish",
    "Head of lettuce",
    "Header bracket",
    "T-shirt cotton",
    "Mouse pad",
    "Soft mouse pad",
    "The Who poster",
    "USB-C hub 3.5mm jack",
    "SM-P615-N cover",
    "Couch table",
    "Running shoes",
    *FILLING,
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of these titles; one of `TITLES` in English is built once."""
    known: dict[object, Snapshot] = {}

    def run(*titles: str, language: Language = "english") -> Snapshot:
        key = (titles, language)
        if key not in known:
            directory = tmp_path_factory.mktemp("index")
            feed = directory / "feed.csv"
            rows = [f'p{n};"{title.replace(chr(34), chr(34) * 2)}"' for n, title in
                    enumerate(titles or TITLES)]  # fmt: skip
            feed.write_text("\n".join(["id;title", *rows, ""]), encoding="utf-8")
            layout = IndexLayout.of(directory, "shop")
            reindex(str(feed), layout, IndexSettings(language=language), EMBEDDER)
            known[key] = open_snapshot(layout)
        return known[key]

    return run


def highlighter(
    snapshot: Snapshot,
    query: str,
    *,
    tags: Tags | None = None,
    typing: bool = False,
    **synonyms: Any,
) -> Highlighter:
    policy = with_synonyms(snapshot, **synonyms)
    understood = understand(query, snapshot, policy, typing=typing)
    return Highlighter(understood, snapshot.analyzer, tags)


def marked(snapshot: Snapshot, query: str, text: str, field: str = "title", **more: Any) -> str:
    """The text, its marks as brackets."""
    tags = Tags("[", "]", escape=False)
    return highlighter(snapshot, query, tags=tags, **more).highlight(text, field).value


# What matches


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("sofa", "Red sofas, sofa covers", "Red [sofas], [sofa] covers"),
        ("headphnes", "Sony headphones", "Sony [headphones]"),
        ("red sofa", "A red and a sofa", "A [red] and a [sofa]"),
        ("headset", "Head set and head-set", "[Head set] and [head-set]"),
        ("head set", "A headset", "A [headset]"),
        ("mousepad", "Pad for a mouse", "[Pad] for a [mouse]"),
        ("tn2110", "Toner TN-2110 for Brother", "Toner [TN-2110] for Brother"),
        ("tn 2110", "Toner TN2110", "Toner [TN2110]"),
        ("smp615n", "Cover SM-P615-N", "Cover [SM-P615-N]"),
        ("17 inch", "Screen 43.2 cm wide", "Screen [43.2 cm] wide"),
        ("17 inch laptop", "Laptop (17\u201d)", "[Laptop] ([17\u201d])"),
        ("3.5mm", "Jack 3.5mm or 3.5 mm", "Jack [3.5mm] or [3.5 mm]"),
        ("creme brulee", "Crème brûlée", "[Crème] [brûlée]"),
        ("crème", "Creme fraiche", "[Creme] fraiche"),
        ("crème", "Cre\u0300me fraiche", "[Cre\u0300me] fraiche"),
        ("sofa for two", "Two sofas for a room", "[Two] [sofas] for a room"),
        ("the who", "Posters of The Who", "Posters of [The] [Who]"),
        ("sofa", "Sofabed", "Sofabed"),
        ("", "Sofa", "Sofa"),
        ("!?", "Sofa!?", "Sofa!?"),
    ],
)
def test_a_match_is_marked(index: Index, query: str, text: str, expected: str) -> None:
    assert marked(index(), query, text) == expected


def test_words_are_joined_over_spaces_only_in_names(index: Index) -> None:
    snapshot = index()
    assert marked(snapshot, "tn2110", "Type TN 2110") == "Type [TN 2110]"
    assert marked(snapshot, "tn2110", "Type TN 2110", "description") == "Type TN 2110"
    assert marked(snapshot, "tn2110", "Type TN-2110", "description") == "Type [TN-2110]"


def test_german_words_are_marked_as_they_are_written(index: Index) -> None:
    snapshot = index("Große Straßenkarte", "Gartenstühle", *FILLING, language="german")
    assert marked(snapshot, "strassenkarte", "Die Straßenkarten") == "Die [Straßenkarten]"
    assert marked(snapshot, "gartenstuhl", "Ein GARTENSTÜHLE-Set") == "Ein [GARTENSTÜHLE]-Set"
    assert marked(snapshot, "grosse karte", "ßß Große") == "ßß [Große]"


def test_synonyms_are_marked(index: Index) -> None:
    sets = [["sofa", "couch", "settee of leather"]]
    assert marked(index(), "sofa", "Couch table", sets=sets) == "[Couch] table"
    assert marked(index(), "couch", "Red sofas", sets=sets) == "Red [sofas]"
    text = "Settee of real leather, of course"
    assert marked(index(), "sofa", text, sets=sets) == (
        "[Settee] of real [leather], of course"
    )  # fmt: skip


def test_a_synonym_of_several_words_is_marked_where_all_of_them_are(index: Index) -> None:
    sets = [["mobile", "cell phone"]]
    assert marked(index(), "mobile", "Phone, not a cell", sets=sets) == "[Phone], not a [cell]"
    assert marked(index(), "mobile", "Desk phone", sets=sets) == "Desk phone"
    assert marked(index(), "cell phone", "A mobile", sets=sets) == "A [mobile]"


def test_a_synonym_of_function_words_alone_is_marked(index: Index) -> None:
    sets = [["poster", "the who"]]
    assert marked(index(), "poster", "Who is the man", sets=sets) == "[Who] is [the] man"


def test_of_a_completed_word_what_was_typed_is_marked(index: Index) -> None:
    text = "Head for headphones, heads and a header"
    assert marked(index(), "head", text, typing=True) == (
        "[Head] for [head]phones, [heads] and a [head]er"
    )  # fmt: skip
    assert marked(index(), "head", text) == "[Head] for headphones, [heads] and a header"
    assert marked(index(), "black headph", "Black headphones", typing=True) == (
        "[Black] [headph]ones"
    )  # fmt: skip


def test_a_completed_word_that_was_also_typed_in_full_is_marked_as_a_whole(index: Index) -> None:
    assert marked(index(), "headphones head", "Headphones", typing=True) == "[Headphones]"


def test_a_completion_is_marked_with_its_accents(index: Index) -> None:
    assert marked(index(), "bru", "Brûlée", typing=True) == "[Brû]lée"
    assert marked(index(), "bru", "Bru\u0302le\u0301e", typing=True) == "[Bru\u0302]le\u0301e"


@pytest.mark.parametrize("field", ["id", "gtin", "mpn", "attributes.sku", "attributes.SKU"])
def test_an_identifier_is_marked_as_a_whole(index: Index, field: str) -> None:
    shown = highlighter(index(), "hx-437 8").highlight("HX437/8", field)
    assert shown == Highlighted("<mark>HX437/8</mark>", Level.FULL, ("hx", "437", "8"), fully=True)
    assert highlighter(index(), "hx-437 8").snippet("HX437/8", 1, field) == shown
    assert highlighter(index(), "").highlight("-", field).level is Level.NONE


def test_a_number_is_an_identifier_in_no_other_field(index: Index) -> None:
    assert marked(index(), "2110", "0002110", "id") == "[0002110]"
    assert marked(index(), "2110", "0002110", "title") == "0002110"


# How much matches


@pytest.mark.parametrize(
    ("query", "text", "level", "words", "fully"),
    [
        ("red sofa", "Red sofa", Level.FULL, ("red", "sofa"), True),
        ("red sofa", "(Sofa), red!", Level.FULL, ("red", "sofa"), True),
        ("red sofa", "Red sofa bed", Level.FULL, ("red", "sofa"), False),
        ("red sofa", "Sofa", Level.PARTIAL, ("sofa",), True),
        ("red sofa", "Lamp", Level.NONE, (), False),
        ("sofa for two", "Sofa, two seats", Level.FULL, ("sofa", "two"), False),
        ("sofa for two", "For me", Level.NONE, (), False),
        ("Head Set", "headset", Level.FULL, ("head", "set"), True),
        ("17 INCH", "43.2 cm", Level.FULL, ("17", "inch"), True),
        ("hedphones", "headphones", Level.FULL, ("hedphones",), True),
        ("sofa sofas sofa", "sofa", Level.FULL, ("sofa", "sofas"), True),
        ("", "sofa", Level.NONE, (), False),
    ],
)
def test_the_level_says_how_much_of_the_query_matches(
    index: Index, query: str, text: str, level: Level, words: tuple[str, ...], *, fully: bool
) -> None:
    shown = highlighter(index(), query).highlight(text, "title")
    assert (shown.level, shown.matched_words, shown.fully) == (level, words, fully)


# Products


def test_a_product_is_highlighted_in_its_own_shape(index: Index) -> None:
    product = {
        "title": "Red sofa",
        "product_types": ["Sofas > Red", "Lamps"],
        "price": {"minor_units": 100, "currency": "EUR"},
        "attributes": {"colour": "red", "a.b": "sofa", "tags": ("red", "blue"), "seats": 2},
        "custom_labels": [],
    }
    fields = [
        "title", "product_types", "attributes.colour", "attributes.a.b", "attributes.tags",
        "attributes.seats", "attributes.none", "none", "none.none", "title.none",
        "price.minor_units", "custom_labels",
    ]  # fmt: skip
    shown = highlighter(index(), "red sofa").highlight_product(product, fields)
    assert values(shown) == {
        "title": "<mark>Red</mark> <mark>sofa</mark>",
        "product_types": ["<mark>Sofas</mark> &gt; <mark>Red</mark>", "Lamps"],
        "attributes": {
            "colour": "<mark>red</mark>",
            "a.b": "<mark>sofa</mark>",
            "tags": ["<mark>red</mark>", "blue"],
        },
    }
    whole = highlighter(index(), "red sofa").highlight_product(product, ["attributes"])
    assert values(whole) == {"attributes": values(shown)["attributes"]}


def test_joined_words_are_marked_in_the_names_of_a_product(index: Index) -> None:
    product = {"title": "TN 2110", "description": "TN 2110", "mpn": "TN 2110"}
    shown = highlighter(index(), "tn2110").highlight_product(product, product)
    assert values(shown) == {
        "title": "<mark>TN 2110</mark>",
        "description": "TN 2110",
        "mpn": "<mark>TN 2110</mark>",
    }


def test_snippets_have_the_shape_of_the_product(index: Index) -> None:
    product = {"title": "One two red four", "attributes": {"about": ["One two three red"]}}
    shown = highlighter(index(), "red").snippet_product(product, {"title": 1, "attributes": 2})
    assert values(shown) == {
        "title": "\u2026<mark>red</mark>\u2026",
        "attributes": {"about": ["\u2026three <mark>red</mark>"]},
    }


def values(shown: Any) -> Any:
    if isinstance(shown, Highlighted):
        return shown.value
    if isinstance(shown, dict):
        return {name: values(value) for name, value in shown.items()}
    return [values(value) for value in shown]


# HTML


def test_the_text_of_a_shop_is_not_taken_for_html(index: Index) -> None:
    title = "<script>alert('sofa & \"co\"')</script><mark>"
    shown = highlighter(index(), "sofa script").highlight(title).value
    assert shown == (
        "&lt;<mark>script</mark>&gt;alert(&#x27;<mark>sofa</mark> &amp; &quot;co&quot;&#x27;)"
        "&lt;/<mark>script</mark>&gt;&lt;mark&gt;"
    )
    snippet = highlighter(index(), "sofa").snippet(title, 2).value
    assert snippet.count("<") == snippet.count("<mark>") + snippet.count("</mark>") == 2


def test_tags_that_are_not_html_leave_the_text_as_it_is(index: Index) -> None:
    shown = highlighter(index(), "sofa", tags=RAW).highlight("Sofa & <b>")
    assert shown.value == "__ais-highlight__Sofa__/ais-highlight__ & <b>"


# Long texts


def test_the_end_of_a_long_text_is_shown_without_marks(index: Index) -> None:
    text = "sofa " * (MAX_CHARACTERS // 5 + 2)
    shown = highlighter(index(), "sofa", tags=RAW).highlight(text)
    assert shown.value.replace(RAW.before, "").replace(RAW.after, "") == text
    assert shown.value.count(RAW.before) == MAX_CHARACTERS // 5
    assert not shown.fully


def test_a_word_at_the_limit_is_not_cut(index: Index) -> None:
    text = "x" * (MAX_CHARACTERS - 7) + " sofa" + "bed " + "y" * 9
    assert marked(index(), "sofa", text) == text
    unbroken = "sofa-" * (MAX_CHARACTERS // 5) + "\u0301"
    assert marked(index(), "sofa", unbroken).endswith("[sofa]-\u0301")
    only_signs = "\u0301" * (MAX_CHARACTERS + 1)
    assert marked(index(), "sofa", only_signs) == only_signs


# Properties

WORDS = """
    head set headset headsets headphones head-set sofa sofas red the for who of x lettuce couch
    tn2110 tn 2110 TN-2110 hx437 8 hx437/8 sm p615 n SM-P615-N smp615n 17 inch 17" 17-inch 43.2 cm
    43,2cm 3.5mm 3.5 mm usb-c usb c usbc t-shirt tshirt tshirts cell phone mobile mouse pad
    mousepad café cafe brûlée brulee Straße STRASSE ﬁne ½ running shoes &
    < > " ' <mark> </mark> &amp; &lt;
"""
VOCABULARY = st.sampled_from(WORDS.split())
GAPS = st.sampled_from([" ", " ", " ", "-", "/", ", ", "", "  ", "\u2011", "&", "\u0301 "])
TEXTS = st.lists(st.tuples(VOCABULARY, GAPS), max_size=12).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
ANYTHING = st.one_of(
    TEXTS, st.text(max_size=20), st.tuples(TEXTS, st.text(max_size=5)).map("".join)
)
QUERIES = st.lists(VOCABULARY, max_size=4).map(" ".join)
WRITINGS = [  # of one thing
    ["headset", "head set", "head-set", "headsets", "set for a head"],
    ["tn2110", "tn 2110", "TN-2110", "tn/2110"],
    ["smp615n", "SM-P615-N", "sm p615 n", "P615-N"],
    ["17 inch", '17"', "43.2 cm", "43,2cm", "17-inch", "432 mm", "17"],
    ["creme brulee", "crème brûlée", "Cre\u0300me", "bru", "cre"],
    ["mobile", "cell phone", "phone", "phone or cell"],
    ["sofa", "couch", "sofas", "sofo", "sof"],
    ["mousepad", "mouse pad", "mouse-pad", "pad, mouse", "mousepads"],
    ["t-shirt", "tshirt", "t shirts", "T\u2011Shirt"],
    ["usb-c", "usbc", "usb c", "usb"],
    ["sofa for two", "for", "two", "the who", "who"],
]


@st.composite
def asked_and_written(draw: st.DrawFn) -> tuple[str, str]:
    """A query, and a text with other writings of what it asks for."""
    things = draw(st.lists(st.sampled_from(WRITINGS), min_size=1, max_size=2))
    query = " ".join(draw(st.sampled_from(thing)) for thing in things)
    texts = st.one_of(VOCABULARY, *(st.sampled_from(thing) for thing in things))
    pieces = draw(st.lists(st.tuples(texts, GAPS), min_size=1, max_size=5))
    return query, "".join(piece + gap for piece, gap in pieces)


SETS = [["sofa", "couch"], ["mobile", "cell phone"]]


@pytest.fixture(scope="module")
def shop(index: Index) -> Snapshot:
    return index()


@given(
    query=QUERIES,
    text=ANYTHING,
    typing=st.booleans(),
    field=st.sampled_from(["title", "description", "mpn"]),
)
def test_without_its_tags_a_highlight_is_the_text(
    shop: Snapshot, query: str, text: str, field: str, *, typing: bool
) -> None:
    marking = highlighter(shop, query, typing=typing, sets=SETS)
    shown = marking.highlight(text, field).value
    pieces = re.split(r"(</?mark>)", shown)
    assert html.unescape("".join(pieces[::2])) == text
    assert not re.search(r"[<>\"']", "".join(pieces[::2]))
    assert pieces[1::2] == ["<mark>", "</mark>"] * (len(pieces) // 4)
    for piece in pieces[2::2]:
        assert not piece or not combines(html.unescape(piece)[0])


@given(
    case=asked_and_written(),
    typing=st.booleans(),
    field=st.sampled_from(["title", "description"]),
)
def test_a_text_has_a_mark_if_and_only_if_the_index_finds_it(
    shop: Snapshot, case: tuple[str, str], field: TextField, *, typing: bool
) -> None:
    query, text = case
    understood = understand(query, shop, with_synonyms(shop, sets=SETS), typing=typing)
    shown = Highlighter(understood, shop.analyzer, Tags("\ue000", "\ue001", escape=False))
    has = terms_of(text, field, shop)
    matching = [
        any(has.issuperset(way.terms) for way in clause.alternatives)
        for clause in understood.clauses
        if not clause.optional
    ]
    found = shown.highlight(text, field)
    assert ("\ue000" in found.value) == any(matching)
    if any(matching):
        assert found.level is (Level.FULL if all(matching) else Level.PARTIAL)
    asked = {
        term
        for clause in understood.clauses
        if not clause.optional
        for way in clause.alternatives
        for term in way.terms
    }
    for piece in re.findall("\ue000(.*?)\ue001", found.value, re.DOTALL):
        here = terms_of(piece, field, shop)
        assert here & asked or (understood.prefix and understood.prefix in piece.casefold())


def terms_of(text: str, field: TextField, snapshot: Snapshot) -> set[str]:
    """What the index finds a product by that has this text."""
    found = field_terms(field, snapshot.analyzer.analyse(text), snapshot.analyzer)
    return {*found.terms, *found.extra, *found.unproven}


@given(st.text(max_size=12))
def test_what_equals_the_query_as_an_identifier_is_marked(shop: Snapshot, text: str) -> None:
    assume(not re.search("[.,]", caseless(text)))  # a decimal number is none
    shown = highlighter(shop, text, tags=RAW).highlight(text, "gtin")
    if normalize_identifier(text):
        assert shown.value == f"{RAW.before}{text}{RAW.after}"
