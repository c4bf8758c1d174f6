"""The types of one org by name: those that all orgs share, and its own."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace

from provisioner.emulator.objects.catalogue import StandardTypes
from provisioner.emulator.objects.schema import AcceptsField, ObjectType


class TypeTable(MutableMapping[str, ObjectType]):
    """What is read is shared by all orgs; `own` gives a copy that this org may change.

    Requests read it without the lock of the store, while others change it.
    """

    def __init__(self, shared: StandardTypes) -> None:
        self._shared = shared
        self._own: dict[str, ObjectType] = {}
        self._removed: set[str] = set()
        self._accepts: AcceptsField | None = None

    def own(self, name: str) -> ObjectType:
        """The type, from now on apart from that of other orgs."""
        if name not in self._own:
            return self._own.setdefault(name, _copy(self[name]))
        return self._own[name]

    def accept_fields(self, accepts: AcceptsField) -> None:
        """Every object has the custom fields that `accepts` accepts."""
        self._accepts = accepts
        for one in list(self._own.values()):
            one.accepts = accepts

    def changed(self) -> list[ObjectType]:
        """Copies of the types that this org has of its own."""
        return [_copy(one) for one in list(self._own.values())]

    def key_prefixes(self) -> Iterator[tuple[str, str]]:
        """Key prefix and name of each type; of equal ones the first in the table wins."""
        own = ((one.key_prefix, name) for name, one in list(self._own.items()))
        shared = (
            (prefix, name)
            for prefix, name in self._shared.key_prefixes()
            if name not in self._own and name not in self._removed
        )
        return (pair for pairs in (shared, own) for pair in pairs if pair[0])

    def __getitem__(self, name: str) -> ObjectType:
        found = self._own.get(name)
        if found is None:
            if name in self._removed:
                raise KeyError(name)
            found = self._shared[name]
            if self._accepts is not None:
                # Another request may have made this copy in the meantime, and changed it.
                found = self._own.setdefault(name, replace(_copy(found), accepts=self._accepts))
        return found

    def __setitem__(self, name: str, object_type: ObjectType) -> None:
        self._own[name] = object_type
        object_type.accepts = self._accepts

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._own.pop(name, None)
        if name in self._shared:
            self._removed.add(name)

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._shared if name not in self._removed or name in self._own)
        yield from (name for name in list(self._own) if name not in self._shared)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._own or (name in self._shared and name not in self._removed)


def _copy(one: ObjectType) -> ObjectType:
    return replace(one, fields=dict(one.fields), properties=dict(one.properties))
