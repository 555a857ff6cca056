"""``searchsvc experiment``: the A/B test of an index, and what its arms brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.cli.live import Shown, Words, live_commands
from searchsvc.live import EXPERIMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.experiments.document import ExperimentDocument
    from searchsvc.settings import Settings


def _shown(_index: str, _version: str, document: ExperimentDocument, _settings: Settings) -> Shown:
    return Shown(document.model_dump(mode="json"), _lines(document))


def _lines(document: ExperimentDocument) -> Iterator[str]:
    if document.name is None:
        yield "no experiment runs"
        return
    yield f"{document.name}: {document.traffic:g} % of the shoppers"
    width = max(len(arm.name) for arm in document.arms)
    for arm in document.arms:
        strength = {} if arm.strength is None else {"strength": f"{arm.strength:g}"}
        settings = strength | arm.ranking.model_dump(mode="json", exclude_unset=True)
        told = ", ".join(f"{name} {value}" for name, value in settings.items())
        yield f"{arm.name:<{width}}  {arm.share:>5g} %  {told or 'as the index is'}"


app = live_commands(
    EXPERIMENT,
    Words(
        noun="experiment",
        help="The A/B test of an index: settings that its shoppers get by shares.",
        show="Show the experiment of an index; --json prints what `set` takes.",
        set="Start the experiment in FILE, or change the one that runs.",
        clear="End the experiment of an index: everybody gets the index's own settings.",
    ),
    _shown,
)
