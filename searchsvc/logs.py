"""The log of a process: lines for people on a terminal, JSON lines for whatever collects them.

Whatever logs by the standard library goes through it, uvicorn included. Our own packages log from
the level that is set, uvicorn from information on, others from warnings on: at their debug level
HTTP clients write out the keys that they send.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO

import orjson
import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from searchsvc.mark import current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from structlog.typing import EventDict, Processor

LogFormat = Literal["auto", "console", "json"]
"""``auto`` writes for people where standard error is a terminal, and JSON elsewhere."""
LogLevel = Literal["debug", "info", "warning", "error"]
AccessLog = Literal["on", "off", "slow", "errors"]
"""Which requests get a line of their own; ``slow`` has those with errors, too."""

HIDDEN = "[hidden]"
"""Stands in the log for a secret."""
_OURS = ("searchsvc", "indexer")
_SERVER = "uvicorn"
_ACCESS = "uvicorn.access"  # has whole addresses, with what is searched for and keys of beacons
_PARTS_OF_SERVER = ("uvicorn.error", _ACCESS)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]{0,200}:)[^/\s@]{1,500}@")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What another formatter leaves in a record, and uvicorn's message once more, with colours.
_FORMATTED = ("message", "asctime", "color_message")
_EXCEPTION = "exception"
_OF_EXCEPTION = "  | "  # no line of the log begins so
_SHORTEST_SECRET = 4  # what is shorter would hide ordinary words


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is when a line is written, which a test may have replaced."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute there
        """Standard error."""
        return sys.stderr


def configure(
    log_format: LogFormat = "auto", level: LogLevel = "info", secrets: Iterable[str] = ()
) -> None:
    """Have this process log to standard error; a second call replaces what the first one did.

    Args:
        log_format: of a line.
        level: of our own lines, and above.
        secrets: texts that must never be in a line, whoever writes it.
    """
    handler = StandardError()
    handler.setFormatter(formatter(is_json=is_json(log_format), secrets=secrets))
    root = logging.getLogger()
    for old in [it for it in root.handlers if isinstance(it, StandardError)]:
        root.removeHandler(old)
    root.addHandler(handler)
    number = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(logging.WARNING, number))
    for name in (_SERVER, *_PARTS_OF_SERVER):  # whoever started it may have set it up already
        server = logging.getLogger(name)
        server.handlers.clear()
        server.setLevel(logging.NOTSET)
        server.propagate = name != _ACCESS
    logging.getLogger(_ACCESS).addHandler(logging.NullHandler())  # or Python prints it
    logging.getLogger(_SERVER).setLevel(max(logging.INFO, number))
    for name in _OURS:
        logging.getLogger(name).setLevel(number)
    logging.captureWarnings(capture=True)


def formatter(*, is_json: bool, secrets: Iterable[str] = ()) -> ProcessorFormatter:
    """What makes a line of a record.

    A JSON line has ``time`` (RFC 3339, UTC, milliseconds), ``level``, ``logger``, ``event``, the
    fields of whoever logs, ``request_id`` and ``query_id`` where there are any, and ``exception``
    with the stack as one text.
    """
    prepared: list[Processor] = [
        add_log_level,
        add_logger_name,
        ExtraAdder(),
        _add_mark,
        _add_time,
        structlog.processors.format_exc_info,
    ]
    steps: list[Processor] = [ProcessorFormatter.remove_processors_meta, _hiding(secrets)]
    if is_json:
        return ProcessorFormatter(
            foreign_pre_chain=prepared, processors=[*steps, _named, _json_line]
        )
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        timestamp_key="time",
        sort_keys=False,
        # Never with the values of variables: they are where secrets are.
        exception_formatter=structlog.dev.plain_traceback,
    )
    return ProcessorFormatter(
        foreign_pre_chain=prepared, processors=[*steps, _on_one_line, console]
    )


def is_json(log_format: LogFormat) -> bool:
    """Whether lines are JSON, as standard error is now."""
    return log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())


def _add_mark(_: Any, __: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's
    mark = current()
    if mark is not None:
        event.setdefault("request_id", mark.request_id)
        if mark.query_id:
            event.setdefault("query_id", mark.query_id)
    return event


def _add_time(_: Any, __: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's
    record = event.get("_record")
    seconds = record.created if record is not None else datetime.now(UTC).timestamp()
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    for known in _FORMATTED:
        event.pop(known, None)
    event["time"] = moment.replace("+00:00", "Z")
    return event


def _on_one_line(_: Any, __: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's
    """Without control characters: what somebody sent must not write lines of its own.

    An exception keeps its lines, which are for people; a mark before each tells them, those that
    an exception's message has among them, from lines of the log.
    """
    for name, value in event.items():
        if isinstance(value, str) and name == _EXCEPTION:
            lines = (_CONTROLS.sub(_escaped, line) for line in value.split("\n"))
            event[name] = "\n".join(_OF_EXCEPTION + line for line in lines)
        elif isinstance(value, str):
            event[name] = _CONTROLS.sub(_escaped, value)
    return event


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _hiding(
    secrets: Iterable[str],
) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """A processor that hides `secrets`, and passwords in URLs, in all texts of a line."""
    known = sorted({it for it in secrets if len(it) >= _SHORTEST_SECRET}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def clean(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        return _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text) if "://" in text else text

    def hide(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's
        for name, value in event.items():
            if isinstance(value, str):
                event[name] = clean(value)
            elif not isinstance(value, int | float | None):
                event[name] = clean(str(value))
        return event

    return hide


def _named(_: Any, __: str, event: EventDict) -> EventDict:  # noqa: ANN401 - structlog's
    """The fields that every line has, before the others."""
    first = {name: event.pop(name, "") for name in ("time", "level", "logger", "event")}
    return {**first, **event}


def _json_line(_: Any, __: str, event: EventDict) -> str:  # noqa: ANN401 - structlog's
    try:
        return orjson.dumps(event).decode()
    except TypeError:  # half of a surrogate pair
        return orjson.dumps({name: _encodable(value) for name, value in event.items()}).decode()


def _encodable(value: object) -> object:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
