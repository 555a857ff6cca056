"""The assignment of shoppers to the arms of an experiment: a pure function of their keys.

Nothing is stored: whoever comes back is dealt to the same arm, on every machine. The unit is the
user's key, see `searchsvc.state.keys`. A shopper without a token or without consent has none, is
in no arm, gets the index's own settings and is not counted.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.experiments.document import ExperimentDocument
    from searchsvc.policy import RankingOverrides

_DOUBLE_BITS = 53
_WORD_BYTES = 8
_LABEL_SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to answer.

    Attributes:
        experiment: the experiment's name.
        share: of those in the experiment, above 0 and at most 1.
        strength: of the personalization, 0 to 100; ``None`` leaves that to the index.
        overrides: ranking settings that differ from the index's.
    """

    experiment: str
    name: str
    share: float
    strength: float | None
    overrides: RankingOverrides

    @property
    def label(self) -> str:
        """Of the arm in events, so that the next experiment's ``control`` is another one."""
        return f"{self.experiment}{_LABEL_SEPARATOR}{self.name}"


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment that runs.

    Attributes:
        traffic: the share of the shoppers who take part, 0 to 1.
        arms: at least one; the first is the control.
        bounds: where the share of each arm ends, ascending, without the last.
    """

    name: str
    salt: str
    traffic: float
    arms: tuple[Arm, ...]
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, document: ExperimentDocument) -> Experiment | None:
        """The experiment of a document; ``None`` for the empty one."""
        if document.name is None:
            return None
        name = document.name
        arms = tuple(
            Arm(name, arm.name, arm.share / 100, arm.strength, arm.ranking)
            for arm in document.arms
        )
        bounds = tuple(accumulate(arm.share for arm in arms[:-1]))
        return cls(name, document.salt, document.traffic / 100, arms, bounds)


def arm_of(experiment: Experiment | None, user_key: str | None) -> Arm | None:
    """The arm of a user; ``None`` without a user, an experiment, or a place in its traffic.

    SHA-256 of name, salt and key gives two independent numbers. The first chooses the arm by the
    shares alone, the second says from which traffic on the user takes part: so more traffic adds
    users to the arms, and moves none from one to another.
    """
    if experiment is None or user_key is None:
        return None
    # Neither name nor salt can contain the separator: no two triples give the same bytes.
    text = f"{experiment.name}\0{experiment.salt}\0{user_key}"
    digest = sha256(text.encode()).digest()
    if _fraction(digest[_WORD_BYTES : 2 * _WORD_BYTES]) >= experiment.traffic:
        return None
    return experiment.arms[bisect_right(experiment.bounds, _fraction(digest[:_WORD_BYTES]))]


def _fraction(word: bytes) -> float:
    """Eight bytes as a number from 0, included, to 1, excluded.

    Only as many bits as a double has: with all 64 the largest would be rounded up to 1.
    """
    return (int.from_bytes(word) >> (8 * _WORD_BYTES - _DOUBLE_BITS)) / (1 << _DOUBLE_BITS)
