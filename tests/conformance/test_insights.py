"""Events of the stock clients: search-insights, and InstantSearch as documented."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from searchsvc.events.event import EventKind, Item
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.conformance.catalogue import INDEX
from tests.conformance.toolchain import HERE, program

if TYPE_CHECKING:
    from searchsvc.events.event import Event
    from tests.browser.conftest import Site
    from tests.conformance.catalogue import Catalogue


@pytest.mark.usefixtures("installed")
def test_their_events_arrive_as_what_they_are(service: Site, catalogue: Catalogue) -> None:
    product = catalogue.records[0]["id"]
    command = [program("node"), HERE / "clients" / "insights.js", service.base, INDEX, product]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["sent"] == [True] * 9
    assert outcome["page"]["status"] == 200

    store = StateStore.open(Settings(data_dir=service.data_dir), create=False)
    users = {store.user_key(token): token for token in ("anon-insights", "anon-page")}
    found: dict[str, list[Event]] = {token: [] for token in users.values()}
    for event in store.events(INDEX):
        found[users[event.user]].append(event)
    store.close()

    plain = (Item(product),)
    query_id = "0123456789abcdef" * 2
    by_content = {(event.kind, event.items, event.query_id) for event in found["anon-insights"]}
    assert by_content == {
        (EventKind.CLICK, (Item(product, 2),), query_id),
        (EventKind.CLICK, plain, None),
        (EventKind.VIEW, plain, None),
        (EventKind.ADD_TO_CART, (Item(product, None, 2, 19.9),), query_id),
        (EventKind.PURCHASE, (Item(product, None, 3, 19.9),), None),
    }
    assert len(found["anon-insights"]) == 5  # a conversion alone is none

    (click,) = found["anon-page"]
    sent = outcome["page"]["payload"]
    assert click.kind is EventKind.CLICK
    assert click.items == (Item(sent["objectIDs"][0], 2),)
    assert click.query_id == sent["queryID"]
