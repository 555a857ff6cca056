from __future__ import annotations

from base64 import b64decode

import pytest

from benchmarks.report.pictures import Pictures, picture_address
from searchsvc.sample.image import product_image


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:8000/sample/image/hiking-boots/336699.svg",
        "http://127.0.0.1/sample/image/hiking-boots/336699.svg",
        "/sample/image/hiking-boots/336699.svg",
        "sample/image/hiking-boots/336699.svg",
    ],
)
def test_pictures_of_the_sample_are_in_the_file(link: str) -> None:
    kind, _, data = picture_address(link).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b64decode(data) == product_image("hiking-boots", "336699")


@pytest.mark.parametrize("link", ["https://shop.example/a.jpg?b=<c>", "http://shop.example/a"])
def test_pictures_of_a_shop_stay_where_they_are(link: str) -> None:
    assert picture_address(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "pictures/a.jpg",
        "//shop.example/a.jpg",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "http:///a.jpg",
        "http://[::1/a.jpg",
        "/sample/image/spaceship/336699.svg",
        "/sample/image/hiking-boots/colour.svg",
        "/sample/image/../hiking-boots/336699.svg",
    ],
)
def test_there_is_no_picture_at_any_other_address(link: str) -> None:
    assert picture_address(link) == ""


def test_every_picture_is_kept_once() -> None:
    pictures = Pictures()
    links = ["https://shop.example/a", "", "https://shop.example/b", "https://shop.example/a"]
    assert [pictures.place(link) for link in links] == [0, None, 1, 0]
    assert pictures.addresses == ["https://shop.example/a", "https://shop.example/b"]
