"""The recipe of a build that a command asks for: settings, model and gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.build.predecessor import find_predecessor
from indexer.build.reindex import Recipe
from indexer.embedding.acquire import DEFAULT_MODEL
from indexer.errors import SettingsError, SnapshotError
from indexer.settings import IndexSettings
from searchsvc.cli.gate import RelevanceGate
from searchsvc.cli.output import stderr
from searchsvc.embedders import directory_of, open_embedder

if TYPE_CHECKING:
    from indexer.build.predecessor import Predecessor
    from indexer.layout import IndexLayout
    from searchsvc.settings import Settings


def recipe_for(
    layout: IndexLayout,
    service: Settings,
    settings: IndexSettings | None = None,
    model: str | None = None,
) -> Recipe:
    """What was asked for; of what was not, that which the published generation goes by."""
    before = _predecessor(layout, has_settings=settings is not None)
    if before is not None:
        settings = settings or before.settings
        model = model or directory_of(service.models_dir, before.embedder)
    settings = settings or IndexSettings()
    embedder = open_embedder(service.models_dir, model or DEFAULT_MODEL)
    gate = RelevanceGate(layout, settings.gate, service, embedder) if settings.gate else None
    return Recipe(settings, embedder, gate)


def _predecessor(layout: IndexLayout, *, has_settings: bool) -> Predecessor | None:
    """What the next generation goes by.

    Raises:
        SettingsError: it is lost, and nobody says what to go by instead.
    """
    try:
        return find_predecessor(layout)
    except SnapshotError as error:
        if has_settings:
            stderr.print(f"{error}; going by --settings and --model", markup=False)
            return None
        # Defaults in their place would lose the field mapping, the language and the gate.
        raise SettingsError(
            f"{error}. Give the settings again by --settings (a file with {{}} for the defaults), "
            "and --model where it is not the default one."
        ) from error
