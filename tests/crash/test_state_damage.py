"""A damaged database, token key or file of keys: an error that says what to do, never another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from searchsvc.errors import KeyMirrorError, SearchServiceError, StateError, TokenKeyError
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.role import Role
from searchsvc.settings import Settings
from searchsvc.state.keys import TokenKey
from searchsvc.state.store import StateStore
from tests.crash import shop
from tests.crash.damage import CONTENT, SHAPE, copied, flip, flips
from tests.happenings import USERS, make_event

TRIALS = 10 * shop.TRIALS or 12
TOKEN = "anon-1"  # noqa: S105 - a pseudonym
pytestmark = pytest.mark.slow


def _settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("state") / "data"
    data_dir.mkdir()
    store = StateStore.open(_settings(data_dir))
    events = [
        make_event(f"e{number}", "p1", f"p{number}", user=USERS[number % 2], time_ms=number)
        for number in range(200)
    ]
    store.append([*events, make_event("mine", "p2", user=store.user_key(TOKEN))])
    store.put_members("shop", "vip", [TOKEN, "anon-2"], replace=True)
    for number in range(5):
        key, _ = KeyDraft(frozenset({Role.SEARCH}), title=f"key {number}").key(now_ms=1)
        store.put_key(key, actor="test")
    Mirror(data_dir).write(store.keys())
    store.close()
    return data_dir


USES: dict[str, Callable[[StateStore], object]] = {
    "events": lambda store: list(store.events()),
    "interactions": lambda store: store.interactions("shop"),
    "profile": lambda store: store.profile("shop", store.user_key(TOKEN)),
    "members": lambda store: (store.members("shop"), store.listed("shop")),
    "count": lambda store: store.count(),
    "keys": lambda store: (store.key_revision(), store.keys()),
    "audit": lambda store: list(store.audit_lines()),
    "export": lambda store: store.export_user(TOKEN),
    "append": lambda store: store.append([make_event("new", "p1")]),
    "members again": lambda store: store.put_members("shop", "vip", [TOKEN], replace=True),
    "delete": lambda store: store.delete_user(TOKEN),
    "purge": lambda store: store.purge(100),
}


def test_no_damage_to_the_database_is_more_than_an_error_of_the_state(
    sound: Path, tmp_path: Path
) -> None:
    chance = Random(5)  # noqa: S311 - no secret
    told: Counter[str] = Counter()
    for damage in (*SHAPE, *CONTENT, *flips(chance, TRIALS)):
        copied(sound, tmp_path / "data")
        damage.happen(tmp_path / "data" / "state.db")
        try:
            store = StateStore.open(_settings(tmp_path / "data"))
        except StateError as error:
            told[type(error).__name__] += 1
            continue
        for name, use in USES.items():
            try:
                use(store)
                told["fine"] += 1
            except SearchServiceError as error:
                told[type(error).__name__] += 1
            except Exception as error:
                error.add_note(f"{name} after {damage.name}")
                raise
        store.close()
    assert told["fine"]
    assert told["StateUnavailableError"]
    shop.tell(f"damaged databases: {dict(told)}", TRIALS + len(SHAPE) + len(CONTENT))


@pytest.mark.parametrize(
    "damage", [SHAPE[0], SHAPE[2], SHAPE[5], *CONTENT], ids=lambda it: it.name
)
def test_a_damaged_file_of_keys_is_refused_or_holds_the_same_keys(
    sound: Path, tmp_path: Path, damage: object
) -> None:
    copied(sound, tmp_path / "data")
    damage.happen(tmp_path / "data" / "keys.json")  # type: ignore[attr-defined] # a Damage
    with pytest.raises(KeyMirrorError, match=r"keys\.json"):
        Mirror(tmp_path / "data").read()


@pytest.mark.parametrize("place", [0.0, 0.4, 0.99])
def test_another_token_key_than_the_databases_is_refused(
    sound: Path, tmp_path: Path, place: float
) -> None:
    copied(sound, tmp_path / "data")
    flip(place).happen(tmp_path / "data" / "token.key")
    with pytest.raises(TokenKeyError):
        StateStore.open(_settings(tmp_path / "data"))
    (tmp_path / "data" / "token.key").unlink()
    TokenKey.of_file(tmp_path / "data" / "token.key")
    with pytest.raises(TokenKeyError, match="another"):
        StateStore.open(_settings(tmp_path / "data"))
