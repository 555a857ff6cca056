"""Misspelt queries beside the right spelling: how much worse each system ranks them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.robustness.typos import Kind, Typo, draw_typos
from indexer.analysis.text import fold
from indexer.build.texts import searchable_texts
from searchsvc.errors import JudgmentsError
from searchsvc.relevance.measures import Measure
from searchsvc.relevance.statistics import bootstrap_means, percentile_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from numpy.typing import NDArray

    from benchmarks.collection import Collection
    from benchmarks.systems import System
    from indexer.product import Product
    from searchsvc.relevance.judgments import JudgedQuery

MEASURE = Measure("nDCG", 10)
_WORST = 10
_WORD = re.compile(r"[^\W_]+")


class Words:
    """The words of a catalogue's texts, folded; products are added one by one."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, product: Product) -> None:
        """Take the words of `product`."""
        for text in searchable_texts(product).values():
            self._words.update(_WORD.findall(fold(text)))

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and fold(word) in self._words


@dataclass(frozen=True, slots=True)
class MisspeltQuery:
    """A judged query, its misspellings, and what each system makes of them.

    Attributes:
        clean: nDCG@10 of the right spelling by system name.
        values: nDCG@10 of each of `typos`, in their order, by system name.
    """

    query: JudgedQuery
    typos: Sequence[Typo]
    clean: dict[str, float] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)


def draw_misspelt(collection: Collection, per_query: int, seed: int) -> list[MisspeltQuery]:
    """The queries that can be measured and misspelt, each with at most `per_query` typos.

    Left out are queries without a relevant product and those without a long word.

    Raises:
        JudgmentsError: none remains.
    """
    drawn = [
        MisspeltQuery(query, typos)
        for query in collection.queries
        if any(map(collection.scale.is_relevant, collection.qrels.get(query.id, {}).values()))
        and (typos := draw_typos(query.text, per_query, seed))
    ]
    if not drawn:
        raise JudgmentsError(
            f"none of {len(collection.queries)} queries of {collection.name} has both a relevant "
            "product and a word of five letters to misspell; judge some that have"
        )
    return drawn


def ask(
    queries: Sequence[MisspeltQuery],
    systems: Sequence[System],
    collection: Collection,
    advance: Callable[[int], None],
) -> None:
    """Ask every system all spellings and note the values.

    Args:
        queries: get the values.
        systems: of distinct names.
        collection: whose queries these are.
        advance: called with the number of misspellings just asked.
    """
    for asked in queries:
        for system in systems:
            clean, *values = (
                MEASURE.of(system.rank(text), collection.qrels[asked.query.id], collection.scale)
                for text in (asked.query.text, *(typo.text for typo in asked.typos))
            )
            asked.clean[system.name], asked.values[system.name] = clean, values
        advance(len(asked.typos))


def summarize(
    queries: Sequence[MisspeltQuery], systems: Sequence[str], words: Container[str]
) -> dict[str, Any]:
    """The part `typos` of the result file; the last of `systems` is the shipped one."""
    typos = [typo for asked in queries for typo in asked.typos]
    owners = np.repeat(np.arange(len(queries)), [len(asked.typos) for asked in queries])
    real = np.array([typo.misspelt in words for typo in typos])
    parts = _parts(typos, real)
    summaries = {}
    for name in systems:
        clean = np.array([asked.clean[name] for asked in queries])
        values = np.array([value for asked in queries for value in asked.values[name]])
        summaries[name] = compare(clean, values, owners) | {
            "parts": {
                part: compare(clean, values[chosen], owners[chosen])
                for part, chosen in parts.items()
                if chosen.any()
            }
        }
    return {
        "measure": str(MEASURE),
        "queries": len(queries),
        "misspellings": len(typos),
        "real_words": round(float(real.mean()), 4),
        "systems": summaries,
        "by_query": {asked.query.id: _of_query(asked, words) for asked in queries},
        "worst": _worst(queries, systems[-1]),
    }


def compare(
    clean: NDArray[np.float64], values: NDArray[np.float64], owners: NDArray[np.int64]
) -> dict[str, Any]:
    """Means over those queries that have a misspelling here.

    Args:
        clean: float64 ``(queries,)``, the value of each right spelling.
        values: float64 ``(misspellings,)``, at least one; a query's is the mean over its own.
        owners: int64 ``(misspellings,)``, the query of each, as a place in `clean`.

    Returns:
        ``clean`` and ``misspelt`` in [0, 1]; ``fall`` in percent of ``clean`` and its 95 %
        confidence interval, ``fall_low`` and ``fall_high``; all three None where ``clean`` is 0,
        the interval also where one query is all there is; and how many ``queries`` and
        ``misspellings`` there are.
    """
    counts = np.bincount(owners, minlength=len(clean))
    here = counts > 0
    misspelt = np.bincount(owners, values, len(clean))[here] / counts[here]
    pairs = np.column_stack((clean[here], misspelt))
    before, after = pairs.mean(axis=0)
    fall = low = high = None
    if before:
        fall = round(float(_percent(before, after)), 2)
        low, high = _interval(pairs) if len(pairs) > 1 else (None, None)
    return {
        "clean": round(float(before), 4),
        "misspelt": round(float(after), 4),
        "fall": fall,
        "fall_low": low,
        "fall_high": high,
        "queries": int(here.sum()),
        "misspellings": len(values),
    }


def _interval(pairs: NDArray[np.float64]) -> tuple[float, float]:
    """The confidence interval of the percentage by which the second column falls."""
    resampled = bootstrap_means(pairs)
    # Where most queries are lost anyway, a sample may hold none that could fall.
    resampled = resampled[resampled[:, 0] > 0]
    interval = percentile_interval(_percent(resampled[:, :1], resampled[:, 1:]))
    return round(float(interval.low[0]), 2), round(float(interval.high[0]), 2)


def _percent(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    return 100 * (before - after) / before


def _parts(typos: Sequence[Typo], real: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    first = np.array([typo.first_letter for typo in typos])
    return {
        **{str(kind): np.array([typo.kind is kind for typo in typos]) for kind in Kind},
        "first letter": first,
        "other letters": ~first,
        "gives a word of the catalogue": real,
        "gives no word": ~real,
    }


def _of_query(asked: MisspeltQuery, words: Container[str]) -> dict[str, Any]:
    return {
        "text": asked.query.text,
        "clean": {name: round(value, 4) for name, value in asked.clean.items()},
        "misspelt": [
            {
                "text": typo.text,
                "kind": typo.kind,
                "first_letter": typo.first_letter,
                "real_word": typo.misspelt in words,
                "values": {name: round(of[place], 4) for name, of in asked.values.items()},
            }
            for place, typo in enumerate(asked.typos)
        ],
    }


def _worst(queries: Sequence[MisspeltQuery], system: str) -> list[dict[str, Any]]:
    """The misspelling of each query that costs most, the costliest first."""
    places = [int(np.argmin(asked.values[system])) for asked in queries]
    losses = [
        asked.clean[system] - asked.values[system][place]
        for asked, place in zip(queries, places, strict=True)
    ]
    return [
        {
            "text": queries[at].query.text,
            "misspelt": queries[at].typos[places[at]].text,
            "clean": round(queries[at].clean[system], 4),
            "value": round(queries[at].values[system][places[at]], 4),
        }
        for at in np.argsort(-np.array(losses), kind="stable")[:_WORST]
    ]
