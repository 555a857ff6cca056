"""The robustness of a collection as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.robustness.identifiers import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAILURES = 10
_NAME = 34
_WIDTH = 15


def robustness_table(result: Mapping[str, Any]) -> str:
    """Two tables, each with what went worst below it."""
    collection = result["collection"]
    title = (
        f"{collection['name']}: {collection['products']:,} products, seed {result['seed']}, "
        f"digest {collection['digest'][:12]}"
    )
    return "\n".join(
        [title, "", *_typos(result["typos"]), "", *_identifiers(result["identifiers"])]
    )


def _typos(typos: Mapping[str, Any]) -> list[str]:
    lines = [
        (
            f"{typos['misspellings']:,} misspellings of {typos['queries']:,} queries "
            f"({typos['left_out']:,} left out: no long word or nothing relevant), "
            f"{typos['real_words']:.1%} of them another word of the catalogue"
        ),
        _row(typos["measure"], ("queries", "misspellings", "clean", "misspelt", "fall", "95 %")),
    ]
    for name, system in typos["systems"].items():
        lines.append(_comparison(name, system))
        lines += [_comparison(f"  {part}", values) for part, values in system["parts"].items()]
    lines.append("worst misspellings of the last system:")
    lines += [
        f"  {example['clean']:.2f} -> {example['value']:.2f}  {example['text']!r} as "
        f"{example['misspelt']!r}"
        for example in typos["worst"]
    ]
    return lines


def _comparison(name: str, values: Mapping[str, Any]) -> str:
    fall = "-" if values["fall"] is None else f"{values['fall']:.1f} %"
    interval = "-"
    if values["fall_low"] is not None:
        interval = f"{values['fall_low']:.1f} to {values['fall_high']:.1f}"
    counts = (f"{values['queries']:,}", f"{values['misspellings']:,}")
    means = (f"{values['clean']:.4f}", f"{values['misspelt']:.4f}")
    return _row(name, (*counts, *means, fall, interval))


def _identifiers(identifiers: Mapping[str, Any]) -> list[str]:
    lines = [
        (
            f"{identifiers['drawn']:,} identifiers in {identifiers['writings']:,} writings "
            f"({identifiers['names']:,} MPNs left out: names)"
        ),
        _row("a product that has it is first", (*Style, "all")),
    ]
    for kind, styles in identifiers["by_kind_and_style"].items():
        cells = [_share(styles[style]) for style in Style]
        lines.append(_row(kind, (*cells, _share(identifiers["by_kind"][kind]))))
    cells = [_share(identifiers["by_style"][style]) for style in Style]
    lines.append(_row("all", (*cells, _share(identifiers))))
    failures = identifiers["failures"]
    if failures:
        lines.append(f"failures ({min(len(failures), _FAILURES)} of {len(failures):,}):")
    lines += [
        f"  {failure['kind']} {failure['identifier']!r} as {failure['writing']!r}: expected "
        f"{', '.join(failure['expected'])}, first is {failure['first'] or 'nothing'}"
        for failure in failures[:_FAILURES]
    ]
    return lines


def _share(counts: Mapping[str, Any]) -> str:
    return "-" if counts["share"] is None else f"{100 * counts['share']:.2f} %"


def _row(name: str, cells: tuple[str, ...]) -> str:
    return f"{name:<{_NAME}}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)
