"""Many claimers at two servers on one ledger, and what must be true afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx

from provisioner.ledger.base import Org, State

from .process import Process

REPEATED = (429, 503)
MOST_TRIES = 40


@dataclass(frozen=True)
class Ended:
    """How a claimer ended: the org that it got, or why it got none."""

    owner: str
    has_key: bool
    username: str = ""
    reason: str = ""


def headers(number: int) -> dict[str, str]:
    """Of a request that the reverse proxy sends for a person."""
    owner = f"person-{number:03}@acme.example"
    return {"X-Forwarded-User": owner, "X-Forwarded-For": f"10.0.{number // 250}.{number % 250}"}


async def claim(
    client: httpx.AsyncClient, servers: Sequence[Process], number: int, answered: list[int]
) -> Ended:
    """Claim at one server; one with a key repeats a claim without an answer at the other one."""
    mine, has_key = headers(number), bool(number % 2)
    owner = mine["X-Forwarded-User"]
    body = {"pool": "morning"} | ({"idempotency_key": f"key-{number}"} if has_key else {})
    for tried in range(MOST_TRIES):
        url = f"{servers[(number // 2 + tried) % len(servers)].url}/v1/claims"
        try:
            answer = await client.post(url, json=body, headers=mine)
        except httpx.ConnectError:
            continue  # it was not received
        except httpx.HTTPError as error:
            if has_key:
                continue
            return Ended(owner, has_key, reason=type(error).__name__)
        if answer.status_code in REPEATED:
            await asyncio.sleep(float(answer.headers["retry-after"]) / 2)
            continue
        answered.append(number)
        found = answer.json()
        if answer.status_code == 201:
            return Ended(owner, has_key, found["username"])
        return Ended(owner, has_key, reason=found["error"]["code"])
    return Ended(owner, has_key, reason="no answer")


async def watch(client: httpx.AsyncClient, server: Process, number: int, seen: set[int]) -> None:
    """Read the events of a server until it ends them."""
    mine = headers(number)
    with suppress(httpx.HTTPError):
        async with client.stream("GET", f"{server.url}/v1/events", headers=mine) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event: change"):
                    seen.add(number)


def faults(ends: Iterable[Ended], orgs: Sequence[Org], wanted: int) -> Iterator[str]:
    """What is wrong after the race. `wanted` orgs were available before it."""
    ends = list(ends)
    won = Counter(end.username for end in ends if end.username)
    yield from (f"{name} was given to {count}" for name, count in won.items() if count > 1)
    owners = {org.username: org.owner for org in orgs if org.state is State.CLAIMED}
    for end in ends:
        if end.username and owners.get(end.username) != end.owner:
            yield f"{end.username}, which {end.owner} got, is claimed by {owners[end.username]}"
    twice = [owner for owner, count in Counter(owners.values()).items() if count > 1]
    yield from (f"{owner} has two orgs" for owner in twice)
    unanswered = {end.owner for end in ends if end.reason not in ("", "no_org_available")}
    with_key = {end.owner for end in ends if end.has_key}
    yield from (f"{owner} has a key, and no answer" for owner in sorted(unanswered & with_key))
    for name, owner in owners.items():
        if name not in won and owner not in unanswered:
            yield f"{name} is claimed by {owner}, who does not know it"
    usable = [org for org in orgs if org.state in (State.CLAIMED, State.AVAILABLE)]
    if len(usable) != wanted:
        yield f"{wanted - len(usable)} orgs are lost"
    free = sum(org.state is State.AVAILABLE for org in orgs)
    if free and any(end.reason == "no_org_available" for end in ends):
        yield f"{free} orgs are available, and claimers got none"
