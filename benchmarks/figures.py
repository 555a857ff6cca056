"""The figures in a result file: its numbers by their path, and what each is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """What a figure is."""

    TIME = "time"
    SIZE = "size"
    RATE = "rate"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number.

    Attributes:
        path: where it stands, such as ``catalogues/products=20000/engine/median``.
    """

    path: str
    kind: Kind
    value: float


_NAMES = ("name", "index", "products", "share", "workers", "offered", "rate", "wanted")
"""What tells the objects of a list apart: the first of these that has another value in each."""
_NOT_MEASURED = re.compile(r"(^|/)(budget|plan|machine|aims|queries|filter|top|settings)(/|$)")
_KINDS = (
    (Kind.QUALITY, re.compile(r"ndcg|recall|mrr|(^|/)p@|cosine", re.IGNORECASE)),
    (Kind.RATE, re.compile(r"per_second|(^|/)(answered|goodput)$|/s$")),
    (Kind.SIZE, re.compile(r"bytes|rss|pss|allocated|(^|/)(private|anonymous)$")),
    (Kind.TIME, re.compile(r"(^|/)(median|p50|p95|p99)$|milliseconds|seconds|_ms$|_s$")),
)


def figures(result: object) -> dict[str, Figure]:
    """What was measured in a result, by path; what was asked for is left out."""
    found = {}
    for path, value in _numbers(result, ""):
        kind = _kind_of(path)
        if kind is not None:
            found[path] = Figure(path, kind, value)
    return found


def _kind_of(path: str) -> Kind | None:
    if _NOT_MEASURED.search(path) or path.rpartition("/")[2] in _NAMES:
        return None
    return next((kind for kind, names in _KINDS if names.search(path)), None)


def _numbers(value: object, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _numbers(child, f"{path}/{name}" if path else str(name))
    elif isinstance(value, list):
        for label, child in zip(_labels(value), value, strict=True):
            yield from _numbers(child, f"{path}/{label}" if path else label)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def _labels(values: list[Any]) -> list[str]:
    """Names of the elements of a list that stay when one is added before them."""
    if values and all(isinstance(value, dict) for value in values):
        for name in _NAMES:
            labels = [f"{name}={value[name]}" for value in values if name in value]
            if len(set(labels)) == len(values):
                return labels
    return [str(number) for number in range(len(values))]
