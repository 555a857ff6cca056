from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import BadFilterError
from searchsvc.query.filters import (
    MAX_CHARACTERS,
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_VALUES,
    And,
    Between,
    Box,
    Exists,
    Filter,
    Near,
    Not,
    Or,
    Polygon,
    Spot,
    Written,
    parse_filter,
)
from searchsvc.query.filters.scanner import KEYWORDS

_texts = st.text(min_size=1, max_size=8) | st.sampled_from(
    [
        "AND",
        "TO",
        "dark red",
        'say "hi"',
        "it's",
        "\\",
        "a)",
        "near",
        "größe",
        "हिन्दी",
        "a<score=1>",
    ]
)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_spots = st.builds(Spot, st.floats(-90, 90), st.floats(-180, 180))


def _box(first: Spot, second: Spot) -> Box:
    north, south = max(first.latitude, second.latitude), min(first.latitude, second.latitude)
    return Box(north, first.longitude, south, second.longitude)


_leaves = st.one_of(
    st.builds(Written, _texts, _texts),
    st.builds(Between, _texts, _numbers, _numbers),
    st.builds(Between, _texts, st.just(-math.inf), _numbers),
    st.builds(Between, _texts, _numbers, st.just(math.inf)),
    st.builds(Exists, _texts),
    st.builds(Near, _spots, st.floats(0, 1e8)),
    st.builds(_box, _spots, _spots),
    st.builds(Polygon, st.lists(_spots, min_size=3, max_size=5).map(tuple)),
)
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
).filter(lambda tree: _depth(tree) <= MAX_DEPTH // 2)


def _depth(tree: Filter) -> int:
    match tree:
        case And(parts) | Or(parts):
            return 1 + max(map(_depth, parts))
        case Not(part):
            return 1 + _depth(part)
        case _:
            return 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(name: str) -> str:
    """Bare where it may be."""
    is_bare = name.isascii() and name.replace("_", "").isalnum() and name not in KEYWORDS
    return name if is_bare else _quoted(name)


def _spot(spot: Spot) -> str:
    return f"{spot.latitude!r}, {spot.longitude!r}"


def _between(it: Between) -> str:
    if math.isinf(it.low):
        return f"{_name(it.field)}<={it.high!r}"
    if math.isinf(it.high):
        return f"{_name(it.field)} >= {it.low!r}"
    return f"{_name(it.field)}: {it.low!r} TO {it.high!r}"


_LEAVES: dict[type, Callable[[Any], str]] = {
    Written: lambda it: f"{_name(it.field)}:{_quoted(it.text)}",
    Between: _between,
    Exists: lambda it: f"exists({_name(it.field)})",
    Near: lambda it: f"near({_spot(it.center)}, {it.within_m!r} m)",
    Box: lambda it: f"box({it.north!r}, {it.west!r}, {it.south!r}, {it.east!r})",
    Polygon: lambda it: f"polygon({', '.join(map(_spot, it.corners))})",
}


def rendered(tree: Filter) -> str:
    """A tree in the string grammar, with all parentheses."""
    match tree:
        case And(parts):
            return " AND ".join(f"({rendered(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({rendered(part)})" for part in parts)
        case Not(part):
            return f"NOT ({rendered(part)})"
        case _:
            return _LEAVES[type(tree)](tree)


@given(_trees)
def test_what_is_rendered_is_parsed_to_the_same_tree(tree: Filter) -> None:
    assert parse_filter(rendered(tree)) == tree


_pieces = st.sampled_from(
    [
        "a", "brand", ":", "<", "<=", "!=", "=", "(", ")", " AND ", " OR ", "NOT ", " TO ", "and",
        '"', "'", "\\", "near(", "box(", "polygon(", "exists(", ",", "5", "1e9", " km", "<score=",
        "2>", " ", "-", "é", "\n", "\x00",
    ]
)  # fmt: skip


@given(st.text() | st.lists(_pieces, max_size=30).map("".join))
def test_any_text_is_a_filter_or_an_error_that_names_a_character(text: str) -> None:
    try:
        parse_filter(text)
    except BadFilterError as error:
        head = str(error).split("\n")[0]
        assert head.startswith("filters, character ")
        at = int(head.removeprefix("filters, character ").split(":")[0]) - 1
        assert 0 <= at <= len(text)


class _CountingText(str):
    """A text that counts how often one of its characters is looked at."""

    __slots__ = ("looks",)
    looks: int

    def __getitem__(self, key: object) -> str:
        self.looks = getattr(self, "looks", 0) + 1
        return str.__getitem__(self, key)  # type: ignore[index]


@pytest.mark.parametrize(
    "piece",
    ["a", "a:1 OR ", "(", "NOT ", '"', '"a"', "a:b<score=", "a<score=1>", "\\", " ", "a:1 ", "-1",
     "near(", "'a':", "polygon(1,", "a:é OR ", ") "],
)  # fmt: skip
def test_characters_are_looked_at_a_bounded_number_of_times(piece: str) -> None:
    text = _CountingText((piece * MAX_CHARACTERS)[:MAX_CHARACTERS])
    with suppress(BadFilterError):
        parse_filter(text)
    assert 0 < text.looks < 10 * MAX_CHARACTERS


_A, _B, _C = Written("a", "1"), Written("b", "2"), Written("c", "3")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a:1 OR b:2 AND NOT c:3", Or((_A, And((_B, Not(_C)))))),
        ("NOT a:1 AND b:2", And((Not(_A), _B))),
        ("(a:1 OR b:2)AND(c:3)", And((Or((_A, _B)), _C))),
        ("NOT NOT a:1", Not(Not(_A))),
        ("a:1 AND b:2 AND c:3", And((_A, _B, _C))),
        ("  a  :  1  ", Written("a", "1")),
        ("a:b<score=2>", Written("a", "b")),
        ('a:"b c"<score=12>', Written("a", "b c")),
        ("a:b<score=x>", Written("a", "b<score=x>")),
        ("a:http://x.example/?q=1&r<2", Written("a", "http://x.example/?q=1&r<2")),
        ("a:10:30", Written("a", "10:30")),
        ("a:-b", Written("a", "-b")),
        ("a:L'Oréal", Written("a", "L'Oréal")),
        ("a:'it\\'s'", Written("a", "it's")),
        ("a:ANDROID", Written("a", "ANDROID")),
        ("ANDROID:a", Written("ANDROID", "a")),
        ("Größe_1.a-b = 4", Written("Größe_1.a-b", "4")),
        ("'a b' != 4", Not(Written("a b", "4"))),
        ("near:x", Written("near", "x")),
        ("exists ( a )", Exists("a")),
        ("a > 1", Between("a", math.nextafter(1, 2), math.inf)),
        ("a<-1.5e1", Between("a", -math.inf, math.nextafter(-15, -16))),
        ("near(1, -2, .5 km)", Near(Spot(1, -2), 500)),
        ("near(1, -2, 3m)", Near(Spot(1, -2), 3)),
    ],
)  # fmt: skip
def test_the_grammar(text: str, tree: Filter) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    ("text", "at", "complaint"),
    [
        ("", 1, "expected a condition such as brand:HP, found the end"),
        ("a:1 AND", 8, "expected a condition such as brand:HP, found the end"),
        ("brand:HP AND (price:)", 21, "expected a value after 'price:', found ')'"),
        ("a:1 b:2", 5, "expected AND, OR or the end, found 'b:2'"),
        ("a:1 and b:2", 5, "keywords in upper case: AND), found 'and'"),
        ("a:1 Or b:2", 5, "keywords in upper case: OR), found 'Or'"),
        ("not a:1", 1, "keywords in upper case: NOT), found 'not'"),
        ("a:1 to 2", 5, "keywords in upper case: TO), found 'to'"),
        ("a:1)", 4, "expected AND, OR or the end, found ')'"),
        ("(a:1", 5, "expected AND, OR or ')', found the end"),
        ("a", 2, "expected ':' or a comparison after 'a', found the end"),
        ("AND:1", 1, "expected a condition such as brand:HP, found 'AND:1'"),
        ('"":1', 1, "expected a condition"),
        ("state:OR", 7, "a keyword as a value in quotes"),
        ("a:<score=2>", 3, "expected a value after 'a:'"),
        ("a:x TO 2", 3, "expected a number before TO, found 'x'"),
        ("a:1 TO x", 8, "expected a number, found 'x'"),
        ("a > 1e999", 5, "expected a number, found '1e999'"),
        ("a > --1", 5, "expected a number, found '--1'"),
        ('a:"b', 3, 'expected a closing " to the quote that opens here'),
        ('a:"b\\', 3, 'expected a closing "'),
        ("near(91, 0, 1 m)", 6, "expected a number from -90 to 90, found '91,'"),
        ("near(0, 181, 1 m)", 9, "expected a number from -180 to 180"),
        ("near(0; 0, 1 m)", 7, "expected ',' between latitude and longitude, found ';'"),
        ("near(0, 0, 1)", 13, "expected the unit of the distance, m or km, found ')'"),
        ("near(0, 0, -1 m)", 1, "found the distance -1.0, expected 0 or more"),
        ("near(0, 0, 1 m", 15, "expected ')' at the end of near(…), found the end"),
        ("box(1, 0, 2, 1)", 1, "found north 1.0"),
        ("polygon(1, 0, 2, 1)", 1, "found 2 corners"),
        (f"polygon({'1, 0, ' * 101}1, 0)", 1, "found more than 100 corners"),
        ("a:\ud800", 3, "expected a text without surrogates"),
    ],
)
def test_an_error_points_at_the_place(text: str, at: int, complaint: str) -> None:
    with pytest.raises(BadFilterError) as caught:
        parse_filter(text)
    head, *excerpt = str(caught.value).split("\n")
    assert head.startswith(f"filters, character {at}: ")
    assert complaint in head
    if excerpt:
        line, caret = excerpt
        assert caret.strip() == "^"
        assert line[caret.index("^") :][:1] == text[at - 1 :][:1]


