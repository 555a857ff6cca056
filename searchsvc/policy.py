"""The ranking policy: everything that shapes an answer and changes without a reindex."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from searchsvc.synonyms.table import Synonyms


class Fusion(StrEnum):
    """How the two rankings become one."""

    WEIGHTED = "weighted"
    RRF = "rrf"


_Share = Annotated[float, Field(ge=0, le=1)]
_Cosine = Annotated[float, Field(ge=-1, le=1)]


@dataclass(frozen=True)
class RankingPolicy:
    """How a query is answered.

    The defaults are those that did best on judged queries (``python -m benchmarks relevance``).
    A field other than `synonyms` is a ranking setting by being here: of the service
    (``SEARCHSVC_`` and its name), and of each index (``ranking.json``), within the bounds that
    its type states.

    Attributes:
        fusion: see `searchsvc.ranking.fusion`.
        semantic_weight: of the cosine in weighted fusion, 0 to 1; the rest is BM25's.
        rrf_k: how slowly reciprocal ranks fall.
        window: so many of the best lexical matches are ranked by both legs; the rest of the
            match set follows in the order of BM25. It does not depend on the page, so that
            pages are stable.
        neighbours: at most so many products match by meaning alone.
        min_cosine: a product below it does not match by meaning.
        min_cosine_share: nor does one below this share of the nearest product's cosine.
        min_coverage: how much of the query a lexical match must cover, as a share of what the
            best one covers; see `LexicalIndex.match`.
        synonyms: of the index, compiled for its analyzer.
    """

    fusion: Fusion = Fusion.WEIGHTED
    semantic_weight: _Share = 0.6
    rrf_k: Annotated[int, Field(ge=1, le=10_000)] = 60
    window: Annotated[int, Field(ge=1, le=10_000)] = 500
    neighbours: Annotated[int, Field(ge=1, le=10_000)] = 500
    min_cosine: _Cosine = 0.35
    min_cosine_share: _Share = 0.6
    min_coverage: _Share = 0.4
    synonyms: Synonyms = field(default_factory=Synonyms.none)


def ranking_settings() -> dict[str, tuple[Any, Any]]:
    """The type with its bounds, and the default, of every ranking setting by its name."""
    types = get_type_hints(RankingPolicy, include_extras=True)
    return {
        entry.name: (types[entry.name], entry.default)
        for entry in fields(RankingPolicy)
        if entry.name != "synonyms"
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
