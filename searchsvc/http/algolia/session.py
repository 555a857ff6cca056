"""A session: what all searches of one request share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from searchsvc.errors import BadQueryError, IndexNotFoundError
from searchsvc.http.algolia.attributes import Attributes
from searchsvc.http.algolia.question import order_of
from searchsvc.http.algolia.replicas import read_replica
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import Memory, search
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.snapshot import Snapshot
    from searchsvc.answer import SearchResult
    from searchsvc.http.algolia.replicas import Replica
    from searchsvc.keys.grant import Grant
    from searchsvc.personalizing.audience import Audience
    from searchsvc.personalizing.personalization import Personalization
    from searchsvc.personalizing.personalizer import Personalizer
    from searchsvc.query.query import Query, SortKey
    from searchsvc.routing import QueryEmbedder
    from searchsvc.segments.shopper import Shopper
    from searchsvc.serving import SearchService

MAX_HITS = 2_000
"""Of all searches of one request: they hold one permit."""
MAX_TEXTS = 10
"""Different queries of one request: a page asks one, of several indexes and for its facets."""


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """An index in the state that all searches of a session see.

    Attributes:
        audience: its catalogue, and what is known of those who search it.
        attributes: of the snapshot, and the scope that they are of.
    """

    audience: Audience
    attributes: Attributes
    _embedder: QueryEmbedder
    _personalizer: Personalizer
    _memories: dict[int, Memory]

    @property
    def snapshot(self) -> Snapshot:
        """Its catalogue."""
        return self.audience.snapshot

    def record(self, object_id: str) -> bytes | None:
        """The JSON of a product; ``None`` where there is none for whoever asks."""
        visible = Visible.of(self.snapshot, self.attributes.scope)
        row = visible.row(object_id)
        return None if row is None else self.snapshot.products.json(row)

    def personalize(self, shopper: Shopper, query: Query) -> Personalization:
        """What to answer `query` of `shopper` by."""
        return self._personalizer.personalize(shopper, self.audience, query)

    def search(self, query: Query, personal: Personalization) -> SearchResult:
        """Answer `query`.

        Raises:
            BadQueryError: it does not fit the index.
        """
        policy = personal.policy  # one of the audience's, which lives as long as this
        memory = self._memories.setdefault(id(policy), Memory())
        return search(
            query, self.snapshot, self._embedder, policy, personal.preferences, memory=memory
        )

    def survey(self, query: Query, personal: Personalization) -> Mapping[str, int]:
        """How many of the products that match `query` have each column."""
        alone = replace(query, limit=0, facets=(), survey=True)
        return self.search(alone, personal).present


class Session:
    """The indexes of one request, each in one state.

    Attributes:
        began: when its turn came, as `perf_counter` tells.
    """

    def __init__(self, service: SearchService, grant: Grant) -> None:
        self.began = perf_counter()
        self._service = service
        self._grant = grant
        self._open: dict[str, OpenIndex] = {}
        self._hits = 0
        self._texts: set[str] = set()

    def reserve(self, query: Query) -> None:
        """Count what one more search costs.

        Raises:
            BadQueryError: the searches of the request ask for too much together.
        """
        self._hits += query.limit
        if self._hits > MAX_HITS:
            raise BadQueryError(
                f"hitsPerPage: {self._hits:,} hits in one request, expected at most {MAX_HITS:,}; "
                "ask in several requests"
            )
        self._texts.add(query.text)
        if len(self._texts) > MAX_TEXTS:
            raise BadQueryError(
                f"query: more than {MAX_TEXTS} different ones in one request; ask in several"
            )

    def open(self, name: str) -> tuple[OpenIndex, tuple[SortKey, ...]]:
        """The index that is called `name`, and the order that the name asks for.

        Raises:
            IndexNotFoundError: there is none of that name, in the words of Algolia.
            NotReadyError: none of its generations can be opened.
            BadQueryError: the name asks for an order that there is not.
        """
        replica = _replica(self._service, self._grant, name)
        index = self._opened(replica.index)
        try:
            return index, order_of(parse_sort(replica.order), index.attributes)
        except BadQueryError as error:
            if not replica.is_guess:
                raise
            raise IndexNotFoundError(f"Index {name} does not exist") from error

    def _opened(self, name: str) -> OpenIndex:
        index = self._open.get(name)
        if index is None:
            state = self._service.state(name)
            audience = state.require_audience()
            attributes = Attributes(audience.snapshot, self._grant.scope)
            personalizer = self._service.personalizer
            index = OpenIndex(audience, attributes, state.opened.embedder, personalizer, {})
            self._open[name] = index
        return index


def index_named(service: SearchService, grant: Grant, name: str) -> str:
    """The served index that `name` means: events of a replica are those of its index.

    Raises:
        IndexNotFoundError: there is none, in the words of Algolia.
    """
    return _replica(service, grant, name).index


def _replica(service: SearchService, grant: Grant, name: str) -> Replica:
    served = {state.name for state in service.indexes() if grant.covers(state.name)}
    replica = read_replica(name, served)
    if replica is None:
        raise IndexNotFoundError(f"Index {name} does not exist")
    return replica
