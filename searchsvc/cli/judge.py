"""``searchsvc judge``: people label the results of real queries in a local page."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from indexer.errors import ModelUnavailableError
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
    stderr,
)
from searchsvc.cli.progress import Bars
from searchsvc.embedders import Embedders
from searchsvc.errors import EmbeddingUnavailableError, PortError
from searchsvc.judging.app import create_judging_app
from searchsvc.judging.collection import open_collection
from searchsvc.judging.pool import Pooler
from searchsvc.judging.ratings import check_rater
from searchsvc.judging.report import JudgingReport, QueryReport, report_judging
from searchsvc.judging.session import Session
from searchsvc.judging.store import RatingsStore
from searchsvc.live import effective_policy
from searchsvc.query.query import MAX_LIMIT
from searchsvc.relevance.judgments import QRELS_FILE, Judgments

if TYPE_CHECKING:
    from collections.abc import Generator

    from fastapi import FastAPI

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TOKEN_BYTES = 24
_DRAIN_SECONDS = 2
_HTTP_PORT = 80


def judge(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Of queries.jsonl and qrels.tsv; made where it is absent."
        ),
    ],
    index: IndexName = "products",
    data_dir: DataDir = None,
    queries: Annotated[
        Path | None,
        typer.Option(help="Queries to add: one on each line, or JSON Lines (.jsonl)."),
    ] = None,
    rater: Annotated[
        str, typer.Option(help="A name of your choice; each person who rates takes another.")
    ] = "rater-1",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
    ] = 8001,
    depth: Annotated[
        int, typer.Option(min=1, max=MAX_LIMIT, help="Products pooled from each system.")
    ] = 20,
    report: Annotated[
        bool, typer.Option("--report", help="Print what is labelled, and the agreement.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Label the results of real queries in a local page, by the keyboard.

    Pools the best of the hybrid, of words alone and of vectors alone. Each label is on the disk
    before the next one; starting again goes on where you stopped.

    Example: searchsvc judge judgments --index demo --queries queries.txt --rater anna
    """
    with reported_failures(as_json=as_json):
        if report:
            _print_report(report_judging(directory), as_json=as_json)
            return
        name = check_rater(rater)
        settings = read_settings(data_dir)
        layout = find_index(settings.data_dir, index)
        snapshot = open_snapshot(layout)
        policy = effective_policy(layout, settings, snapshot)
        directory.mkdir(parents=True, exist_ok=True)
        with _listening(host, port) as listener, RatingsStore(directory) as store:
            with store.exclusive():
                collection = open_collection(directory, queries)
                session = Session(directory, store, collection, name)
            with (
                closing(
                    Embedders.patient(settings.models_dir, settings.query_encoder)
                ) as embedders,
                Bars(quiet=as_json) as bars,
            ):
                embedder = embedders.of(snapshot)
                _add_pools(session, collection, Pooler(snapshot, embedder, policy, depth), bars)
            session.publish()
            _serve(session, snapshot, listener, host, as_json=as_json)
            count = session.publish()
        if not as_json:
            stderr.print(f"{directory / QRELS_FILE} has {count:,} judgments", markup=False)


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    """A socket that listens; taken before anything is written or computed.

    Raises:
        PortError: something else listens there, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise PortError(
            f"cannot listen on {host}:{port} ({error.strerror}). Stop what does, or choose "
            "another address with --host and --port."
        ) from error
    with listener:
        yield listener


def _add_pools(session: Session, collection: Judgments, pooler: Pooler, bars: Bars) -> None:
    """Pool every query.

    Raises:
        ModelUnavailableError: a pool without vectors would favour keyword search.
    """
    bars.start("pooling queries", len(collection.queries))
    try:
        for query in collection.queries:
            session.add_pool(query.id, pooler.pool(query.text))
            bars.advance(1)
    except EmbeddingUnavailableError as error:
        raise ModelUnavailableError(
            f"{error}, and a pool without vectors would favour keyword search. Run 'searchsvc "
            "model install', or name the models by SEARCHSVC_MODELS_DIR."
        ) from error


def _serve(
    session: Session, snapshot: Snapshot, listener: socket.socket, host: str, *, as_json: bool
) -> None:
    """Serve the page until the command is stopped."""
    port = listener.getsockname()[1]
    is_local = host in _LOOPBACK
    hosts = local_hosts(port) if is_local else None
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/#token={token}"
    if as_json:
        print_json({"address": address, "rater": session.rater, "pid": os.getpid()})
        sys.stdout.flush()
    else:
        pooled = sum(state.pooled for state in session.queries())
        rated = sum(state.rated for state in session.queries())
        stderr.print(
            f"{session.rater}: {rated:,} of {pooled:,} products of {len(session.queries()):,} "
            f"queries rated. Open\n\n  {address}\n\nand stop with Ctrl-C when you have done "
            "enough; nothing is lost.",
            markup=False,
        )
    if not is_local:
        stderr.print(
            f"listening on {host} without encryption: whoever sees the address can rate in the "
            f"name of {session.rater}",
            markup=False,
        )
    app = create_judging_app(session, snapshot, token, hosts)
    _run(app, listener)


def local_hosts(port: int) -> frozenset[str]:
    """The Host headers of browsers on this machine; they leave HTTP's own port out."""
    names = ("127.0.0.1", "localhost", "[::1]")
    with_port = frozenset(f"{name}:{port}" for name in names)
    return with_port.union(names) if port == _HTTP_PORT else with_port


def _run(app: FastAPI, listener: socket.socket) -> None:
    # uvicorn drains on a signal and then raises it again, for whoever handled it before.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_DRAIN_SECONDS
    )
    try:
        with suppress(KeyboardInterrupt):  # the usual end of a session
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_report(report: JudgingReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict())
        return
    for line in describe(report):
        say(line)


def describe(report: JudgingReport) -> list[str]:
    """The report for people."""
    width = max((len(query.query.id) for query in report.queries), default=0)
    lines = [f"{'':<{width}}  judged  query: labelled (skipped) by each rater"]
    for query in report.queries:
        raters = sorted(query.labelled.keys() | query.skipped.keys())
        counts = ", ".join(_count(query, rater) for rater in raters) or "nobody yet"
        lines.append(f"{query.query.id:<{width}}  {query.judged:>6}  {query.query.text}: {counts}")
    lines += ["", f"{report.rated_by_several:,} pairs were labelled by more than one rater"]
    lines.append(f"Krippendorff's alpha (ordinal): {_figure(report.alpha)}")
    lines += [
        f"Cohen's kappa (quadratic weights) of {' and '.join(pair.raters)}: "
        f"{_figure(pair.kappa)} over {pair.pairs:,} pairs"
        for pair in report.kappas
    ]
    texts = {query.query.id: query.query.text for query in report.queries}
    if report.disputes:
        lines += ["", "most disputed:"]
    for dispute in report.disputes:
        query_id, product_id = dispute.pair
        labels = ", ".join(f"{rater} {label}" for rater, label in sorted(dispute.labels.items()))
        lines.append(f"  {query_id} {texts[query_id]!r}, product {product_id}: {labels}")
    return lines


def _count(query: QueryReport, rater: str) -> str:
    skipped = query.skipped.get(rater, 0)
    return f"{rater} {query.labelled.get(rater, 0)}{f' ({skipped})' if skipped else ''}"


def _figure(value: float | None) -> str:
    return "cannot be said yet" if value is None else f"{value:.3f}"
