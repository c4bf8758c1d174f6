"""`DISTANCE(Location__c, GEOLOCATION(37.775, -122.418), 'mi')`: distances between locations.

Source: "Location-Based SOQL Queries" in the SOQL and SOSL Reference. In conditions a distance is
compared by `<` and `>` alone. The texts of the refusals were not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from math import asin, cos, radians, sin, sqrt
from typing import Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.soql.errors import located
from provisioner.emulator.soql.model import Call, Location, Point
from provisioner.emulator.soql.names import Scope, follow

_RADIUS = {"mi": 3958.7613, "km": 6371.0088}  # of the earth
Coordinates = tuple[float, float]
Getter = Callable[[Any], Coordinates | None]


def bind_distance(scope: Scope, call: Call) -> tuple[Field, Callable[[Any], Any]]:
    """The type of a distance, and how to compute it for a record; null where a location is."""
    getters = [_coordinates(scope, call, location) for location in call.locations]
    radius = _RADIUS[call.unit]

    def value(record: Any) -> float | None:
        first, second = (getter(record) for getter in getters)
        return None if first is None or second is None else _between(first, second) * radius

    return Field(call.text, "double"), value


def _coordinates(
    scope: Scope, call: Call, location: Location
) -> Callable[[Any], Coordinates | None]:
    if isinstance(location, Point):
        return lambda _record: (location.latitude, location.longitude)
    bound = scope.bind(location)
    names = _names(bound.field)
    if names is None:
        message = f"DISTANCE() needs a geolocation or address field: {location.text}"
        raise located("MALFORMED_QUERY", scope.context.text, call.position, message)

    def value(record: Any) -> Coordinates | None:
        found = follow(scope.context.store, record, bound.hops) or {}
        latitude, longitude = (found.get(name) for name in names)
        if latitude is None or longitude is None:
            return None
        return float(latitude), float(longitude)

    return value


def _names(field: Field) -> tuple[str, str] | None:
    """The fields with the coordinates of a location or an address."""
    if field.type == "address":
        prefix = field.name.removesuffix("Address")
        return f"{prefix}Latitude", f"{prefix}Longitude"
    if field.type == "location":
        prefix = field.name.removesuffix("__c")
        return f"{prefix}__Latitude__s", f"{prefix}__Longitude__s"
    return None


def _between(first: Coordinates, second: Coordinates) -> float:
    """The angle between two locations, in radians (haversine formula)."""
    latitude1, longitude1 = map(radians, first)
    latitude2, longitude2 = map(radians, second)
    across = sin((latitude2 - latitude1) / 2) ** 2
    along = cos(latitude1) * cos(latitude2) * sin((longitude2 - longitude1) / 2) ** 2
    return 2 * asin(min(1.0, sqrt(across + along)))