def test_an_excerpt_of_a_long_text_is_short_and_on_one_line() -> None:
    text = "a:1 OR\n" * 50 + "b AND " + "c:1 AND\t" * 50
    with pytest.raises(BadFilterError) as caught:
        parse_filter(text)
    _, line, caret = str(caught.value).split("\n")
    assert len(line) <= 62
    assert line[caret.index("^") :].startswith("AND c:1")


def test_length_depth_and_size_are_limited() -> None:
    parse_filter("(" * MAX_DEPTH + "a:1" + ")" * MAX_DEPTH)
    with pytest.raises(
        BadFilterError, match=r"no more than 10 parentheses.*SEARCHSVC_MAX_FILTER_DEPTH"
    ):
        parse_filter("(" * (MAX_DEPTH + 1) + "a:1" + ")" * (MAX_DEPTH + 1))
    with pytest.raises(BadFilterError, match="no more than 10 parentheses"):
        parse_filter("NOT " * (MAX_DEPTH + 1) + "a:1")
    parse_filter("a:" + "x" * (MAX_CHARACTERS - 2))
    with pytest.raises(BadFilterError, match="16385 characters, expected at most 16384"):
        parse_filter("a:" + "x" * (MAX_CHARACTERS - 1))
    parse_filter(" OR ".join(["a:1"] * MAX_VALUES))
    with pytest.raises(BadFilterError, match="more than 1000 values"):
        parse_filter(" OR ".join(["a:1"] * (MAX_VALUES + 1)))
    for many in ("a > 1", "exists(a)", "NOT a:1"):
        with pytest.raises(BadFilterError, match="more than 200 clauses"):
            parse_filter(" OR ".join([many] * MAX_CLAUSES))
    with pytest.raises(BadFilterError, match="more than 200 clauses"):
        parse_filter(" AND ".join(["a:1"] * MAX_CLAUSES))
