"""``searchsvc events`` and ``searchsvc users``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli.main import app
from searchsvc.events.retention import Span
from searchsvc.events.sent import SentEvents
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from tests.conftest import Build

COMMAND = Path(sys.executable).with_name("searchsvc")
HEADER = "order_id,product_id,quantity,time,price,customer_id\n"
ORDERS = HEADER + (
    "o1,1,2,2026-01-01T10:00:00Z,4.25,ann\n"
    "o1,2,1,2026-01-01T10:00:00Z,9.50,ann\n"
    "o2,1,1,2026-01-02T10:00:00Z,4.25,bob\n"
)
SEARCHES = """\
customer_id,time,type,query,query_id,product_id,position
ann,2026-01-03T10:00:00Z,search,shoes,q1,,
ann,2026-01-03T10:01:00Z,click,,q1,2,3
"""


@pytest.fixture(autouse=True)
def _environment(
    tmp_path: Path, data_dir: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_RETENTION_DAYS", "36500")
    monkeypatch.chdir(tmp_path)
    build([{"id": "1", "title": "Red sneakers"}, {"id": "2", "title": "Blue trainers"}])


def run(*arguments: str, code: int = 0, given: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(app, list(arguments), input=given)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str, code: int = 0, given: str | bytes | None = None) -> Any:
    result = run(*arguments, "--json", code=code, given=given)
    assert result.stderr == ""
    return json.loads(result.stdout)


def written(content: str, name: str = "orders.csv") -> str:
    Path(name).write_text(content, "utf-8")
    return name


def import_file(content: str, *arguments: str, code: int = 0) -> Any:
    file = written(content)
    return run_json("events", "import", file, "-i", "shop", "--consent", *arguments, code=code)


def sold(order: str, user: str, index: str = "shop") -> None:
    """An order as the shop sends it when it happens."""
    event = {"type": "purchase", "order_id": order, "items": [{"id": "1"}], "user_token": user}
    body = {"consent": True, "index": index, "events": [event]}
    (draft,) = SentEvents.model_validate(body, strict=False).drafts(Span(9, 0, 9))
    with closing(StateStore.open(Settings())) as store:
        store.append([draft.to_event(store.user_key(user), index)])


def test_an_order_that_was_sent_as_it_happened_is_not_stored_again_by_an_import() -> None:
    sold("o1", "ann")
    sold("o2", "ann")  # bob's is another one
    found = import_file(ORDERS)
    assert (found["stored"], found["repeated"]) == (1, 1)


def reports(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "shop" / "reports").glob("import-*"))


# Import.


def test_purchases_are_imported_and_counted() -> None:
    report = import_file(ORDERS)
    assert (report["rows"], report["stored"], report["users"]) == (3, 2, 2)
    assert run_json("events", "show") == {
        "shop": {
            "events": 2,
            "kinds": {"search": 0, "view": 0, "click": 0, "add_to_cart": 0, "purchase": 2},
            "users": 2,
            "oldest": "2026-01-01T10:00:00.000Z",
            "newest": "2026-01-02T10:00:00.000Z",
        }
    }
    assert import_file(ORDERS)["repeated"] == 2


def test_without_consent_nothing_is_stored(data_dir: Path) -> None:
    refusal = run_json("events", "import", written(ORDERS), "--index", "shop", code=2)
    assert refusal["error"] == "ConsentMissingError"
    assert "--consent" in refusal["message"]
    assert not (data_dir / "state.db").exists()


def test_people_are_told_what_an_import_did(data_dir: Path) -> None:
    bad = "o3,9,1,2026-01-02T10:00:00Z,1,bob\no4,1,0,2026-01-02,1,carl\n"
    arguments = ("events", "import", written(ORDERS + bad), "--index", "shop", "--consent")
    first, *lines = run(*arguments).stdout.splitlines()
    (kept,) = reports(data_dir)
    assert first.startswith("shop: 3 events stored from 5 rows of 2 users in ")
    reason = "quantity: expected a number above 0 and up to 1,000,000; returns are left out"
    assert lines == [
        "  from 2026-01-01 to 2026-01-02",
        "  1 product not in the index (9), in 1 row; stored all the same",
        f"  left out 1 bad row: {kept}",
        f"         1 x {reason}",
        f"    the first: line 6: {reason}",
    ]
    assert "3 were there already" in run(*arguments).stdout


def test_many_reasons_and_old_events_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {"quantity": "0", "price": "x", "time": "x", "customer_id": "", "product_id": ""}
    good = {"order_id": "o9", "product_id": "1", "quantity": "1", "time": "2026-01-02",
            "price": "1", "customer_id": "c"}  # fmt: skip
    lines = [",".join((good | {name: value}).values()) for name, value in cells.items()]
    old = "o8,1,1,2001-01-01,1,c"
    monkeypatch.setenv("SEARCHSVC_RETENTION_DAYS", "9000")
    content = ORDERS + "\n".join([*lines, "short", old, ""])
    shown = run("events", "import", written(content), "-i", "shop", "--consent").stdout
    assert "and 1 more reasons" in shown
    assert "1 are older than SEARCHSVC_RETENTION_DAYS (up to 9," in shown


def test_columns_kinds_currency_and_zone_are_options() -> None:
    content = "wer;was;wann;preis\nann;1;2026-07-01 12:00;9,50\n"
    report = import_file(
        content, "--map", "customer_id=wer", "--map", "product_id=was", "--map", "time=wann",
        "--map", "price=preis", "--type", "add_to_cart", "--currency", "EUR",
        "--timezone", "Europe/Berlin",
    )  # fmt: skip
    assert report["stored"] == 1
    (event,) = run_json("users", "show", "ann")["events"]
    assert event["kind"] == "add_to_cart"
    assert event["time"] == "2026-07-01T10:00:00.000Z"
    assert (event["items"][0]["price"], event["currency"]) == (9.5, "EUR")


def test_standard_input_is_imported() -> None:
    report = run_json("events", "import", "-", "-i", "shop", "--consent", given=ORDERS)
    assert (report["file"], report["stored"]) == ("standard input", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--map", "price"), "--map price is no pair"),
        (("--map", "colour=farbe"), "'colour' is none of the columns"),
        (("--currency", "euro"), "--currency euro"),
        (("--timezone", "Mars/Olympus"), "--timezone Mars/Olympus"),
        (("--timezone", "../etc"), "--timezone ../etc"),
    ],
)
def test_wrong_options_are_named(arguments: tuple[str, ...], message: str) -> None:
    refusal = import_file(ORDERS, *arguments, code=2)
    assert message in refusal["message"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("orders.csv", "-i", "nowhere"), "SnapshotMissingError"),
        (("missing.csv", "-i", "shop"), "EventFileError"),
        (("empty.csv", "-i", "shop"), "EventFileError"),
    ],
)
def test_what_cannot_be_imported_fails(arguments: tuple[str, ...], error: str) -> None:
    written(ORDERS)
    written("", "empty.csv")
    assert run_json("events", "import", *arguments, "--consent", code=1)["error"] == error


def checkpoint_of(content: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an import of `content` remembers how far it came."""
    with monkeypatch.context() as patched:
        patched.setattr("searchsvc.events.history.BATCH_ITEMS", 1)
        patched.setattr("searchsvc.events.files.checkpoint.Checkpoint.remove", lambda _: None)
        import_file(content)
    (path,) = (it for it in reports(data_dir) if it.name.endswith(".checkpoint.json"))
    return path


