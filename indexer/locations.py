"""Locations: the places on the earth at which products are, as arrays.

Angles are degrees (WGS 84), distances metres along a great circle of a sphere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the WGS 84 ellipsoid."""
_SLACK = 1e-9  # degrees, about 0.1 mm: the band of latitudes must lose nothing to rounding


class Coordinates(Protocol):
    """A place, in degrees."""

    @property
    def latitude(self) -> float:
        """North of the equator, -90 to 90."""
        ...

    @property
    def longitude(self) -> float:
        """East of Greenwich, -180 to 180."""
        ...


@dataclass(frozen=True, slots=True)
class Locations:
    """The places of all products of a snapshot; a product has any number of them.

    Many products are at few places, the shops: what depends on a place is computed once for it.

    Attributes:
        products: the number of rows of the snapshot.
        rows: int32 ``(n,)``, ascending: a product,
        places: int32 ``(n,)``: and one of its places.
        latitudes: float64 ``(places,)``.
        longitudes: float64 ``(places,)``.
    """

    products: int
    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]

    @classmethod
    def none(cls, products: int) -> Locations:
        """Those of a snapshot without any."""
        none = np.empty(0, np.int32)
        return cls(products, none, none, np.empty(0), np.empty(0))

    def near(self, center: Coordinates, within_m: float) -> NDArray[np.bool_]:
        """The products with a place at most `within_m` from `center`, bool ``(products,)``."""
        reach = np.degrees(within_m / EARTH_RADIUS_M) + _SLACK
        band = np.flatnonzero(np.abs(self.latitudes - center.latitude) <= reach)
        inside = np.zeros(len(self.latitudes), np.bool_)
        metres = _distances(center, self.latitudes[band], self.longitudes[band])
        inside[band] = metres <= within_m
        return self._products(inside)

    def in_box(self, *, north: float, west: float, south: float, east: float) -> NDArray[np.bool_]:
        """The products with a place in a box, edges included, bool ``(products,)``.

        A box that is farther west in the east than in the west crosses the antimeridian.
        """
        after, before = self.longitudes >= west, self.longitudes <= east
        inside = after & before if west <= east else after | before
        inside &= (self.latitudes <= north) & (self.latitudes >= south)
        return self._products(inside)

    def in_polygon(self, corners: Sequence[Coordinates]) -> NDArray[np.bool_]:
        """The products with a place in a polygon, bool ``(products,)``.

        An edge is straight in latitude and longitude and takes the shorter way around the earth,
        so that a polygon may cross the antimeridian; none may hold a pole. What lies exactly on
        an edge may count as inside or not. Even-odd rule.
        """
        latitudes = np.array([corner.latitude for corner in corners])
        longitudes = np.unwrap([corner.longitude for corner in corners], period=360.0)
        west = longitudes.min()
        x, y = west + (self.longitudes - west) % 360.0, self.latitudes
        inside = np.zeros(len(self.latitudes), np.bool_)
        for here in range(len(corners)):
            y0, y1 = latitudes[here - 1], latitudes[here]
            if y0 == y1:
                continue
            x0, x1 = longitudes[here - 1], longitudes[here]
            spans = (y0 > y) != (y1 > y)
            inside ^= spans & (x < x0 + (x1 - x0) * ((y - y0) / (y1 - y0)))
        return self._products(inside)

    def distances(self, origin: Coordinates) -> NDArray[np.float64]:
        """The metres from `origin` to the nearest place of each product.

        Returns:
            float64 ``(products,)``; NaN for a product without a place.
        """
        nearest = np.full(self.products, np.nan)
        if len(self.rows):
            metres = _distances(origin, self.latitudes, self.longitudes)[self.places]
            starts = np.flatnonzero(np.diff(self.rows, prepend=-1))
            nearest[self.rows[starts]] = np.minimum.reduceat(metres, starts)
        return nearest

    def _products(self, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        mask = np.zeros(self.products, np.bool_)
        mask[self.rows[inside[self.places]]] = True
        return mask


def _distances(
    origin: Coordinates, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The haversine formula (R. W. Sinnott, "Virtues of the Haversine", 1984)."""
    there, here = np.radians(latitudes), np.radians(origin.latitude)
    across = np.sin(np.radians(longitudes - origin.longitude) / 2) ** 2
    along = np.sin((there - here) / 2) ** 2
    share = along + np.cos(here) * np.cos(there) * across
    angles: NDArray[np.float64] = 2 * np.arcsin(np.sqrt(np.minimum(share, 1.0)))
    return EARTH_RADIUS_M * angles
