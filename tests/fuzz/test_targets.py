"""Every target over the inputs that once failed, and over some made by chance.

``make fuzz`` gives the same targets many more, guided by coverage.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tests.fuzz.inventory import CORPUS, TARGETS, load, seeds_of
from tests.fuzz.mutation import mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INPUTS = int(os.environ.get("SEARCHSVC_FUZZ_INPUTS", "500"))
"""Made by chance, for each target."""
MOST_BYTES = 64 << 20
"""That the work on one input may take beyond what is there before it."""
HANGS_AFTER_SECONDS = 30


@pytest.fixture(autouse=True)
def _never_hangs() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"hangs for more than {HANGS_AFTER_SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def chance(name: str) -> random.Random:
    return random.Random(name)  # noqa: S311 - the same at each run


def run(target: Callable[[bytes], None], data: bytes) -> None:
    signal.alarm(HANGS_AFTER_SECONDS)
    try:
        target(data)
    except Exception as error:
        error.add_note(f"the input: {data!r}")
        raise
    signal.alarm(0)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_is_too_much(name: str) -> None:
    module = load(name)
    for data in mutated(seeds_of(module), INPUTS, chance(name)):
        run(module.target, data)


@pytest.mark.parametrize("name", TARGETS)
def test_samples_are_taken_in_bounded_memory(name: str) -> None:
    module = load(name)
    inputs = [*seeds_of(module), *mutated(seeds_of(module), 20, chance(name))]
    for data in inputs:  # what is made once and kept is not what an input takes
        run(module.target, data)
    gc.collect()
    tracemalloc.start()
    try:
        for data in inputs:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            run(module.target, data)
            assert tracemalloc.get_traced_memory()[1] - before < MOST_BYTES, data
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=f"{path.parent.name}/{path.name}")
        for path in sorted(CORPUS.glob("*/*"))
    ],
)
def test_what_once_failed_does_no_more(path: Path) -> None:
    run(load(path.parent.name).target, path.read_bytes())


def test_the_corpus_is_of_targets_that_there_are() -> None:
    assert {path.name for path in CORPUS.iterdir()} <= set(TARGETS)


def test_a_target_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: bytes) -> Any:
        raise KeyError("x")

    module = load("filters")
    monkeypatch.setattr(module, "target", fail)
    with pytest.raises(KeyError) as caught:
        test_no_input_is_too_much("filters")
    assert "the input: b" in caught.value.__notes__[0]
