"""``searchsvc keys`` and ``searchsvc audit``."""

from __future__ import annotations

import getpass
import json
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli import audited as audited_module
from searchsvc.cli.main import app
from searchsvc.errors import NotPermittedError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.mirror import Mirror
from searchsvc.keys.ring import Keyring
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import open_scoped
from searchsvc.keys.secret import SECRET, Secret
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.conftest import Build

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, code: int = 0, given: str | None = None) -> Result:
    result = CliRunner().invoke(app, [*arguments], input=given)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str, code: int = 0, given: str | None = None) -> Any:
    result = run(*arguments, "--json", code=code, given=given)
    assert result.stderr == ""
    return json.loads(result.stdout)


def known(data_dir: Path = Path("data")) -> KeySet:
    with closing(StateStore.open(Settings(data_dir=data_dir), create=False)) as store:
        return store.keys()


# Making


def test_the_secret_stands_alone_on_standard_output() -> None:
    made = run("keys", "create", "--role", "search", "--role", "events", "--title", "shop")
    match = SECRET.fullmatch(made.stdout.removesuffix("\n"))
    assert match is not None
    assert f"{match[1]}  events,search  'shop'" in made.stderr
    assert "shown this once" in made.stderr


def test_a_made_key_holds_and_its_secret_is_nowhere() -> None:
    secret = run("keys", "create", "--role", "search").stdout.strip()
    settings = Settings(data_dir=Path("data"))
    with closing(StateStore.open(settings)) as store:
        ring = Keyring(settings, lambda: store)
        ring.refresh()
    assert ring.grant(secret).roles == {Role.SEARCH}
    assert ring.note is None
    for path in Path("data").iterdir():
        assert secret[17:].encode() not in path.read_bytes()


def test_a_key_is_what_was_asked_for() -> None:
    options = (
        *("--role", "search", "--index", "shop-*", "--index", "demo", "--title", "Läden"),
        *("--referrer", "shop.example", "--origin", "https://shop.example", "--expires", "90d"),
        *("--rate", "20", "--rate-per-address", "0"),
    )
    told = run_json("keys", "create", *options)
    (key,) = known().keys
    assert (key.indexes, key.referrers) == (("shop-*", "demo"), ("shop.example",))
    assert (key.origins, key.rate, key.rate_per_address) == (("https://shop.example",), 20.0, 0.0)
    assert key.expires_ms is not None
    assert abs(key.expires_ms - key.created_ms - 90 * DAY_MS) < 60_000
    assert told["key"].startswith(f"ssk_{key.id}_")
    assert (told["id"], told["roles"], told["state"]) == (key.id, ["search"], "holds")
    assert "digest" not in told
    line = run("keys", "list").stdout
    for part in (
        f"{key.id}  search  until 20",
        "indexes shop-*,demo",
        "pages shop.example",
        "origins https://shop.example",
        "rate 20/s",
        "rate per address 0/s",
        "'Läden'",
    ):
        assert part in line


def test_a_pattern_with_a_path_is_made_with_a_warning() -> None:
    for pattern, warned in (
        ("shop.example", False),
        ("https://shop.example/", False),
        ("shop.example/*", False),
        ("shop.example/de/*", True),
    ):
        told = run("keys", "create", "--role", "search", "--referrer", pattern)
        assert SECRET.fullmatch(told.stdout.strip())
        words = " ".join(told.stderr.split())
        assert ("warning: --referrer shop.example/de/*: browsers tell" in words) is warned
        assert ("'Referrer-Policy: no-referrer-when-downgrade'" in words) is warned


def test_a_key_may_expire_at_a_date() -> None:
    run("keys", "create", "--role", "search", "--expires", "2999-01-31")
    run("keys", "create", "--role", "search", "--expires", "2999-01-31T12:00:00+02:00")
    first, second = (it["expires"] for it in run_json("keys", "list"))
    assert (first, second) == ("2999-01-31T00:00:00Z", "2999-01-31T10:00:00Z")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--expires", "soon"), "'soon' is no time, expected a period such as 12h or 90d"),
        (("--expires", "2020-01-01"), "expired already"),
        (("--index", "a b"), "index: found 'a b'"),
        (("--referrer", "shop*"), "referrer: found 'shop*'"),
        (("--origin", "shop.example"), "origin: found 'shop.example'"),
        (("--rate", "-1"), "rate: found -1"),
    ],
)
def test_what_cannot_be_had_makes_no_key(options: tuple[str, ...], message: str) -> None:
    failed = run("keys", "create", "--role", "search", *options, code=2)
    assert message in failed.stderr
    assert failed.stdout == ""
    assert not Path("data/state.db").exists()


