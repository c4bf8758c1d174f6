"""Facts of Dev Hubs as records on the Dev Hub, in the object that also has the lock of a build.

Every installation has that object, only builders read and write it, and no version deletes its
records by their age. The lock is found by a key of its own. The key of facts is a hash, because the
field compares without regard to case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from provisioner.errors import LedgerError
from provisioner.ledger.devhub.cleanup import delete
from provisioner.ledger.devhub.errors import BUILDER, RefusedError
from provisioner.ledger.devhub.records import LEASE, json_text, literal
from provisioner.ledger.devhub.session import API, HubSession
from provisioner.ledger.facts import HubFacts

_KEY = "facts-"
_ALL = f"FROM {LEASE} WHERE Key__c LIKE '{_KEY}%'"
_NO_ACCESS = frozenset({"hub_not_installed", "hub_outdated", "hub_permission"})


def read(session: HubSession, subject: str) -> HubFacts:
    """What is known about `subject`; unknown facts for a user who may not read them."""
    soql = f"SELECT Holder__c FROM {LEASE} WHERE Key__c = {literal(_key(subject))}"  # noqa: S608
    try:
        found = session.query(soql, needs=BUILDER)
    except LedgerError as error:
        if error.code not in _NO_ACCESS:
            raise
        return HubFacts()
    return dict(map(_stored, found)).get(subject, HubFacts())


def record(session: HubSession, subject: str, facts: HubFacts) -> None:
    """Write the facts of `subject` in place of the earlier ones. Raises LedgerError."""
    path = f"{API}/sobjects/{LEASE}/Key__c/{_key(subject)}"
    body = {"Holder__c": json_text({"subject": subject, "facts": facts.as_json()})}

    def put() -> None:
        try:
            session.call("PATCH", path, body)
        except RefusedError as error:
            if error.code != "DUPLICATE_VALUE":
                raise
            session.call("PATCH", path, body)  # another process has just inserted the record

    session.retried(put, needs=BUILDER)


def read_all(session: HubSession) -> tuple[tuple[str, HubFacts], ...]:
    """All facts that can be read, by subject, sorted."""
    found = map(_stored, session.query(f"SELECT Holder__c {_ALL}", needs=BUILDER))
    return tuple(sorted((one for one in found if one[0]), key=itemgetter(0)))


def replace_all(session: HubSession, facts: Iterable[tuple[str, HubFacts]]) -> None:
    """Delete all facts, and write these."""
    found = session.query(f"SELECT Id {_ALL}", needs=BUILDER)
    delete(session, [str(one["Id"]) for one in found])
    for subject, known in facts:
        record(session, subject, known)


def _key(subject: str) -> str:
    return _KEY + hashlib.sha256(subject.encode()).hexdigest()


def _stored(record: Mapping[str, Any]) -> tuple[str, HubFacts]:
    """Subject and facts of a record; no subject when it cannot be read."""
    try:
        content = json.loads(record["Holder__c"])
        return str(content["subject"]), HubFacts.from_json(content["facts"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", HubFacts()
