"""What was typed so far: finished words, and one that may go on."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from indexer.analysis.text import fold
from indexer.analysis.words import split_words
from indexer.suggestions.table import key_words

_UNFINISHED = re.compile(r"[^\W_]['\u2019]?\Z")


@dataclass(frozen=True, slots=True)
class Typed:
    """A query that is being typed.

    Attributes:
        text: as typed, without space before it.
        head: of it, what stands before the unfinished word; all of it where there is none.
        words: the finished words, folded.
        prefix: the beginning of the unfinished word, folded; ``""`` where a space or sign says
            that the last word is finished.
    """

    text: str
    head: str
    words: tuple[str, ...]
    prefix: str

    @classmethod
    def of(cls, text: str) -> Typed:
        """What `text` says."""
        text = text.lstrip()
        words = key_words(text)
        if not words or not _UNFINISHED.search(text):
            return cls(text, text, tuple(words), "")
        *_, last = split_words(text)
        return cls(text, text[: last.begin], tuple(words[:-1]), words[-1])

    @property
    def key(self) -> str:
        """As the keys of phrases begin; see `indexer.suggestions.table`."""
        return "".join(f"{word} " for word in self.words) + self.prefix

    @property
    def every_word(self) -> tuple[str, ...]:
        """The finished words and the unfinished one."""
        return (*self.words, self.prefix) if self.prefix else self.words

    def from_word(self, place: int) -> Typed:
        """The same without the first `place` finished words in what is to be completed."""
        return Typed(self.text, self.head, self.words[place:], self.prefix)

    def replaced(self, words: tuple[str, ...], prefix: str) -> Typed:
        """What would have been typed with these words instead."""
        text = "".join(f"{word} " for word in words)
        return Typed(text + prefix, text, words, prefix)

    def mark_rest(self, text: str) -> str:
        """`text` as HTML, everything in it that was not typed within ``<mark>``."""
        words = split_words(text)
        lengths = [*self._typed_lengths(words.texts), 0]
        typed: list[bool] = []
        for between, word, length in zip(words.between, [*words.texts, ""], lengths, strict=True):
            joins = bool(typed) and typed[-1] and length > 0
            typed += [joins] * len(between)
            typed += [place < length for place in range(len(word))]
        pieces = []
        for is_typed, run in groupby(zip(typed, text, strict=True), key=itemgetter(0)):
            piece = html.escape("".join(character for _, character in run))
            pieces.append(piece if is_typed else f"<mark>{piece}</mark>")
        return "".join(pieces)

    def _typed_lengths(self, texts: list[str]) -> list[int]:
        """How many characters of each word were typed; what was typed once counts once."""
        finished, prefix = Counter(self.words), self.prefix
        lengths = []
        for word in texts:
            folded = fold(word)
            length = 0
            if finished[folded]:
                finished[folded] -= 1
                length = len(word)
            elif prefix and folded.startswith(prefix):
                length = _characters(word, len(prefix))
                prefix = ""
            lengths.append(length)
        return lengths


def _characters(word: str, folded: int) -> int:
    """How many characters of `word` are so many when folded."""
    length = 0
    for place, character in enumerate(word):
        if length >= folded:
            return place
        length += len(fold(character))
    return len(word)
