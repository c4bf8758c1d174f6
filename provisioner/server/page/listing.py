"""Which orgs a list shows, in which order, and which part of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from provisioner.ledger.base import Org, State

PER_PAGE = 50  # orgs
_NEVER = datetime.max.replace(tzinfo=UTC)
_ORDER = {state: index for index, state in enumerate((
    State.CLAIMED, State.AVAILABLE, State.BUILDING, State.SIGNING_UP, State.INTENDED, State.FAILED,
    State.RELEASED, State.EXPIRED, State.DELETED,
))}  # fmt: skip

SORTS: Mapping[str, tuple[str, Callable[[Org], Any]]] = {
    "username": ("Org", lambda org: org.username),
    "pool": ("Pool", lambda org: (org.pool, _ORDER[org.state], org.username)),
    "state": ("State", lambda org: (_ORDER[org.state], org.username)),
    "owner": ("Owner", lambda org: (not org.owner, org.owner.casefold(), org.username)),
    "lease": ("Lease ends", lambda org: org.lease_until or _NEVER),
    "expires": ("Expires", lambda org: org.expires_at or _NEVER),
}
"""The columns by which a list can be sorted: their titles and keys."""


@dataclass(frozen=True)
class Query:
    """What a list is asked for, as the address of the page has it."""

    text: str = ""
    pool: str = ""
    state: str = ""
    sort: str = "pool"
    descending: bool = False
    number: int = 1  # of the part, from 1

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Query:
        """Read an address; what is not understood is left out."""
        sort = parameters.get("sort", "")
        number = parameters.get("page", "")
        return cls(
            text=parameters.get("q", "").strip()[:100],
            pool=parameters.get("pool", ""),
            state=parameters.get("state", ""),
            sort=sort.lstrip("-") if sort.lstrip("-") in SORTS else "pool",
            descending=sort.startswith("-"),
            number=int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1,
        )

    def address(self, **changes: Any) -> str:
        """The address of the same list with changes, for a link."""
        one = replace(self, **changes)
        sort = f"{'-' if one.descending else ''}{one.sort}"
        given = {
            "q": one.text,
            "pool": one.pool,
            "state": one.state,
            "sort": "" if sort == "pool" else sort,
            "page": str(one.number) if one.number > 1 else "",
        }
        text = urlencode({name: value for name, value in given.items() if value})
        return f"/?{text}#orgs" if text else "/#orgs"

    def sorted_by(self, sort: str) -> str:
        """The address of the list sorted by a column; the other way round if it is so already."""
        descending = self.sort == sort and not self.descending
        return self.address(sort=sort, descending=descending, number=1)

    def matches(self, org: Org) -> bool:
        """Whether the list has this org."""
        if self.pool not in ("", org.pool) or self.state not in ("", org.state.value):
            return False
        words = self.text.casefold().split()
        texts = (org.username, org.pool, org.owner, org.purpose, org.definition, org.org_id)
        there = " ".join(texts).casefold()
        return all(word in there for word in words)


@dataclass(frozen=True)
class Listing:
    """One part of a list."""

    query: Query
    orgs: tuple[Org, ...]
    found: int  # in all parts
    parts: int


def listing(orgs: Iterable[Org], query: Query) -> Listing:
    """The part of the list that is asked for; the last one when there are fewer."""
    found = sorted(filter(query.matches, orgs), key=SORTS[query.sort][1], reverse=query.descending)
    parts = max(1, -(-len(found) // PER_PAGE))
    number = min(max(query.number, 1), parts)
    shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    return Listing(replace(query, number=number), tuple(shown), len(found), parts)
