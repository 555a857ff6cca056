"""The comparison by recorded choices, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ESTIMATORS = {
    "naive": "choices as they are",
    "ips": "inverse propensities",
    "snips": "the same, self-normalized",
}


def interleave_table(result: Mapping[str, Any]) -> str:
    """The result of `measure_interleave` in lines."""
    recorded = result["recorded"]
    return "\n".join([
        f"{result['index']}: {result['a']['name']} (A) against {result['b']['name']} (B)",
        (f"{recorded['replayed']:,} of {recorded['searches']:,} recorded searches asked again, "
        f"{recorded['chosen_from']:,} with a choice; "
        f"{recorded['choices_without_search']:,} choices name no recorded search"),
        _agreement(recorded),
        "",
        *_interleaving(result["interleaving"]),
        "",
        *_counterfactual(result["counterfactual"], result["decay"]),
    ])  # fmt: skip


def _agreement(recorded: Mapping[str, Any]) -> str:
    share = recorded["positions_as_today"]
    if share is None:
        return "no event tells a position: those of today's answers are taken"
    return (
        f"{100 * share:.0f} % of {recorded['positions']:,} recorded positions are where today's "
        "answer has the product"
    )


def _interleaving(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return ["team-draft interleaving: nothing that was chosen is in any list"]
    return [
        "team-draft interleaving, chosen products as clicks:",
        f"  B wins {found['wins']:,}, A wins {found['losses']:,}, ties {found['ties']:,}",
        (
            f"  preference for B {found['value']:+.4f} "
            f"[{found['low']:+.4f}, {found['high']:+.4f}] "
            f"over {found['users']:,} users, p {found['p']:.4f}"
        ),
        "  Favours what was shown, since nobody could choose anything else.",
    ]


def _counterfactual(found: Mapping[str, Any], decay: Mapping[str, Any]) -> list[str]:
    source = "given"
    if decay["assumed"]:
        source = "assumed: too few choices of products that two arms show at different places"
    elif decay["choices"]:
        source = f"± {decay['error']:.2f}, from {decay['choices']:,} choices"
    lines = [
        (
            f"mean gain of a chosen product, looking falls as position ** -{decay['eta']:.2f} "
            f"({source}):"
        ),
        f"  {'':<27}{'A':>9}{'B':>9}  B - A, 95 % by user",
    ]
    for name, words in _ESTIMATORS.items():
        it = found[name]
        lines.append(
            f"  {words:<27}{it['a']:>9.4f}{it['b']:>9.4f}  {it['difference']:+.4f} "
            f"[{it['low']:+.4f}, {it['high']:+.4f}]  p {it['p']:.4f}"
        )
    lines.append(
        f"  {found['choices']:,} choices of {found['users']:,} users, worth "
        f"{found['effective']:,.0f} of equal weight; {100 * found['clipped']:.1f} % of the "
        "weights were cut"
    )
    return lines
