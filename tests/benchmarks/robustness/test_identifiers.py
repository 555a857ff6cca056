from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.robustness.identifiers import Identifiers, Kind, Style, identity, writings
from indexer.identifiers import MOST_SHARED
from indexer.product import Product

part_numbers = st.text(st.sampled_from("abYZ0019 -/._–™éß½#"), min_size=1, max_size=16)


def catalogue(*products: Product) -> Identifiers:
    identifiers = Identifiers()
    for product in products:
        identifiers.add(product)
    return identifiers


def drawn(identifiers: Identifiers, count: int = 1_000) -> dict[tuple[Kind, str], set[str]]:
    return {(i.kind, i.text): set(i.product_ids) for i in identifiers.draw(count, 1)}


def styled(kind: Kind, text: str) -> dict[Style, str]:
    return {style: writing for writing, style in writings(kind, text).items()}


def test_a_part_number_is_written_in_five_styles() -> None:
    assert styled(Kind.MPN, "TN-2110/B") == {
        Style.AS_IS: "TN-2110/B",
        Style.LOWER: "tn-2110/b",
        Style.CLOSED: "TN2110B",
        Style.SPACED: "TN 2110 B",
        Style.DASHED: "TN-2110-B",
    }


@pytest.mark.parametrize(
    ("gtin", "printed", "other"),
    [
        ("4006381333931", "4 006381 333931", "04006381333931"),
        ("036000291452", "0 36000 29145 2", "36000291452"),
        ("96385074", "9638 5074", "00000096385074"),
        ("14006381333938", "1 40 06381 33393 8", None),
        ("00000096385074", "0 00 00096 38507 4", "96385074"),
    ],
)
def test_a_gtin_is_printed_as_below_its_bar_code_and_loses_or_gains_zeros(
    gtin: str, printed: str, other: str | None
) -> None:
    expected = {Style.AS_IS: gtin, Style.SPACED: printed}
    assert styled(Kind.GTIN, gtin) == expected | ({Style.DASHED: other} if other else {})


def test_a_gtin_of_unknown_length_is_not_cut_up() -> None:
    assert set(styled(Kind.GTIN, "12345")) == {Style.AS_IS, Style.DASHED}


def test_a_gtin_with_dashes_is_closed_up() -> None:
    assert styled(Kind.GTIN, "978-0-306-40615-7")[Style.CLOSED] == "9780306406157"


def test_a_writing_that_repeats_an_earlier_one_is_not_asked_twice() -> None:
    assert styled(Kind.ID, "12345") == {Style.AS_IS: "12345"}
    assert set(styled(Kind.ID, "p0001")) == {Style.AS_IS, Style.SPACED, Style.DASHED}


@given(st.sampled_from(Kind), part_numbers)
def test_every_writing_means_the_same_identifier(kind: Kind, text: str) -> None:
    if not identity(text):
        return
    different = writings(kind, text)
    assert next(iter(different)) == text
    assert {identity(writing) for writing in different} == {identity(text)}
    assert len(set(different.values())) == len(different)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TN-2110", "tn2110"),
        ("0036", "36"),
        ("0-0", "0"),
        ("00A", "00a"),
        ("™", "tm"),
        ("-/-", ""),
    ],
)
def test_identity_keeps_letters_and_digits_without_leading_zeros(text: str, expected: str) -> None:
    assert identity(text) == expected


def test_all_fields_that_identify_are_drawn() -> None:
    attributes = MappingProxyType({"SKU": 4711.0, "colour": "red9"})
    product = Product(id="p1", title="t", gtin="4006381333931", mpn="TN-1", attributes=attributes)
    assert drawn(catalogue(product)) == {
        (Kind.ID, "p1"): {"p1"},
        (Kind.SKU, "4711"): {"p1"},
        (Kind.GTIN, "4006381333931"): {"p1"},
        (Kind.MPN, "TN-1"): {"p1"},
    }


def test_a_sku_that_is_a_list_or_a_switch_is_none() -> None:
    products = [
        Product(id="p1", title="t", attributes=MappingProxyType({"sku": ("A1", "B2")})),
        Product(id="p2", title="t", attributes=MappingProxyType({"sku": True})),
        Product(id="p3", title="t", attributes=MappingProxyType({"sku": "C3"})),
    ]
    assert [text for kind, text in drawn(catalogue(*products)) if kind is Kind.SKU] == ["C3"]


def test_a_shared_identifier_belongs_to_all_who_have_it_in_any_field() -> None:
    found = drawn(
        catalogue(
            Product(id="a", title="t", mpn="TN 2110"),
            Product(id="b", title="t", mpn="tn-2110"),
            Product(id="TN2110", title="t"),
        )
    )
    # Drawn once: as an id, the first of the kinds.
    assert found[Kind.ID, "TN2110"] == {"a", "b", "TN2110"}
    assert not [text for kind, text in found if kind is Kind.MPN]


@pytest.mark.parametrize("more", [0, 1])
def test_what_too_many_products_share_is_a_placeholder(more: int) -> None:
    sharing = [Product(id=f"p{n}", title="t", mpn="X-1") for n in range(MOST_SHARED + more)]
    assert ((Kind.MPN, "X-1") in drawn(catalogue(*sharing))) == (not more)


def test_zeros_and_punctuation_identify_nothing_except_as_an_id() -> None:
    products = (
        Product(id="0", title="t", gtin="0000000000000", mpn="0"),
        Product(id="p", title="t", mpn="---"),
    )
    assert set(drawn(catalogue(*products))) == {(Kind.ID, "0"), (Kind.ID, "p")}


@pytest.mark.parametrize(
    "mpn",
    ["TN-2110", "dv7-1211ea", "QUA-XGYCU-CRI", "LC 42PFL7603D/10", "8523.31", "Cat5E, 1000ft"],
)
def test_capitals_and_digits_make_a_part_number(mpn: str) -> None:
    identifiers = catalogue(Product(id="p", title="t", mpn=mpn))
    assert (Kind.MPN, mpn) in drawn(identifiers)
    assert identifiers.names == 0


@pytest.mark.parametrize(
    "mpn", ['Privacy Screen 17"', "Tripod", "A4 B5 C6 D7", "X1" * 20, "Notebook mouse SPM4900/10"]
)
def test_a_name_in_the_field_of_the_part_number_is_left_out_and_counted(mpn: str) -> None:
    identifiers = catalogue(Product(id="p", title="t", mpn=mpn))
    assert (Kind.MPN, mpn) not in drawn(identifiers)
    assert identifiers.names == 1


def test_the_kinds_share_alike_and_what_one_lacks_the_others_supply() -> None:
    products = [
        Product(id=f"p{n}", title="t", mpn=f"M-{n}", gtin=f"40000000000{n}" if n < 5 else "")
        for n in range(10, 90)
    ] + [Product(id="q", title="t", gtin=f"{n}96385074") for n in range(1, 6)]
    kinds = [identifier.kind for identifier in catalogue(*products).draw(65, 1)]
    assert {kind: kinds.count(kind) for kind in Kind} == {
        Kind.ID: 30,
        Kind.SKU: 0,
        Kind.GTIN: 5,
        Kind.MPN: 30,
    }


def test_equal_seeds_draw_the_same_and_others_others() -> None:
    identifiers = catalogue(*(Product(id=f"p{n}", title="t") for n in range(100)))
    assert identifiers.draw(20, 1) == identifiers.draw(20, 1)
    assert identifiers.draw(20, 1) != identifiers.draw(20, 2)
    assert len({identifier.text for identifier in identifiers.draw(20, 1)}) == 20
