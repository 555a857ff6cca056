"""The intake: reads a feed into the spool, and refuses what would harm the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.errors import FeedRefusedError, FeedTruncatedError
from indexer.product import Rejection

if TYPE_CHECKING:
    from indexer.build.progress import Progress
    from indexer.build.report import RejectionLog
    from indexer.build.spool import Spool
    from indexer.feeds.reader import Feed

LARGEST_SHRINK = 0.30
"""A feed that loses a larger share of the catalogue is refused."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where the records of a feed go: products to the spool, the others to the log."""

    spool: Spool
    log: RejectionLog

    def read(self, feed: Feed, progress: Progress, *, force: bool) -> list[str]:
        """Spool the feed; gives the guard that was overridden, if one was.

        Raises:
            FeedTruncatedError: the feed ends early, and nobody forces it.
        """
        progress.start("reading the feed", feed.total_bytes)
        consumed = 0
        try:
            for record in feed:
                if isinstance(record, Rejection):
                    self.log.reject(record)
                elif self.spool.add(record):
                    self.log.duplicate(record.id, feed.position)
                progress.advance(feed.bytes_read - consumed)
                consumed = feed.bytes_read
        except FeedTruncatedError as error:
            if not force:
                raise
            return [str(error)]
        return []

    def guard(self, published: int, *, force: bool) -> list[str]:
        """Compare with the catalogue that is published; gives the guard that was overridden.

        Args:
            published: the number of its products.
            force: override what can be overridden.

        Raises:
            FeedRefusedError: the feed has no product, or far fewer, and nobody forces it.
        """
        products = len(self.spool)
        if not products:  # nothing to publish: not to be forced
            examples = self.log.examples
            first = f" The first record: {examples[0]}" if examples else ""
            raise FeedRefusedError(
                f"the feed has no usable product ({self.log.rejected} records rejected). "
                f"Check that it is the right file and its field names, or map them.{first}"
            )
        if products >= published * (1 - LARGEST_SHRINK):
            return []
        message = (
            f"the feed has {products} usable products, the published catalogue {published}: "
            f"it would shrink by more than {LARGEST_SHRINK:.0%}. "
            "Give the complete feed, or --force if this is meant."
        )
        if not force:
            raise FeedRefusedError(message)
        return [message]