def test_an_interrupted_import_goes_on_unless_it_is_told_not_to(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint_of(ORDERS, data_dir, monkeypatch)
    left = path.read_bytes()
    os.utime("orders.csv", ns=(1, 1))
    again = run_json("events", "import", "orders.csv", "-i", "shop", "--consent")
    assert (again["resumed"], again["repeated"]) == (0, 2), "the file has changed since"
    assert path.read_bytes() == left


def test_another_database_is_filled_from_the_beginning(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint_of(ORDERS, data_dir, monkeypatch)
    before = Path("orders.csv").stat()
    for state in data_dir.glob("state.db*"):
        state.unlink()
    os.utime("orders.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    again = run_json("events", "import", "orders.csv", "-i", "shop", "--consent")
    assert (again["resumed"], again["stored"]) == (0, 2)
    assert not path.exists()


def test_what_is_stored_already_is_passed_over_and_restart_reads_it_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint_of(ORDERS, data_dir, monkeypatch)
    left = path.read_bytes()
    arguments = ("events", "import", "orders.csv", "-i", "shop", "--consent")
    assert "1 were stored before" in run(*arguments).stdout
    path.write_bytes(left)
    again = run_json(*arguments, "--restart")
    assert (again["resumed"], again["repeated"]) == (0, 2)
    assert reports(data_dir) == []


@pytest.mark.slow
def test_an_import_that_is_killed_is_completed_by_the_next(data_dir: Path) -> None:
    rows = "".join(f"o{n},1,1,2026-01-02T10:00:00Z,1.00,c{n % 99}\n" for n in range(40_000))
    command = [str(COMMAND), "events", "import", written(HEADER + rows), "-i", "shop", "--consent"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        for _ in range(2_000):
            if reports(data_dir) or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    report = run_json(*command[1:])
    assert report["resumed"] > 0
    assert report["resumed"] + report["repeated"] + report["stored"] == 40_000
    assert run_json("events", "show")["shop"]["events"] == 40_000


# Show, export, purge.


def test_events_are_shown_by_index_and_kind() -> None:
    import_file(ORDERS)
    import_file(SEARCHES)
    assert run("events", "show").stdout.splitlines() == [
        "shop: 4 events of 2 users from 2026-01-01T10:00:00.000Z to 2026-01-03T10:01:00.000Z",
        "  search                  1",
        "  click                   1",
        "  purchase                2",
    ]


def test_an_empty_store_has_no_events() -> None:
    import_file(ORDERS)
    run("events", "purge", "--before", "2027-01-01")
    assert run("events", "show").stdout == "no events are stored\n"
    assert run_json("events", "show") == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "show"),
        ("events", "purge", "--before", "2026-01-01"),
        ("events", "export", "-i", "shop", "-o", "x"),
        ("users", "show", "ann"),
        ("users", "delete", "ann"),
    ],
)
def test_where_nothing_was_ever_stored_nothing_is_made(
    arguments: tuple[str, ...], data_dir: Path
) -> None:
    assert run_json(*arguments, code=1)["error"] == "StateMissingError"
    assert sorted(it.name for it in data_dir.iterdir()) == ["shop"]


def test_events_are_exported_as_json_lines_within_times() -> None:
    import_file(ORDERS)
    import_file(SEARCHES)
    report = run_json("events", "export", "-i", "shop", "-o", "all.jsonl")
    assert report == {"index": "shop", "output": "all.jsonl", "records": {"events": 4}}
    shown = run(
        "events", "export", "-i", "shop", "-o", "some.jsonl",
        "--since", "2026-01-02", "--until", "2026-01-03T10:01:00Z",
    ).stdout  # fmt: skip
    assert shown == "shop: 2 events records in some.jsonl\n"
    found = [json.loads(line) for line in Path("some.jsonl").read_bytes().splitlines()]
    assert [it["type"] for it in found] == ["purchase", "search"]


def test_ubi_goes_into_a_directory_or_in_bulk_to_standard_output() -> None:
    import_file(SEARCHES)
    arguments = ("events", "export", "-i", "shop", "--format", "ubi")
    report = run_json(*arguments, "-o", "ubi")
    assert report["records"] == {"ubi_queries": 1, "ubi_events": 1}
    query = json.loads(Path("ubi/ubi_queries.jsonl").read_bytes())
    event = json.loads(Path("ubi/ubi_events.jsonl").read_bytes())
    assert query["query_id"] == event["query_id"]
    result = run(*arguments, "--bulk", "-o", "-")
    assert len(result.stdout.splitlines()) == 4
    assert result.stderr == "2 ubi records\n"
    assert "--bulk" in run_json(*arguments, "-o", "-", code=2)["message"]


def test_an_index_without_events_is_not_exported() -> None:
    import_file(ORDERS)
    refusal = run_json("events", "export", "-i", "sohp", "-o", "x", code=1)
    assert "no event of index 'sohp' is stored; there are some of: shop" in refusal["message"]
    assert not Path("x").exists()


def test_a_time_that_is_none_is_wrong_usage() -> None:
    import_file(ORDERS)
    refusal = run_json("events", "purge", "--before", "tomorrow", code=2)
    assert refusal["message"].startswith("--before tomorrow: expected a time such as")


def test_a_purge_deletes_what_is_older() -> None:
    import_file(ORDERS)
    purged = run_json("events", "purge", "--before", "2026-01-02T10:00:00Z")
    assert purged == {"before": "2026-01-02T10:00:00.000Z", "purged": 1}
    shown = run("events", "purge", "--before", "2026-01-02").stdout
    assert shown == "deleted 0 events from before 2026-01-02T00:00:00.000Z\n"


# Users.


def test_a_users_data_is_shown() -> None:
    import_file(ORDERS)
    import_file(SEARCHES)
    with closing(StateStore.open(Settings())) as store:
        store.put_members("shop", "vip", ["ann"], replace=True)
    known = run_json("users", "show", "ann")
    assert len(known["events"]) == 3
    assert known["memberships"] == [{"index": "shop", "segment": "vip"}]
    *lines, receipt = run("users", "show", "ann").stdout.splitlines()
    assert lines == [
        f"user {known['user']}",
        "  events: 3, memberships: 1",
        "  shop: 1 x click",
        "  shop: 1 x purchase",
        "  shop: 1 x search",
        "  from 2026-01-01T10:00:00.000Z to 2026-01-03T10:01:00.000Z",
        "  shop: listed in vip",
    ]
    assert receipt.startswith("  receipt ")


def test_a_user_is_deleted_with_a_receipt() -> None:
    import_file(ORDERS)
    deleted = run_json("users", "delete", "ann")
    assert (deleted["events"], deleted["memberships"], deleted["erased"]) == (1, 0, True)
    assert deleted["receipt"]
    assert run_json("users", "show", "ann")["events"] == []
    assert len(run_json("users", "show", "bob")["events"]) == 1
    shown = run("users", "delete", "nobody").stdout.splitlines()
    assert shown[0] == "deleted: events 0, memberships 0"


def test_bytes_that_stay_for_a_while_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import_file(ORDERS)
    monkeypatch.setattr("searchsvc.state.database.Database.empty_log", lambda _: False)
    assert "when the service tries again" in run("users", "delete", "ann").stdout


def test_a_token_comes_from_standard_input() -> None:
    import_file(ORDERS)
    assert run_json("users", "delete", "-", given="ann\n")["events"] == 1
    assert "no token was given" in run_json("users", "delete", "-", given="", code=2)["message"]
