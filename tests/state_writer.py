"""A process that appends batches of events without end, and says of each that it is stored.

``python -m tests.state_writer DATA_DIR STATE_URL BATCHES``
"""

from __future__ import annotations

import sys
from pathlib import Path

from searchsvc.events.event import Event
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.happenings import USERS, make_event

PER_BATCH = 20
PRODUCTS = ("a", "b", "c")


def batch(number: int) -> list[Event]:
    """Events of batch `number`; the same ones in each process."""
    return [
        make_event(f"e{number}-{n}", *PRODUCTS, user=USERS[n % len(USERS)], time_ms=number)
        for n in range(PER_BATCH)
    ]


def main(data_dir: str, state_url: str, batches: str) -> None:
    key = "k" * 32
    store = StateStore.open(
        Settings(data_dir=Path(data_dir), state_url=state_url, token_key=key)  # type: ignore[arg-type] # parsed
    )
    for number in range(int(batches)):
        outcome = store.append(batch(number))
        print(number, outcome.stored, flush=True)  # noqa: T201 - the acknowledgement
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
