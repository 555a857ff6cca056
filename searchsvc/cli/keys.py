"""``searchsvc keys``: who may ask the service, for what, and how often."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from searchsvc.cli.audited import actor
from searchsvc.cli.derive import derive
from searchsvc.cli.keylines import described, line_of, state_of
from searchsvc.cli.keystore import key_store, known_keys, mirror_keys, warn
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    print_json,
    read_settings,
    reported_failures,
    say,
    stderr,
)
from searchsvc.cli.times import coming, now_ms
from searchsvc.errors import KeyMirrorError
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.mirror import MIRROR_FILE, Mirror
from searchsvc.keys.referrers import Referrer
from searchsvc.keys.role import Role
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(
    help="API keys: who may ask the service, for what, and how often.", no_args_is_help=True
)
app.command()(derive)


@app.command()
def create(
    role: Annotated[list[Role], typer.Option("--role", help="What the key may do; repeatable.")],
    index: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only these indexes; repeatable."),
    ] = None,
    referrer: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only from these pages, such as shop.example."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Pages whose scripts may read answers; by default those of all."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="A period such as 90d, or a date.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests per second with the key; 0 without bound.")
    ] = None,
    rate_per_address: Annotated[
        float | None, typer.Option(help="Requests per second of each address; likewise.")
    ] = None,
    title: Annotated[str, typer.Option(help="For people.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is printed once, alone on standard output, and stored nowhere.

    From the first key on, the service asks for one; see SEARCHSVC_KEYS.

    Example: searchsvc keys create --role search --role events --index 'shop-*' --title storefront

    Example: searchsvc keys create --role metrics --expires 365d
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        draft = KeyDraft(
            roles=frozenset(role),
            title=title,
            indexes=tuple(index or ()),
            referrers=tuple(referrer or ()),
            origins=tuple(origin or ()),
            expires_ms=None if expires is None else coming(expires),
            rate=rate,
            rate_per_address=rate_per_address,
        )
        key, secret = draft.key(now_ms())
        with key_store(settings) as store:
            store.put_key(key, actor=actor())
            mirror_keys(settings, store)
    _warn_of_paths(key.referrers)
    if as_json:
        print_json({"key": secret.text, **described(key)})
        return
    stderr.print(escape(f"{line_of(key)}\nthe secret is shown this once:"))
    say(secret.text)


@app.command("list")
def list_keys(
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were revoked or have expired.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the keys; no secret can be shown.

    It warns where the database has not the keys that services hold, or nobody can tell.

    Example: searchsvc keys list --all
    """
    with reported_failures(as_json=as_json):
        known = known_keys(read_settings(data_dir))
    now = now_ms()
    keys = [key for key in known.keys if everything or state_of(key, now) == "holds"]
    if as_json:
        print_json([described(key) for key in keys])
        return
    for key in keys:
        say(line_of(key))
    if not keys:
        say("no keys" if known.keys == () else "no keys hold; --all lists the others, too")


@app.command()
def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as `list` prints it.")
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Have a key, and all that were derived from it, hold no more.

    A running service notices within SEARCHSVC_POLL_SECONDS.

    Example: searchsvc keys revoke 3f1c0e7a9b2d
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        with key_store(settings, create=False, if_damaged=True) as store:
            key = store.revoke_key(_id_of(key_id), actor=actor())
            mirror_keys(settings, store)
    if as_json:
        print_json(described(key))
        return
    say(f"{line_of(key)}; a running service takes it up by itself")


@app.command()
def restore(
    discard: Annotated[
        bool,
        typer.Option("--discard", help="Forget the keys of the file, and take the database's."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put the keys that were known last back into a database that was lost or is a backup.

    They are in keys.json in the data directory. Keys that were revoked stay so.

    Example: searchsvc keys restore
    """
    with reported_failures(as_json=as_json):
        settings = read_settings(data_dir)
        mirror = Mirror(settings.data_dir)
        with closing(StateStore.open(settings)) as store:
            changed = 0
            if discard:
                mirror.remove()
            else:
                mirrored = mirror.read()
                if mirrored is None:
                    raise KeyMirrorError(
                        f"there is no {MIRROR_FILE} in {settings.data_dir}, so no key was known "
                        "here; make new ones with 'searchsvc keys create'"
                    )
                changed = store.restore_keys(mirrored, actor=actor())
            known = store.keys()
            mirror.write(known, anyway=True)
    if as_json:
        print_json({"restored": changed, "keys": len(known.keys)})
        return
    if discard:
        say(f"the {len(known.keys)} keys of the database hold; restart the service if it has none")
    else:
        say(f"put back {changed} keys or revocations; the database has {len(known.keys)} keys now")


def _warn_of_paths(referrers: Iterable[str]) -> None:
    """Tell of patterns that no page of another origin fits, as browsers are by default."""
    narrow = [pattern for pattern in referrers if Referrer.parse(pattern).has_path]
    if narrow:
        warn(
            f"--referrer {', '.join(narrow)}: browsers tell a service at another origin the "
            "page's host alone, which does not fit a pattern with a path, unless the page is sent "
            "with 'Referrer-Policy: no-referrer-when-downgrade'"
        )


def _id_of(text: str) -> str:
    """The id in `text`; whoever gives a whole secret has said enough, and nobody repeats it."""
    return text.split("_")[1] if text.startswith("ssk_") and text.count("_") > 1 else text
