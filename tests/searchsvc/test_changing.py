from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from searchsvc.changing import ProductChanges, _exchange, _failure
from searchsvc.errors import (
    ChangesFailedError,
    ChangesRefusedError,
    IndexBusyError,
    NotReadyError,
    SearchServiceError,
)

if TYPE_CHECKING:
    from tests.searchsvc.conftest import MakeSettings


def test_after_the_end_nothing_is_started_any_more(make_settings: MakeSettings) -> None:
    changes = ProductChanges(make_settings())
    changes.close()
    with pytest.raises(IndexBusyError, match="shutting down"):
        changes.apply("shop", [], mode="update", force=False)


@pytest.mark.parametrize(
    ("kinds", "expected", "is_repeated"),
    [
        (["IndexLockedError", "PublishError"], IndexBusyError, True),
        (["FeedRefusedError", "FeedError"], ChangesRefusedError, True),
        (["SnapshotCorruptError", "SnapshotError"], NotReadyError, True),
        (["ModelUnavailableError", "ModelError"], ChangesRefusedError, False),
        (["GateRefusedError", "PublishError"], ChangesRefusedError, False),
        (["OSError", "Exception"], ChangesFailedError, False),
    ],
)
def test_errors_keep_their_meaning_and_places_of_the_machine_stay_in_the_log(
    kinds: list[str],
    expected: type[SearchServiceError],
    is_repeated: bool,  # noqa: FBT001 - a parameter of the test
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = _failure(kinds, "/srv/secret is gone")
    assert type(error) is expected
    assert ("/srv/secret" in str(error)) is is_repeated
    assert "/srv/secret" in caplog.text


def test_a_process_that_is_gone_answers_nothing() -> None:
    command = [sys.executable, "-c", ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.wait()
        assert _exchange(process, b"x" * 100_000) == b""
        assert process.stdin is not None
        try:
            process.stdin.close()
        except BrokenPipeError:
            process.stdin = None
    with subprocess.Popen(command) as process:
        assert _exchange(process, b"x") == b""
