"""The experiment document: what ``experiment.json`` and the API say."""

from __future__ import annotations

from math import fsum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_serializer,
    model_validator,
)

from searchsvc.policy import RankingOverrides

MAX_ARMS = 10
MAX_NAME = 31
"""Of each of the two names that an arm has in events, which take 64 characters of it."""
MAX_SALT = 64

# No slash, which stands between the two names in an event, and no NUL, see `assignment`.
Name = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", min_length=1, max_length=MAX_NAME)
]
Salt = Annotated[str, StringConstraints(pattern=r"^[!-~]*$", max_length=MAX_SALT)]

_ALL = 100.0
_ROUNDING = 1e-6  # 33.3 and 33.3 and 33.4 are not exactly 100


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ArmDocument(_Document):
    """One way to answer: settings that its share of the shoppers gets."""

    name: Name = Field(description="Lower-case letters, digits, `-` and `_`.")
    share: float = Field(gt=0, le=_ALL, description="Percent of those in the experiment.")
    strength: float | None = Field(
        None, ge=0, le=100, description="Of the personalization; without one, the index's."
    )
    ranking: RankingOverrides = Field(
        default_factory=RankingOverrides,
        description="Ranking settings that differ from the index's.",
    )

    @field_serializer("ranking")
    def _given(self, ranking: RankingOverrides) -> dict[str, Any]:
        """What is shown can be sent back: defaults would override the index's own settings."""
        return ranking.model_dump(mode="json", exclude_unset=True)


class ExperimentDocument(_Document):
    """An A/B test of an index; an empty one means that none runs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "stronger-segments",
                    "traffic": 50,
                    "arms": [
                        {"name": "control", "share": 50},
                        {"name": "strong", "share": 50, "strength": 90},
                    ],
                }
            ]
        }
    )

    name: Name | None = Field(
        None, description="Another name deals the shoppers out anew, independently of this one."
    )
    salt: Salt = Field("", description="Another salt does the same under the same name.")
    traffic: float = Field(
        _ALL,
        ge=0,
        le=_ALL,
        description="Percent of the shoppers who take part. Raising it moves nobody who is in.",
    )
    arms: tuple[ArmDocument, ...] = Field(
        (),
        max_length=MAX_ARMS,
        description="The first is the control that the others are compared with.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.name is None) != (not self.arms):
            missing = "name: missing" if self.name is None else "arms: none"
            raise ValueError(
                f"{missing}; an experiment has a name and 1 to {MAX_ARMS} arms. "
                "Give both, or neither for no experiment"
            )
        if self.arms:
            self._check_arms()
        return self

    def _check_arms(self) -> None:
        first: dict[str, int] = {}
        for place, arm in enumerate(self.arms):
            if first.setdefault(arm.name, place) != place:
                raise ValueError(
                    f"arms.{place}.name: {arm.name!r} is the name of arms.{first[arm.name]}, too; "
                    "give each arm a name of its own"
                )
        total = fsum(arm.share for arm in self.arms)
        if abs(total - _ALL) > _ROUNDING:
            raise ValueError(
                f"arms: the shares add up to {total:g}, expected 100. They are percent of those "
                "in the experiment; to keep shoppers out of it, lower the traffic"
            )
