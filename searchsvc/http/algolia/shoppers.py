"""Who asks, as Algolia's parameters say it, and as a few of our own do.

Algolia has no word for consent: ``consent`` is ours, and pages pass it through with `configure`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.errors import BadQueryError
from searchsvc.events.token import parse_token
from searchsvc.http.shoppers import MAX_FACTS, shopper_of
from searchsvc.segments.shopper import MAX_SEGMENTS, MAX_VIEWED

if TYPE_CHECKING:
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.segments.shopper import Shopper


def shopper_in(parameters: Parameters, *, implied: bool) -> Shopper:
    """The shopper of a search.

    Args:
        parameters: of the search; ``ruleContexts`` names segments, ``personalizationImpact`` is
            the strength, which a false ``enablePersonalization`` makes 0.
        implied: whether a user token says that its owner agreed, where nothing else is said.

    Raises:
        BadQueryError: a part of it cannot be taken; names the parameter.
    """
    consent = parameters.consent
    if consent is None:
        consent = implied and parameters.user_token is not None
    strength = parameters.personalization_impact
    if parameters.enable_personalization is False:
        strength = 0.0
    _check("ruleContexts", parameters.rule_contexts, MAX_SEGMENTS)
    _check("viewed", parameters.viewed, MAX_VIEWED)
    _check("context", tuple(parameters.context), MAX_FACTS)
    return shopper_of(
        consent=consent,
        token=_token(parameters.user_token) if consent else None,
        segments=parameters.rule_contexts,
        context=parameters.context,
        viewed=parameters.viewed,
        strength=strength,
    )


def _token(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_token(text)
    except ValueError as error:
        raise BadQueryError(f"userToken: {error}") from error


def _check(name: str, texts: tuple[str, ...], limit: int) -> None:
    if len(texts) > limit:
        raise BadQueryError(f"{name}: {len(texts)}, expected at most {limit}")
    for text in texts:
        if len(text) > _MAX_CHARACTERS:
            raise BadQueryError(
                f"{name}: one has {len(text)} characters, expected at most {_MAX_CHARACTERS}"
            )


_MAX_CHARACTERS = 500
