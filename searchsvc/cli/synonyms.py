"""``searchsvc synonyms``: the synonyms of an index, changed without a reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.cli.live import Shown, Words, live_commands
from searchsvc.livedocuments import SYNONYMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.settings import Settings
    from searchsvc.synonyms.document import SynonymsDocument


def _shown(_index: str, _version: str, document: SynonymsDocument, _settings: Settings) -> Shown:
    return Shown(document.model_dump(mode="json"), _lines(document))


def _lines(document: SynonymsDocument) -> Iterator[str]:
    for texts in document.sets:
        yield " = ".join(texts)
    for rule in document.one_way:
        yield f"{rule.source} -> {', '.join(rule.to)}"
    for text, other in document.never:
        yield f"{text} is never {other}"


app = live_commands(
    SYNONYMS,
    Words(
        noun="synonyms",
        help="Synonyms of an index, changed without a reindex.",
        show="Show the synonyms of an index; --json prints what `set` takes.",
        set="Replace all synonyms of an index by those in FILE, unless they contradict "
        "themselves.",
        clear="Remove all synonyms of an index.",
    ),
    _shown,
)
