"""The server: uvicorn as this service runs it, in one process or in several."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from searchsvc.http.listening import SETTLE_SECONDS, take_no_more
from searchsvc.http.protocol import EdgeProtocol
from searchsvc.http.rates import SHARED_VARIABLE, create_table
from searchsvc.http.workers import Worker, Workers

if TYPE_CHECKING:
    from pathlib import Path
    from socket import socket as Socket  # noqa: N812 - a class, whatever its name

    from searchsvc.edge import Edge

DRAIN_SECONDS: Final = 20
"""Requests that are being answered when the service leaves have so long to end."""
_APP = "searchsvc.http.app:app_from_environment"
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_KEEP_ALIVE_SECONDS = 75  # longer than proxies keep a connection: who closes it must not be we
_BACKLOG = 4_096
_MOST_FILES = 65_536


def run(edge: Edge, host: str, port: int, workers: int, shared: Path) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        edge: what is asked of clients.
        host: to listen on.
        port: likewise.
        workers: processes.
        shared: an empty directory for what they share.
    """
    allow_files()
    config = uvicorn.Config(
        _APP,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=EdgeProtocol,
        ws="none",
        access_log=False,
        log_config=None,  # our own is better, and is set already
        backlog=_BACKLOG,
        forwarded_allow_ips=edge.proxies(),
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    if workers == 1:
        server = OneServer(config)
        with suppress(KeyboardInterrupt):
            server.run()
        if not server.started:
            sys.exit(STARTUP_FAILURE)
        return
    os.environ[_METRICS_VARIABLE] = str(shared)
    os.environ[SHARED_VARIABLE] = str(shared / "rates")
    create_table(shared / "rates")
    sockets = [config.bind_socket()]
    served = Workers(lambda: Worker(config, sockets), sockets, edge.drain_delay_s, DRAIN_SECONDS)
    if code := served.run(workers):
        sys.exit(code)


def allow_files() -> None:
    """Have this process and its workers open as many files as they may, within reason."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    if files != resource.RLIM_INFINITY and files < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class OneServer(uvicorn.Server):
    """The server of a service without worker processes."""

    async def shutdown(self, sockets: list[Socket] | None = None) -> None:
        """Leave, and cut off nobody who has just connected."""
        for listening in self.servers:
            for one in listening.sockets:
                take_no_more(one.fileno())
        await asyncio.sleep(SETTLE_SECONDS)
        await super().shutdown(sockets)
