"""BM25 over weighted fields as precomputed postings.

The impact of term t in product d is BM25F's (Robertson, Zaragoza, Taylor: *Simple BM25 extension
to multiple weighted fields*, CIKM 2004)::

    tf(t, d)     = sum over fields f of  w_f * tf_f(t, d) / (1 - b + b * len_f(d) / avglen_f)
    impact(t, d) = idf(t) * tf(t, d) * (k1 + 1) / (tf(t, d) + k1)

which for one field of weight 1 is Okapi BM25. Everything in it is known when the index is built,
so that a query only adds up ready numbers.
"""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from indexer.hits import Matches
from indexer.storage import StringTable, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.settings import LexicalSettings

_BLOCK_ROWS = 1 << 15  # rows that are turned into postings at a time
ROUNDING = np.float32(1 - 1e-6)
"""Sums of the same weights in another order may differ by so much."""
_OKAPI_EPSILON = 0.25  # rank-bm25's default: the share of the mean idf that replaces negatives


class Bm25Builder:
    """Collects the terms of products in row order, then computes the postings."""

    def __init__(self, settings: LexicalSettings) -> None:
        self._settings = settings
        self._vocabulary: dict[str, int] = {}
        self._tokens = {field: array("I") for field in settings.weights}
        self._lengths = {field: array("I") for field in settings.weights}

    def add(self, terms: Mapping[str, Sequence[str]]) -> None:
        """Add the next row.

        Args:
            terms: the analysed terms of each field; an absent field is an empty one.
        """
        vocabulary = self._vocabulary
        for field, tokens in self._tokens.items():
            words = terms.get(field, ())
            tokens.extend([vocabulary.setdefault(word, len(vocabulary)) for word in words])
            self._lengths[field].append(len(words))

    def write(self, path: Path) -> None:
        """Write the postings of all rows added so far.

        Rows are taken in blocks, so that beside the postings themselves only the work on one
        block needs memory.
        """
        vocabulary = sorted(self._vocabulary, key=str.encode)
        renumber = np.empty(len(vocabulary), np.int64)
        renumber[[self._vocabulary[term] for term in vocabulary]] = np.arange(len(vocabulary))
        fields = [
            _Field.of(self._tokens[name], self._lengths[name], renumber, weight, self._settings.b)
            for name, weight in self._settings.weights.items()
        ]
        products = len(fields[0].norms)
        starts = range(0, products, _BLOCK_ROWS)
        counts = np.zeros(len(vocabulary), np.int64)
        for begin in starts:
            terms, _, _ = _block(fields, begin)
            counts += np.bincount(terms, minlength=len(vocabulary))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        rows = np.empty(offsets[-1], np.int32)
        impacts = np.empty(offsets[-1], np.float32)
        idf = inverse_document_frequency(counts, products, self._settings.idf)
        k1 = self._settings.k1
        free = offsets[:-1].copy()
        for begin in starts:
            terms, block_rows, frequencies = _block(fields, begin)
            here = np.bincount(terms, minlength=len(vocabulary))
            # Terms are ascending: a posting's place is its term's next free one plus its rank.
            rank = np.arange(len(terms)) - np.repeat(np.cumsum(here) - here, here)
            places = free[terms] + rank
            rows[places] = block_rows
            impacts[places] = idf[terms] * frequencies * (k1 + 1) / (frequencies + k1)
            free += here
        write_arrays(
            path,
            {
                **StringTable.of(vocabulary).arrays("terms"),
                "offsets": offsets,
                "rows": rows,
                "impacts": impacts,
                "products": np.array([products], np.int64),
            },
        )


@dataclass(frozen=True, slots=True)
class _Field:
    """The terms of one field of all products.

    Attributes:
        terms: uint32 ``(tokens,)``, the term of each token, row after row.
        ends: int64 ``(products + 1,)``, where each row begins and the last ends.
        norms: float64 ``(products,)``, what an occurrence in each row counts.
    """

    terms: NDArray[np.uint32]
    ends: NDArray[np.int64]
    norms: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        tokens: array[int],
        lengths: array[int],
        renumber: NDArray[np.int64],
        weight: float,
        b: float,
    ) -> _Field:
        counted = np.frombuffer(lengths, np.uint32).astype(np.int64)
        average = max(float(counted.mean()) if len(counted) else 0.0, 1e-12)
        return cls(
            renumber[np.frombuffer(tokens, np.uint32)].astype(np.uint32),
            np.concatenate(([0], np.cumsum(counted))),
            (weight / (1 - b + b * counted / average)).astype(np.float64),
        )


