"""The key store of commands: the database's keys, held against those that services know."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from rich.markup import escape

from searchsvc.cli.output import stderr
from searchsvc.errors import KeyMirrorError, KeysLostError, StateMissingError
from searchsvc.keys.keyset import KeySet
from searchsvc.keys.mirror import MIRROR_FILE, Mirror
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Generator

    from searchsvc.settings import Settings


@contextmanager
def key_store(
    settings: Settings, *, create: bool = True, if_damaged: bool = False
) -> Generator[StateStore]:
    """The state store, where it has the keys that were known last.

    Args:
        settings: where it is.
        create: make a new one where there is none.
        if_damaged: go on where nobody can tell which were known; `mirror_keys` tells of it.

    Raises:
        KeysLostError: it has not.
        KeyMirrorError: nobody can tell.
    """
    with closing(StateStore.open(settings, create=create)) as store:
        try:
            _compare(settings, store.keys())
        except KeyMirrorError:
            if not if_damaged:
                raise
        yield store


def known_keys(settings: Settings) -> KeySet:
    """The keys of the database, after a warning where other ones are in force."""
    try:
        with closing(StateStore.open(settings, create=False)) as store:
            known = store.keys()
    except StateMissingError:
        known = KeySet()
    try:
        _compare(settings, known)
    except (KeyMirrorError, KeysLostError) as error:
        warn(error)
    return known


def _compare(settings: Settings, known: KeySet) -> None:
    """Let pass what the database has where it is what became of the keys that were known last.

    Raises:
        KeysLostError: it is not.
        KeyMirrorError: nobody can tell.
    """
    mirrored = Mirror(settings.data_dir).read()
    if mirrored is not None and not known.follows(mirrored):
        raise KeysLostError(
            f"the database has not the keys that {MIRROR_FILE} knows: it is a new one, or a "
            "backup. Run 'searchsvc keys restore' to put them back, or 'searchsvc keys "
            "restore --discard' to do without."
        )


def mirror_keys(settings: Settings, store: StateStore) -> None:
    """Have the file know it; the key is there either way, and its secret must be shown."""
    try:
        Mirror(settings.data_dir).write(store.keys())
    except KeyMirrorError as error:
        warn(error)


def warn(message: object) -> None:
    """Tell people of `message`, in the way of no output."""
    stderr.print(f"[yellow]warning:[/] {escape(str(message))}")
