"""``searchsvc ranking``: the ranking settings of an index, changed without a reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.cli.live import Shown, Words, live_commands
from searchsvc.live import describe_ranking
from searchsvc.livedocuments import RANKING

if TYPE_CHECKING:
    from searchsvc.policy import RankingOverrides
    from searchsvc.settings import Settings


def _shown(index: str, version: str, overrides: RankingOverrides, settings: Settings) -> Shown:
    described = describe_ranking(settings, overrides)
    given = overrides.model_dump(mode="json", exclude_unset=True)
    width = max(map(len, described))
    return Shown(
        {"index": index, "version": version, "overrides": given, "settings": described},
        [f"{it:<{width}}  {of['value']!s:>8}  {of['source']}" for it, of in described.items()],
    )


app = live_commands(
    RANKING,
    Words(
        noun="ranking settings",
        help="Ranking settings of an index, changed without a reindex.",
        show="Show each ranking setting with its value, and where that comes from.\n\n"
        "The environment is that of this command, not that of a running service.",
        set="Replace what an index overrides in the ranking by FILE; the rest is the service's.",
        clear="Rank an index by the service's settings again.",
    ),
    _shown,
)
