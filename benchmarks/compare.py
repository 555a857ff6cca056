"""Comparison of two result files of one command: every figure as a ratio, regressions flagged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.errors import MismatchError, ResultFileError
from benchmarks.figures import Kind, figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Figure

_LEAST_MS = 0.02
"""A stage of a few microseconds is no slower for taking two more."""
_SECONDS = 0.05
_PLACES = ("processor", "cores", "system")


@dataclass(frozen=True)
class Limits:
    """What is a regression.

    Attributes:
        ratio: times and sizes may become so many times as large, rates as small.
        quality: measures of relevance and recall may fall by so much.
    """

    ratio: float = 1.25
    quality: float = 0.005


@dataclass(frozen=True, slots=True)
class Change:
    """A figure in both files."""

    before: Figure
    after: Figure
    regressed: bool

    @property
    def ratio(self) -> float | None:
        """The second as a multiple of the first; ``None`` where that was zero."""
        return self.after.value / self.before.value if self.before.value else None


def read_result(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can say
    """The result in the file `path`.

    Raises:
        ResultFileError: there is none.
    """
    try:
        result = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ResultFileError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ResultFileError(
            f"{path} is not JSON ({error}); expected what a benchmark wrote with --json"
        ) from error
    if not isinstance(result, dict | list):
        raise ResultFileError(f"{path} holds a {type(result).__name__}; expected an object")
    return result


def compare_results(
    before: object, after: object, limits: Limits, *, force: bool = False
) -> list[Change]:
    """The figures that are in both results, in the order of the first.

    Args:
        before: a result.
        after: one of the same command.
        limits: beyond which a figure is a regression.
        force: whether to compare results of other data or machines, too.

    Raises:
        MismatchError: they have no figure in common; without `force` also where they are of other
            commands, data or machines.
    """
    differing = list(_differences(before, after))
    if differing and not force:
        raise MismatchError(
            f"the results are not of the same kind: {'; '.join(differing)}. "
            "Measure both on one machine and one catalogue, or compare with --force."
        )
    first, second = figures(before), figures(after)
    changes = [
        Change(figure, second[path], _regressed(figure, second[path], limits))
        for path, figure in first.items()
        if path in second
    ]
    if not changes:
        raise MismatchError("the results have no figure in common; compare two of one command")
    return changes


def comparison_table(changes: Sequence[Change], *, every: bool = False) -> str:
    """The result for people: how many got worse, then the worst first."""
    shown = [change for change in changes if every or change.regressed or _improved(change)]
    shown.sort(key=_badness, reverse=True)
    width = max((len(change.before.path) for change in shown), default=0)
    regressions = sum(change.regressed for change in changes)
    lines = [f"{len(changes):,} figures compared, {regressions:,} regressions"]
    if shown:
        lines.append(f"{'':<{width}}{'before':>14}{'after':>14}{'ratio':>8}")
    for change in shown:
        ratio = "" if change.ratio is None else f"{change.ratio:.2f}"
        mark = "  regression" if change.regressed else ""
        lines.append(
            f"{change.before.path:<{width}}{change.before.value:>14,.4g}"
            f"{change.after.value:>14,.4g}{ratio:>8}{mark}"
        )
    return "\n".join(lines)


def _badness(change: Change) -> tuple[bool, float]:
    """Regressions before all others, and then by how many times the figure became worse."""
    old, new = change.before.value, change.after.value
    if change.before.kind in {Kind.QUALITY, Kind.RATE}:
        old, new = new, old
    return change.regressed, new / old if old else new * float("inf") if new else 1.0


def _regressed(before: Figure, after: Figure, limits: Limits) -> bool:
    old, new = before.value, after.value
    if before.kind is Kind.QUALITY:
        return old - new > limits.quality
    if before.kind is Kind.RATE:
        return new * limits.ratio < old
    least = 0.0
    if before.kind is Kind.TIME:
        least = _SECONDS if "seconds" in before.path.replace("milliseconds", "") else _LEAST_MS
    return new > old * limits.ratio and new - old > least


def _improved(change: Change) -> bool:
    reverse = Change(change.after, change.before, regressed=False)
    return _regressed(reverse.before, reverse.after, Limits())


def _differences(before: object, after: object) -> Iterator[str]:
    """What keeps two results from being compared, in words."""
    first, second = dict(_conditions(before, "")), dict(_conditions(after, ""))
    for path, value in first.items():
        other = second.get(path, value)
        if other != value:
            yield f"{path} is {value!r} and {other!r}"


def _conditions(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The command, the machine and the digests of data in a result, by their paths."""
    if isinstance(value, list):
        for number, child in enumerate(value):
            yield from _conditions(child, f"{path}/{number}")
    elif isinstance(value, dict):
        yield from _named(value, path)


def _named(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, object]]:
    places = _PLACES if path.endswith("machine") else ()
    for name, child in value.items():
        place = f"{path}/{name}".lstrip("/")
        if name == "content_sha256" and "feed_sha256" in value:
            continue  # how a feed is stored may change; what it says is the data
        if isinstance(child, dict | list):
            yield from _conditions(child, place)
        elif name == "command" or name in places or name.endswith(("sha256", "digest")):
            yield place, child
