"""The manifest: a JSON list of the orgs with their URLs, expiry and contents, without secrets.

It may be committed or mailed: a consumer needs only a username in it and the private key of the
app.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioner.errors import ProvisionerError
from provisioner.ledger.base import Org, State
from provisioner.report.summary import mapping
from provisioner.report.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.ledger.base import Ledger, Run

LISTED = frozenset({State.AVAILABLE, State.CLAIMED})
_TOKEN = re.compile(
    r"00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?!"  # a session id
    r"|-----BEGIN"  # a key
    r"|force://"  # an auth URL of the Salesforce CLI
    r"|\beyJ[\w-]{10,}\.[\w-]+"  # a JWT
    r"|\b5Aep[\w.]{20,}"  # a refresh token
)


def contents_by_fingerprint(runs: Sequence[Run]) -> dict[str, Any]:
    """The contents of each fingerprint in the records of runs; newer runs take precedence."""
    known: dict[str, Any] = {}
    for run in reversed(runs):
        known.update(mapping(run.summary, "contents"))
    return known


def ledger_manifest(ledger: Ledger, pools: Sequence[str]) -> dict[str, Any]:
    """The manifest of these pools, from the ledger."""
    orgs = [org for org in ledger.orgs(states=LISTED) if org.pool in pools]
    return manifest(orgs, contents_by_fingerprint(ledger.runs(limit=200)))


def manifest(orgs: Sequence[Org], contents: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of these orgs. Raises ProvisionerError if a text in it looks like a token."""
    document = {
        "generated_at": _text(datetime.now(UTC)),
        "orgs": [_entry(org, contents) for org in orgs if org.state in LISTED],
    }
    if _TOKEN.search(json.dumps(document)):
        raise ProvisionerError(
            "the manifest was not written: it contains a text that looks like a token or key",
            code="manifest_secret",
            hint="check owner and purpose (`provisioner status --json`) and pool.yaml for it",
        )
    return document


def write_manifest(path: Path, document: Mapping[str, Any]) -> None:
    """Write the file completely or not at all. Raises UsageError if it cannot be written."""
    write_whole(path, json.dumps(document, indent=2) + "\n", what="the manifest")


def _entry(org: Org, contents: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "username": org.username,
        "pool": org.pool,
        "state": str(org.state),
        "org_id": org.org_id,
        "instance_url": org.instance_url,
        "login_url": org.login_url,
        "consumer_key": org.consumer_key,
        "created_at": _text(org.created_at),
        "expires_at": _text(org.expires_at),
        "owner": org.owner or None,
        "users": [dict(user) for user in org.users],
        "fingerprint": org.fingerprint,
        "snapshot": org.snapshot or None,
        "contents": contents.get(org.fingerprint) or {"definition": org.definition},
    }


def _text(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else None
