"""The editor of live settings: shows and replaces them, and has them served at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.layout import IndexLayout
from searchsvc.live import compile_synonyms, ranking_file, synonyms_file

if TYPE_CHECKING:
    from collections.abc import Collection

    from searchsvc.policy import RankingOverrides
    from searchsvc.serving import SearchService
    from searchsvc.settings import Settings
    from searchsvc.synonyms.document import SynonymsDocument


class LiveEditor:
    """Changes the live settings of served indexes; safe to use from several threads.

    What it reads are the files, not what this process serves: another process may have written
    them just now.
    """

    def __init__(self, settings: Settings, service: SearchService) -> None:
        self.settings = settings
        self._service = service

    def synonyms(self, index: str) -> tuple[SynonymsDocument, str]:
        """The synonyms of `index` and their version.

        Raises:
            IndexNotFoundError: there is no such index.
            LiveSettingsUnreadableError: see `LiveFile.read`.
        """
        return synonyms_file(self._layout(index)).read()

    def ranking(self, index: str) -> tuple[RankingOverrides, str]:
        """What `index` overrides in the ranking, and its version; raises as `synonyms` does."""
        return ranking_file(self._layout(index)).read()

    def replace_synonyms(
        self, index: str, document: SynonymsDocument, expected: Collection[str] | None
    ) -> str:
        """Serve `document` from now on; the version it becomes.

        Raises:
            IndexNotFoundError: there is no such index.
            BadLiveSettingsError: see `Synonyms.compile`.
            LiveSettingsError: see `LiveFile.replace`.
        """
        layout = self._layout(index)
        compile_synonyms(document, self._service.state(index).snapshot)
        version = synonyms_file(layout).replace(document, expected)
        self._service.refresh_index(index)
        return version

    def replace_ranking(
        self, index: str, overrides: RankingOverrides, expected: Collection[str] | None
    ) -> str:
        """Rank by `overrides` from now on; see `replace_synonyms`."""
        version = ranking_file(self._layout(index)).replace(overrides, expected)
        self._service.refresh_index(index)
        return version

    def clear_synonyms(self, index: str, expected: Collection[str] | None) -> str:
        """Serve no synonyms from now on; see `replace_synonyms`."""
        version = synonyms_file(self._layout(index)).remove(expected)
        self._service.refresh_index(index)
        return version

    def clear_ranking(self, index: str, expected: Collection[str] | None) -> str:
        """Rank by the service's settings from now on; see `replace_synonyms`."""
        version = ranking_file(self._layout(index)).remove(expected)
        self._service.refresh_index(index)
        return version

    def _layout(self, index: str) -> IndexLayout:
        self._service.state(index)  # names nothing that is not served: no path is made of input
        return IndexLayout.of(self.settings.data_dir, index)
