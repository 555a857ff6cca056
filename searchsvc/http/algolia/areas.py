"""Areas of the earth that a search is bounded to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.errors import BadFilterError
from searchsvc.http.algolia.values import point
from searchsvc.query.filters import area
from searchsvc.query.filters.limits import shown
from searchsvc.query.filters.tree import Or, Spot

if TYPE_CHECKING:
    from searchsvc.http.algolia.parameters import Parameters
    from searchsvc.query.filters.tree import Box, Filter, Polygon

_BOX = 4
_MOST_SHAPES = 50
_HALF_OF_THE_EARTH = 180
"""Degrees of longitude."""


def area_filter(parameters: Parameters) -> Filter | None:
    """The filter of boxes and polygons, if there are any, otherwise of point and radius.

    A point without a radius bounds nothing.

    Raises:
        BadFilterError: a box or polygon has the wrong number of coordinates, or impossible ones.
    """
    boxes = [_box(shape) for shape in parameters.inside_bounding_box]
    polygons = [_polygon(shape) for shape in parameters.inside_polygon]
    shapes: tuple[Box | Polygon, ...] = (*boxes, *polygons)
    if len(shapes) > _MOST_SHAPES:
        raise BadFilterError(f"insideBoundingBox: {len(shapes)} areas, at most {_MOST_SHAPES}")
    if shapes:
        return shapes[0] if len(shapes) == 1 else Or(shapes)
    center, radius = parameters.around_lat_lng, parameters.around_radius
    if center is None or radius is None:
        return None
    return area.near(center.latitude, center.longitude, radius, "aroundRadius")


def _box(shape: tuple[float, ...]) -> Box:
    """From two opposite corners."""
    place = "insideBoundingBox"
    if len(shape) != _BOX:
        raise BadFilterError(f"{place}: found {shown(shape)}, expected lat1,lng1,lat2,lng2")
    south, north = sorted(_spots(shape, place), key=lambda corner: corner.latitude)
    west, east = south.longitude, north.longitude
    # Corners come from either diagonal: InstantSearch sends the north-east and south-west ones.
    # A box that is wider than half of the earth as the other one crosses the antimeridian.
    if 0 < west - east <= _HALF_OF_THE_EARTH:
        west, east = east, west
    return area.box(north.latitude, west, south.latitude, east, place)


def _polygon(shape: tuple[float, ...]) -> Polygon:
    place = "insidePolygon"
    if len(shape) % 2:
        raise BadFilterError(f"{place}: found {shown(shape)}, expected pairs of lat,lng")
    return area.polygon(_spots(shape, place), place)


def _spots(shape: tuple[float, ...], place: str) -> list[Spot]:
    try:
        points = [point(*pair) for pair in zip(shape[::2], shape[1::2], strict=True)]
    except ValueError as error:
        raise BadFilterError(f"{place}: {error}") from error
    return [Spot(corner.latitude, corner.longitude) for corner in points]
