"""The pieces of a catalogue, and the words that become pieces."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tokenizers import Tokenizer

from indexer.build import vocabulary as module
from indexer.build.vocabulary import Vocabulary
from tests.tiny_bert import tiny_tokenizer

TEXTS = ["red shoes", "blue shoes 42", "Red phone case", "kids shoes", "shoes cableing é"] * 3


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary.learn(TEXTS, tiny_tokenizer().to_str())


def test_it_has_the_pieces_that_occur_and_no_others(vocabulary: Vocabulary) -> None:
    assert set(vocabulary.pieces) >= {"red", "blue", "shoe", "s", "phone", "case", "kids", "cable"}
    assert not {"wool", "usb", "green", "[UNK]", "[CLS]"} & set(vocabulary.pieces)


def test_every_known_entry_has_a_row_of_its_own(vocabulary: Vocabulary) -> None:
    rows = vocabulary.rows[vocabulary.rows >= 0]
    assert sorted(rows.tolist()) == list(range(len(vocabulary.pieces)))


def test_a_frequent_word_of_several_pieces_becomes_one(vocabulary: Vocabulary) -> None:
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer)
    (number,) = tokenizer.encode("shoes", add_special_tokens=False).ids
    assert vocabulary.pieces[vocabulary.rows[number]] == "shoes"


def test_a_rare_word_stays_divided(vocabulary: Vocabulary) -> None:
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer)
    assert len(tokenizer.encode("cableing", add_special_tokens=False).ids) > 1


def test_another_kind_of_tokenizer_keeps_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "joins_words", lambda _: False)
    given = tiny_tokenizer().to_str()
    learned = Vocabulary.learn(TEXTS, given)
    assert learned.tokenizer == given
    assert "shoes" not in learned.pieces


def test_bags_leave_out_unknown_pieces_and_texts_without_any(vocabulary: Vocabulary) -> None:
    bags, chosen = vocabulary.bags(["red wool shoes", "wool", "", "blue"])
    assert chosen.tolist() == [0, 3]
    named = [vocabulary.pieces[row] for row in bags.pieces.tolist()]
    assert [named[a:b] for a, b in zip(bags.bounds, bags.bounds[1:], strict=False)] == [
        ["red", "shoes"],
        ["blue"],
    ]


def test_of_very_many_texts_an_even_sample_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_TEXTS", 3)
    learned = Vocabulary.learn(["red", "blue", "green", "wool", "usb"], tiny_tokenizer().to_str())
    assert learned.pieces == ("red", "green", "usb")


def test_an_unknown_word_is_no_piece() -> None:
    given = json.loads(tiny_tokenizer().to_str())
    given["added_tokens"] = []
    learned = Vocabulary.learn(["é red"], json.dumps(given))
    assert learned.pieces == ("red", "e")
    assert np.count_nonzero(learned.rows >= 0) == 2
