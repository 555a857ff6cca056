"""``searchsvc suggestions``: popular queries and blocked words, changed without a reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.cli.live import Shown, Words, live_commands
from searchsvc.livedocuments import SUGGESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.settings import Settings
    from searchsvc.suggesting.document import SuggestionsDocument


def _shown(
    _index: str, _version: str, document: SuggestionsDocument, _settings: Settings
) -> Shown:
    return Shown(document.model_dump(mode="json"), _lines(document))


def _lines(document: SuggestionsDocument) -> Iterator[str]:
    for query in sorted(document.queries, key=lambda it: -it.count):
        yield f"{query.count:>8}  {query.text}"
    for text in document.blocked:
        yield f" blocked  {text}"


app = live_commands(
    SUGGESTIONS,
    Words(
        noun="suggestions",
        help="Popular queries and blocked words of an index, changed without a reindex.",
        show="Show the popular queries and blocked words of an index; --json prints what `set` "
        "takes.",
        set="Replace the popular queries and blocked words of an index by those in FILE.",
        clear="Suggest the catalogue's own phrases alone again.",
    ),
    _shown,
)