def test_a_key_needs_a_role() -> None:
    run("keys", "create", code=2)
    assert "metrics" in run("keys", "create", "--role", "king", code=2).stderr


# Listing and revoking


def test_without_keys_the_list_is_empty_and_nothing_is_made() -> None:
    assert run("keys", "list").stdout == "no keys\n"
    assert run_json("keys", "list") == []
    assert not Path("data").exists()


def test_a_revoked_key_is_listed_only_on_request_and_stays_in_the_file() -> None:
    kept, gone = (run_json("keys", "create", "--role", "search")["id"] for _ in range(2))
    assert "a running service takes it up by itself" in run("keys", "revoke", gone).stdout
    assert [it["id"] for it in run_json("keys", "list")] == [kept]
    states = {it["id"]: it["state"] for it in run_json("keys", "list", "--all")}
    assert states == {kept: "holds", gone: "revoked"}
    assert f"{gone}  search  revoked 20" in run("keys", "list", "--all").stdout
    assert Mirror(Path("data")).read() == known()
    assert run_json("keys", "revoke", kept)["state"] == "revoked"
    assert run("keys", "list").stdout == "no keys hold; --all lists the others, too\n"


def test_an_expired_key_is_listed_only_on_request(tmp_path: Path) -> None:
    expired = ApiKey("ab", bytes(32), frozenset({Role.SEARCH}), "", 5, expires_ms=6)
    with closing(StateStore.open(Settings(data_dir=tmp_path / "data"))) as store:
        store.put_key(expired, actor="")
    assert run_json("keys", "list") == []
    assert "ab  search  expired 1970-01-01T00:00:00Z" in run("keys", "list", "--all").stdout


def test_a_key_can_be_revoked_by_its_secret_which_nobody_repeats() -> None:
    secret = run("keys", "create", "--role", "search").stdout.strip()
    told = run("keys", "revoke", secret).output
    assert f"{secret[4:16]}  search  revoked" in told
    assert secret[17:] not in told


def test_a_key_that_is_not_there_cannot_be_revoked() -> None:
    run("keys", "create", "--role", "search")
    assert (
        "there is no key 'abc'; 'searchsvc keys list'"
        in run("keys", "revoke", "abc", code=1).stderr
    )
    told = run_json("keys", "revoke", "abc", code=1)
    assert told["error"] == "KeyNotFoundError"


# Scoped keys


def test_a_key_is_derived_offline_from_the_environments_or_standard_inputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = Secret.new()
    parent = ApiKey(secret.id, secret.digest, frozenset({Role.SEARCH}), "", 0)
    options = (
        *("--filters", "brand:Acme", "--user", "u1", "--index", "shop-*", "--index", "demo"),
        *("--source", "192.0.2.0/24", "--valid", "2999-01-31"),
    )
    by_input = run("keys", "derive", *options, given=secret.text + "\n").stdout.strip()
    monkeypatch.setenv("SEARCHSVC_KEY", secret.text)
    assert run_json("keys", "derive", *options) == {"key": by_input}
    _, restrictions = open_scoped(by_input, [parent])
    assert (restrictions.filters, restrictions.user) == ("brand:Acme", "u1")
    assert restrictions.indexes == ("shop-*", "demo")
    assert restrictions.valid_until == datetime(2999, 1, 31, tzinfo=UTC).timestamp()
    assert [str(network) for network in restrictions.sources] == ["192.0.2.0/24"]
    assert not Path("data").exists()


def test_a_terminal_is_asked_for_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret.new()
    asked: list[dict[str, Any]] = []

    def prompt(text: str, **options: Any) -> str:
        asked.append({"text": text, **options})
        return secret.text

    monkeypatch.setattr("searchsvc.cli.derive.typer.prompt", prompt)
    monkeypatch.setattr("searchsvc.cli.derive._is_terminal", lambda: True)
    assert run("keys", "derive", "--user", "u1").stdout
    assert asked == [{"text": "secret of the parent key", "hide_input": True, "err": True}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "no narrower than its parent; give --filters"),
        (("--filters", "brand:"), "filters"),
        (("--user", "a@b.example"), "userToken: found an e-mail address"),
        (("--index", "a,b"), "restrictIndices: found 'a,b'"),
        (("--source", "here"), "restrictSources: found 'here'"),
        (("--valid", "soon"), "'soon' is no time"),
        (("--user", "u1"), "found no secret to derive a key from"),
    ],
)
def test_what_would_not_hold_is_not_derived(options: tuple[str, ...], message: str) -> None:
    failed = run("keys", "derive", *options, code=2, given="no secret\n")
    assert message in " ".join(failed.stderr.split())
    assert failed.stdout == ""


