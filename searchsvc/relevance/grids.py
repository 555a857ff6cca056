"""The grids: which settings are tuned, and the values that are tried."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.settings import LexicalSettings
from searchsvc.policy import Fusion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.policy import RankingPolicy

TUNABLE: Mapping[str, Sequence[float]] = MappingProxyType(
    {
        "semantic_weight": (0.0, 0.15, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.85, 1.0),
        "all_words_weight": (0.0, 0.08, 0.16, 0.25, 0.35),
        "feedback_weight": (0.0, 0.1, 0.2, 0.3, 0.4),
        "rrf_k": (5, 10, 20, 40, 60, 100),
    }
)
"""By field of `RankingPolicy`.

Left out is what only bounds costs (``window``, ``neighbours``), and what drops weak matches
(``strictness``, ``min_coverage`` and the like): no measure sees what follows its cutoff, so that
dropping nothing would win by every one of them, and fill totals and last pages with noise.
"""

FIELD_FACTORS = (0.25, 0.5, 2.0, 4.0)
"""By what a field's weight is multiplied: only the ratios of weights matter much."""
TUNABLE_LEXICAL: Mapping[str, Sequence[float]] = MappingProxyType(
    {"k1": (0.6, 1.2, 1.8), "b": (0.25, 0.5, 0.75, 0.9)}
)
_LEXICAL = "lexical."
_WEIGHTS = "lexical.weights."
_OF_FUSION = MappingProxyType(
    {
        "semantic_weight": Fusion.WEIGHTED,
        "all_words_weight": Fusion.WEIGHTED,
        "feedback_weight": Fusion.WEIGHTED,
        "rrf_k": Fusion.RRF,
    }
)
_LARGEST_WEIGHT = 100.0
_DIGITS = 6


def ranking_axes(policy: RankingPolicy) -> dict[str, tuple[float, ...]]:
    """The values to try of each ranking setting, its present one among them, ascending.

    Settings without effect under `policy` are left out.
    """
    return {
        name: _with(grid, getattr(policy, name))
        for name, grid in TUNABLE.items()
        if _has_effect(name, policy)
    }


def _has_effect(name: str, policy: RankingPolicy) -> bool:
    return _OF_FUSION.get(name, policy.fusion) is policy.fusion


def lexical_axes(settings: LexicalSettings) -> dict[str, tuple[float, ...]]:
    """The values to try of each field's weight, k1 and b, by their full names."""
    axes = {
        f"{_WEIGHTS}{name}": _with(
            [min(weight * factor, _LARGEST_WEIGHT) for factor in FIELD_FACTORS], weight
        )
        for name, weight in settings.weights.items()
    }
    for name, grid in TUNABLE_LEXICAL.items():
        axes[_LEXICAL + name] = _with(grid, getattr(settings, name))
    return axes


def needs_reindex(setting: str) -> bool:
    """Whether a setting shapes the files."""
    return setting.startswith(_LEXICAL)


def current_values(
    axes: Mapping[str, Sequence[float]], policy: RankingPolicy, lexical: LexicalSettings
) -> tuple[float, ...]:
    """The value in use of each axis."""
    values = []
    for name in axes:
        if name.startswith(_WEIGHTS):
            found: float = lexical.model_dump()["weights"][name.removeprefix(_WEIGHTS)]
        elif needs_reindex(name):
            found = getattr(lexical, name.removeprefix(_LEXICAL))
        else:
            found = getattr(policy, name)
        values.append(found)
    return tuple(values)


def policy_with(policy: RankingPolicy, values: Mapping[str, float]) -> RankingPolicy:
    """`policy` with those of `values` that are ranking settings."""
    ranking = {name: value for name, value in values.items() if not needs_reindex(name)}
    return replace(policy, **ranking)  # type: ignore[arg-type]  # fields by name


def lexical_with(settings: LexicalSettings, values: Mapping[str, float]) -> LexicalSettings:
    """`settings` with those of `values` that need a reindex."""
    content = settings.model_dump()
    for name, value in values.items():
        if name.startswith(_WEIGHTS):
            content["weights"][name.removeprefix(_WEIGHTS)] = value
        elif needs_reindex(name):
            content[name.removeprefix(_LEXICAL)] = value
    return LexicalSettings.model_validate(content)


def _with(grid: Sequence[float], present: float) -> tuple[float, ...]:
    rounded = (round(value, _DIGITS) for value in grid)
    return tuple(sorted({*rounded, present}))
