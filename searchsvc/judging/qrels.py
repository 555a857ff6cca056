"""``qrels.tsv``: one judgment for each pair, made from what all raters say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.errors import JudgmentsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from searchsvc.judging.ratings import Ledger, Pair

_HEADER = "query_id\tproduct_id\tlabel\n"
_SEPARATORS = frozenset("\t\n\r")


def lower_median(labels: Iterable[int]) -> int:
    """The middle label; of the two middle ones of an even number the lower.

    The lower, since a product that only half of the raters find good is not to be counted as good;
    and it is a label that somebody gave.
    """
    ordered = sorted(labels)
    return ordered[(len(ordered) - 1) // 2]


def consolidate(
    qrels: Mapping[str, Mapping[str, int]], ledger: Ledger
) -> Mapping[str, Mapping[str, int]]:
    """The judgments that follow from `qrels`, as they are on the disk, and the ratings.

    A pair has the median of the labels that stand. Where all were withdrawn, it has the judgment
    that was there before the first of them, or none. Pairs that nobody ever labelled stay as they
    are. The order of `qrels` is kept; new pairs follow by product id.
    """
    labels = ledger.labels()
    merged = {query: dict(judgments) for query, judgments in qrels.items()}
    for pair in sorted(ledger.ever_labelled()):
        query, product = pair
        label = lower_median(labels[pair].values()) if pair in labels else ledger.given().get(pair)
        if label is None:
            merged.get(query, {}).pop(product, None)
        else:
            merged.setdefault(query, {})[product] = label
    return merged


def encode_qrels(qrels: Mapping[str, Mapping[str, int]], query_ids: Iterable[str]) -> bytes:
    """The content of ``qrels.tsv``, queries in the order of `query_ids`.

    Raises:
        JudgmentsError: a product's id cannot stand in a tab-separated file.
    """
    lines = [_HEADER]
    for query_id in query_ids:
        for product_id, label in qrels.get(query_id, {}).items():
            _check((query_id, product_id))
            lines.append(f"{query_id}\t{product_id}\t{label}\n")
    return "".join(lines).encode()


def _check(pair: Pair) -> None:
    for name in pair:
        if not _SEPARATORS.isdisjoint(name):
            raise JudgmentsError(
                f"the id {name!r} has a tab or a line break, which a tab-separated file cannot "
                "hold; give the product another id in the feed and reindex"
            )
