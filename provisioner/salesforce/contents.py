"""What an org contains: packages, components, assignments of the admin, and numbers of records.

An org from a snapshot must contain what the source of the snapshot does. Names are compared, and
not contents: what a component does is not read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_NAMES = 200  # of one type in a document; of more, their number and a digest are kept
DIGEST = 12  # characters

Names = tuple[str, ...] | str
"""The sorted names of a type; for many, `COUNT DIGEST`."""


@dataclass(frozen=True)
class OrgContents:
    """The contents of an org, as far as they can be read with few requests."""

    packages: Mapping[str, str] = field(default_factory=dict)  # name → version number
    components: Mapping[str, Names] = field(default_factory=dict)  # by metadata type; unmanaged
    assigned: Mapping[str, Names] = field(default_factory=dict)
    """Permission sets, groups of them and licences of the admin, by their API names."""
    records: Mapping[str, int] = field(default_factory=dict)  # by object
    """Objects without records, or whose records cannot be counted, are left out."""

    def document(self) -> dict[str, Any]:
        """The contents as JSON, about 10 kB at most for a type."""
        return {
            "packages": dict(sorted(self.packages.items())),
            "components": _lists(self.components),
            "assigned": _lists(self.assigned),
            "records": dict(sorted(self.records.items())),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> OrgContents:
        """What `document` wrote. Raises ValueError for anything else."""
        try:
            packages, records = document["packages"], document["records"]
            return cls(
                {str(name): str(version) for name, version in packages.items()},
                _names(document["components"]),
                _names(document["assigned"]),
                {str(name): int(count) for name, count in records.items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("not the contents of an org") from error

    def digest(self) -> str:
        """12 characters that are equal for equal contents."""
        return _digest(json.dumps(self.document(), sort_keys=True))


def names(found: Iterable[str]) -> Names:
    """Names as they are kept: sorted, without duplicates."""
    every = tuple(sorted(set(found)))
    if len(every) <= MOST_NAMES:
        return every
    digest = _digest("\n".join(every))
    return f"{len(every)} {digest}"


def differences(expected: OrgContents, found: OrgContents) -> list[str]:
    """A line for each difference between the source of a snapshot and an org."""
    return [
        *_of_values("package", expected.packages, found.packages, "missing"),
        *_of_names(expected.components, found.components),
        *(
            f"{line} (assigned to the admin)"
            for line in _of_names(expected.assigned, found.assigned)
        ),
        *_of_values("records of", expected.records, found.records, "none"),
    ]


def _of_values(
    what: str, expected: Mapping[str, object], found: Mapping[str, object], absent: str
) -> Iterator[str]:
    for name in sorted({*expected, *found}):
        if expected.get(name) == found.get(name):
            continue
        source, org = expected.get(name, absent), found.get(name, absent)
        yield f"{what} {name}: {source} in the source, {org} in the org"


def _of_names(expected: Mapping[str, Names], found: Mapping[str, Names]) -> Iterator[str]:
    for kind in sorted({*expected, *found}):
        source, org = expected.get(kind, ()), found.get(kind, ())
        if isinstance(source, str) or isinstance(org, str):
            if source != org:
                same = " with other names" if _count(source) == _count(org) else ""
                yield f"{kind}: {_count(source)} in the source, {_count(org)}{same} in the org"
            continue
        yield from (f"{kind} {name}: missing in the org" for name in sorted({*source} - {*org}))
        yield from (f"{kind} {name}: not in the source" for name in sorted({*org} - {*source}))


def _count(kept: Names) -> int:
    return int(kept.partition(" ")[0]) if isinstance(kept, str) else len(kept)


def _lists(kept: Mapping[str, Names]) -> dict[str, Any]:
    return {
        kind: value if isinstance(value, str) else list(value)
        for kind, value in sorted(kept.items())
        if value
    }


def _names(document: Mapping[str, Any]) -> dict[str, Names]:
    return {
        str(kind): value if isinstance(value, str) else tuple(map(str, value))
        for kind, value in document.items()
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST]
