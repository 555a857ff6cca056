"""A product's JSON with something else in the places of its texts."""

from __future__ import annotations

from searchsvc.results.shape import shaped


def test_texts_are_replaced_where_they_are_and_nothing_else_is_kept() -> None:
    product = {
        "title": "a", "price": 3, "tags": ["b", 4, ["c"]], "none": [5],
        "attributes": {"x": "d", "y": {"z": "e", "n": 1}, "w": 2}, "a.b": "f",
    }  # fmt: skip

    def mark(text: str, field: str) -> str:
        return f"{field}={text}"

    wanted = ("title", "price", "tags", "none", "attributes", "a.b", "absent", "title.inner")
    assert shaped(product, dict.fromkeys(wanted, mark)) == {
        "title": "title=a",
        "tags": ["tags=b", ["tags=c"]],
        "attributes": {"x": "attributes.x=d", "y": {"z": "attributes.y.z=e"}},
        "a.b": "a.b=f",
    }


def test_fields_inside_one_object_are_put_together() -> None:
    product = {"o": {"p": "1", "q": "2", "r": {"s": "3"}}}
    marks = {name: lambda text, _: int(text) for name in ("o.p", "o.r.s", "o.none")}
    assert shaped(product, marks) == {"o": {"p": 1, "r": {"s": 3}}}
