"""Small indexes, and questions to them by words alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from indexer.embedding.hashing import HashingEmbedder
from indexer.snapshot import Snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.query.understanding import Understanding, understand
from searchsvc.search import search
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms

if TYPE_CHECKING:
    from searchsvc.query.slot import StepKind

WORDS_ONLY = RankingPolicy(semantic_weight=0.0, min_cosine=1.0)
FILLING = [
    "Garden hose reel",
    "Oak bookshelf",
    "Blue umbrella",
    "Ceramic flower pot",
    "Cat scratching post",
]

Open = Callable[..., Snapshot]


class Fluent(HashingEmbedder):
    """Knows words of the language that no product has."""

    def words(self) -> Sequence[str]:
        return ("shirt", "trousers", "carpet", "keyhole", "toothbrush")


EMBEDDER = Fluent(64)


def found(snapshot: Snapshot, text: str, policy: RankingPolicy = WORDS_ONLY) -> list[str]:
    """The ids of what is found, best first."""
    result = search(Query(text, limit=50), snapshot, EMBEDDER, policy)
    return [hit.id for hit in result.hits]


def read(snapshot: Snapshot, text: str, **document: Any) -> Understanding:
    """What `text` is taken for with these synonyms."""
    return understand(text, snapshot, with_synonyms(snapshot, **document))


def with_synonyms(snapshot: Snapshot, **document: Any) -> RankingPolicy:
    synonyms = Synonyms.compile(
        SynonymsDocument.model_validate(document),
        lambda text: tuple(snapshot.analyzer.terms(text)),
    )
    return RankingPolicy(semantic_weight=0.0, min_cosine=1.0, synonyms=synonyms)


def kinds(understood: Understanding) -> list[StepKind]:
    return [step.kind for step in understood.steps]


def ways(understood: Understanding, place: int = 0) -> dict[tuple[str, ...], float]:
    """The weights of what the word at `place` may be found by."""
    return {way.terms: way.weight for way in understood.clauses[place].alternatives}
