"""The editor of live settings: shows and replaces them, and has them served at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.layout import IndexLayout

if TYPE_CHECKING:
    from collections.abc import Collection

    from searchsvc.livedocuments import LiveDocument
    from searchsvc.livefile import D
    from searchsvc.serving import SearchService
    from searchsvc.settings import Settings


class LiveEditor:
    """Changes the live settings of served indexes; safe to use from several threads.

    What it reads are the files, not what this process serves: another process may have written
    them just now.
    """

    def __init__(self, settings: Settings, service: SearchService) -> None:
        self.settings = settings
        self._service = service

    def read(self, kind: LiveDocument[D], index: str) -> tuple[D, str]:
        """The document of `index` and its version.

        Raises:
            IndexNotFoundError: there is no such index.
            LiveSettingsUnreadableError: see `LiveFile.read`.
        """
        return kind.file(self._layout(index)).read()

    def replace(
        self, kind: LiveDocument[D], index: str, document: D, expected: Collection[str] | None
    ) -> str:
        """Serve `document` from now on; the version it becomes.

        Raises:
            IndexNotFoundError: there is no such index.
            BadLiveSettingsError: the index cannot take it.
            LiveSettingsError: see `LiveFile.replace`.
        """
        layout = self._layout(index)
        if kind.check is not None:
            kind.check(document, self._service.state(index).snapshot)
        version = kind.file(layout).replace(document, expected)
        self._service.refresh_index(index)
        return version

    def clear(self, kind: LiveDocument[D], index: str, expected: Collection[str] | None) -> str:
        """Serve the empty document from now on; see `replace`."""
        version = kind.file(self._layout(index)).remove(expected)
        self._service.refresh_index(index)
        return version

    def _layout(self, index: str) -> IndexLayout:
        self._service.state(index)  # names nothing that is not served: no path is made of input
        return IndexLayout.of(self.settings.data_dir, index)
