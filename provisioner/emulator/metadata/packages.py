"""The package versions that exist: those of `--packages`, or any with a well-formed 04t id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator import typed
from provisioner.emulator.ids import to_15, to_18
from provisioner.emulator.metadata.package_keys import PackageError, require_known_keys

if TYPE_CHECKING:
    from provisioner.emulator.org import Surroundings

VERSION_ID = re.compile(r"04t[a-zA-Z0-9]{12}(?:[a-zA-Z0-9]{3})?\Z")


@dataclass(frozen=True)
class PackageVersion:
    """A package version. In a packages file it is an object by its 04t id, all keys optional:

    `name`, `namespace`, `version` ("1.2.0.3"), `package_id` (033…; versions with the same name
    are of one package), `installation_key`, `managed`, `beta` (not released), `branch`,
    `deprecated`, `other_hub` (the Dev Hub does not own the package), `depends_on` (04t ids),
    `available_after` (seconds from the world's start during which the version is not there yet),
    `error` (a message with which each install ends), `duration` (seconds), `permission_sets`
    (names, or objects with `name` and `label`), `objects` (names, or objects with `name`,
    `label`, `fields`: name → describe type), `classes` (names), `unknown` (it may contain any
    name of its namespace). Names are given without the namespace.
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
    branch: str | None = None
    is_deprecated: bool = False
    is_of_other_hub: bool = False

    @property
    def number(self) -> str:
        """`1.2.0`, as messages name a version."""
        major, minor, patch, _ = self.version
        return f"{major}.{minor}" if patch == 0 else f"{major}.{minor}.{patch}"

    @property
    def hub_id(self) -> str:
        """The id of its package on the Dev Hub that owns it, 0Ho…"""
        return to_18(f"0Ho{self.package_id[3:15]}")


OTHERS = "*"
"""As a version id: all versions that are not listed exist as well, with unknown content."""


def find_version(world: Surroundings, version_id: str) -> PackageVersion | None:
    """The version of this id (15 or 18 characters); None when it does not exist."""
    if not VERSION_ID.match(version_id):
        return None
    for known, data in (*(world.packages or {}).items(), *world.invented_packages.items()):
        if to_15(known) == to_15(version_id):
            return _read(to_18(known), data)
    return _any_version(to_18(version_id)) if are_others_there(world) else None


def are_others_there(world: Surroundings) -> bool:
    """Whether packages exist that nobody has described."""
    return world.packages is None or OTHERS in world.packages


def described_versions(world: Surroundings) -> list[PackageVersion]:
    """All versions of the packages file, and those that were invented for their names."""
    described = {**(world.packages or {}), **world.invented_packages}
    return [_read(to_18(one), data) for one, data in described.items() if one != OTHERS]


def invent(world: Surroundings, package_id: str, name: str, number: tuple[int, ...]) -> None:
    """From now on there is this version of a package (033…), with unknown contents.

    A rehearsal needs it: only the real Dev Hub knows the packages that pool.yaml names.
    """
    version = ".".join(map(str, number))
    data = {"name": name, "version": version, "package_id": package_id, "unknown": True}
    world.invented_packages[to_18(f"04t{_letters(f'{package_id} {version}')}")] = data
    world.note(f"The emulator does not know the package {name}; it assumes a version {version}.")


def invented_id(name: str) -> str:
    """The id (033…) of a package of which only the name is known."""
    return to_18(f"033{_letters(name)}")


def checked_packages(data: Any) -> dict[str, dict[str, Any]]:
    """Package versions by 04t id, as a file or a client gives them.

    Raises PackageError, or ValueError for what is no object at all.
    """
    checked: dict[str, dict[str, Any]] = {}
    for version_id, one in typed.mapping(data, "packages").items():
        if version_id == OTHERS:
            checked[version_id] = {}
            continue
        if not VERSION_ID.match(version_id):
            message = f"{version_id[:40]!r} is not a package version id (04t…)"
            raise PackageError(message, version_id)
        try:
            _read(to_18(version_id), typed.mapping(one, "the value"))
        except (TypeError, AttributeError, ValueError) as error:
            raise PackageError(f"{version_id}: {error}", version_id) from error
        require_known_keys(version_id, one)
        checked[version_id] = dict(one)
    return checked


def _any_version(version_id: str) -> PackageVersion:
    name = f"Package {version_id[:15]}"
    return PackageVersion(version_id, name, _package_id(version_id), is_unknown=True)


def _package_id(version_id: str) -> str:
    return to_18(f"033{version_id[3:15]}")


def _letters(text: str) -> str:
    """The part of an id that is particular to it, the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _read(version_id: str, data: Mapping[str, Any]) -> PackageVersion:
    namespace = typed.text(data.get("namespace") or "", "namespace") or None
    key = data.get("installation_key", data.get("key"))
    duration = data.get("duration")
    return PackageVersion(
        id=version_id,
        name=str(data.get("name") or f"Package {version_id[:15]}"),
        package_id=_package_id_of(version_id, data),
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
        is_unknown=bool(data.get("unknown", False)),
        branch=typed.text(data.get("branch") or "", "branch") or None,
        is_deprecated=bool(data.get("deprecated", False)),
        is_of_other_hub=bool(data.get("other_hub", False)),
    )


def _package_id_of(version_id: str, data: Mapping[str, Any]) -> str:
    if data.get("package_id"):
        return to_18(str(data["package_id"]))
    return invented_id(str(data["name"])) if data.get("name") else _package_id(version_id)


def _numbers(version: str) -> tuple[int, int, int, int]:
    digits = [int(one) for one in re.findall(r"\d+", version)][:4]
    major, minor, patch, build = (*digits, *(0, 0, 0, 1)[len(digits) :])
    return major, minor, patch, build


def _named(entries: Any) -> tuple[Mapping[str, Any], ...]:
    named = [{"name": one} if isinstance(one, str) else dict(one) for one in entries]
    for one in named:
        typed.text(one.get("name"), "name")
        typed.text(one.get("label") or "", "label")
        for field_name, kind in typed.mapping(one.get("fields", {}), "fields").items():
            typed.text(kind, field_name)
    return tuple(named)
