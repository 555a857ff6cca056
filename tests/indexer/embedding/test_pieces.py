"""Vocabularies of tokenizers: words among the pieces, and words added to them."""

from __future__ import annotations

import json

import pytest
from tokenizers import Tokenizer

from indexer.embedding.pieces import bare, continues_word, joins_words, whole_words, with_words
from tests.tiny_bert import tiny_tokenizer


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["shoe", "##s", "USB", "42", "[CLS]", "boot"], ["boot", "shoe"]),
        (["▁shoe", "s", "▁", "▁boot"], ["boot", "shoe"]),
        (["Ġshoe", "s", "Ġboot"], ["boot", "shoe"]),
        ([], []),
    ],
)
def test_words_are_the_pieces_that_begin_and_end_one(pieces: list[str], words: list[str]) -> None:
    assert whole_words(pieces) == words


@pytest.mark.parametrize(
    ("piece", "text", "continues"),
    [("shoe", "shoe", False), ("##s", "s", True), ("##", "##", False), ("▁shoe", "shoe", False),
     ("▁", "▁", False), ("Ġshoe", "shoe", False)],
)  # fmt: skip
def test_marks_of_tokenizers_are_told_from_text(piece: str, text: str, continues: bool) -> None:  # noqa: FBT001 - a case of a table
    assert bare(piece) == text
    assert continues_word(piece) is continues


def test_an_added_word_is_one_piece_and_all_other_texts_stay_as_they_were() -> None:
    before = tiny_tokenizer()
    after = Tokenizer.from_str(with_words(before.to_str(), ["shoes", "red", "cableing"]))
    size = before.get_vocab_size()
    assert before.encode("shoes", add_special_tokens=False).tokens == ["shoe", "##s"]
    assert after.encode("shoes", add_special_tokens=False).tokens == ["shoes"]
    assert after.encode("shoes", add_special_tokens=False).ids == [size]
    assert after.encode("cableing", add_special_tokens=False).ids == [size + 1]
    for text in ("red wool shoeer", "", "x y 42", "blue USB"):
        assert after.encode(text).ids == before.encode(text).ids


def test_special_tokens_stay_special_beside_new_words() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens(["[SHOP]"])
    after = Tokenizer.from_str(with_words(tokenizer.to_str(), ["shoes"]))
    assert after.encode("[SHOP] shoes", add_special_tokens=False).tokens == ["[SHOP]", "shoes"]
    assert after.token_to_id("[SHOP]") != after.token_to_id("shoes")


def test_only_wordpiece_takes_words() -> None:
    json_text = tiny_tokenizer().to_str()
    assert joins_words(json_text)
    other = json.loads(json_text)
    other["model"]["type"] = "BPE"
    assert not joins_words(json.dumps(other))
