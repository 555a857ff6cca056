"""The service's settings: read once from environment and configuration file, then passed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pydantic import Field, SecretStr, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from indexer.cores import available_cores
from searchsvc.configuration.sources import DeclaredSource
from searchsvc.edge import Edge, edge_settings
from searchsvc.keys.ring import KeyMode  # noqa: TC001 - pydantic reads it
from searchsvc.limits import Limits, limit_settings
from searchsvc.logs import AccessLog, LogFormat, LogLevel  # noqa: TC001 - pydantic reads them
from searchsvc.policy import RankingPolicy, ranking_settings
from searchsvc.routing import EncoderChoice  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    _DerivedSettings = BaseSettings  # whose fields are known only when it runs
else:
    _DerivedSettings = create_model(
        "_DerivedSettings",
        __base__=BaseSettings,
        **ranking_settings(),
        **limit_settings(),
        **edge_settings(),
    )


def _default_models_dir() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "searchsvc" / "models"


class Settings(_DerivedSettings):
    """Every setting is an environment variable: its name in capitals after ``SEARCHSVC_``.

    What the environment does not say, the configuration file may; see `searchsvc.configuration`.

    Among them are the ranking settings, the limits of a request and what is asked of clients: the
    fields of `RankingPolicy`, of `Limits` and of `Edge` with their bounds.

    Attributes:
        data_dir: where the indexes are.
        models_dir: where the embedding models are, each in a directory of its name.
        poll_seconds: how often to look for newly published generations.
        query_encoder: what embeds queries: the encoder distilled for their catalogue, where there
            is one (``distilled``), its model (``transformer``), or whichever is to be trusted.
        embed_timeout_ms: a query's vector must be there by then, or the answer is lexical.
        max_concurrent: searches that run at the same time in one process; ``serve`` shares the
            cores among its workers.
        max_waiting: requests that may wait for their turn; more are refused with 503.
        max_wait_ms: how long one may wait while more arrive than can be answered; a burst may wait
            four times as long.
        admin_key: whoever sends it may change synonyms and ranking over HTTP; nobody may when
            there is none.
        keys: whether requests need a key to search, send events and read metrics: once there ever
            was one (``auto``), always (``required``), or never (``off``). What changes something
            needs one in any case.
        state_url: of the database of events and memberships, as SQLAlchemy writes URLs; by default
            the SQLite file ``state.db`` in the data directory.
        token_key: secret that user tokens are hashed with; by default one of its own that is made
            in the data directory. Needed where services on several machines share a database.
        retention_days: events older than this are deleted.
        personalize: whether answers depend on who asks at all; the switch for every index.
        profile_timeout_ms: how long a search waits for what is stored of its shopper.
        record_searches: whether searches of users who consented are stored as events.
        log_format: lines of the log for people (``console``) or as JSON (``json``); by default for
            people where standard error is a terminal, and JSON elsewhere (``auto``).
        log_level: of the service's own lines: debug, info, warning or error, and what is worse.
        access_log: which requests get a line: all (``on``), none (``off``), those that fail
            (``errors``), or these and the slow ones (``slow``).
        slow_ms: a request that takes longer is slow.
        log_addresses: whether lines of requests name their clients' addresses.
        insights_consent: whether what arrives by Algolia's routes counts as consented, since the
            page asks for consent before it sends anything; otherwise each request must say so.
    """

    model_config = SettingsConfigDict(
        env_prefix="SEARCHSVC_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # one of them is a secret
    )

    data_dir: Path = Path("data")
    models_dir: Path = Field(default_factory=_default_models_dir)
    poll_seconds: float = Field(1.0, gt=0, le=86_400)
    query_encoder: EncoderChoice = "auto"
    embed_timeout_ms: float = Field(500.0, gt=0, le=3_600_000)
    max_concurrent: int = Field(default_factory=available_cores, ge=1)
    max_waiting: int = Field(64, ge=0)
    max_wait_ms: float = Field(25.0, gt=0, le=600_000)
    admin_key: SecretStr | None = Field(None, min_length=16)
    keys: KeyMode = "auto"
    state_url: SecretStr | None = None
    token_key: SecretStr | None = Field(None, min_length=32)
    retention_days: int = Field(365, ge=1, le=36_500)
    personalize: bool = True
    profile_timeout_ms: float = Field(30.0, gt=0, le=60_000)
    record_searches: bool = True
    insights_consent: bool = False
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"
    access_log: AccessLog = "slow"
    slow_ms: float = Field(250.0, gt=0, le=3_600_000)
    log_addresses: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then files; no others of pydantic's sources."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, DeclaredSource(settings_cls)

    def secrets(self) -> list[str]:
        """What must never be in a log or an answer, passwords within URLs on their own as well."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = [it.get_secret_value() for it in values if isinstance(it, SecretStr)]
        # Not by urlsplit, which takes a slash within a password for the end of the host.
        users = [text.partition("://")[2].rpartition("@")[0] for text in found if "://" in text]
        passwords = [user.partition(":")[2] for user in users]
        return [*found, *filter(None, passwords), *filter(None, map(unquote, passwords))]

    def ranking_policy(self) -> RankingPolicy:
        """The policy that these settings ask for."""
        return RankingPolicy(**{name: getattr(self, name) for name in ranking_settings()})

    def limits(self) -> Limits:
        """How much one request may ask for."""
        return Limits(**{name: getattr(self, name) for name in limit_settings()})

    def edge(self) -> Edge:
        """What is asked of clients, whatever they ask for."""
        return Edge(**{name: getattr(self, name) for name in edge_settings()})


DOCUMENTED: tuple[type, ...] = (RankingPolicy, Limits, Edge, Settings)
"""Whose docstrings say what the settings mean."""
