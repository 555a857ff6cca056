"""The outcome of tuning: what would change, and whether it is worth it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchsvc.relevance.grids import needs_reindex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from searchsvc.relevance.tuning import Choice, HeldOut


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting that tuning would change.

    Attributes:
        setting: its name, ``semantic_weight`` or ``lexical.weights.title``.
        old: in use.
        new: chosen by all queries.
        in_folds: what each training part chose; where they differ, the choice is not firm.
    """

    setting: str
    old: float
    new: float
    in_folds: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "setting": self.setting,
            "old": self.old,
            "new": self.new,
            "in_folds": self.in_folds,
            "needs_reindex": needs_reindex(self.setting),
        }

    def __str__(self) -> str:
        """For people."""
        folds = " ".join(f"{value:g}" for value in self.in_folds)
        remark = "; needs a reindex" if needs_reindex(self.setting) else ""
        return f"{self.setting} {self.old:g} -> {self.new:g} (by fold: {folds}{remark})"


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of tuning.

    Attributes:
        names: of the settings, in the order of the choices.
        current: in use.
        chosen: by all queries.
        held_out: what the procedure gains on queries that had no part in it.
        tried: how many choices were asked.
    """

    names: tuple[str, ...]
    current: Choice
    chosen: Choice
    held_out: HeldOut
    tried: int

    @property
    def changes(self) -> tuple[SettingChange, ...]:
        """The settings whose chosen value is another one than that in use."""
        return tuple(
            SettingChange(name, old, new, tuple(f.chosen[place] for f in self.held_out.folds))
            for place, (name, old, new) in enumerate(
                zip(self.names, self.current, self.chosen, strict=True)
            )
            if old != new
        )

    @property
    def is_worth_it(self) -> bool:
        """Whether there is something to change and held-out queries gain significantly by it."""
        return bool(self.changes) and self.held_out.is_significant

    @property
    def ranking(self) -> Mapping[str, float]:
        """The new values that need no reindex."""
        return {c.setting: c.new for c in self.changes if not needs_reindex(c.setting)}

    @property
    def lexical(self) -> Mapping[str, float]:
        """The new values that need one."""
        return {c.setting: c.new for c in self.changes if needs_reindex(c.setting)}

    @property
    def verdict(self) -> str:
        """Whether to change anything, in a sentence."""
        if not self.changes:
            return "nothing to change: no setting that was tried is better by more than chance"
        if self.held_out.gain <= 0:
            return "no gain: queries that had no part in the choice do not do better by it"
        if not self.held_out.is_significant:
            return (
                "no significant gain: on queries that had no part in the choice it may be chance"
            )
        return "a significant gain on queries that had no part in the choice"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        held_out = self.held_out
        return {
            "queries": len(held_out.gains),
            "tried": self.tried,
            "held_out": {
                "current": held_out.current,
                "tuned": held_out.tuned,
                "gain": held_out.gain,
                "low": held_out.low,
                "high": held_out.high,
                "p": held_out.p,
            },
            "significant": held_out.is_significant,
            "verdict": self.verdict,
            "changes": [change.to_dict() for change in self.changes],
            "folds": [
                {
                    "queries": list(fold.queries),
                    "chosen": dict(zip(self.names, fold.chosen, strict=True)),
                    "current": fold.current,
                    "tuned": fold.tuned,
                }
                for fold in held_out.folds
            ],
        }

    def describe(self) -> list[str]:
        """For people."""
        held = self.held_out
        size = f"{len(held.gains)} queries in {len(held.folds)} folds"
        interval = f"95 % interval {held.low:+.4f} to {held.high:+.4f}"
        return [
            f"tried {self.tried:,} settings on {size}",
            f"  on held-out queries: in use {held.current:.4f}, tuned {held.tuned:.4f}",
            f"  gain {held.gain:+.4f}, {interval}, p {held.p:.3f}",
            f"  {self.verdict}",
            *(f"    {change}" for change in self.changes),
        ]
