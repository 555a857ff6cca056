"""The location of the state: which database it is in, and which key its users have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqlalchemy.engine import URL

from searchsvc.state.keys import TokenKey

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

DATABASE_FILE = "state.db"
KEY_FILE = "token.key"


class StateSettings(Protocol):
    """The settings that say where the state is; `searchsvc.settings.Settings` has them."""

    @property
    def data_dir(self) -> Path:
        """Of the key and of the SQLite database, where the others do not say otherwise."""
        ...

    @property
    def state_url(self) -> SecretStr | None:
        """Of the database, as SQLAlchemy writes URLs."""
        ...

    @property
    def token_key(self) -> SecretStr | None:
        """The secret that makes user keys of tokens."""
        ...


def url_of(settings: StateSettings) -> str:
    """The URL of the database; of the SQLite file in the data directory where none is set."""
    if settings.state_url is not None:
        return settings.state_url.get_secret_value()
    path = settings.data_dir.absolute() / DATABASE_FILE
    return URL.create("sqlite", database=str(path)).render_as_string()


def key_of(settings: StateSettings, *, create: bool) -> TokenKey:
    """The key; that of the file in the data directory where none is set.

    Raises:
        StateMissingError: there is no file, and none may be made.
        TokenKeyError: it cannot be read or made, or it is too short.
    """
    if settings.token_key is not None:
        return TokenKey.of_text(settings.token_key.get_secret_value())
    return TokenKey.of_file(settings.data_dir / KEY_FILE, create=create)