def _block(
    fields: Sequence[_Field], begin: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Terms, rows and tf(t, d) of the postings of one block of rows, by term, then by row."""
    keys, counted = [], []
    for field in fields:
        end = min(begin + _BLOCK_ROWS, len(field.norms))
        lengths = np.diff(field.ends[begin : end + 1])
        rows = np.repeat(np.arange(end - begin, dtype=np.int64), lengths)
        terms = field.terms[field.ends[begin] : field.ends[end]].astype(np.int64)
        key, count = np.unique(terms * _BLOCK_ROWS + rows, return_counts=True)
        keys.append(key)
        counted.append(count * field.norms[begin + key % _BLOCK_ROWS])
    merged, place = np.unique(np.concatenate(keys), return_inverse=True)
    frequencies = np.bincount(place, np.concatenate(counted), len(merged)).astype(np.float64)
    terms, rows = np.divmod(merged, _BLOCK_ROWS)
    return terms, rows + begin, frequencies


def inverse_document_frequency(
    counts: NDArray[np.int64], products: int, variant: Literal["lucene", "okapi"]
) -> NDArray[np.float64]:
    """How much each term tells.

    Args:
        counts: int64 ``(terms,)``, in how many products each term occurs, at least 1.
        products: the number of products.
        variant: ``lucene``: ln(1 + (N - n + 0.5) / (n + 0.5)), always positive; ``okapi``:
            ln((N - n + 0.5) / (n + 0.5)) where negative values (terms in more than half of the
            products) become a quarter of the mean over all terms, as rank-bm25 has it. That mean
            can itself be negative in a tiny catalogue, and so can the scores.

    Returns:
        float64 ``(terms,)``.
    """
    odds = (products - counts + 0.5) / (counts + 0.5)
    if variant == "lucene":
        return np.log1p(odds)
    idf = np.log(odds)
    if len(idf):
        idf[idf < 0] = _OKAPI_EPSILON * idf.mean()
    return idf


class Bm25Index:
    """The postings of one snapshot, mapped from disk."""

    def __init__(self, path: Path) -> None:
        file = read_arrays(path)
        self._terms = StringTable.read(file, "terms")
        self._offsets = file.array("offsets")
        self._rows = file.array("rows")
        self._impacts = file.array("impacts")
        self._products = int(file.array("products")[0])
        self._scratch = threading.local()

    def match(self, terms: Sequence[str], *, coverage: float = 0.0) -> Matches:
        """See `LexicalIndex.match`; costs what the query's postings cost, never the catalogue."""
        occurrences: dict[int, int] = {}
        for term in terms:
            found = self._terms.find(term)
            if found is not None:
                occurrences[found] = occurrences.get(found, 0) + 1
        if not occurrences:
            return Matches(np.empty(0, np.int64), np.empty(0, np.float32))
        weights = self._coverage_weights(list(occurrences))
        scores, covered = self._buffers()
        first_seen = []
        for (number, times), weight in zip(occurrences.items(), weights, strict=True):
            postings = slice(int(self._offsets[number]), int(self._offsets[number + 1]))
            rows = self._rows[postings]
            known = covered[rows]
            first_seen.append(rows[known == 0])
            scores[rows] += self._impacts[postings] * times
            covered[rows] = known + weight
        touched = np.sort(np.concatenate(first_seen))
        coverages = covered[touched]
        kept = touched[coverages >= coverage * coverages.max(initial=0.0) * ROUNDING]
        matches = Matches(kept.astype(np.int64), scores[kept])
        scores[touched] = 0
        covered[touched] = 0
        return matches

    def _coverage_weights(self, terms: list[int]) -> NDArray[np.float32]:
        begins = np.array(terms)
        counts = self._offsets[begins + 1] - self._offsets[begins]
        return inverse_document_frequency(counts, self._products, "lucene").astype(np.float32)

    def _buffers(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """This thread's zeroed score and coverage of every row.

        Kept between queries, since clearing what a query touched is far cheaper than allocating
        for the whole catalogue.
        """
        buffers: tuple[NDArray[np.float32], NDArray[np.float32]] | None
        buffers = getattr(self._scratch, "buffers", None)
        if buffers is None:
            buffers = (np.zeros(self._products, np.float32), np.zeros(self._products, np.float32))
            self._scratch.buffers = buffers
        return buffers
