"""The ownership tag: one line in ScratchOrgInfo.Description that tells our orgs from others'.

It names project, pool, run, definition and fingerprint, so that a lost ledger can be rebuilt as
far as the Dev Hub knows. Description is the only field of a sign-up that may be written later
without changing the Dev Hub (docs/reference/dev-hub.md#fields-that-can-be-written); so an org
that is complete is marked there.
"""

from __future__ import annotations

import hashlib
import json
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.salesforce.answer_json import read_json

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org

KEY = "provisioner"


@dataclass(frozen=True)
class OwnershipTag:
    """What a sign-up says of where it comes from."""

    project: str
    pool: str
    run: str
    definition: str
    fingerprint: str
    ready: str = ""  # when the org was verified, ISO 8601 in UTC; "" before

    def line(self) -> str:
        """The tag as it is written in Description."""
        content = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({KEY: content}, separators=(",", ":"), ensure_ascii=True)


def tag_of(config: PoolFile, org: Org, *, ready: datetime | None = None) -> OwnershipTag:
    """The tag of one ledger row."""
    return OwnershipTag(
        project=project_identity(config),
        pool=org.pool,
        run=org.run,
        definition=org.definition,
        fingerprint=org.fingerprint,
        ready=ready.strftime("%Y-%m-%dT%H:%M:%SZ") if ready else "",
    )


def project_identity(config: PoolFile) -> str:
    """`project` of pool.yaml; without it, what this file on this machine is known by.

    The default never claims orgs of another checkout or machine as ours: it is safe, and it
    forgets its orgs when the folder moves.
    """
    if config.project:
        return config.project
    place = f"{socket.gethostname()}\0{config.path.resolve()}\0{config.dev_hub.username}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def read_tag(description: str) -> OwnershipTag | None:
    """The tag in a Description; None where there is none, or an invalid one."""
    last_line = description.rstrip().rpartition("\n")[2]
    try:
        content = read_json(last_line)[KEY]
        values = {name: content.get(name, "") for name in OwnershipTag.__dataclass_fields__}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not all(isinstance(value, str) for value in values.values()) or not values["project"]:
        return None
    return OwnershipTag(**values)
