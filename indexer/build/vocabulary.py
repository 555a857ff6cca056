"""The word pieces of a catalogue, and the frequent words that are to be pieces of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson
from tokenizers import Tokenizer

from indexer.build.ridge import Bags
from indexer.embedding.distilled import tokenized
from indexer.embedding.pieces import bare, continues_word, joins_words, with_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_MOST_TEXTS = 100_000
_TEXTS_AT_ONCE = 4_096
_MOST_WORDS = 20_000
_LEAST_OCCURRENCES = 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pieces that a catalogue's texts consist of.

    Attributes:
        tokenizer: JSON of the tokenizer that divides into them.
        pieces: without the marks of the tokenizer.
        rows: int32 ``(entries of the tokenizer,)``, place in `pieces`, or -1.
    """

    tokenizer: str
    pieces: tuple[str, ...]
    rows: NDArray[np.int32]

    @classmethod
    def learn(cls, texts: Sequence[str], tokenizer: str) -> Vocabulary:
        """That of `texts`, or of an even sample where there are very many.

        Args:
            texts: of the catalogue.
            tokenizer: JSON of the transformer's own.
        """
        if len(texts) > _MOST_TEXTS:
            places = np.linspace(0, len(texts) - 1, _MOST_TEXTS).astype(np.int64)
            texts = [texts[place] for place in places.tolist()]
        entries = _Entries(tokenizer)
        seen = np.zeros(len(entries.names), np.int64)
        divided: Counter[tuple[int, ...]] = Counter()
        for begin in range(0, len(texts), _TEXTS_AT_ONCE):
            ids, _ = tokenized(entries.tokenizer, texts[begin : begin + _TEXTS_AT_ONCE])
            seen += np.bincount(ids, minlength=len(seen))
            divided.update(entries.divided_words(ids))
        seen[entries.meaningless] = 0
        known = [entries.names[number] for number in np.flatnonzero(seen).tolist()]
        if joins_words(tokenizer):
            words = entries.frequent(divided)
            tokenizer = with_words(tokenizer, words)
            known += words
        numbers = Tokenizer.from_str(tokenizer).get_vocab()
        rows = np.full(max(numbers.values()) + 1, -1, np.int32)
        rows[[numbers[name] for name in known]] = np.arange(len(known))
        return cls(tokenizer, tuple(map(bare, known)), rows)

    def bags(self, texts: Sequence[str]) -> tuple[Bags, NDArray[np.int64]]:
        """Those of `texts` that have any piece, and which of them these are, ascending."""
        ids, bounds = tokenized(Tokenizer.from_str(self.tokenizer), texts)
        rows = self.rows[ids].astype(np.int64)
        ends = np.concatenate(([0], np.cumsum(rows >= 0)))[bounds]
        filled = np.flatnonzero(np.diff(ends))
        return Bags(rows[rows >= 0], np.append(ends[filled], ends[-1])), filled


class _Entries:
    """The entries of a tokenizer's vocabulary by their number."""

    def __init__(self, json: str) -> None:
        self.tokenizer = Tokenizer.from_str(json)
        numbers = self.tokenizer.get_vocab()
        self.names = [""] * (max(numbers.values()) + 1)
        for name, number in numbers.items():
            self.names[number] = name
        special = [token.content for token in self.tokenizer.get_added_tokens_decoder().values()]
        unknown = orjson.loads(json)["model"].get("unk_token")
        self.meaningless = [numbers[name] for name in (*special, unknown) if name in numbers]
        self._continues = np.array([continues_word(name) for name in self.names])

    def divided_words(self, ids: NDArray[np.int64]) -> Iterator[tuple[int, ...]]:
        """Each word of several pieces; `ids` are those of whole texts."""
        begins = np.flatnonzero(~self._continues[ids])
        lengths = np.diff(begins, append=len(ids))
        several = lengths > 1
        for begin, length in zip(begins[several].tolist(), lengths[several].tolist(), strict=True):
            yield tuple(ids[begin : begin + length].tolist())

    def frequent(self, divided: Counter[tuple[int, ...]]) -> list[str]:
        """The words that are worth a piece, the most frequent first."""
        counts: Counter[str] = Counter()
        for pieces, count in divided.items():
            if count >= _LEAST_OCCURRENCES:
                counts["".join(bare(self.names[piece]) for piece in pieces)] += count
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return ordered[:_MOST_WORDS]
