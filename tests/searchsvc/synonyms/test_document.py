"""What a synonyms document may say."""

from __future__ import annotations

from typing import Any

import pytest

from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import parse
from searchsvc.synonyms.document import (
    MAX_ALTERNATIVES,
    MAX_CHARACTERS,
    MAX_TEXTS,
    SynonymsDocument,
)

FULL = {
    "sets": [["laptop", "notebook", "portable computer"]],
    "one_way": [{"from": "sneaker", "to": ["trainers", "running shoes"]}],
    "never": [["vans", "minivan"]],
}


def test_a_document_is_written_as_it_is_read() -> None:
    document = SynonymsDocument.model_validate(FULL)
    assert document.model_dump(mode="json") == FULL
    assert document.one_way[0].source == "sneaker"


def test_every_part_may_be_left_out() -> None:
    empty = SynonymsDocument()
    assert (empty.sets, empty.one_way, empty.never) == ((), (), ())
    assert SynonymsDocument.model_validate({}) == empty


def test_space_around_a_text_does_not_matter() -> None:
    document = SynonymsDocument.model_validate({"sets": [[" laptop\n", "notebook"]]})
    assert document.sets == (("laptop", "notebook"),)


def test_the_documented_example_is_a_document() -> None:
    (example,) = SynonymsDocument.model_json_schema()["examples"]
    assert SynonymsDocument.model_validate(example).sets


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"sets": [["laptop"]]}', ("sets.0", "at least 2 items")),
        ('{"sets": [["laptop", ""]]}', ("sets.0.1", "at least 1 character")),
        ('{"sets": [["laptop", "  "]]}', ("sets.0.1", "at least 1 character")),
        ('{"sets": [["laptop", 5]]}', ("sets.0.1", "valid string", "5")),
        ('{"sets": [["laptop", null]]}', ("sets.0.1", "valid string", "None")),
        ('{"sets": ["laptop"]}', ("sets.0", "'laptop'")),
        ('{"sets": {"laptop": "notebook"}}', ("sets", "array")),
        ('{"one_way": [{"from": "a"}]}', ("one_way.0.to", "required")),
        ('{"one_way": [{"source": "a", "to": ["b"]}]}', ("one_way.0.from", "required")),
        ('{"one_way": [{"from": "a", "to": []}]}', ("one_way.0.to", "at least 1 item")),
        ('{"one_way": [{"from": "a", "to": ["b"], "x": 1}]}', ("one_way.0.x", "not permitted")),
        ('{"never": [["a"]]}', ("never.0.1", "required")),
        ('{"never": [["a", "b", "c"]]}', ("never.0", "at most 2 items")),
        ('{"synonyms": []}', ("synonyms: unknown, expected one of sets, one_way, never",)),
        ('["a"]', ("the document", "object")),
        ('{"sets": [', ("expected JSON", "EOF")),
        ("", ("expected JSON", "EOF")),
        ("\ufeff{}", ("expected JSON",)),
        ('{"sets": [["\\ud800", "a"]]}', ("expected JSON",)),
        ("[" * 5_000, ("expected JSON", "recursion")),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(
    content: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(BadLiveSettingsError) as caught:
        parse(SynonymsDocument, content.encode())
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        ({"sets": [["a" * (MAX_CHARACTERS + 1), "b"]]}, f"at most {MAX_CHARACTERS} characters"),
        ({"sets": [[f"w{n}" for n in range(MAX_ALTERNATIVES + 1)]]}, f"most {MAX_ALTERNATIVES}"),
        (
            {"one_way": [{"from": "a", "to": [f"w{n}" for n in range(MAX_ALTERNATIVES + 1)]}]},
            f"at most {MAX_ALTERNATIVES}",
        ),
        ({"sets": [["a", "b"]] * (MAX_TEXTS // 2 + 1)}, f"expected at most {MAX_TEXTS:,}"),
        ({"never": [["a", "b"]] * (MAX_TEXTS // 2 + 1)}, f"10,002 texts in all, .*{MAX_TEXTS:,}"),
    ],
)
def test_every_limit_is_named(content: dict[str, Any], limit: str) -> None:
    with pytest.raises(ValueError, match=limit):
        SynonymsDocument.model_validate(content)


def test_the_limits_themselves_are_allowed() -> None:
    SynonymsDocument.model_validate(
        {"sets": [["a" * MAX_CHARACTERS, *(f"w{n}" for n in range(MAX_ALTERNATIVES - 1))]]}
    )
    SynonymsDocument.model_validate({"sets": [["a", "b"]] * (MAX_TEXTS // 2)})


def test_many_mistakes_do_not_make_a_long_message() -> None:
    content = b'{"sets": [' + b"[5]," * 40 + b"[5]]}"
    with pytest.raises(BadLiveSettingsError, match="and 77 more"):
        parse(SynonymsDocument, content)