# Lost databases


def lose() -> None:
    for path in Path("data").glob("state.db*"):
        path.unlink()


def test_a_lost_database_is_told_of_and_gets_its_keys_back() -> None:
    secret = run("keys", "create", "--role", "search").stdout.strip()
    gone = run_json("keys", "create", "--role", "search")["id"]
    run("keys", "revoke", gone)
    before = known()
    lose()
    for command in (("create", "--role", "search"), ("revoke", gone)):
        StateStore.open(Settings(data_dir=Path("data"))).close()  # a service was started
        failed = run("keys", *command, code=1)
        assert "'searchsvc keys restore' to put them back" in " ".join(failed.stderr.split())
    assert run_json("keys", "restore") == {"restored": 2, "keys": 2}
    assert known().keys == before.keys
    assert known().follows(before)
    assert Mirror(Path("data")).read() == known()
    assert run("keys", "restore").stdout.startswith("put back 0 keys or revocations")
    assert run_json("keys", "revoke", secret)["state"] == "revoked"


def test_the_list_warns_where_other_keys_are_in_force() -> None:
    run("keys", "create", "--role", "search")
    assert run("keys", "list").stderr == ""
    lose()
    told = run("keys", "list")
    assert told.stdout == "no keys\n"
    assert "warning: the database has not the keys that keys.json knows" in told.stderr
    run("keys", "restore")
    assert run("keys", "list").stderr == ""
    Path("data/keys.json").write_text("{")
    told = run("keys", "list", "--json")
    assert len(json.loads(told.stdout)) == 1
    assert "warning: keys.json is damaged (1 faults)" in told.stderr


def test_a_key_is_revoked_though_the_file_is_damaged_and_none_is_made() -> None:
    secret = run("keys", "create", "--role", "search").stdout.strip()
    Path("data/keys.json").write_text("{")
    assert "keys.json is damaged" in run("keys", "create", "--role", "search", code=1).stderr
    told = run("keys", "revoke", secret)
    assert told.stderr.count("warning: keys.json is damaged") == 1
    assert [key.revoked_ms is not None for key in known().keys] == [True]


def test_the_lost_keys_can_be_done_without() -> None:
    run("keys", "create", "--role", "search")
    lose()
    assert "the 0 keys of the database hold" in run("keys", "restore", "--discard").stdout
    assert not Path("data/keys.json").exists()
    run("keys", "create", "--role", "metrics")
    assert [it["roles"] for it in run_json("keys", "list")] == [["metrics"]]


def test_a_backups_keys_can_be_taken_as_they_are(tmp_path: Path) -> None:
    run("keys", "create", "--role", "search")
    held = known()
    ahead = KeySet(KeyRevision(held.revision.database, 40), ())
    Mirror(tmp_path / "data").write(ahead)
    assert run_json("keys", "restore", "--discard") == {"restored": 0, "keys": 1}
    assert Mirror(tmp_path / "data").read() == held


