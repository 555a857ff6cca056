"""The log: one line for each record, JSON for machines, without any secret."""

from __future__ import annotations

import logging
import re
import warnings

import orjson
import pytest
import uvicorn

from searchsvc import logs
from searchsvc.mark import Mark, current, note_search, put

_log = logging.getLogger("searchsvc.test")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_json_line_has_its_time_level_logger_and_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json")
    _log.warning("took %d turns", 3, extra={"status": 200, "ms": 1.5, "nobody": None})
    (line,) = lines(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line.pop("time")))
    assert line == {
        "level": "warning",
        "logger": "searchsvc.test",
        "event": "took 3 turns",
        "status": 200,
        "ms": 1.5,
        "nobody": None,
    }


def test_lines_of_a_request_have_its_id_and_that_of_its_search(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json")
    note_search("nobody asked", "shop", "g1", {})
    _log.info("before")
    put(Mark("r-1"))
    _log.info("at first")
    note_search("q-1", "shop", "g1", {"lexical": 1.0})
    note_search("q-2", "shop", "g1", {"lexical": 2.0})
    _log.info("then")
    before, first, then = lines(capsys)
    assert "request_id" not in before
    assert (first["request_id"], "query_id" in first) == ("r-1", False)
    assert (then["request_id"], then["query_id"]) == ("r-1", "q-1")
    mark = current()
    assert mark is not None
    assert mark.stages == [{"lexical": 1.0}, {"lexical": 2.0}]


def test_an_exception_is_one_field_without_the_values_of_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(password: str) -> None:
        raise LookupError(len(password))

    number = 22  # so that the whole stands in no line of the source, which a trace shows
    for log_format in ("json", "console"):
        logs.configure(log_format)
        try:
            fail(f"hunter{number}")
        except LookupError:
            _log.exception("failed")
    shown = capsys.readouterr().err
    assert "hunter22" not in shown
    line, *rest = shown.splitlines()
    assert "LookupError: 8" in orjson.loads(line)["exception"]
    assert rest[-1] == "  | LookupError: 8"


def test_secrets_are_hidden_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", secrets=["the admin's key", "", "abc"])
    _log.info("sent %s", "the admin's key", extra={"at": ["the admin's key"]})
    _log.info("postgresql+psycopg://shop:pass/word@db/state, http://host/?a=b:c@d")
    first, second = capsys.readouterr().err.splitlines()
    assert "admin" not in first
    assert first.count(logs.HIDDEN) == 2
    assert "http://host/?a=b:c@d" in second  # no password: the host has ended
    logs.configure("json")
    _log.info("postgresql://shop:secret@db/state of %s", "abc")
    assert lines(capsys)[0]["event"] == f"postgresql://shop:{logs.HIDDEN}@db/state of abc"


def test_what_somebody_sent_cannot_make_lines_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forged = "/x\n2026-01-01T00:00:00Z [error] all is lost\x1b[2J\u2028end"
    for log_format in ("json", "console"):
        logs.configure(log_format)
        _log.info("GET %s failed", forged, extra={"path": forged})
        shown = capsys.readouterr().err
        assert len(shown.split("\n")) == 2  # the last one is empty
        assert "\x1b[2J" not in shown


def test_what_is_in_an_exceptions_message_is_no_line_of_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forged = "bad value\n2026-01-01T00:00:00Z [error] all is lost\r\x1b[2J\u2028end"
    logs.configure("console")
    error, cause = LookupError(forged), ValueError(forged)
    cause.add_note(f"note\n{forged}")
    error.__cause__ = cause
    _log.error("failed", exc_info=error)
    shown = capsys.readouterr().err
    assert [control for control in ("\r", "\x1b[2J", "\u2028") if control in shown] == []
    first, *others = shown.removesuffix("\n").split("\n")
    assert "failed" in first
    assert any("the direct cause" in line for line in others)
    assert {line[:4] for line in others} == {"  | "}
    assert [line for line in others if "all is lost" in line] != []


def test_half_of_a_character_costs_itself_only(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    _log.info("half \ud83d", extra={"status": 200})
    (line,) = lines(capsys)
    assert (line["event"], line["status"]) == ("half ?", 200)


def test_others_are_not_heard_below_warnings_whatever_the_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json", "debug")
    for name in ("httpx2", "sqlalchemy.engine", "uvicorn.error", "indexer.x", "searchsvc.x"):
        logger = logging.getLogger(name)
        logger.debug("d")
        logger.info("i")
    heard = [(line["logger"], line["event"]) for line in lines(capsys)]
    assert heard == [
        ("uvicorn.error", "i"),
        ("indexer.x", "d"),
        ("indexer.x", "i"),
        ("searchsvc.x", "d"),
        ("searchsvc.x", "i"),
    ]
    logs.configure("json", "error")
    logging.getLogger("uvicorn.error").warning("w")
    _log.warning("w")
    assert lines(capsys) == []


def test_warnings_of_libraries_are_lines_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines(capsys)
    assert line["logger"] == "py.warnings"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_format_follows_what_standard_error_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, is_terminal: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    logs.configure()
    logs.configure()  # a second time replaces the first
    _log.info("hello")
    (shown,) = capsys.readouterr().err.splitlines()
    assert shown.startswith("{") is not is_terminal
    assert "hello" in shown


def test_a_message_is_in_a_line_once_and_without_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for log_format in ("json", "console"):
        logs.configure(log_format, "info")
        coloured = {"color_message": "Started [\x1b[36m%d\x1b[0m]"}
        logging.getLogger("uvicorn.error").info("Started [%d]", 7, extra=coloured)
        shown = capsys.readouterr().err
        assert "Started [7]" in shown
        assert "36m" not in shown


def test_what_uvicorn_set_up_before_gives_way(capsys: pytest.CaptureFixture[str]) -> None:
    # As with `uvicorn --factory searchsvc.http.app:app_from_environment`.
    uvicorn.Config("nothing:app", log_level="error")
    logs.configure("json")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.access").info("GET /v1/events?key=secret")
    logging.getLogger("uvicorn.access").error("GET /v1/events?key=secret")
    assert [(line["logger"], line["event"]) for line in lines(capsys)] == [
        ("uvicorn.error", "started")
    ]
