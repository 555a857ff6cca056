"""The page's API: what it answers, and whom it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from searchsvc.http.guard import MAX_BODY_BYTES
from searchsvc.judging.app import create_judging_app
from searchsvc.judging.store import read_ratings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indexer.snapshot import Snapshot
    from tests.searchsvc.judging.conftest import MakeSession

TOKEN = "a-token"  # noqa: S105 - of the test
HOST = "127.0.0.1:8001"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
RATING = {"query_id": "q001", "product_id": "Red/shoe", "label": 3}


@pytest.fixture
def client(make_session: MakeSession, snapshot: Snapshot) -> Iterator[TestClient]:
    app = create_judging_app(make_session(), snapshot, TOKEN, frozenset({HOST}))
    with TestClient(app, f"http://{HOST}", raise_server_exceptions=False) as client:
        client.headers.update(HEADERS)
        yield client


def refusal(answer: Any, status: int) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    detail: str = problem["detail"]
    return detail


def test_the_session_tells_rater_index_and_how_far_each_query_is(client: TestClient) -> None:
    session = client.get("/api/session").json()
    assert session["rater"] == "anna"
    assert session["index"] == "shop"
    first, second = session["queries"]
    assert first["text"] == "red shoe"
    assert first["class"] == "name"
    assert (second["id"], second["rated"]) == ("q002", 0)
    assert first["pooled"] == len(client.get("/api/queries/q001").json())


def test_a_pool_shows_products_and_nothing_of_where_they_are_from(client: TestClient) -> None:
    items = client.get("/api/queries/q001").json()
    assert {tuple(item) for item in items} == {("product", "rating")}
    by_id = {item["product"]["id"]: item["product"] for item in items}
    assert by_id["Red/shoe"]["title"] == "Red shoe"
    assert by_id["Red/shoe"]["price"] == {"minor_units": 1000, "currency": "EUR"}


def test_a_label_a_skip_and_taking_back_are_shown_the_next_time(
    client: TestClient, judged: Path
) -> None:
    def rating() -> Any:
        items = client.get("/api/queries/q001").json()
        return next(i["rating"] for i in items if i["product"]["id"] == "Red/shoe")

    assert rating() is None
    for label in (0, 1, 2, 3, None):
        assert client.post("/api/ratings", json={**RATING, "label": label}).status_code == 204
        assert rating() == {"label": label}
        assert read_ratings(judged)[-1].label == label
    assert client.post("/api/withdrawals", json=RATING).status_code == 204
    assert rating() is None
    assert client.get("/api/session").json()["queries"][0]["rated"] == 0


@pytest.mark.parametrize("label", [4, -1, 1.5, "2", True, [], {}])
def test_a_label_off_the_scale_is_refused(client: TestClient, judged: Path, label: object) -> None:
    answer = client.post("/api/ratings", json={**RATING, "label": label})
    assert "label" in refusal(answer, 400)
    assert read_ratings(judged) == []


@pytest.mark.parametrize("absent", list(RATING))
def test_a_rating_with_something_missing_is_refused(client: TestClient, absent: str) -> None:
    rating = {name: value for name, value in RATING.items() if name != absent}
    assert absent in refusal(client.post("/api/ratings", json=rating), 400)


def test_what_is_not_there_to_rate_is_refused(client: TestClient) -> None:
    answer = client.post("/api/ratings", json={**RATING, "product_id": "x"})
    assert "not among those to rate" in refusal(answer, 400)
    assert "no query 'q/9'" in refusal(client.get("/api/queries/q%2F9"), 400)
    assert "expected JSON" in refusal(
        client.post("/api/ratings", content=b"{", headers={"content-type": "application/json"}),
        400,
    )


@pytest.mark.parametrize(
    "credentials",
    ["", TOKEN, "Bearer ", "Bearer a-toke", "Bearer a-token2", f"Basic {TOKEN}", "Bearer \xe4"],
)
def test_nothing_is_told_or_taken_without_the_token(
    client: TestClient, judged: Path, credentials: str
) -> None:
    headers = {"Authorization": credentials.encode("latin-1")}
    for answer in (
        client.get("/api/session", headers=headers),
        client.get("/api/queries/q001", headers=headers),
        client.post("/api/ratings", json=RATING, headers=headers),
        client.post("/api/withdrawals", json=RATING, headers=headers),
    ):
        assert "token" in refusal(answer, 403)
    assert read_ratings(judged) == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8001", "127.0.0.1", ""])
def test_a_name_that_was_made_to_point_here_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/api/session"):
        answer = client.get(path, headers={"Host": host})
        assert "open the address that the command printed" in refusal(answer, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8000"])
def test_another_origin_is_refused_even_with_the_token(
    client: TestClient, judged: Path, origin: str
) -> None:
    answer = client.post("/api/ratings", json=RATING, headers={"Origin": origin})
    assert repr(origin) in refusal(answer, 403)
    assert read_ratings(judged) == []


def test_the_pages_own_origin_is_answered(client: TestClient) -> None:
    answer = client.post("/api/ratings", json=RATING, headers={"Origin": f"http://{HOST}"})
    assert answer.status_code == 204


def test_where_names_are_not_known_any_host_is_answered_but_no_foreign_origin(
    make_session: MakeSession, snapshot: Snapshot
) -> None:
    app = create_judging_app(make_session(), snapshot, TOKEN, None)
    with TestClient(app, "http://desk.lan:8001") as client:
        client.headers.update(HEADERS)
        assert client.get("/api/session").status_code == 200
        answer = client.get("/api/session", headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/judge.js", "text/javascript"),
        ("/judge.css", "text/css"),
        ("/style.css", "text/css"),
        ("/card.js", "text/javascript"),
        ("/money.js", "text/javascript"),
        ("/favicon.svg", "image/svg+xml"),
        ("/sample/image/jacket/navy.svg", ""),
    ],
)
def test_the_page_and_its_files_need_no_token(client: TestClient, path: str, kind: str) -> None:
    answer = client.get(path, headers={"Authorization": ""})
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_is_the_judging_page_and_not_the_storefront(client: TestClient) -> None:
    assert "Judging" in client.get("/").text


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post("/api/ratings", content=b"x" * (MAX_BODY_BYTES + 1))
    assert "more than" in refusal(answer, 413)


def test_a_full_disk_is_told_without_telling_paths(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, judged: Path
) -> None:
    monkeypatch.setattr("os.fsync", _no_space)
    detail = refusal(client.post("/api/ratings", json=RATING), 500)
    assert str(judged) not in detail
    monkeypatch.undo()
    assert read_ratings(judged) == []


def _no_space(_: int) -> None:
    raise OSError(28, "No space left on device")
