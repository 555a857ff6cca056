"""The ranking policy: everything that shapes an answer and changes without a reindex."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from searchsvc.popularity import Popularity  # noqa: TC001 - types are read at run time
from searchsvc.reranking.protocol import Reranker  # noqa: TC001 - types are read at run time
from searchsvc.synonyms.table import Synonyms


class Fusion(StrEnum):
    """How the two rankings become one."""

    WEIGHTED = "weighted"
    RRF = "rrf"


_Share = Annotated[float, Field(ge=0, le=1)]
_Cosine = Annotated[float, Field(ge=-1, le=1)]
_NOT_SETTINGS = frozenset({"synonyms", "reranker", "popularity"})


@dataclass(frozen=True)
class RankingPolicy:
    """How a query is answered.

    The defaults are those that did best on judged queries (``python -m benchmarks relevance``).
    A field other than `synonyms`, `reranker` and `popularity` is a ranking setting by being here:
    of the service (``SEARCHSVC_`` and its name), and of each index (``ranking.json``), within the
    bounds that its type states.

    Attributes:
        fusion: see `searchsvc.ranking.fusion`.
        semantic_weight: of the semantic share in weighted fusion, 0 to 1; the rest is the lexical
            share's.
        all_words_weight: what a product gains that has every word of the query, in weighted
            fusion.
        feedback_weight: of the similarity to the best candidates, in weighted fusion; see
            `searchsvc.ranking.feedback`.
        rrf_k: how slowly reciprocal ranks fall.
        window: so many of the best lexical matches are ranked by both legs; the rest of the
            match set follows in the order of BM25. It does not depend on the page, so that
            pages are stable.
        neighbours: at most so many products match by meaning alone.
        strictness: a product matches by meaning if it is nearer than the nearest product is to
            this share of queries that have nothing to do with the catalogue; see
            `indexer.build.foreign`.
        min_cosine: the same as a cosine, instead of `strictness`.
        min_cosine_share: nor does one below this share of the nearest product's cosine.
        min_coverage: how much of the query a lexical match must cover, as a share of what the
            best one covers; see `LexicalIndex.match`.
        sort_relevance: the share of the best product's score that a product needs to come first
            in the order of a column, such as the price; those with less follow.
        boost_limit: the most that all boosts of a query together add to a score or take from it,
            those of segments and tastes included.
        popularity_weight: what the best-selling product gains, where events taught what sells.
        session_weight: of a product that is just what was viewed before, as a share of the limit.
        correct_spelling: whether words that the catalogue does not have are corrected.
        join_words: whether words in a row also match as one word.
        convert_units: whether a number with its unit matches in other units.
        discount_fillers: whether function words count next to nothing beside others.
        rerank: whether a second stage orders the first candidates again, where there is a ranker.
        synonyms: of the index, compiled for its analyzer.
        reranker: of the index, ``None`` without a ranker.
        popularity: of the snapshot's products, ``None`` where no events taught it.
    """

    fusion: Fusion = Fusion.WEIGHTED
    semantic_weight: _Share = 0.5
    all_words_weight: _Share = 0.16
    feedback_weight: _Share = 0.23
    rrf_k: Annotated[int, Field(ge=1, le=10_000)] = 60
    window: Annotated[int, Field(ge=1, le=10_000)] = 500
    neighbours: Annotated[int, Field(ge=1, le=10_000)] = 500
    strictness: _Share = 0.9
    min_cosine: _Cosine | None = None
    min_cosine_share: _Share = 0.6
    min_coverage: _Share = 0.4
    sort_relevance: _Share = 0.5
    boost_limit: _Share = 0.3
    popularity_weight: _Share = 0.1
    session_weight: _Share = 0.5
    correct_spelling: bool = True
    join_words: bool = True
    convert_units: bool = True
    discount_fillers: bool = True
    rerank: bool = True
    synonyms: Synonyms = field(default_factory=Synonyms.none)
    reranker: Reranker | None = None
    popularity: Popularity | None = None


def ranking_settings() -> dict[str, tuple[Any, Any]]:
    """The type with its bounds, and the default, of every ranking setting by its name."""
    types = get_type_hints(RankingPolicy, include_extras=True)
    return {
        entry.name: (types[entry.name], entry.default)
        for entry in fields(RankingPolicy)
        if entry.name not in _NOT_SETTINGS
    }


class _Overrides(BaseModel):
    """Ranking settings of one index; those left out are the service's."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"semantic_weight": 0.5, "min_coverage": 0.5}]},
    )

    def given(self) -> dict[str, Any]:
        """What is overridden, by name."""
        return self.model_dump(exclude_unset=True)


if TYPE_CHECKING:
    RankingOverrides = _Overrides  # whose fields are known only when it runs
else:
    RankingOverrides = create_model(
        "RankingOverrides",
        __base__=_Overrides,
        __doc__=_Overrides.__doc__,
        **ranking_settings(),
    )
