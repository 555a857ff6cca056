"""What turns the words of products into a spelling dictionary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.text import fold
from indexer.spelling.deletions import deletion_arrays
from indexer.spelling.words import has_spelling
from indexer.storage import StringTable, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Self


class SpellingBuilder:
    """Counts in how many products each word occurs, then writes the dictionary."""

    def __init__(self) -> None:
        self._products = 0
        self._frequencies: Counter[str] = Counter()
        self._title_frequencies: Counter[str] = Counter()

    @classmethod
    def read(cls, path: Path) -> Self:
        """A builder that has counted what the dictionary at `path` was written from.

        Words without a spelling are not in it, and are never written either.

        Raises:
            SnapshotCorruptError: it is no dictionary.
        """
        file = read_arrays(path)
        table = StringTable.read(file, "words")
        words = [table[number] for number in range(len(table))]
        builder = cls()
        builder._products = int(file.array("products")[0])
        for counts, name in (
            (builder._frequencies, "frequencies"),
            (builder._title_frequencies, "title_frequencies"),
        ):
            counts.update(dict(zip(words, file.array(name).tolist(), strict=True)))
        return builder

    def add(self, titles: Iterable[str], texts: Iterable[str] = ()) -> None:
        """Count the words of the next product, in any order; each counts once.

        Args:
            titles: surface words, case and accents folded, of what a shop writes with care and
                shoppers search by: title, brand, categories.
            texts: those of all other fields.
        """
        self._products += 1
        careful = set(titles)
        self._title_frequencies.update(careful)
        self._frequencies.update(careful.union(texts))

    def remove(self, titles: Iterable[str], texts: Iterable[str] = ()) -> None:
        """Take back what `add` counted for a product with the same words."""
        self._products -= 1
        careful = set(titles)
        self._title_frequencies.subtract(careful)
        self._frequencies.subtract(careful.union(texts))

    def write(self, path: Path, *, language_words: Iterable[str] = ()) -> None:
        """Write the dictionary of all products added so far; see `SpellingDictionary`.

        Args:
            path: of the file.
            language_words: words that are no errors even though no product has them, in any
                order.
        """
        counted = (word for word, count in self._frequencies.items() if count > 0)
        words = sorted(filter(has_spelling, counted), key=str.encode)
        frequencies = [self._frequencies[word] for word in words]
        title_frequencies = [self._title_frequencies[word] for word in words]
        right = {fold(word) for word in language_words}.difference(words)
        write_arrays(
            path,
            {
                **StringTable.of(words).arrays("words"),
                "frequencies": np.array(frequencies, np.uint32),
                "title_frequencies": np.array(title_frequencies, np.uint32),
                **deletion_arrays(words),
                **StringTable.of(sorted(filter(has_spelling, right), key=str.encode)).arrays(
                    "language"
                ),
                "products": np.array([self._products], np.int64),
            },
        )
