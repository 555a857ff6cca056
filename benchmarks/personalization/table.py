"""What personalization does for a shop, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.personalization.systems import CONTROL, PLAIN, POPULAR, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = 38
_WIDTH = 10
_CHANGE = 27
_SHOWN = ("5+", "5+, never bought before")
"""Groups whose systems are all listed."""


def personalization_table(result: Mapping[str, Any]) -> str:
    """For each kind of query: groups of users, and what each part of the model does."""
    catalogue, purchases, split = result["catalogue"], result["purchases"], result["split"]
    models = split["models"]
    lines = [
        (
            f"{catalogue['name']}: {catalogue['products']:,} products, {purchases['rows']:,} "
            f"purchases in {purchases['orders']:,} orders of {purchases['users']:,} users, "
            f"{purchases['first']} to {purchases['last']}"
        ),
        (
            f"held out since {split['at']}: {result['cases']:,} purchases drawn, seed "
            f"{result['seed']}; learned {_times(len(models))}, first from "
            f"{models[0]['events']:,} purchases: {_fields(models[0]['fields'])}"
        ),
    ]
    discovered = [f"{name} ({boosts})" for name, boosts in split["discovered"].items()]
    lines.append(f"discovered segments (boosts): {', '.join(discovered) or 'none'}")
    for name, kind in result["kinds"].items():
        lines += ["", *_kind(name, kind)]
    return "\n".join(lines)


def _kind(name: str, kind: Mapping[str, Any]) -> list[str]:
    groups = kind["groups"]
    lines = [
        (
            f"query: {name}; {kind['cases']:,} purchases with {kind['queries']:,} queries "
            f"({kind['without_query']:,} have none, {kind['unmatched']:,} are not found by it)"
        ),
        (
            f"rankings that changed for users without history: {kind['strangers_changed']:,} of "
            f"{kind['strangers_checked']:,}"
        ),
        _row(
            "MRR by earlier orders",
            ("purchases", "users", "plain", "sells", "tastes"),
            ("tastes / plain", "tastes / what sells", "control / what sells"),
        ),
    ]
    lines += [_group(label, group) for label, group in groups.items()]
    for label in _SHOWN:
        if label in groups:
            lines += ["", *_systems(label, groups[label])]
    return lines


def _group(label: str, group: Mapping[str, Any]) -> str:
    systems = group["systems"]
    cells = [f"{group['purchases']:,}", f"{group['users']:,}"]
    cells += [f"{systems[name]['mrr']:.4f}" for name in (PLAIN, POPULAR, SHIPPED)]
    shipped, control = systems[SHIPPED]["changes"], systems[CONTROL]["changes"]
    changes = (shipped[PLAIN], shipped[POPULAR], control[POPULAR])
    return _row(label, tuple(cells), tuple(map(_change, changes)))


def _systems(label: str, group: Mapping[str, Any]) -> list[str]:
    header = _row(
        f"systems, {label}",
        ("MRR", "R@10", "better", "worse"),
        ("/ plain", "/ what sells", "/ control"),
    )
    return [header] + [
        _row(
            name,
            (
                f"{system['mrr']:.4f}",
                f"{system['recall']:.3f}",
                f"{system['improved']:.0%}",
                f"{system['worsened']:.0%}",
            ),
            tuple(_change(system["changes"][base]) for base in (PLAIN, POPULAR, CONTROL)),
        )
        for name, system in group["systems"].items()
    ]


def _change(change: Mapping[str, float | None]) -> str:
    value, low, high = change["value"], change["low"], change["high"]
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:+.1%}"
    return f"{value:+.1%} ({low:+.1%}, {high:+.1%})"


def _fields(fields: Mapping[str, Mapping[str, Any]]) -> str:
    used = [
        f"{name} {field['weight']:.2f}±{field['error']:.2f}"
        for name, field in fields.items()
        if field["in_use"]
    ]
    return ", ".join(used) or "nothing in use"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _row(name: str, cells: tuple[str, ...], changes: tuple[str, ...]) -> str:
    return (
        f"{name:<{_NAME}}"
        + "".join(f"{cell:>{_WIDTH}}" for cell in cells)
        + "".join(f"{change:>{_CHANGE}}" for change in changes)
    )
