"""Records → JSON: attributes, fields in query order, nested parents and children."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.emulator.objects.schema import Field
from provisioner.emulator.soql.names import NAME, BoundField, Context, follow, parent_type

if TYPE_CHECKING:
    from provisioner.emulator.objects.records import Record

Part = Callable[["Record"], Any]


@dataclass
class Level:
    """The output of one record: its parts by JSON key, in order."""

    context: Context
    type_name: str
    parts: dict[str, Part] = field(default_factory=dict)
    _parents: dict[str, Level] = field(default_factory=dict)

    def add_field(self, bound: BoundField) -> None:
        """Add a field, of the record or of one of its parents."""
        level = self.below(bound.hops)
        level.parts[bound.field.name] = level._part(bound.field)

    def below(self, hops: tuple[Field, ...]) -> Level:
        """The output of the parent at the end of relationships."""
        level = self
        for hop in hops:
            level = level._parent(hop)
        return level

    def _part(self, wanted: Field) -> Part:
        name = wanted.name
        if wanted.type != "base64":
            return lambda record: record.get(name)

        def blob_url(record: Record) -> str | None:
            """A blob is shown as the path from which its content can be read."""
            return f"{self.attributes(record)['url']}/{name}" if record.get(name) else None

        return blob_url

    def _parent(self, hop: Field) -> Level:
        known = self._parents.get(hop.relationship_name)
        if known is not None:
            return known
        parent = Level(self.context, parent_type(self.context.store, hop).name)
        self._parents[hop.relationship_name] = parent

        def part(record: Record) -> Any:
            found = follow(self.context.store, record, (hop,))
            return None if found is None else parent.render(found)

        self.parts[hop.relationship_name] = part
        return parent

    def parent(self, key: str) -> Level | None:
        """The output of the parent at a key; None if the key is a field."""
        return self._parents.get(key)

    def render(self, record: Record) -> dict[str, Any]:
        """The JSON of a record."""
        result = {"attributes": self.attributes(record)}
        for key, part in self.parts.items():
            result[key] = part(record)
        return result

    def attributes(self, record: Record) -> dict[str, str]:
        """`{"type", "url"}` of a record."""
        real = self.type_name
        if real == NAME.name:
            found = self.context.store.type_of_id(str(record["Id"]))
            real = found.name if found else real
        url = f"{self.context.records_path}/{real}/{record['Id']}"
        return {"type": self.type_name, "url": url}


def leaf_names(level: Level, prefix: str = "") -> list[str]:
    """The dotted names of all fields, in query order: the columns of a CSV."""
    names: list[str] = []
    for key in level.parts:
        parent = level.parent(key)
        if parent is None:
            names.append(prefix + key)
        else:
            names.extend(leaf_names(parent, f"{prefix}{key}."))
    return names
