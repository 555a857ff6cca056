"""Who asks, as a request says it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from searchsvc.events.token import UserToken
from searchsvc.segments.shopper import MAX_SEGMENTS, MAX_VIEWED, Shopper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from searchsvc.segments.shopper import Fact

MAX_FACTS = 30
"""Of the context of a request."""
_MAX_NAME = 64
_MAX_TEXT = 500
_NOTHING: Mapping[str, Fact] = MappingProxyType({})

Name = Annotated[str, Field(min_length=1, max_length=_MAX_NAME)]
ContextFact = Annotated[str, Field(max_length=_MAX_TEXT)] | bool | float


class UserParameter(BaseModel):
    """Who asks. Without `consent` nothing of it is used, and nothing is stored."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    consent: bool = Field(
        default=False,
        description="Whether the shopper agreed to personalization and to stored events.",
    )
    token: UserToken | None = None
    segments: list[Name] = Field(
        [], max_length=MAX_SEGMENTS, description="That the shopper is in, by name."
    )
    context: dict[Name, ContextFact] = Field(
        {}, max_length=MAX_FACTS, description="Facts that segments ask for, such as the country."
    )
    viewed: list[Annotated[str, Field(min_length=1, max_length=_MAX_TEXT)]] = Field(
        [], max_length=MAX_VIEWED, description="Products viewed in this session, latest first."
    )
    strength: float | None = Field(
        None, ge=0, le=100, description="Of the personalization; else the index's."
    )

    def to_shopper(self) -> Shopper:
        """The shopper that the service takes; nobody without consent."""
        return shopper_of(
            consent=self.consent,
            token=self.token,
            segments=self.segments,
            context=self.context,
            viewed=self.viewed,
            strength=self.strength,
        )


def shopper_of(
    *,
    consent: bool,
    token: str | None,
    segments: Sequence[str] = (),
    context: Mapping[str, Fact] = _NOTHING,
    viewed: Sequence[str] = (),
    strength: float | None = None,
) -> Shopper:
    """A shopper of what a request says; nobody without consent."""
    if not consent:
        return Shopper()
    return Shopper(
        consent=True,
        token=token,
        segments=tuple(segments),
        context=MappingProxyType(dict(context)),
        viewed=tuple(viewed),
        strength=strength,
    )
