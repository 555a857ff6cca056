from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.build.changes import PendingChanges, Renumbering, Revisions
from indexer.feeds.change import Change, Deletion, Update, Upsert
from indexer.feeds.free import MAX_ATTRIBUTES
from indexer.product import Price, Product, Rejection
from indexer.products import ProductsBuilder, ProductStore

IDS = ["a", "b", "ba", "c", "Z", "ä", "\U0001f600", "\uffff"]


def store(folder: Path, products: list[Product]) -> ProductStore:
    builder = ProductsBuilder(folder)
    for product in sorted(products, key=lambda it: it.id.encode()):
        builder.add(product, product.to_json())
    builder.write()
    return ProductStore(folder)


def shoe(product_id: str, **fields: object) -> Product:
    return Product(id=product_id, title="Red shoe", brand="Acme", **fields)  # type: ignore[arg-type]


def resolved(before: ProductStore, *changes: Change) -> Revisions:
    pending = PendingChanges(before)
    for change in changes:
        assert pending.take(change) is None
    return pending.revisions()


def update(product_id: str, **stated: object) -> Update:
    return Update(1, product_id, stated, {})


def test_a_price_is_told_and_a_title_is_reworded(tmp_path: Path) -> None:
    before = store(tmp_path, [shoe("a"), shoe("b")])
    revisions = resolved(
        before, update("b", price=Price(100, "EUR")), update("a", title="Blue shoe")
    )
    assert [(it.row, it.after.price) for it in revisions.told] == [(1, Price(100, "EUR"))]
    assert [(it.row, it.before.title, it.after.title) for it in revisions.reworded] == [
        (0, "Red shoe", "Blue shoe")
    ]
    assert revisions
    assert revisions.moves_words


def test_identifiers_and_categories_count_as_words(tmp_path: Path) -> None:
    before = store(tmp_path, [shoe("a", product_types=("Shoes > Red",)), shoe("b")])
    revisions = resolved(
        before, update("a", product_types=("Shoes", "Red")), update("b", gtin="4006381333931")
    )
    assert len(revisions.reworded) == 2


def test_numbers_and_links_are_no_words(tmp_path: Path) -> None:
    before = store(tmp_path, [shoe("a")])
    change = Update(1, "a", {"link": "https://shop.example/a"}, {"popularity": 5, "new": True})
    revisions = resolved(before, change)
    assert len(revisions.told) == 1
    assert not revisions.moves_words


def test_the_last_change_counts_and_what_ends_as_it_was_is_none(tmp_path: Path) -> None:
    before = store(tmp_path, [shoe("a"), shoe("b")])
    assert not resolved(
        before,
        update("a", title="Blue shoe"),
        update("a", title="Red shoe"),
        Deletion(3, "b"),
        Upsert(4, shoe("b")),
        Upsert(5, shoe("c")),
        Deletion(6, "c"),
    )


def test_updates_build_on_earlier_changes(tmp_path: Path) -> None:
    before = store(tmp_path, [shoe("a")])
    revisions = resolved(
        before, Upsert(1, shoe("b")), update("b", color="red"), update("b", size="9")
    )
    assert [(it.color, it.size) for it in revisions.added] == [("red", "9")]


def test_who_is_not_there_cannot_be_changed(tmp_path: Path) -> None:
    pending = PendingChanges(store(tmp_path, [shoe("a")]))
    answers = [
        pending.take(update("x", title="T")),
        pending.take(Deletion(2, "x")),
        pending.take(Deletion(3, "a")),
        pending.take(Deletion(4, "a")),
    ]
    assert [isinstance(it, Rejection) for it in answers] == [True, True, False, True]
    assert isinstance(answers[1], Rejection)
    assert (answers[1].position, answers[1].product_id) == (2, "x")
    assert [row for row, _ in pending.revisions().removed] == [0]


def test_updates_cannot_add_up_to_more_attributes_than_a_feed_could_state(tmp_path: Path) -> None:
    pending = PendingChanges(store(tmp_path, [shoe("a")]))
    names = [str(number) for number in range(MAX_ATTRIBUTES + 1)]
    assert pending.take(Update(1, "a", {}, dict.fromkeys(names[:-1], 1))) is None
    refused = pending.take(Update(2, "a", {"color": "red"}, {names[-1]: 1}))
    assert refused == Rejection(2, "attributes", "2,001", refused.reason if refused else "", "a")
    assert pending.take(Update(3, "a", {}, {names[-1]: 1}, frozenset({"0"}))) is None
    (revision,) = pending.revisions().told
    assert (revision.after.color, set(revision.after.attributes)) == ("", {*names[1:]})


def test_who_has_too_many_attributes_already_can_be_changed_but_gets_no_more(
    tmp_path: Path,
) -> None:
    many = {str(number): 1 for number in range(MAX_ATTRIBUTES + 1)}
    pending = PendingChanges(store(tmp_path, [shoe("a", attributes=many)]))
    assert pending.take(update("a", price=Price(100, "EUR"))) is None
    assert pending.take(Update(2, "a", {}, {"more": 1})) is not None


def test_attributes_are_as_a_build_reads_them(tmp_path: Path) -> None:
    before = store(tmp_path, [shoe("a")])
    (added,) = resolved(before, Upsert(1, shoe("b", attributes={"z": "1", "y": "2"}))).added
    assert list(added.attributes) == ["y", "z"]


@given(
    st.sets(st.sampled_from(IDS), min_size=1),
    st.sets(st.sampled_from(IDS)),
    st.sets(st.sampled_from(IDS)),
)
def test_rows_stay_in_the_order_of_ids(old: set[str], gone: set[str], new: set[str]) -> None:
    with TemporaryDirectory() as folder:
        before = store(Path(folder), [shoe(it) for it in old])
        changes: list[Change] = [Deletion(1, it) for it in sorted(gone & old)]
        changes += [Upsert(1, shoe(it)) for it in sorted(new - old)]
        changes += [update(it, title="Other") for it in sorted(new & old - gone)]
        revisions = resolved(before, *changes)
        numbering = Renumbering.of(before, revisions)
        after = sorted(old - gone | new - old, key=str.encode)
        expected = [after.index(it) if it in after else -1 for it in sorted(old, key=str.encode)]
        assert numbering.moved.tolist() == expected
        assert numbering.added.tolist() == [after.index(it.id) for it in revisions.added]

        moved = numbering.without(revisions.reworded)
        placed = numbering.placed(revisions.reworded, revisions.added)
        assert [after[row] for row, _ in placed] == [product.id for _, product in placed]
        rows = np.concatenate((moved[moved >= 0], [row for row, _ in placed]))
        assert sorted(rows.tolist()) == list(range(len(after)))
