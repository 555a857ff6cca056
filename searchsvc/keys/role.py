"""What a key may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a route needs, and what a key has any number of."""

    SEARCH = "search"  # searches, suggestions, products: what a page shows
    EVENTS = "events"  # sends what shoppers did
    INDEX = "index"  # changes products
    METRICS = "metrics"  # reads figures and the state of indexes
    ADMIN = "admin"  # all of it, and live settings, users and previews