def test_a_backup_that_is_changed_elsewhere_brings_no_revoked_key_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "state.db"
    monkeypatch.setenv("SEARCHSVC_STATE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("SEARCHSVC_TOKEN_KEY", "the token key that both services have")
    one, other = ("--data-dir", str(tmp_path / "one")), ("--data-dir", str(tmp_path / "other"))
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    victim = run("keys", "create", "--role", "admin", *one).stdout.strip()
    backup = database.read_bytes()
    run("keys", "revoke", victim, *one)
    settings = Settings(data_dir=tmp_path / "one")
    with closing(StateStore.open(settings)) as store:
        ring = Keyring(settings, lambda: store)
        ring.refresh()
    database.write_bytes(backup)
    with closing(StateStore.open(settings)) as store:
        ring._store = lambda: store  # noqa: SLF001 - its connections were to the file before
        for _ in range(3):
            ring.refresh()
            assert ring.note is not None
            assert "'searchsvc keys restore'" in ring.note
            with pytest.raises(NotPermittedError):
                ring.grant(victim)
            failed = run("keys", "create", "--role", "search", *one, code=1)
            assert "has not the keys that keys.json knows" in " ".join(failed.stderr.split())
            run("keys", "create", "--role", "search", *other)
        run("keys", "restore", *one)
        ring.refresh()
        assert ring.note is None
        with pytest.raises(NotPermittedError):
            ring.grant(victim)
    run("keys", "create", "--role", "search", *other)


def test_without_a_file_there_is_nothing_to_put_back() -> None:
    failed = run("keys", "restore", code=1)
    assert "there is no keys.json in" in failed.stderr
    assert "searchsvc keys create" in " ".join(failed.stderr.split())


def test_a_file_that_cannot_be_written_costs_nobody_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("searchsvc.keys.mirror.write_durably", full)
    made = run("keys", "create", "--role", "search")
    assert SECRET.fullmatch(made.stdout.strip())
    assert "warning: keys.json cannot be written (No space left on device)" in made.stderr


# The audit log


def test_what_was_changed_is_told_with_who_did_it(build: Build, data_dir: Path) -> None:
    build([{"id": "1", "title": "Red sneakers"}])
    place = ("--data-dir", str(data_dir))
    shop = ("--index", "shop", *place)
    key = run_json("keys", "create", "--role", "search", *place)["id"]
    Path("ranking.json").write_text('{"rrf_k": 30}')
    Path("feed.jsonl").write_text('{"id": "1", "title": "Red shoe", "price": "10 EUR"}\n')
    Path("prices.csv").write_text("id,price\n1,11 EUR\n")
    version = run_json("ranking", "set", "ranking.json", *shop)["version"]
    run("ranking", "clear", *shop)
    built = run_json("reindex", "feed.jsonl", "--force", *shop)
    run("reindex", "feed.jsonl", "--force", *shop)  # nothing changes
    changed = run_json("reindex", "--delta", "prices.csv", *shop)
    run("rollback", *shop)
    run("users", "delete", "anon-1", *place)
    run("keys", "revoke", key, *place)
    me = f"cli:{getpass.getuser()}"
    lines = [json.loads(line) for line in run("audit", "--json", *place).stdout.splitlines()]
    assert {line["actor"] for line in lines} == {me}
    assert [(line["action"], line["target"], line["detail"]) for line in lines] == [
        ("key.create", key, {"roles": "search"}),
        ("ranking.set", "shop", {"version": version}),
        ("ranking.clear", "shop", {"version": "none"}),
        (
            "reindex",
            "shop",
            {"generation": built["generation"], "products": 1, "forced": len(built["forced"])}
            if built["forced"]
            else {"generation": built["generation"], "products": 1},
        ),
        ("delta", "shop", {"generation": changed["generation"], "products": 1}),
        ("rollback", "shop", {"generation": built["generation"]}),
        ("delete", "", {"events": 0, "memberships": 0}),
        ("key.revoke", key, {}),
    ]
    shown = run("audit", "--since", "1h", *place).stdout
    assert len(shown.splitlines()) == len(lines)
    assert f"  {me}  ranking.set  shop  version={version}\n" in shown
    assert run("audit", "--since", "2999-01-01", *place).stdout == ""


def test_nothing_is_audited_where_nothing_was_stored() -> None:
    assert run("audit").stdout == ""
    assert "'soon' is no time" in run("audit", "--since", "soon", code=2).stderr


def test_a_change_goes_on_where_it_cannot_be_audited(
    build: Build, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build([{"id": "1", "title": "Red sneakers"}])
    place = ("--data-dir", str(data_dir))
    run("keys", "create", "--role", "search", *place)
    (data_dir / "state.db").write_bytes(b"no database" * 500)
    for path in data_dir.glob("state.db-*"):
        path.unlink()
    Path("ranking.json").write_text('{"rrf_k": 30}')
    run("ranking", "set", "ranking.json", "--index", "shop", *place)
    assert "the audit log has no line of ranking.set" in caplog.text


def test_who_has_no_name_is_still_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found: 1234")

    monkeypatch.setattr(audited_module.getpass, "getuser", nameless)
    assert audited_module.actor() == "cli:"
