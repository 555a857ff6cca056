from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import server
from benchmarks.errors import ServerError
from benchmarks.server import Client, serving


def test_a_service_answers_until_the_block_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        with running.client() as client:
            body, milliseconds = client.get("/healthz")
            assert body == b'{"status":"ok"}'
            assert milliseconds > 0
            assert client.get("/healthz")[0] == body  # over the same connection
            with pytest.raises(ServerError, match=r"POST /v1/.* answered 404.*no index 'x'"):
                client.post("/v1/indexes/x/search", b"{}")
        os.kill(running.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
    with pytest.raises(ConnectionRefusedError):
        Client(running.port)


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerError, match=r"exit code 2(.|\n)*SEARCHSVC_MAX_CONCURRENT"),
        serving(tmp_path, environment={"SEARCHSVC_MAX_CONCURRENT": "none"}),
    ):
        pass


def test_a_service_that_is_too_slow_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_START_SECONDS", 0.0)
    with pytest.raises(ServerError, match="did not answer within 0 s"), serving(tmp_path):
        pass


def test_a_service_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path) as running:
        monkeypatch.setattr(server, "_STOP_SECONDS", 0.0)
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
