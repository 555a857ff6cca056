"""The split: a moment that parts what is learned from and what is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.errors import SplitError

if TYPE_CHECKING:
    from benchmarks.personalization.purchases import Purchases

DEFAULT_SHARE = 0.25
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Split:
    """When the future begins.

    Attributes:
        first_ms: of the earliest purchase, milliseconds since the epoch.
        at_ms: purchases from here on are held out.
        last_ms: of the latest.
    """

    first_ms: int
    at_ms: int
    last_ms: int

    @classmethod
    def parse(cls, text: str, purchases: Purchases) -> Split:
        """Where `text` splits `purchases`.

        Args:
            text: a date or time in ISO 8601 (UTC where it does not say), or the share of the time
                span that is held out, such as ``0.25``.
            purchases: at least one.

        Raises:
            SplitError: it is neither, or leaves nothing on one side.
        """
        first, last = int(purchases.times_ms.min()), int(purchases.times_ms.max())
        at_ms = _moment(text, first, last)
        if not first < at_ms <= last:
            raise SplitError(
                f"the split {text!r} leaves nothing on one side: the purchases are from "
                f"{day(first)} to {day(last)}"
            )
        return cls(first, at_ms, last)


def day(time_ms: int) -> str:
    """The date of a moment, in UTC."""
    return datetime.fromtimestamp(time_ms / 1e3, UTC).date().isoformat()


def _moment(text: str, first: int, last: int) -> int:
    try:
        share = float(text)
    except ValueError:
        pass
    else:
        if not 0 < share < 1:
            raise SplitError(
                f"the split {text!r}: expected a share above 0 and below 1, or a date"
            )
        return round(last - share * (last - first))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SplitError(
            f"the split {text!r}: expected a date such as 2011-09-01, or a share such as 0.25"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1e3)
