"""The package versions that exist: those of `--packages`, or any with a well-formed 04t id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator import typed
from provisioner.emulator.ids import to_15, to_18

if TYPE_CHECKING:
    from provisioner.emulator.org import Surroundings

VERSION_ID = re.compile(r"04t[a-zA-Z0-9]{12}(?:[a-zA-Z0-9]{3})?\Z")


@dataclass(frozen=True)
class PackageVersion:
    """A package version. In a packages file it is an object by its 04t id, all keys optional:

    `name`, `namespace`, `version` ("1.2.0.3"), `package_id` (033…), `installation_key`,
    `managed`, `beta` (booleans), `depends_on` (04t ids), `available_after` (seconds from the
    world's start during which the version is not there yet), `error` (a message with which
    each install ends), `duration` (seconds), `permission_sets` (names, or objects with `name`
    and `label`), `objects` (names, or objects with `name`, `label`, `fields`: name → describe
    type), `classes` (names). Names are given without the namespace.
    """

    id: str
    name: str
    package_id: str
    namespace: str | None = None
    version: tuple[int, int, int, int] = (1, 0, 0, 1)
    installation_key: str | None = field(default=None, repr=False)
    is_managed: bool = False
    is_beta: bool = False
    depends_on: tuple[str, ...] = ()
    available_after: float = 0.0
    error: str = ""
    duration: float | None = None
    permission_sets: tuple[Mapping[str, Any], ...] = ()
    objects: tuple[Mapping[str, Any], ...] = ()
    classes: tuple[str, ...] = ()
    is_unknown: bool = False  # nobody has said what it contains

    @property
    def number(self) -> str:
        """`1.2.0`, as messages name a version."""
        major, minor, patch, _ = self.version
        return f"{major}.{minor}" if patch == 0 else f"{major}.{minor}.{patch}"


OTHERS = "*"
"""As a version id: all versions that are not listed exist as well, with unknown content."""


def find_version(world: Surroundings, version_id: str) -> PackageVersion | None:
    """The version of this id (15 or 18 characters); None when it does not exist."""
    if not VERSION_ID.match(version_id):
        return None
    if world.packages is None:
        return _any_version(to_18(version_id))
    for known, data in world.packages.items():
        if to_15(known) == to_15(version_id):
            return _read(to_18(known), data)
    return _any_version(to_18(version_id)) if OTHERS in world.packages else None


def checked_packages(data: Any) -> dict[str, dict[str, Any]]:
    """Package versions by 04t id, as a file or a client gives them. Raises ValueError."""
    checked: dict[str, dict[str, Any]] = {}
    for version_id, one in typed.mapping(data, "packages").items():
        if version_id == OTHERS:
            checked[version_id] = {}
            continue
        if not VERSION_ID.match(version_id):
            raise ValueError(f"{version_id[:40]!r} is not a package version id (04t…)")
        try:
            _read(to_18(version_id), typed.mapping(one, "the value"))
        except (TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{version_id}: {error}") from error
        checked[version_id] = dict(one)
    return checked


def _any_version(version_id: str) -> PackageVersion:
    name = f"Package {version_id[:15]}"
    return PackageVersion(version_id, name, _package_id(version_id), is_unknown=True)


def _package_id(version_id: str) -> str:
    return to_18(f"033{version_id[3:15]}")


def _read(version_id: str, data: Mapping[str, Any]) -> PackageVersion:
    namespace = typed.text(data.get("namespace") or "", "namespace") or None
    key = data.get("installation_key", data.get("key"))
    duration = data.get("duration")
    return PackageVersion(
        id=version_id,
        name=str(data.get("name") or f"Package {version_id[:15]}"),
        package_id=to_18(str(data.get("package_id") or _package_id(version_id))),
        namespace=namespace,
        version=_numbers(str(data.get("version", "1.0.0.1"))),
        installation_key=str(key) if key else None,
        is_managed=bool(data.get("managed", namespace is not None)),
        is_beta=bool(data.get("beta", False)),
        depends_on=tuple(typed.texts(list(data.get("depends_on", ())), "depends_on")),
        available_after=typed.number(data.get("available_after", 0), "available_after"),
        error=str(data.get("error", "")),
        duration=None if duration is None else float(typed.number(duration, "duration")),
        permission_sets=_named(data.get("permission_sets", ())),
        objects=_named(data.get("objects", ())),
        classes=tuple(typed.texts(list(data.get("classes", ())), "classes")),
    )


def _numbers(version: str) -> tuple[int, int, int, int]:
    digits = [int(one) for one in re.findall(r"\d+", version)][:4]
    major, minor, patch, build = (*digits, *(0, 0, 0, 1)[len(digits) :])
    return major, minor, patch, build


def _named(entries: Any) -> tuple[Mapping[str, Any], ...]:
    named = [{"name": one} if isinstance(one, str) else dict(one) for one in entries]
    for one in named:
        typed.text(one.get("name"), "name")
    return tuple(named)
