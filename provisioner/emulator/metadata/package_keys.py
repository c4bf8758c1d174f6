"""The keys of a packages file: a key that nothing reads is an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.emulator.known_names import unknown

KEYS = (
    "name", "namespace", "version", "package_id", "managed", "beta", "deprecated", "branch",
    "other_hub", "installation_key", "key", "depends_on", "available_after", "error", "duration",
    "permission_sets", "objects", "classes", "unknown",
)  # fmt: skip
"""`key` is an older name of `installation_key`."""
_NAMED: Mapping[str, tuple[str, ...]] = {
    "permission_sets": ("name", "label"),
    "objects": ("name", "label", "fields"),
}


class PackageError(ValueError):
    """A package version is wrong; `path` has the keys and indexes that lead to the problem."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def require_known_keys(version_id: str, data: Mapping[str, Any]) -> None:
    """Raise PackageError for the first unknown key of a package version, or in its contents."""
    for key, known, path in _keys(data):
        if key not in known:
            where = f"{path[0]}: " if path else ""
            message = f"{version_id}: {where}{unknown('key', key, known)}"
            raise PackageError(message, version_id, *path, key)


def _keys(data: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str], tuple[str | int, ...]]]:
    """Each key, the keys that are known at its place, and the path of that place."""
    for key in data:
        yield key, KEYS, ()
    for name, known in _NAMED.items():
        entries = data.get(name)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, Mapping):
                for key in entry:
                    yield key, known, (name, index)
