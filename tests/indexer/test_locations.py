from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.locations import EARTH_RADIUS_M, Locations
from indexer.product import Location

_places = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180)) | st.sampled_from(
    [Location(48.8566, 2.3522), Location(90, 0), Location(0, 180), Location(0, -180)]
)
_products = st.lists(st.lists(_places, max_size=3), min_size=1, max_size=8)


def locations_of(products: list[list[Location]]) -> Locations:
    rows = [row for row, places in enumerate(products) for _ in places]
    flat = [place for places in products for place in places]
    distinct = list(dict.fromkeys(flat))
    return Locations(
        len(products),
        np.array(rows, np.int32),
        np.array([distinct.index(place) for place in flat], np.int32),
        np.array([place.latitude for place in distinct]),
        np.array([place.longitude for place in distinct]),
    )


def haversine(a: Location, b: Location) -> float:
    here, there = math.radians(a.latitude), math.radians(b.latitude)
    turn = math.radians(b.longitude - a.longitude)
    share = math.sin((there - here) / 2) ** 2
    share += math.cos(here) * math.cos(there) * math.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(share, 1.0)))


@given(_products, _places, st.floats(0, 3e7))
def test_what_is_near_is_what_a_loop_over_the_places_finds(
    products: list[list[Location]], center: Location, within_m: float
) -> None:
    metres = [[haversine(center, place) for place in places] for places in products]
    # Rounding may decide about what is exactly as far; so near to antipodes it is coarse.
    assume(all(abs(far - within_m) > 1 for places in metres for far in places))
    found = locations_of(products).near(center, within_m)
    assert found.tolist() == [any(far <= within_m for far in places) for places in metres]


@given(_products, _places)
def test_the_distance_of_a_product_is_that_of_its_nearest_place(
    products: list[list[Location]], origin: Location
) -> None:
    found = locations_of(products).distances(origin)
    expected = [
        min((haversine(origin, place) for place in places), default=math.nan)
        for places in products
    ]
    assert found.tolist() == pytest.approx(expected, abs=1, nan_ok=True)


def test_distances_are_those_of_the_literature() -> None:
    # 90 degrees of a great circle, and the 5,570 km from New York's airport to London's.
    places = [[Location(0, 90)], [Location(51.4775, -0.461389)], []]
    assert locations_of(places).distances(Location(0, 0))[0] == pytest.approx(
        EARTH_RADIUS_M * math.pi / 2
    )
    from_kennedy = locations_of(places).distances(Location(40.639722, -73.778889))
    assert from_kennedy[1] == pytest.approx(5_540_000, rel=0.002)
    assert math.isnan(from_kennedy[2])


def test_the_place_itself_is_near_at_any_distance() -> None:
    locations = locations_of([[Location(48.8566, 2.3522)], [Location(48.8567, 2.3522)]])
    assert locations.near(Location(48.8566, 2.3522), 0).tolist() == [True, False]
    assert locations.near(Location(48.8566, 2.3522), 12).tolist() == [True, True]


@given(_products, _places, _places)
def test_a_box_has_its_edges_and_may_cross_the_antimeridian(
    products: list[list[Location]], first: Location, second: Location
) -> None:
    north, south = max(first.latitude, second.latitude), min(first.latitude, second.latitude)
    west, east = first.longitude, second.longitude

    def is_inside(place: Location) -> bool:
        if not south <= place.latitude <= north:
            return False
        if west <= east:
            return west <= place.longitude <= east
        return place.longitude >= west or place.longitude <= east

    found = locations_of(products).in_box(north=north, west=west, south=south, east=east)
    assert found.tolist() == [any(map(is_inside, places)) for places in products]


@given(
    st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=1, max_size=10),
    st.integers(-180, 180),
)
def test_a_polygon_is_the_same_wherever_it_is_turned_around_the_axis(
    points: list[tuple[int, int]], turn: int
) -> None:
    def turned(latitude: float, longitude: float) -> Location:
        return Location(latitude, (longitude + turn + 180) % 360 - 180)

    # A dart: the notch at (0, 0) makes it concave. No point lies on its edges.
    corners = [turned(30, -30), turned(0, 0), turned(30, 30), turned(-30.5, 0.25)]
    products = [[turned(y + 0.125, x + 0.0625)] for y, x in points]
    expected = [_is_in_dart(y + 0.125, x + 0.0625) for y, x in points]
    assert locations_of(products).in_polygon(corners).tolist() == expected


def _is_in_dart(y: float, x: float) -> bool:
    """Left or right half: inside of the outer edge and below the notch."""
    if x < 0 or (x < 0.25 and y < 0):
        outer = -30 + 30.25 * (30 - y) / 60.5
        return y < -x and x > outer and y > -30.5
    outer = 30 - 29.75 * (30 - y) / 60.5
    return y < x < outer and y > -30.5


def test_without_places_nothing_is_anywhere() -> None:
    none = Locations.none(2)
    assert not none.near(Location(0, 0), 1e9).any()
    assert not none.in_box(north=90, west=-180, south=-90, east=180).any()
    assert not none.in_polygon([Location(0, 0), Location(0, 1), Location(1, 0)]).any()
    assert np.isnan(none.distances(Location(0, 0))).tolist() == [True, True]
