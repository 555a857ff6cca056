"""Segments against the columns, the language and the changes of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import BadLiveSettingsError
from searchsvc.live import Live
from searchsvc.query.filters import parse_filter
from searchsvc.segments.compiler import check_segments, compile_segments
from searchsvc.segments.segments import Segments
from tests.searchsvc.segments.shoppers import document, names, situation

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

PRODUCTS: list[dict[str, Any]] = [
    {"id": "1", "title": "Jacket", "brand": "Acme", "season": "winter"},
    {"id": "2", "title": "Hat", "brand": "Zeta", "season": "summer"},
]
WITHOUT_SEASON = [{"id": it["id"], "title": it["title"], "brand": it["brand"]} for it in PRODUCTS]
SEGMENTS = {
    "segments": [
        {
            "name": "coast",
            "when": {"fact": "country", "eq": "DE"},
            "boosts": [
                {"filter": "attributes.season:winter", "weight": 1},
                {"filter": "brand:Acme", "weight": 0.5},
            ],
        },
        {"name": "winter", "when": {"not": {"bought": "attributes.season:summer"}}},
    ]
}


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(PRODUCTS)
    return open_snapshot(layout)


def one(boost: dict[str, Any], **more: Any) -> Any:
    return document({"name": "zero"}, {"name": "a", "boosts": [boost], **more})


def in_force(segments: Segments) -> list[str]:
    now = situation(segments, context={"country": "DE"})
    return [segments.rules[it].name for it in segments.boosts(segments.active(now), now)]


@pytest.mark.parametrize(
    ("boost", "message"),
    [
        ({"filter": "brand"}, r"filter, character 6: expected ':' or a comparison"),
        ({"filter": ""}, r"filter, character 1: expected a condition such as brand:HP"),
        ({"filter": None}, r"filter: found None, expected an object"),
        ({"filter": []}, r"filter: found \[\], expected at least one filter"),
        ({"filter": ["brand:A", {}]}, r"filter\[1\]: found the keys \[\]"),
        ({"filter": {"and": [{"field": 1}]}}, r"filter\.and\[0\]\.field: found 1"),
        ({"filter": "colour:red"}, r"filter, character 1: unknown field 'colour'; .* color"),
        ({"filter": "price:cheap"}, r"filter, character 1: .* number column; found 'cheap'"),
        ({"filter": {"field": "brand", "eq": 5}}, r"filter: field 'brand' is a text column"),
        (
            {"filter": "brand:A", "from": "2026-02-01", "until": "2026-01-31"},
            r"until 2026-01-31 is not after from 2026-02-01",
        ),
        ({"filter": "brand:A", "when": {"query": ["a", "?"]}}, r"when\.query\[1\]: '\?' has no"),
    ],
)
def test_every_refusal_of_a_boost_names_its_place(
    snapshot: Snapshot, boost: dict[str, Any], message: str
) -> None:
    with pytest.raises(
        BadLiveSettingsError, match=rf"^segments\[1\]\.boosts\[0\](\.|: ){message}"
    ):
        check_segments(one({"weight": 1, **boost}), snapshot)


def test_columns_in_conditions_are_checked_as_well(snapshot: Snapshot) -> None:
    when = {"and": [{"bought": {"not": {"field": "nope", "exists": True}}}]}
    with pytest.raises(BadLiveSettingsError, match=r"^segments\[0\]\.when\.and\[0\]\.bought\.not"):
        check_segments(document({"name": "a", "when": when}), snapshot)


def test_what_is_not_enabled_is_checked_all_the_same(snapshot: Snapshot) -> None:
    with pytest.raises(BadLiveSettingsError, match="unknown field"):
        check_segments(one({"filter": "nope:1", "weight": 1}, enabled=False), snapshot)
    assert (
        compile_segments(one({"filter": "nope:1", "weight": 1}, enabled=False), snapshot).inert
        == ()
    )


def test_two_segments_of_one_name_are_refused() -> None:
    message = r"segments\[2\]\.name: segments\[0\] is called 'a' already; rename one of them"
    with pytest.raises(BadLiveSettingsError, match=message):
        compile_segments(document({"name": "a"}, {"name": "b"}, {"name": "a"}), None)


def test_rules_are_what_the_document_says(snapshot: Snapshot) -> None:
    named = {"filter": {"field": "brand", "eq": "Acme"}, "weight": -0.25, "name": "no acme"}
    rules = check_segments(
        document({"name": "a", "boosts": [named]}, {"name": "b", "boosts": [named, named]}),
        snapshot,
    ).rules
    assert [(it.segment, it.name, it.weight) for it in rules] == [
        ("a", "no acme", -0.25),
        ("b", "no acme", -0.25),
        ("b", "no acme", -0.25),
    ]
    assert rules[0].condition == parse_filter(named["filter"])
    unnamed = {"filter": named["filter"], "weight": 1}
    (rule,) = compile_segments(document({"name": "a", "boosts": [unnamed]}), None).rules
    assert rule.name == '{"field": "brand", "eq": "Acme"}'


def write(layout: IndexLayout, content: object) -> None:
    layout.segments_file.write_bytes(orjson.dumps(content))


def test_segments_survive_a_reindex(build: Build, layout: IndexLayout, snapshot: Snapshot) -> None:
    write(layout, SEGMENTS)
    before = Live.read(layout, snapshot, None)
    assert in_force(before.segments) == ["attributes.season:winter", "brand:Acme"]
    build([*PRODUCTS, {"id": "3", "title": "Boots", "brand": "Acme", "season": "winter"}])
    after = Live.read(layout, open_snapshot(layout), before)
    assert after is not before
    assert after.segments == before.segments
    assert after.notes() == []


def test_without_its_column_a_boost_is_inert_and_a_rule_lets_nobody_in(
    build: Build, layout: IndexLayout, snapshot: Snapshot, caplog: pytest.LogCaptureFixture
) -> None:
    write(layout, SEGMENTS)
    before = Live.read(layout, snapshot, None)
    given: dict[str, Any] = {"context": {"country": "DE"}}
    assert names(before.segments, **given) == ["coast", "winter"]
    build(WITHOUT_SEASON)
    lacking = Live.read(layout, open_snapshot(layout), before)
    assert lacking.refused == {}
    assert names(lacking.segments, **given) == ["coast"]
    assert names(lacking.segments, segments=("winter",)) == ["winter"]
    assert in_force(lacking.segments) == ["brand:Acme"]
    assert [it.inert for it in lacking.segments.rules] == [True, False]
    assert [it.name for it in lacking.segments.rules] == [it.name for it in before.segments.rules]
    first, second = lacking.segments.inert
    assert first.startswith("segments[0].boosts[0].filter, character 1: unknown field")
    assert second.startswith("segments[1].when.not.bought, character 1: unknown field")
    assert lacking.notes() == [f"segments.json has no effect at {it}" for it in (first, second)]
    assert sum("has no effect at segments[0]" in it.message for it in caplog.records) == 1
    assert Live.read(layout, open_snapshot(layout), lacking) is lacking

    build(PRODUCTS)
    again = Live.read(layout, open_snapshot(layout), lacking)
    assert (again.segments, again.notes()) == (before.segments, [])


def test_many_inert_places_do_not_make_a_long_note(
    layout: IndexLayout, snapshot: Snapshot
) -> None:
    rule = {"filter": "nope:1", "weight": 1}
    write(layout, {"segments": [{"name": "a", "boosts": [rule] * 9}]})
    notes = Live.read(layout, snapshot, None).notes()
    assert len(notes) == 4
    assert notes[-1] == "nor at 6 more places of segments.json"


def test_a_file_that_cannot_be_used_changes_nothing(
    layout: IndexLayout, snapshot: Snapshot
) -> None:
    write(layout, SEGMENTS)
    before = Live.read(layout, snapshot, None)
    for broken in ({"segments": 5}, {"segments": [{"name": "a", "when": {}}]}):
        write(layout, broken)
        now = Live.read(layout, snapshot, before)
        assert now.segments == before.segments
        assert "segments.json: segments" in now.refused["segments.json"]
    assert Live.read(layout, snapshot, None).segments == Segments.none()


def test_a_text_without_words_in_a_new_language_takes_the_segments_away_and_says_so(
    build: Build, layout: IndexLayout
) -> None:
    """The last good document is compiled again; where that cannot be, there are no segments."""
    build(PRODUCTS)
    write(layout, {"segments": [{"name": "a", "when": {"query": ["jackets"]}}]})
    english = Live.read(layout, open_snapshot(layout), None)
    assert names(english.segments, text="jacket") == ["a"]
    build(PRODUCTS, settings=IndexSettings(language="german"), force=True)
    german = Live.read(layout, open_snapshot(layout), english)
    assert names(german.segments, text="jackets") == ["a"]
    write(layout, {"segments": [{"name": "a", "when": {"query": ["?"]}}]})
    last = Live.read(layout, open_snapshot(layout), german)
    assert last.refused
    assert names(last.segments, text="jackets") == ["a"]
