"""The vocabulary of a tokenizer: which pieces are words, and how to give it more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

_CONTINUES = "##"  # of WordPiece
_WORD_BEGINS = ("\u2581", "\u0120")  # of SentencePiece and of byte-level BPE


def whole_words(pieces: Iterable[str]) -> list[str]:
    """The pieces that begin and end a word, as words in lower case, sorted."""
    pieces = list(pieces)
    # Some tokenizers mark the pieces that begin a word, others those that go on with one.
    marked = [piece[1:] for piece in pieces if piece.startswith(_WORD_BEGINS)]
    words = marked or [piece for piece in pieces if not continues_word(piece)]
    return sorted({word for word in words if word.isalpha() and word.islower()})


def continues_word(piece: str) -> bool:
    """Whether `piece` goes on with the word of the piece before it, as WordPiece marks it."""
    return piece.startswith(_CONTINUES) and len(piece) > len(_CONTINUES)


def bare(piece: str) -> str:
    """The text of `piece` without the marks of tokenizers."""
    if continues_word(piece):
        return piece[len(_CONTINUES) :]
    return piece[1:] if piece.startswith(_WORD_BEGINS) and len(piece) > 1 else piece


def joins_words(tokenizer: str) -> bool:
    """Whether `with_words` can add to the tokenizer with this JSON."""
    return bool(orjson.loads(tokenizer)["model"].get("type") == "WordPiece")


def with_words(tokenizer: str, words: Iterable[str]) -> str:
    """The JSON of a WordPiece tokenizer that reads each of `words` as one piece.

    WordPiece takes the longest piece that it knows from the left, so that a word in its
    vocabulary is never divided. All pieces keep their numbers; those of new words follow.
    """
    content = orjson.loads(tokenizer)
    vocabulary: dict[str, int] = content["model"]["vocab"]
    free = 1 + max(vocabulary.values())
    for word in words:
        if word not in vocabulary:
            vocabulary[word] = free
            free += 1
    return orjson.dumps(content).decode()
