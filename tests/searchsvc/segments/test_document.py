"""What a segments document may say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import parse
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.document import MAX_BOOSTS, MAX_SEGMENTS, SegmentsDocument
from tests.searchsvc.segments.shoppers import document, ruled

BOOST = {"filter": "brand:Acme", "weight": 0.5}


def test_everything_may_be_left_out() -> None:
    empty = SegmentsDocument()
    assert (empty.strength, empty.timezone, empty.segments) == (60, "UTC", ())
    assert parse(SegmentsDocument, b"{}") == empty
    (segment,) = document({"name": "a"}).segments
    assert (segment.when, segment.listed, segment.enabled, segment.boosts) == (
        None,
        False,
        True,
        (),
    )


def test_the_documented_example_is_written_as_it_is_read() -> None:
    (example,) = SegmentsDocument.model_json_schema()["examples"]
    document = SegmentsDocument.model_validate(example)
    assert document.model_dump(mode="json", exclude_unset=True) == example
    assert parse(SegmentsDocument, document.model_dump_json().encode()) == document


def test_what_was_learned_is_kept() -> None:
    like = {"affinities": {"brand": {"Acme": 1.3, "Zeta": -0.2}}, "threshold": 0.2}
    (segment,) = document({"name": "a", "like": like}).segments
    assert segment.like is not None
    assert segment.like.model_dump() == like


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"strength": 101}', ("strength", "less than or equal to 100")),
        ('{"strength": "60"}', ("strength", "valid number")),
        ('{"strength": NaN}', ("strength", "finite number")),
        ('{"timezone": "Mars"}', ("timezone", "Europe/Berlin", "'Mars'")),
        ('{"segment": []}', ("segment: unknown, expected one of strength, timezone, segments",)),
        ('{"segments": [{}]}', ("segments.0.name", "required")),
        ('{"segments": [{"name": "Rainy coast"}]}', ("segments.0.name", "pattern")),
        ('{"segments": [{"name": "a\\n"}]}', ("segments.0.name", "pattern")),
        ('{"segments": [{"name": "a", "listed": 1}]}', ("segments.0.listed", "boolean")),
        ('{"segments": [{"name": "a", "when": "x"}]}', ("segments.0.when", "object")),
        ('{"segments": [{"name": "a", "weight": 1}]}', ("segments.0.weight", "not permitted")),
        ('{"segments": [{"name": "a", "title": " "}]}', ("segments.0.title", "1 character")),
        (
            '{"segments": [{"name": "a", "like": {"affinities": {}}}]}',
            ("segments.0.like.threshold", "required"),
        ),
        (
            '{"segments": [{"name": "a", "boosts": [{"weight": 1}]}]}',
            ("segments.0.boosts.0.filter", "required"),
        ),
        (
            '{"segments": [{"name": "a", "boosts": [{"filter": "a:b", "weight": 2}]}]}',
            ("segments.0.boosts.0.weight", "less than or equal to 1"),
        ),
        (
            '{"segments": [{"name": "a", "boosts": [{"filter": "", "weight": 1, "from": "x"}]}]}',
            ("segments.0.boosts.0.from", "'x' is neither a date"),
        ),
        (
            '{"segments": [{"name": "a", "boosts": [{"filter": "", "weight": 1, "when": {}}]}]}',
            ("segments.0.boosts.0.when", "neither query nor category"),
        ),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(
    content: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(BadLiveSettingsError) as caught:
        parse(SegmentsDocument, content.encode())
    for word in words:
        assert word in str(caught.value)


def test_every_limit_is_named_and_allowed_itself() -> None:
    many: list[dict[str, Any]] = [{"name": f"s{n}"} for n in range(MAX_SEGMENTS + 1)]
    document(*many[:-1])
    with pytest.raises(ValueError, match=f"at most {MAX_SEGMENTS} items"):
        document(*many)
    half = MAX_BOOSTS // 2
    document({"name": "a", "boosts": [BOOST] * half}, {"name": "b", "boosts": [BOOST] * half})
    with pytest.raises(ValueError, match=r"1,001 boosts in all, expected at most 1,000; join"):
        document(
            {"name": "a", "boosts": [BOOST] * half}, {"name": "b", "boosts": [BOOST] * (half + 1)}
        )


def test_the_documented_example_and_conditions_are_what_they_say() -> None:
    page = (Path(__file__).parents[3] / "docs" / "personalization.md").read_text("utf-8")
    section = page.split("\n## Segments\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    compiled = compile_segments(parse(SegmentsDocument, example.encode()), None)
    assert len(compiled.segments) == 5
    table = section.split("| condition | holds where |")[1].split("\n\n")[0]
    conditions = [it for it in re.findall(r"`(\{[^`]+\})`", table) if "…" not in it]
    assert len(conditions) == 11
    for condition in conditions:
        ruled(json.loads(condition))
