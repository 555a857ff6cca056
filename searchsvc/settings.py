"""The service's settings: read once from the environment, then passed down."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from indexer.cores import available_cores
from searchsvc.policy import Fusion, RankingPolicy


def _default_models_dir() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "searchsvc" / "models"


class Settings(BaseSettings):
    """Every setting is an environment variable: its name in capitals after ``SEARCHSVC_``.

    Attributes:
        data_dir: where the indexes are.
        models_dir: where the embedding models are, each in a directory of its name.
        poll_seconds: how often to look for newly published generations.
        embed_timeout_ms: a query's vector must be there by then, or the answer is lexical.
        max_concurrent: searches that run at the same time in one process.
        max_waiting: requests that may wait for their turn; more are refused with 503.
        fusion: ``weighted`` or ``rrf``.
        semantic_weight: of the cosine in weighted fusion.
        min_cosine: a product below it does not match by meaning alone.
        min_cosine_share: nor one below this share of the nearest product's cosine.
        min_coverage: how much of a query a lexical match must cover, relative to the best one.
    """

    model_config = SettingsConfigDict(env_prefix="SEARCHSVC_", frozen=True, extra="ignore")

    data_dir: Path = Path("data")
    models_dir: Path = Field(default_factory=_default_models_dir)
    poll_seconds: float = Field(1.0, gt=0, le=86_400)
    embed_timeout_ms: float = Field(500.0, gt=0, le=3_600_000)
    max_concurrent: int = Field(default_factory=available_cores, ge=1)
    max_waiting: int = Field(64, ge=0)
    fusion: Fusion = RankingPolicy.fusion
    semantic_weight: float = Field(RankingPolicy.semantic_weight, ge=0, le=1)
    min_cosine: float = Field(RankingPolicy.min_cosine, ge=-1, le=1)
    min_cosine_share: float = Field(RankingPolicy.min_cosine_share, ge=0, le=1)
    min_coverage: float = Field(RankingPolicy.min_coverage, ge=0, le=1)

    def ranking_policy(self) -> RankingPolicy:
        """The policy that these settings ask for."""
        return RankingPolicy(
            fusion=self.fusion,
            semantic_weight=self.semantic_weight,
            min_cosine=self.min_cosine,
            min_cosine_share=self.min_cosine_share,
            min_coverage=self.min_coverage,
        )
